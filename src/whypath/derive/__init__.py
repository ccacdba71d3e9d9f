"""What a run means: values derived from a Run, and nothing that is shown.

Begin with `story`, everything about one run. What answers one question is a package,
and the first lines of each say where to begin: what was decided (`decisions`), what the
model saw (`windows`), where a value came from (`origins`), what went wrong
(`findings`), how it went (`graphs`), where two runs part (`diffs`), what is no longer
usual (`drift`), whether the owner's rules were kept (`rules`), and what a site says of
many runs (`sites`). What several of them read, or what joins them, is a module here.
"""

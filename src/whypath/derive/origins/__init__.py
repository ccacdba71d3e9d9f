"""Answers where a value came from: the step, the place in it, and how it was written.

Begin with `origin`. `asking` gathers what was used, `forms` says how it may have been
written, `index` and `find_text` look for that, and `view` and `places` say where.
"""

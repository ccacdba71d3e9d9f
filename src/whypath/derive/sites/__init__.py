"""Answers what a site says of its runs together, from one small row for each.

Begin with `row`. `groups`, `periods`, `points` and `comparisons` put rows together;
`ledger` is what a site remembers of its last build.
"""

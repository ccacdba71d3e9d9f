"""Answers what went wrong in a run, with evidence, and what could not be looked at.

Begin with `finding`, what a check says, and `detectors`, the list of all checks. A
check reads the `sight` of a run and is a function in the module of its subject.
`suspects` and `words` turn findings into an order and a verdict.
"""

"""Answers what was decided in a run: the decisions recorded, and those steps imply.

Begin with `find`, which asks the others: one module for each place where a decision
shows. Nothing here looks at what a decision rested on.
"""

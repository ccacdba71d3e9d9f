"""Answers what was decided in a run: decisions recorded, or implied by its steps.

Begin with `find`, which asks the others: one module for each place where a decision
shows. Nothing here looks at what a decision rested on.
"""

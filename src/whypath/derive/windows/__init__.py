"""Answers what the model saw at each call, and what became of that since the last one.

Begin with `context`, which puts the windows together; `changes` compares each with the
one before it.
"""

"""Answers whether a run keeps to the rules that its owner wrote.

Begin with `rule`. `file` reads the rules, `expressions` evaluates their conditions, and
`facts` are the names that those know.
"""

"""Answers how a run went, as a graph of few nodes.

Begin with `graph`. Steps become `units`, `fold` makes a long chain of them short, and
`labels`, `links` and `marks` say what stands at the nodes and between them.
"""

"""Answers what is no longer usual: many runs against a baseline, or each other.

Begin with `compare`. It sees of a run only its `digest`, of the good ones only the
`baseline`, and says what it finds as an `across`.
"""

"""Answers where two runs part, why, and where they join again.

Begin with `diff`: `turns` cuts each run up, `rows` lays them side by side, `parting`
finds the place and `cause` the reason; `words` says it all in sentences.
"""

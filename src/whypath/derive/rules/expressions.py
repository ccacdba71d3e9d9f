"""Evaluates the expressions of a user's rules: CEL, the Common Expression Language.

CEL has no loops, no side effects and no way out. Of the bindings on PyPI
`common-expression-language` was chosen, which wraps the Rust implementation: 1 to 50 µs
for an expression, where `cel-python`, in plain Python, takes 700 to 1,400 µs, and 15 ms
for four nested macros where that takes 14 s; it is memory-safe, and its regular
expressions are linear in time. `cel-expr-python`, Google's own in C++, is younger and
wants every field's type declared, which a trace cannot.

Time is bounded by what is allowed in: short expressions, few macros, no huge lists.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

MAX_LENGTH, MAX_MACROS, MAX_NESTING = 2_000, 4, 60
MAX_ITEMS, MAX_BYTES = 2_000, 400_000

VARIABLES = (
    *("step", "kind", "name", "tool", "agent", "model", "status", "error"),
    *("input", "output", "reasoning", "question", "chosen", "options", "basis"),
    *("findings", "tokens_in", "tokens_out", "cost", "duration_s", "abandoned"),
    "state",
)
"""What an expression may speak of: the facts of one step."""

FUNCTIONS = (
    *("size", "contains", "startsWith", "endsWith", "matches", "has"),
    *("int", "uint", "double", "string", "bool", "bytes", "type", "dyn"),
    *("max", "min", "duration", "timestamp"),
)

_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w*)")


class BadExpression(ValueError):
    """An expression that is no CEL, or speaks of what there is not."""


class Answer(NamedTuple):
    """`true` or `false`; `unknown` for what is not recorded, `error` for the rest."""

    said: Literal["true", "false", "unknown", "error"]
    why: str = ""


class Expression(NamedTuple):
    """A compiled expression, and the variables it needs."""

    text: str
    needs: frozenset[str]
    program: Any


def compile_expression(text: str) -> Expression:
    """The expression compiled. Raises `BadExpression` with what is wrong in it."""
    import cel

    if len(text) > MAX_LENGTH:
        raise BadExpression(f"is longer than {MAX_LENGTH:,} characters")
    bound = _MACRO.findall(text)
    if len(bound) > MAX_MACROS:
        raise BadExpression(f"has more than {MAX_MACROS} of all, exists, map, filter")
    if max(text.count(c) for c in "([{!-?") > MAX_NESTING:
        raise BadExpression("is nested too deeply")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise BadExpression(f"is no CEL: {_plain(str(error))}") from None
    needs = frozenset(program.variables()) - (set(bound) - set(VARIABLES))
    for name in sorted(needs - set(VARIABLES)):
        raise BadExpression(f"speaks of {name}, which there is not{_near(name)}")
    for name in sorted(set(program.functions()) - set(FUNCTIONS)):
        if name[:1].isalpha():
            raise BadExpression(f"calls {name}(), which there is not")
    return Expression(text, needs, program)


def _near(name: str) -> str:
    near = get_close_matches(name, VARIABLES, 1, 0.5)
    return (
        f"; did you mean {near[0]}?" if near else f"; there are {', '.join(VARIABLES)}"
    )


def _plain(message: str) -> str:
    """The parser's complaint without the expression and its list of tokens."""
    found = re.search(r"ERROR: <input>:(\d+:\d+): (.{0,120})", message, re.DOTALL)
    if found is None:
        return " ".join(message.split())[:160]
    said = " ".join(found[2].split()).split(" expecting ")[0].removesuffix("…")
    return f"at {found[1]}, {said[:1].lower()}{said[1:]}"


def evaluate(expression: Expression, facts: Mapping[str, Any]) -> Answer:
    """What the expression says of a step. `facts` hold the variables it needs.

    A field that is not there and a number that is not recorded are `unknown`: neither
    true nor false. So is what is too large to be looked through.
    """
    for name in expression.needs:
        if facts.get(name) is TOO_LARGE:
            return Answer("unknown", f"{name} is too large to be looked through")
    try:
        said = expression.program.execute(dict(facts))
    except (KeyError, IndexError) as error:
        return Answer("unknown", f"there is no {error.args[0] if error.args else ''}")
    except TypeError:
        return Answer("unknown", _not_recorded(expression, facts))
    except RuntimeError as error:
        if "Undefined variable or function" in str(error):
            return Answer("unknown", _not_recorded(expression, facts))
        return Answer("error", " ".join(str(error).split())[:160])
    except (ValueError, ArithmeticError) as error:
        return Answer("error", " ".join(str(error).split())[:160])
    if isinstance(said, bool):
        return Answer("true" if said else "false")
    return Answer("error", f"it gives {said!r:.60}, neither true nor false")


def _not_recorded(expression: Expression, facts: Mapping[str, Any]) -> str:
    """Which of the variables has no value, as far as that is the reason."""
    nothing = sorted(n for n in expression.needs if facts.get(n) is None)
    if nothing:
        return f"{', '.join(nothing)} is not recorded"
    return "a value is not of the type that is asked for"


class _TooLarge:
    """Stands for a value that no expression is let near."""


TOO_LARGE = _TooLarge()


def bounded(value: Any, left: int = MAX_ITEMS) -> Any:
    """The value, or `TOO_LARGE` where it holds more than `left` places."""
    todo = [value]
    while todo:
        one = todo.pop()
        inside = one.values() if isinstance(one, dict) else one
        if isinstance(one, dict | list):
            left -= len(one)
            if left < 0:
                return TOO_LARGE
            todo.extend(inside)
    return value

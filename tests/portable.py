"""RE2's patterns as Python's own `re` would write them. For tests only."""

import re

_PIECE = re.compile(
    r"\\(?P<escaped>.)|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]"
    r"|\(\?(?P<flags>[a-z]+)\)|(?P<open>\((?:\?[^)(]*?[:>])?)|(?P<close>\))"
    r"|(?P<end>\$)|(?P<bar>\|)",
    re.DOTALL,
)


def as_python(pattern: str) -> str:
    """A pattern that means to `re`, with `re.ASCII`, what it means to RE2.

    Flags in the middle hold until their group ends, `$` is no place before a last line
    break, and `\\z` is `\\Z`.
    """
    out: list[str] = []
    flags: list[list[str]] = [[]]
    end = "$" if pattern.startswith("(?m)") else r"\Z"
    done = 0
    for match in _PIECE.finditer(pattern):
        out.append(pattern[done : match.start()])
        done = match.end()
        if match["flags"]:
            flags[-1].append(f"(?{match['flags']}:")
            out.append(flags[-1][-1])
        elif match["open"]:
            flags.append([])
            out.append(match["open"])
        elif match["close"]:
            out.append(")" * (len(flags.pop()) + 1))
        elif match["bar"]:
            out.append(")" * len(flags[-1]) + "|" + "".join(flags[-1]))
        elif match["end"]:
            out.append(end)
        else:
            out.append(r"\Z" if match["escaped"] == "z" else match.group())
    return "".join(out) + pattern[done:] + ")" * len(flags[0])

"""Tells a difference between two runs, A and B, as a clause; cuts what is long."""

from whypath.derive.diffs.cause import Difference
from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.leaves import Change

MOST = 3
_EXCERPT, _SHORT = 72, 40
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Invisible letters that turn the direction of what stands behind them."""
_NAMES = {"user": "the user's message", "assistant": "the model's message"}


def told(diff: Diff, one: Difference) -> str:
    """A difference as a clause: `crm.lookup (step 4) returned … in A, … in B`."""
    change = one.changes[0] if one.changes else None
    more = len(one.changes) - 1
    tail = f", and {counted(more, 'more difference')}" if more > 0 else ""
    if one.what == "model" and change:
        return f"the model is {quoted(change.a)} in A and {quoted(change.b)} in B"
    if one.what == "tools":
        return f"the tools on offer are not the same: {_tools(one.changes)}"
    if one.what == "settings" and change:
        return f"the setting {_path(change.path)} {_is(change)}{tail}"
    subject = _subject(one)
    if one.how != "changed":
        run = "A" if one.how == "removed" else "B"
        said = _said(diff, one)
        return f"only {run} has {subject}{f', {quoted(said)}' if said else ''}"
    if change is None:
        return f"{subject} is not the same"
    if one.what in ("result", "call"):
        verb = "returned" if one.what == "result" else "was called with"
        return f"{subject} {_gave(verb, change)}{tail}"
    if one.what == "state":
        return f"the state {_path(change.path)} {_is(change)}{tail}"
    return f"{subject} {_is(change)}{tail}"


def _subject(one: Difference) -> str:
    place = _place(one)
    if one.what == "prompt":
        return f"the system prompt{place}"
    if one.what == "message":
        return f"{_NAMES.get(one.name, '') or 'the message'}{place}"
    if one.what == "words":
        return f"what the model wrote{place}"
    if one.what in ("result", "call"):
        return f"{_short(one.name)}{place}"
    return f"the {one.what} {_short(one.name)}{place}".replace("  ", " ")


def _place(one: Difference) -> str:
    a, b = one.step_a, one.step_b
    if a is None and b is None:
        return f" (message {one.number} of what it saw)" if one.number else ""
    if a is None or b is None or a == b:
        return f" (step {a or b})"
    return f" (step {a} of A, {b} of B)"


def _said(diff: Diff, one: Difference) -> str:
    """What was said in a message that only one run has."""
    story, step = (diff.a, one.step_a) if one.step_a else (diff.b, one.step_b)
    if step is None or one.what == "result":
        return ""
    return story.titles[step - 1]


def _gave(verb: str, change: Change) -> str:
    path = _path(change.path)
    if change.how == "renamed":
        new = _path(change.path_b or "")
        return f"{verb} {quoted(change.a)} as {path} in A and as {new} in B"
    if change.path == "$":
        return f"{verb} {two((change,))}"
    if change.how == "removed":
        return f"{verb} {path} = {quoted(change.a)} in A, and no {path} in B"
    if change.how == "added":
        return f"{verb} {path} = {quoted(change.b)} in B, and no {path} in A"
    a, b = excerpts(change.a or "", change.b or "")
    return f"{verb} {path} = {quoted(a)} in A and {quoted(b)} in B"


def _is(change: Change) -> str:
    if change.how == "removed":
        return f"is {quoted(change.a)} in A and not set in B"
    if change.how == "added":
        return f"is {quoted(change.b)} in B and not set in A"
    return f"is {two((change._replace(path='$'),))}"


def two(changes: tuple[Change, ...]) -> str:
    """`date “2024-05-21” in A and “2024-05-13” in B`, and how much more."""
    change, more = changes[0], len(changes) - 1
    name = "" if change.path == "$" else f"{_path(change.path)} "
    a, b = excerpts(change.a or "", change.b or "")
    tail = f", and {counted(more, 'more difference')}" if more > 0 else ""
    if change.a is None or change.b is None:
        value, run = (change.b, "B") if change.a is None else (change.a, "A")
        return f"{name}{quoted(value)} in {run} only{tail}"
    return f"{name}{quoted(a)} in A and {quoted(b)} in B{tail}"


def _tools(changes: tuple[Change, ...]) -> str:
    parts = []
    for how, words in (("removed", "only A has"), ("added", "only B has")):
        names = [
            change.path for change in changes if change.how == how and _is_tool(change)
        ]
        if names:
            more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
            parts.append(f"{words} {', '.join(map(_short, names[:MOST]))}{more}")
    rest = [change for change in changes if not _is_tool(change)]
    if rest:
        names = list(dict.fromkeys(change.path.partition(".")[0] for change in rest))
        parts.append(
            f"the definition of {', '.join(map(_short, names[:MOST]))} differs"
        )
    return "; ".join(parts)


def _is_tool(change: Change) -> bool:
    return change.path in (change.a, change.b)


def excerpts(a: str, b: str) -> tuple[str, str]:
    """Two texts from a little before where they part, on one line each."""
    a, b = " ".join(a.split()), " ".join(b.split())
    if len(a) <= _EXCERPT and len(b) <= _EXCERPT:
        return a, b
    start = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
    start = max(0, a.rfind(" ", 0, max(0, start - 12)) + 1) if start > 24 else 0
    lead = "…" if start else ""
    return lead + _cut(a[start:]), lead + _cut(b[start:])


def _cut(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def quoted(text: str | None) -> str:
    """A text in quotation marks, on one line, cut.

    It is inside of a sentence of ours, whose order of letters it must not turn round.
    """
    if text is None:
        return "nothing"
    line = " ".join(text.translate(_TURNS).split())
    return f"“{line if len(line) <= _EXCERPT + 1 else line[:_EXCERPT] + '…'}”"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"


def _path(path: str) -> str:
    """A path without its root, cut in the middle where it is long."""
    bare = path.removeprefix("$").removeprefix(".") or "$"
    return bare if len(bare) <= 60 else f"{bare[:20]}…{bare[-36:]}"


def counted(number: int, noun: str) -> str:
    """`14, "step"` -> `14 steps`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""What is fuzzed: each reader, and each door that trace text goes through.

A target takes bytes. It raises what is a bug: anything but a `TraceError`, or an
`AssertionError` for a promise that is broken.
"""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from whypath import build, comparison, redact, terminal
from whypath.content import ContentStore, to_json
from whypath.derive.evidence import _parts, _resolve
from whypath.derive.graphs.graph import Edge, Graph, Node
from whypath.derive.rules.expressions import BadExpression, compile_expression, evaluate
from whypath.derive.rules.file import read_rules
from whypath.errors import TraceError
from whypath.readers.formats import FORMATS
from whypath.records import Records
from whypath.render.dot import labelled_dot
from whypath.render.pages import Drawing, Page, report_file
from whypath.render.payload import unpacked
from whypath.render.text import Prose
from whypath.terminal.text import indented

Target = Callable[[bytes], None]
FORBIDDEN = frozenset("\x1b\x9b\x07\x08\u202e\u2066\u200b")
LIMITS = build.Limits(total=1 << 20, depth=200)


def read(data: bytes, format: str | None) -> list[Any]:
    """The stories of the runs in the bytes; none where a sentence says why not."""
    redactor = redact.Redactor()
    with suppress(TraceError):
        found = build.read_input(
            ["-"],
            format=format,
            stdin=io.BytesIO(data),
            redactor=redactor,
            limits=LIMITS,
        )
        return [build.tell(run) for run in found.runs]
    return []


def reader(format: str | None) -> Target:
    """Reads the bytes as one format, and works out all that a report says."""

    def target(data: bytes) -> None:
        for story in read(data, format):
            positions = [step.position for step in story.run.steps]
            assert positions == list(range(1, len(positions) + 1))
            for line in terminal.overview(story, 80):
                assert not FORBIDDEN & set(line)

    return target


def page(data: bytes) -> None:
    """A whole page is made of what is read; only the layout is left out."""
    for story in read(data, None)[:1]:
        graph = Graph((), (), {}, 0)
        made = Page(story, Drawing(graph, None, "", {}), None, {}, None)
        for piece in report_file(made):
            for part in unpacked(piece):
                part.decode()


def diffs(data: bytes) -> None:
    """Two runs of one input are compared."""
    stories = read(data, None)
    if stories:
        runs = [stories[0].run, stories[-1].run]
        for diff in build.compare_all(runs, build.masks([], [])):
            list(comparison.lines(diff))
            json.dumps(comparison.as_json(diff))


def records(data: bytes) -> None:
    """The door of input: each record is valid JSON in UTF-8, or a sentence."""
    with suppress(TraceError):
        for record in Records(None, io.BytesIO(data), LIMITS):
            json.loads(record.data.decode())


def markdown(data: bytes) -> None:
    """Nothing an agent writes becomes an element that loads or runs."""
    found = Prose().render(data.decode("utf-8", "replace"))
    low = str(found or "").lower()
    for tag in ("<script", "<img", "<iframe", "<svg", "<style", "<form", " onerror="):
        assert tag not in low.replace("&lt;", "")


def code(data: bytes) -> None:
    """Colours add elements to code, and change none of its text."""
    text = data[1:].decode("utf-8", "replace")
    names = ("python", "json", "bash", "sql", "diff", "cpp", "ruby", "markdown")
    Prose().code(text, names[data[0] % len(names)] if data else "text")


def shown(data: bytes) -> None:
    """No control sequence reaches a terminal."""
    text = data.decode("utf-8", "surrogateescape")
    for made in (terminal.safe(text), terminal.line(text), *indented(text, 99)):
        assert not FORBIDDEN & set(made)


def dot(data: bytes) -> None:
    """The label of a node ends where it should: no text becomes an attribute."""
    text = data.decode("utf-8", "replace")
    source = labelled_dot(graph_of(text))
    assert outside_quotes(source) == outside_quotes(labelled_dot(graph_of("")))


def graph_of(text: str) -> Graph:
    """Two nodes and an edge that say the text, and more, so that it is quoted."""
    text += " ."
    nodes = tuple(Node(f"s{n}", text, "tool", n, n, (n,), note=text) for n in (1, 2))
    return Graph(nodes, (Edge("s1", "s2", "next", text),), {1: 0, 2: 1}, 2)


def outside_quotes(source: str) -> str:
    """DOT without its quoted texts and without spaces, as Graphviz' grammar quotes."""
    left, quoted, at = [], False, 0
    while at < len(source):
        if quoted and source[at] == "\\":
            at += 2
            continue
        if source[at] == '"':
            quoted = not quoted
        elif not quoted and not source[at].isspace():
            left.append(source[at])
        at += 1
    assert not quoted
    return "".join(left)


def take_out(data: bytes) -> None:
    """Contents stay valid JSON, and a second look finds no more."""
    text = data.decode("utf-8", "replace")
    store = ContentStore()
    store.add_text(text)
    with suppress(ValueError, RecursionError):
        store.add(to_json(json.loads(data)))
    redactor = redact.Redactor(personal=True)
    redactor.clean(store, [to_json([text])])
    for number in range(len(store)):
        json.loads(store.raw(number))
        assert not redactor.finds_any(store.raw(number))


def evidence(data: bytes) -> None:
    """A path that an agent wrote leads to a value, or to nothing."""
    path, _, rest = data.decode("utf-8", "replace").partition("\n")
    parts = _parts(path)
    with suppress(ValueError, RecursionError):
        _resolve(json.loads(rest), parts or [])


def cel(data: bytes) -> None:
    """A person's own expression is judged, or a sentence says what is wrong in it."""
    with suppress(BadExpression):
        expression = compile_expression(data.decode("utf-8", "replace"))
        facts = {"step": {"name": "x", "n": 1}, "args": {"a": [1, "b"]}, "output": None}
        evaluate(expression, facts)


def rules(data: bytes) -> None:
    """A file of a person's rules is read, or a sentence says where it is wrong."""
    with suppress(TraceError):
        read_rules(data.decode("utf-8", "replace"), "rules.toml")


READERS: dict[str, Target] = {name: reader(name) for name in FORMATS}
OTHERS: dict[str, Target] = {
    "pipeline": reader(None),
    "page": page,
    "diffs": diffs,
    "records": records,
    "markdown": markdown,
    "code": code,
    "terminal": shown,
    "dot": dot,
    "redact": take_out,
    "evidence": evidence,
    "cel": cel,
    "rules": rules,
}
TARGETS = READERS | OTHERS

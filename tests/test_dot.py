"""A graph becomes a picture: measured, laid out by Graphviz, drawn by our template."""

import json
import re
import stat
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from conftest import Golden
from samples import ROOT
from test_graph import Script, delegate, graph_of, long_run
from whypath.derive.decisions.find import find_decisions
from whypath.derive.graphs.graph import Edge, Graph, Node, build_graph, look_inside
from whypath.derive.graphs.labels import Row
from whypath.render import dot
from whypath.render.dot import find_engine, labelled_dot, lay_out, lay_out_all
from whypath.render.measure import clip, plain, width
from whypath.render.picture import LABEL, MAX_COLUMN, Layout, cut_up, measure
from whypath.render.svg import svg_file

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {
    *("svg", "title", "marker", "path", "rect", "circle", "text", "tspan", "a", "g"),
    *("div", "button", "span"),
}
ATTRIBUTES = {
    *("aria-label", "aria-labelledby", "aria-pressed", "class", "role", "id", "href"),
    *("data-first", "data-last", "data-step", "data-node", "data-causes"),
    *("type", "title", "hidden", "data-needs-js", "data-key", "data-zoom", "data-turn"),
    *("x", "y", "cx", "cy", "r", "rx", "dx", "d", "width", "height", "viewBox"),
    *("fill", "stroke", "stroke-width", "stroke-dasharray", "transform"),
    *("font-family", "font-size", "text-anchor", "text-decoration"),
    *("refX", "refY", "orient", "markerWidth", "markerHeight", "markerUnits"),
    "marker-end",
}


@pytest.fixture(scope="module")
def macros() -> Any:
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("parts/graph.svg.html").module


def layout_of(graph: Graph) -> Layout:
    layout, why = lay_out(graph)
    assert layout is not None, why
    return layout


def one_node(text: str, **fields: object) -> Graph:
    """A graph whose every word is `text`."""
    rows = (Row(text, chosen=True), Row(text, struck=True, reason=text), Row(text))
    first = Node("s1", text, "tool", 1, 1, (1,), rows, note=text, agent=text)
    second = Node("s2", text, "user", 2, 2, (2,), status="error")
    edges = (Edge("s1", "s2", "handoff", text),)
    return Graph((replace(first, **fields), second), edges, {1: 0, 2: 1}, 2)  # type: ignore[arg-type]


def parse(markup: str) -> ElementTree.Element:
    for name in ("data-needs-js", "hidden"):
        markup = markup.replace(f" {name}>", ">").replace(f" {name} ", " ")
    return ElementTree.fromstring(f"<root>{markup}</root>")


def everything() -> Graph:
    """A graph with a node of almost every kind."""
    script = Script().user("please").call("Read", "Grep").decide("which?", "a", "b")
    for _ in range(3):
        script.call("Edit").call("Test", error=True)
    script.call("Try", abandoned=True)
    delegate(script, ("researcher", 2), ("writer", 1))
    script.draft.status = "ok"
    return graph_of(script.call("Save", agent="writer").answer().run())


def test_the_picture_of_a_run_is_what_it_was(macros: Any, golden: Golden) -> None:
    golden("graph.svg.html", str(macros.graph(layout_of(everything()))))


def test_the_engine_gets_ids_and_sizes_and_no_word_of_the_trace(
    golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    run = dot._run

    def spy(engine: str, source: str, deadline_s: float) -> str:
        seen.append(source)
        return run(engine, source, deadline_s)

    monkeypatch.setattr(dot, "_run", spy)
    layout_of(everything())
    golden("graph.dot", seen[0])
    assert "researcher" not in seen[0]


def test_every_node_is_drawn_in_order_with_its_step_and_range(macros: Any) -> None:
    graph = everything()
    root = parse(str(macros.graph(layout_of(graph))))
    drawn = [
        tuple(link.get(f"data-{name}") for name in ("step", "first", "last"))
        for link in root.iter(f"{SVG}a")
    ]
    assert drawn == [
        (str(n.first), str(n.steps[0] if n.steps else n.first), str(n.last))
        for n in graph.nodes
    ]
    assert len(list(root.iter("tr"))) == 0


def test_the_table_says_the_same_in_the_same_order(macros: Any) -> None:
    graph = everything()
    root = parse(str(macros.graph_table(graph)))
    rows = [row for row in root.iter("tr") if row.get("data-step")]
    assert [row.get("data-step") for row in rows] == [str(n.first) for n in graph.nodes]
    words = "".join(root.itertext())
    assert all(node.label in words for node in graph.nodes)


def test_boxes_stay_inside_their_column_and_apart_from_each_other() -> None:
    for graph in (everything(), graph_of(long_run(400))):
        for column in layout_of(graph).columns:
            for number, box in enumerate(column.boxes):
                assert box.x >= 0
                assert box.x + box.width <= column.width
                assert box.y >= 0
                assert box.y + box.height <= column.height
                for other in column.boxes[:number]:
                    aside = abs(box.x - other.x) >= min(box.width, other.width)
                    assert aside or other.y + other.height <= box.y


def test_a_long_run_is_several_columns_that_say_where_they_go_on() -> None:
    columns = layout_of(graph_of(long_run(400))).columns
    assert len(columns) >= 4
    assert all(column.height < 1.4 * MAX_COLUMN for column in columns)
    starts = [column.first for column in columns]
    assert [column.goes_on for column in columns] == [*starts[1:], None]


def test_the_edge_to_the_next_column_goes_round_an_abandoned_branch() -> None:
    script = Script()
    for number in range(40):
        script.call(f"a{number}").call(f"b{number}", abandoned=True)
    columns = layout_of(graph_of(script.answer().run(), target=190)).columns
    assert len(columns) > 3
    assert all(column.width < 520 for column in columns)
    for column in columns[:-1]:
        for box in column.boxes:
            if box.node.abandoned and box.y + box.height > column.height - 60:
                at = column.goes_on_at.x
                assert not box.x < at < box.x + box.width


def test_nodes_and_rows_lead_to_where_the_page_has_its_steps(macros: Any) -> None:
    graph = everything()

    def at(step: int) -> str:
        return f"steps-1.html#s{step}"

    wanted = [at(node.first) for node in graph.nodes]
    picture = parse(str(macros.graph(layout_of(graph), (), at)))
    assert [link.get("href") for link in picture.iter(f"{SVG}a")] == wanted
    table = parse(str(macros.graph_table(graph, at)))
    assert [link.get("href") for link in table.iter("a")] == wanted


def test_a_graph_of_nothing_is_a_picture_of_nothing(macros: Any) -> None:
    layout = layout_of(Graph((), (), {}, 0))
    assert layout.columns == ()
    assert "<svg" not in str(macros.graph(layout))


def stand_in(folder: Path, body: str) -> str:
    """A program in place of the layout engine."""
    path = folder / "engine"
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


BROKEN = {
    "too slow": ("import threading; threading.Event().wait(20)", "longer than 0.3 s"),
    "fails": ("import sys; sys.exit(3)", "ended with code 3"),
    "silent": ("", "answered something that is no layout"),
    "half an answer": ("print('graph 1 2')", "answered something that is no layout"),
    "nonsense": ("print('edge a b 4 x')\nprint('graph 1 x y')", "no layout"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_engine_is_a_sentence(case: str, tmp_path: Path) -> None:
    body, sentence = BROKEN[case]
    layout, why = lay_out(everything(), stand_in(tmp_path, body), deadline_s=0.3)
    assert layout is None
    assert sentence in why
    assert why.startswith("No picture: ")


def test_a_missing_engine_is_a_sentence_that_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, why = lay_out(everything(), "no-such-engine")
    assert "no-such-engine is not there" in why
    monkeypatch.setattr(dot, "which", lambda name, path=None: None)
    assert lay_out(everything()) == (
        None,
        "No picture: no Graphviz was found. Install graphviz-pure.",
    )
    monkeypatch.undo()
    assert lay_out(everything(), str(tmp_path / "nothing"))[0] is None


def test_a_file_that_is_no_program_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "engine"
    path.write_bytes(b"\x00no program")
    path.chmod(0o755)
    layout, why = lay_out(everything(), str(path))
    assert layout is None
    assert "cannot be started" in why


NASTY = {
    "quotes": '"; drop [label="x"]; "',
    "backslash": "C:\\new\\table\\",
    "lines": "one\ntwo\r\nthree\u2028four",
    "nul": "a\x00b\x1b[31mred",
    "html-like": "<b>x</b>",
    "port": "a:b:c",
    "entities": "&lt;b&gt; &amp;amp; &#65;",
    "escapes": "\\N \\G \\L \\l \\r",
    "bidi": "abc\u202edef\u2066ghi\U000e0041",
    "not a character": "x\ufffey\ud800z",
    "cdata": "]]> <!-- --> <?xml?>",
    "wide": "日本語のテキスト 🙂 e\u0301",
    "empty": "",
    "template": "{{ 7*7 }} {% raw %}",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_any_text_ends_up_as_text(text: str, macros: Any) -> None:
    assert_safe(one_node(text), text, macros)


def assert_safe(graph: Graph, text: str, macros: Any) -> None:
    """The drawing has our elements and attributes only, and the text as text."""
    layout = layout_of(graph)
    root = parse(str(macros.graph(layout)))
    for element in root.iter():
        name = element.tag.removeprefix(SVG)
        assert name in ELEMENTS | {"root"}
        assert set(element.attrib) <= ATTRIBUTES
        assert element.get("href", "#step=").startswith("#step=")
        assert element.get("marker-end", "url(#graph-1-next)") == "url(#graph-1-next)"
    label = next(e for e in root.iter(f"{SVG}text") if e.get("class") == "label")
    shown = "".join(label.itertext())
    assert plain(text).startswith(shown.removesuffix("…").rstrip())
    assert clip(plain(text), LABEL, 500).startswith(shown.removesuffix("…").rstrip())
    assert width(shown, LABEL) <= 226


def test_no_payload_becomes_markup(shared: Path, macros: Any) -> None:
    lines = (shared / "hostile/xss/payloads.jsonl").read_text("utf-8").splitlines()
    payloads = [json.loads(line)["payload"] for line in lines]
    assert len(payloads) > 5000
    layout = layout_of(one_node("x"))
    (column,) = layout.columns
    for start in range(0, len(payloads), 500):
        some = payloads[start : start + 500]
        boxes = tuple(
            replace(measure(one_node(text).nodes[0], 226), label=plain(text))
            for text in some
        )
        drawn = replace(column, boxes=boxes)
        root = parse(str(macros.graph(replace(layout, columns=(drawn,)))))
        labels = [e for e in root.iter(f"{SVG}text") if e.get("class") == "label"]
        assert ["".join(e.itertext()) for e in labels] == [plain(p) for p in some]
        for element in root.iter():
            assert element.tag.removeprefix(SVG) in ELEMENTS | {"root"}
            assert set(element.attrib) <= ATTRIBUTES
            assert element.get("href", "#step=1") == "#step=1"


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_the_labelled_dot_can_be_read_back(text: str) -> None:
    source = labelled_dot(one_node(text))
    engine = find_engine()
    assert engine is not None
    answer = dot._run(engine, source.encode("ascii", "ignore").decode(), 5.0)
    nodes = [line.split()[1] for line in answer.splitlines() if line[:5] == "node "]
    assert nodes == ["s1", "s2"]
    assert source.isprintable() or "\n" in source


def asides() -> Graph:
    """A graph with a dead end, a retry, one aside, and causes near and far."""
    script = Script().call("Read").call("Try", abandoned=True)
    script.call("Test", error=True)
    failed = script.draft.steps[-1].input
    script.call("Edit").call("Test")
    script.draft.steps[-1].input = failed
    run = script.run()
    causes = {8: (2,), 10: (6, 8)}
    return build_graph(run, find_decisions(run), lambda step: "", causes=causes)


def test_ways_back_retries_and_near_causes_are_arcs_that_move_no_box() -> None:
    graph = asides()
    (column,) = layout_of(graph).columns
    assert [path.kind for path in column.arcs] == ["backtrack", "retry", "cause"]
    assert column.inks == ("next", "backtrack", "cause", "retry")
    (still,) = layout_of(replace(graph, asides=(), causes={})).columns
    assert still.arcs == ()
    moved = {
        round(box.x - other.x, 1)
        for box, other in zip(column.boxes, still.boxes, strict=True)
    }
    assert len(moved) == 1
    assert [box.y for box in column.boxes] == [box.y for box in still.boxes]


def test_arcs_stay_inside_their_column() -> None:
    (column,) = layout_of(asides()).columns
    left = column.arcs[0].at.x
    for path in column.arcs:
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.data)]
        assert all(0 <= x + left <= column.width for x in numbers[::2])
        assert all(0 <= y <= column.height for y in numbers[1::2])


def test_every_cause_is_in_the_markup_and_every_dead_end_is_marked(macros: Any) -> None:
    graph = asides()
    root = parse(str(macros.graph(layout_of(graph))))
    nodes = list(root.iter(f"{SVG}a"))
    assert [node.get("data-node") for node in nodes] == [*map(str, range(len(nodes)))]
    told = {int(n.get("data-node", "")): n.get("data-causes") for n in nodes}
    expected = {at: " ".join(map(str, some)) for at, some in graph.causes.items()}
    assert {at: some for at, some in told.items() if some} == expected
    texts = ["".join(e.itertext()) for e in root.iter(f"{SVG}text")]
    assert texts.count("dead end") == 1


def test_a_dead_end_has_room_for_its_mark_below() -> None:
    (column,) = layout_of(asides()).columns
    (dead,) = [box for box in column.boxes if box.node.dead_end]
    for other in column.boxes:
        beside = abs(other.x - dead.x) < dead.width
        below = dead.y + dead.height + dead.foot
        assert not beside or other.y <= dead.y or other.y >= below


@pytest.mark.parametrize("graph", [everything(), asides(), Graph((), (), {}, 0)])
def test_the_file_of_the_graph_is_one_svg_that_needs_nothing(graph: Graph) -> None:
    text = svg_file(layout_of(graph))
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    drawn = [e for e in root.iter(f"{SVG}g") if (e.get("class") or "")[:5] == "node "]
    assert len(drawn) == len(graph.nodes)
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"href|<script|@import|style=|url\((?!#graph-)", text)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for name in re.findall(r"url\(#([^)]+)\)", text):
        assert name in ids


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_any_text_is_text_in_the_file_too(text: str) -> None:
    root = ElementTree.fromstring(svg_file(layout_of(one_node(text))))
    allowed = ELEMENTS - {"div", "button", "span", "a"} | {"style"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed


def test_a_long_graph_is_set_in_rows_in_its_file() -> None:
    layout = layout_of(graph_of(long_run(900), target=150))
    root = ElementTree.fromstring(svg_file(layout))
    assert len(layout.columns) > 5
    assert float(root.get("width", "")) <= 1420
    assert float(root.get("height", "")) > MAX_COLUMN


def test_many_graphs_are_laid_out_in_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graphs = {7: everything(), 9: asides(), 11: Graph((), (), {}, 0)}
    alone = {key: layout_of(graph) for key, graph in graphs.items()}
    started: list[str] = []
    run = dot._run

    def spy(engine: str, source: str, deadline_s: float) -> str:
        started.append(engine)
        return run(engine, source, deadline_s)

    monkeypatch.setattr(dot, "_run", spy)
    assert lay_out_all(graphs) == alone
    assert len(started) == 1
    assert lay_out_all(graphs, "no-such-engine") == {}
    assert lay_out_all({}) == {}


def test_all_the_pictures_of_a_long_run_take_under_two_seconds() -> None:
    run = long_run(20_000)
    decisions = find_decisions(run)
    best = 9.0  # what else the machine does can only add to a time
    for _ in range(3):
        start = time.perf_counter()
        graph = build_graph(run, decisions, lambda step: step.name)
        insides = look_inside(graph, run, decisions, lambda step: step.name)
        layouts = lay_out_all({-1: graph} | insides)
        best = min(best, time.perf_counter() - start)
    assert best < 2
    assert len(layouts) > 30
    assert all(len(inside.nodes) <= 200 for inside in (graph, *insides.values()))


LABELS = [
    ("bash  " + "cd folder && " * 9, "bash", "cd folder && cd"),
    ("what a long story this is, told in one breath", "what a long", "breath"),
    ("x" * 80, "x" * 20, ""),
    ("short", "short", ""),
]


@pytest.mark.parametrize(("text", "first", "second"), LABELS)
def test_a_label_that_does_not_fit_goes_on_below(
    text: str, first: str, second: str
) -> None:
    box = measure(one_node(text).nodes[1], 226, wrap=True)
    below = [line.text for line in box.lines if line.mark == "label"]
    assert box.label.startswith(first)
    assert bool(below) == bool(second)
    assert all(second in each for each in below)
    assert all(width(each, 12) <= 226 for each in below)


def test_the_labelled_dot_says_what_the_graph_says(golden: Golden) -> None:
    golden("graph.labelled.dot", labelled_dot(everything()))


def test_the_same_graph_gives_the_same_bytes(macros: Any) -> None:
    drawn = {str(macros.graph(layout_of(everything()))) for _ in range(3)}
    assert len(drawn) == 1


@pytest.mark.parametrize(
    ("text", "limit"),
    [("a" * 500, 100), ("W" * 50, 60), ("i" * 50, 60), ("日" * 40, 80), ("…" * 40, 50)],
)
def test_a_clipped_line_is_no_wider_than_its_place(text: str, limit: float) -> None:
    clipped = clip(text, 13, limit)
    assert clipped.endswith("…")
    assert limit * 0.6 < width(clipped, 13) <= limit


def test_a_line_that_fits_is_left_alone() -> None:
    assert clip("short", 13, 200) == "short"
    assert clip("", 13, 200) == ""


def test_what_cannot_be_seen_is_a_mark() -> None:
    assert plain("a\n\tb\x1b\x00c\u202ed") == "a b␛␀c\ufffdd"
    assert unescape(plain("&amp;")) == "&"


def test_many_nodes_are_laid_out_within_the_deadline() -> None:
    graph = graph_of(long_run(4000), target=199)
    assert len(graph.nodes) > 150
    assert sum(len(shape.boxes) for shape in cut_up(graph)) == len(graph.nodes)
    assert layout_of(graph).columns

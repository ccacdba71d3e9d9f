"""Turns a Story into the pages of a report, in pieces, so that they can be streamed.

Nothing is written here.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, starmap
from typing import Any, NamedTuple

from whypath import __version__
from whypath.content import to_json
from whypath.derive.graphs.graph import Graph
from whypath.derive.story import Story
from whypath.render.assets import asset, block, hash_of, in_one_scope, policy
from whypath.render.environment import environment, render_page
from whypath.render.facts import Facts
from whypath.render.fragments import Fragments
from whypath.render.index import columns, in_parts
from whypath.render.overview import overview
from whypath.render.payload import Payload, pack
from whypath.render.picture import Layout
from whypath.render.static import STEPS_PER_PAGE, Static, page_link, page_name

STYLES = ("theme", "layout", "content", "findings", "replay", "graph")
SCRIPTS = (
    *("shell", "data", "letters", "content", "facts", "syntax", "expression"),
    *("search", "movement", "address", "keys", "sheets", "outline", "scrubber"),
    *("zoom", "graph", "windows", "requests", "context", "state", "why", "values"),
    *("ticket", "borrowed", "panes", "finder", "breakpoints", "column", "notes"),
    *("player", "acts", "replay"),
)


class Drawing(NamedTuple):
    """The decision graph laid out, or, with no layout, the sentence that says why.

    `insides` are the pictures of what some of its nodes hold, by the node's index.
    """

    graph: Graph
    layout: Layout | None
    sentence: str | None
    insides: Mapping[int, Layout] = {}


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the report of one run is made from.

    `note` is a sentence about the input as a whole, such as the other runs in it;
    `notes` are a person's, by step. `first` is the step to show first; without it,
    the verdict's. In a site, `shared` is the way to the style and script of all runs,
    and `home` the way to the list of runs.
    """

    story: Story
    drawing: Drawing
    note: str | None
    notes: Mapping[int, str]
    first: int | None
    shared: str = ""
    home: str = ""


def report_file(page: Page) -> Iterator[str]:
    """The report as one self-contained file, in pieces."""
    style, script = asset("css", STYLES), _script()
    csp = policy(hash_of(script), hash_of(style))
    head, tail = _report(page, csp, _hash_link, linked=False)
    before, after = head.split(_STYLE, 1)
    yield before
    yield f"<style>{style}</style>"
    yield after
    yield from _packed(page)
    yield f"<script>{script}</script>"
    yield tail


def report_folder(page: Page) -> Iterator[tuple[str, Iterable[str]]]:
    """The report as files that lie beside each other: name and pieces of each.

    The same page with its style and script apart, and every step written out, so that
    it can be read where scripts and inline styles are forbidden. What is shared in a
    site is left out: see `report_assets`.
    """
    csp = policy("'self'", "'self'")
    head, tail = _report(page, csp, page_link, linked=True)
    script = f'<script src="{page.shared}report.js"></script>'
    yield "index.html", chain([head], _packed(page), [script, tail])
    if not page.shared:
        yield from report_assets()
    yield from _written_out(page)


def report_assets() -> Iterator[tuple[str, Iterable[str]]]:
    """The style and the script that the pages of a run need beside them."""
    yield "report.css", [asset("css", STYLES)]
    yield "report.js", [_script()]


@cache
def _script() -> str:
    """All scripts of the replay, and its panes and buttons as a text: see replay.js."""
    replay = environment().get_template("parts/replay.html").render()
    frame = to_json(replay).decode().replace("</", "<\\/")
    return in_one_scope(f"const FRAME = {frame};\n{asset('js', SCRIPTS)}")


def _report(
    page: Page, csp: str, at: Callable[[int], str], *, linked: bool
) -> tuple[str, str]:
    """The page before and after its payload. `at` gives the address of a step."""
    values: dict[str, Any] = {
        "run": page.story.run,
        "story": page.story,
        "totals": page.story.totals,
        "verdict": page.story.verdict,
        "overview": overview(page.story),
        "drawing": page.drawing,
        "note": page.note,
        "notes": sorted(page.notes.items()),
        "version": __version__,
        "csp": csp,
        "at": at,
        "linked": linked,
        "shared": page.shared,
        "home": page.home,
    }
    html = render_page("report.html", values)
    head, tail = html.split(_SPLIT, 1)
    return head, tail


_SPLIT = "<!-- payload -->"
_STYLE = "<style></style>"


def _hash_link(position: int) -> str:
    """The address of a step inside the replay."""
    return f"#step={position}"


def _fragment(static: Static | None) -> Callable[..., str]:
    """The macro that renders a step, for the replay or written out."""
    template = environment().get_template("parts/step.html")
    module: Any = template.make_module({"static": static})
    macro: Callable[..., str] = module.fragment
    return macro


def _packed(page: Page) -> Iterator[str]:
    """The chunks of the payload, then the index that says where what is."""
    in_site = bool(page.shared)  # is compared, and made on several machines
    payload = Payload(page.story.run.contents, portable=in_site)
    log = yield from _chunks(page, payload)
    if page.drawing.insides:
        yield block("graphs", pack(_insides(page.drawing), portable=in_site))
    rest = log | {
        "notes": sorted(page.notes.items()),
        "chunkSteps": payload.first_steps,
        "chunkContents": payload.first_contents,
    }
    story, node_of = page.story, page.drawing.graph.node_of
    others = ((name, to_json(value)) for name, value in rest.items())
    parts = in_parts(chain(columns(story, node_of, page.first), others))
    for packed in map(partial(pack, portable=in_site), parts):
        yield block("index", packed)


def _insides(drawing: Drawing) -> bytes:
    """What some nodes hold, one picture after the other."""
    macros: Any = environment().get_template("parts/graph.svg.html").module
    pictures = starmap(macros.inside, drawing.insides.items())
    return b"".join(picture.encode("utf-8", "replace") for picture in pictures)


def _chunks(page: Page, payload: Payload) -> Generator[str, None, dict[str, Any]]:
    """The steps and their contents in chunks. Returns what changed at which step."""
    story = page.story
    fragments = Fragments(story, payload, _fragment(None), page.notes)
    facts = Facts(story, payload)
    for step in story.run.steps:
        html = fragments.render(step)
        chunk = payload.add_step(step.position, html, facts.of(step))
        if chunk is not None:
            yield block("chunk", chunk)
    log = facts.log()
    chunk = payload.flush()
    if chunk is not None:
        yield block("chunk", chunk)
    return log


def _written_out(page: Page) -> Iterator[tuple[str, Iterable[str]]]:
    """Every step as plain HTML, about a hundred a page."""
    story = page.story
    static = Static(story.run.contents)
    macro = _fragment(static)
    fragments = Fragments(story, static, macro, page.notes, written_out=True)
    count = -(-len(story.run.steps) // STEPS_PER_PAGE)
    for number in range(1, count + 1):
        start = (number - 1) * STEPS_PER_PAGE
        steps = story.run.steps[start : start + STEPS_PER_PAGE]
        static.here = page_name(start + 1)
        values = {
            "story": story,
            "steps": [(step.position, fragments.render(step)) for step in steps],
            "number": number,
            "count": count,
            "csp": "default-src 'none'; style-src 'self'; img-src data:",
            "version": __version__,
            "at": static.href,
            "shared": page.shared,
            "home": page.home,
        }
        yield static.here, [render_page("steps.html", values)]

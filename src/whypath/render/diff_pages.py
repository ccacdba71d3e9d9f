"""Turns diffs into pages, in pieces: one file, or a folder with a matrix in front.

What differs first is written out; of many differences, the later ones are packed and
unpacked by the page when they are looked at, or, in a folder, written to pages too.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from whypath import __version__
from whypath.content import ContentStore, to_json
from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.graph import merge_graphs
from whypath.derive.diffs.metrics import answers, find_metrics
from whypath.derive.diffs.words import CLASSES, join, verdict
from whypath.derive.diffs.words import chain as links
from whypath.render.assets import asset, block, hash_of, in_one_scope, policy
from whypath.render.diff_seen import message_views
from whypath.render.diff_views import Span, spans, view
from whypath.render.dot import lay_out
from whypath.render.environment import environment, render_page
from whypath.render.payload import Payload, pack

STYLES = ("theme", "layout", "content", "graph", "diff")
SCRIPTS = ("shell", "data", "letters", "content", "diff")
WRITTEN, IN_PART = 40, 150
"""So many differences are written out in a page, and in one of the pages behind it."""
_STYLE, _SPLIT = "<style></style>", "<!-- payload -->"


class Place(NamedTuple):
    """Where the page of a diff lies.

    `name` is that of its file, empty for a page on its own. `up` is the way to the
    pages of others, which are `others`. In a site, `shared` is the way to style and
    script, `home` to the list of runs, and `reports` to the two runs.
    """

    name: str = ""
    up: str = ""
    others: str = "all runs"
    shared: str = ""
    home: str = ""
    reports: tuple[str, str] = ("", "")


def diff_file(diff: Diff, dot: str | None = None) -> Iterator[str]:
    """The page of one diff as one self-contained file, in pieces."""
    style, script = asset("css", STYLES), in_one_scope(asset("js", SCRIPTS))
    head, rest, tail = _page(
        diff, dot, policy(hash_of(script), hash_of(style)), Place()
    )
    before, after = head.split(_STYLE, 1)
    yield before
    yield f"<style>{style}</style>"
    yield after
    yield from _packed(diff, rest)
    yield f"<script>{script}</script>"
    yield tail


def diff_folder(
    diffs: Sequence[Diff], dot: str | None = None
) -> Iterator[tuple[str, Iterable[str]]]:
    """The pages of a diff, or of several with a matrix in front: names and pieces."""
    yield from diff_assets()
    if len(diffs) == 1:
        yield from diff_in(Place("index"), diffs[0], dot)
        return
    names = [f"pair-{number:02}" for number in range(1, len(diffs) + 1)]
    yield "index.html", [_matrix(diffs, names)]
    for diff, name in zip(diffs, names, strict=True):
        yield from diff_in(Place(name, "index.html"), diff, dot)


def diff_assets() -> Iterator[tuple[str, Iterable[str]]]:
    """The style and the script that the pages of a diff need beside them."""
    yield "diff.css", [asset("css", STYLES)]
    yield "diff.js", [in_one_scope(asset("js", SCRIPTS))]


def diff_in(
    place: Place, diff: Diff, dot: str | None = None
) -> Iterator[tuple[str, Iterable[str]]]:
    """A page and, where it does not hold all, the pages with the rest written out."""
    csp = policy("'self'", "'self'")
    head, rest, tail = _page(diff, dot, csp, place)
    name = place.name
    script = f'<script src="{place.shared}diff.js"></script>'
    yield (
        f"{name}.html",
        chain([head], _packed(diff, rest, bool(place.shared)), [script, tail]),
    )
    pages = _in_pages(rest)
    for number, some in enumerate(pages, start=1):
        values = {
            "rows": (view(diff, span) for span in some),
            "number": number,
            "count": len(pages),
            "place": place,
            "title": _title(diff),
            "csp": "default-src 'none'; style-src 'self'; img-src data:",
            "version": __version__,
        }
        yield f"{name}-{number:02}.html", [render_page("diff_rows.html", values)]


def _page(
    diff: Diff, dot: str | None, csp: str, place: Place
) -> tuple[str, list[Span], str]:
    """The page before its payload, the rows that are not in it, and its end."""
    shown, rest = _divided(diff, list(spans(diff)))
    graph = merge_graphs(diff)
    layout, sentence = lay_out(graph, dot) if graph.nodes else (None, "")
    windows = diff.cause.windows if diff.cause is not None else None
    values: dict[str, Any] = {
        "diff": diff,
        "title": _title(diff),
        "verdict": verdict(diff),
        "links": links(diff),
        "join": join(diff),
        "kind": CLASSES[diff.cause.kind] if diff.cause is not None else "",
        "metrics": find_metrics(diff.a, diff.b),
        "answers": answers(diff.a, diff.b),
        "layout": layout,
        "sentence": sentence,
        "windows": windows,
        "messages": list(message_views(diff, windows)) if windows is not None else [],
        "rows": [view(diff, span) for span in shown],
        "rest": sum(span.differs for span in rest),
        "pages": len(_in_pages(rest)) if place.name else 0,
        "place": place,
        "at": _row_links(shown, rest, place.name).__getitem__,
        "row_of": _rows_by_step(diff),
        "csp": csp,
        "version": __version__,
        "linked": bool(place.name),
    }
    html = render_page("diff.html", values)
    head, tail = html.split(_SPLIT, 1)
    return head, rest, tail


def _title(diff: Diff) -> str:
    """What both runs are about, or the names of the two."""
    if diff.a.heading == diff.b.heading:
        return diff.a.heading
    return f"{diff.a.run.id} and {diff.b.run.id}"


def _row_links(shown: list[Span], rest: list[Span], name: str) -> dict[int, str]:
    """The way to each row by its number: to the stretch that it is folded into.

    A row that is not in the page is unpacked by it or, in a folder, in another page.
    """
    pages = [("", shown)]
    if name:
        parts = enumerate(_in_pages(rest), start=1)
        pages += [(f"{name}-{number:02}.html", list(some)) for number, some in parts]
    else:
        pages.append(("", [Span(s.first, s.last, True) for s in rest]))
    return {
        at + 1: f"{page}#row-{at + 1}"
        if one.differs
        else f"{page}#rows-{one.first + 1}"
        for page, some in pages
        for one in some
        for at in range(one.first, one.last + 1)
    }


def _rows_by_step(diff: Diff) -> dict[str, int]:
    """`a4` and `b4` -> the number of the row with step 4 of A or B."""
    found: dict[str, int] = {}
    for number, row in enumerate(diff.rows, start=1):
        for step, other in row.pairs:
            if step is not None:
                found.setdefault(f"a{step}", number)
            if other is not None:
                found.setdefault(f"b{other}", number)
    return found


def _divided(diff: Diff, all_: list[Span]) -> tuple[list[Span], list[Span]]:
    """The spans that are written out, to beyond a parting that is near, and others.

    A parting far down is among the others: a link unpacks it.
    """
    differing = [at for at, span in enumerate(all_) if span.differs]
    most = WRITTEN
    if diff.parting is not None:
        past = sum(all_[at].first <= diff.parting.row for at in differing)
        most = max(most, past + 1) if past < 2 * WRITTEN else most
    if len(differing) <= most:
        return all_, []
    end = differing[most]
    return all_[:end], all_[end:]


def _in_pages(rest: Sequence[Span]) -> list[Sequence[Span]]:
    """The spans in parts, each as many as a page holds."""
    size = 2 * IN_PART
    return [rest[start : start + size] for start in range(0, len(rest), size)]


def _packed(diff: Diff, rest: Sequence[Span], in_site: bool = False) -> Iterator[str]:
    """The rows that the page unpacks, and an index of them."""
    if not rest:
        return
    macros: Any = environment().get_template("parts/diff.html").module
    payload = Payload(ContentStore(), portable=in_site)
    for span in rest:
        fragment = macros.any_row(view(diff, span))
        chunk = payload.add_step(span.first + 1, fragment, {})
        if chunk is not None:
            yield block("chunk", chunk)
    chunk = payload.flush()
    if chunk is not None:
        yield block("chunk", chunk)
    numbers = [span.first + 1 if span.differs else -1 - span.first for span in rest]
    parting = diff.parting
    data = {
        "rows": numbers,
        "decisions": [
            span.first + 1
            for span in rest
            if span.differs and _is_decision(diff, span.first)
        ],
        "parting": parting.row + 1 if parting is not None else 0,
        "chunkSteps": payload.first_steps,
        "chunkContents": payload.first_contents,
    }
    yield block("index", pack(to_json(data), portable=in_site))


def _is_decision(diff: Diff, at: int) -> bool:
    row = diff.rows[at]
    return row.decides and row.how not in ("result", "words", "same")


def _matrix(diffs: Sequence[Diff], names: Sequence[str]) -> str:
    """The first run against each of the others, a link to each pair's page."""
    rows = [
        {
            "diff": diff,
            "href": f"{name}.html",
            "verdict": verdict(diff),
            "links": links(diff),
            "kind": CLASSES[diff.cause.kind] if diff.cause is not None else "",
            "metrics": find_metrics(diff.a, diff.b),
        }
        for diff, name in zip(diffs, names, strict=True)
    ]
    values = {
        "first": diffs[0].a,
        "rows": rows,
        "different": sum(not diff.same_decisions for diff in diffs),
        "csp": policy("'self'", "'self'"),
        "version": __version__,
    }
    return render_page("diff_matrix.html", values)

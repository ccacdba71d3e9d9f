"""Turns the rows of many runs into the pages that they share: list, decisions, pairs.

The pages of each run are not made here. Nothing is written here.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, NamedTuple

from whypath import __version__
from whypath.content import to_json
from whypath.derive.sites.groups import find_groupings, group_of
from whypath.derive.sites.periods import cut
from whypath.derive.sites.points import find_points
from whypath.derive.sites.row import Row, Rows
from whypath.render.assets import PACKAGE, TEMPLATES, asset, in_one_scope, policy
from whypath.render.diff_pages import diff_assets
from whypath.render.environment import render_page
from whypath.render.pages import report_assets
from whypath.render.payload import pack
from whypath.render.plots import site_plots
from whypath.render.site_columns import columns
from whypath.render.site_pairs import Paired, diff_link, pair_views
from whypath.render.site_points import point_links, point_view
from whypath.render.site_rows import row_view

STYLES = ("theme", "layout", "site")
SCRIPTS = ("columns", "query", "table", "site")
ROWS_PER_PAGE = 200
SEARCH_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; "
    "style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Of the one page that runs Pagefind, which reads its index and is WebAssembly."""
FOREIGN_SHOWN = 100
PAIRS_SHOWN = 120


class Words(NamedTuple):
    """What pages say of the plan: title, which runs are left out, the baseline.

    `diffs` is how many pairs of runs have a diff at most.
    """

    title: str
    choice: str
    baseline: str
    pair_by: str | None = None
    diffs: int = 0
    search: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """What every page is told: `up` is the way to the folder of the list of runs."""

    words: Words
    up: str
    here: str
    csp: str
    version: str
    runs: int
    points: int
    pairs: int


def site_pages(
    rows: Rows,
    paired: Paired,
    foreign: Sequence[str],
    words: Words,
    is_usual: Callable[[Row], bool],
) -> Iterator[tuple[str, Iterable[str]]]:
    """Name and pieces of each page; `rows` are in order of time, gone through often.

    `paired` are pairs of runs, each with the diff that was made of it; `foreign` are
    the files that are no traces; `is_usual` tells the baseline's runs.
    """
    periods = cut(row.start_ns for row in rows)
    points = find_points(rows, periods, is_usual)
    links = point_links(points.shown)
    made = [one for _, one in reversed(paired) if one is not None and not one.error]
    diffs = {key: diff_link(one) for one in made for key in (one.a, one.b)}
    pairs = pair_views(paired[:PAIRS_SHOWN], rows)

    def shared(here: str, up: str = "") -> Shared:
        csp = SEARCH_POLICY if here == "search" else policy("'self'", "'self'")
        counts = (len(rows), len(points.shown), len(paired))
        return Shared(words, up, here, csp, __version__, *counts)

    def page(template: str, here: str, up: str = "", **values: Any) -> list[str]:
        values["site"] = shared(here, up)
        return [render_page(template, values)]

    latest = iter(reversed(rows))
    count = max(1, -(-len(rows) // ROWS_PER_PAGE))
    together = group_of(rows)
    errors = sum(bool(row.error) for row in rows)
    labelled = any(row.labels for row in rows)
    for number in range(1, count + 1):
        start = (number - 1) * ROWS_PER_PAGE
        values: dict[str, Any] = {
            "rows": [row_view(row) for row in islice(latest, ROWS_PER_PAGE)],
            "diffs": diffs,
            "number": number,
            "count": count,
            "start": start,
            "all": together,
            "errors": errors,
            "labelled": labelled,
        }
        if number == 1:
            values |= {
                "plots": site_plots(rows, periods),
                "groupings": find_groupings(rows),
                "collapsed": [
                    (point, links[point.name, point.by])
                    for point in points.shown
                    if point.collapse
                ],
                "data": pack(
                    to_json(columns(reversed(rows), points.shown, paired)),
                    portable=True,
                ),
                "foreign": foreign[:FOREIGN_SHOWN],
                "foreign_more": max(0, len(foreign) - FOREIGN_SHOWN),
            }
        yield page_name(number), page("site.html", "runs", **values)
    views = [point_view(point, links, periods) for point in points.shown]
    yield (
        "decisions.html",
        page(
            "site_decisions.html",
            "decisions",
            points=views,
            left_out=points.left_out,
            periods=periods,
        ),
    )
    for view in views:
        yield (
            f"decisions/{view.link}",
            page("site_decision.html", "decisions", "../", view=view, periods=periods),
        )
    yield (
        "compare.html",
        page(
            "site_compare.html",
            "compare",
            pairs=pairs,
            built=sum(bool(pair.href) for pair in pairs),
            left_out=len(paired) - len(pairs),
        ),
    )
    if words.search:
        yield "search.html", page("site_search.html", "search")
        yield "assets/full-text.js", [asset("js", ("full-text",))]
    yield from site_assets()


def page_name(number: int) -> str:
    """The file with a page of the list of runs."""
    return "index.html" if number == 1 else f"runs-{number}.html"


def site_assets() -> Iterator[tuple[str, Iterable[str]]]:
    """Styles and scripts of all pages, those of the runs too."""
    yield "assets/site.css", [asset("css", STYLES)]
    yield "assets/site.js", [in_one_scope(asset("js", SCRIPTS))]
    for name, pieces in chain(report_assets(), diff_assets()):
        yield f"assets/{name}", pieces


def edition_text() -> str:
    """Names the program and its templates as they are: a change of either shows."""
    hashed = hashlib.blake2b(digest_size=16)
    roots = [PACKAGE, *TEMPLATES]
    files = {
        file.relative_to(root).as_posix(): file
        for root in roots
        for pattern in ("**/*.py", "**/*.html", "**/*.css", "**/*.js")
        for file in root.glob(pattern)
    }
    for name, file in sorted(files.items()):
        hashed.update(name.encode())
        hashed.update(file.read_bytes())
    return f"{__version__} {hashed.hexdigest()}"

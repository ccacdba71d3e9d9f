"""Turns a Story into the pieces of one HTML file, in order, so that it can be streamed.

The only place where Jinja2 is set up. Nothing is written here.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from whypath import __version__
from whypath.derive.graph import Graph
from whypath.derive.story import Story
from whypath.render import words
from whypath.render.fragments import Fragments
from whypath.render.index import index
from whypath.render.overview import overview
from whypath.render.payload import Payload, pack
from whypath.render.picture import Layout
from whypath.render.text import verbatim

PACKAGE = Path(__file__).parents[1]
TEMPLATES = [PACKAGE / "templates", PACKAGE.parents[1] / "templates"]
"""First a wheel's place, then a checkout's."""

STYLES = ("theme", "layout", "content", "graph")
SCRIPTS = ("data", "content", "outline", "scrubber", "panes", "search", "replay")


class Drawing(NamedTuple):
    """The decision graph laid out, or, with no layout, the sentence that says why."""

    graph: Graph
    layout: Layout | None
    sentence: str | None


@cache
def environment() -> Environment:
    """The one Jinja2 environment: everything escaped, nothing undefined."""
    env = Environment(
        loader=FileSystemLoader([str(folder) for folder in TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    env.filters.update(
        count=words.count,
        counted=words.counted,
        tokens=words.tokens,
        cost=words.cost,
        duration=words.duration,
        moment=words.moment,
        size=words.size,
    )
    return env


def report_page(
    story: Story,
    drawing: Drawing,
    *,
    note: str | None = None,
    notes: Mapping[int, str],
    first: int | None = None,
) -> Iterator[str]:
    """The report of one run as one self-contained file, in pieces.

    `note` is a sentence about the input as a whole, such as the other runs in it;
    `notes` are a person's, by step. `first` is the step to show first; without it,
    the verdict's.
    """
    env = environment()
    style, script = asset("css", STYLES), _in_one_scope(asset("js", SCRIPTS))
    values: dict[str, Any] = {
        "run": story.run,
        "story": story,
        "totals": story.totals,
        "verdict": story.verdict,
        "overview": overview(story),
        "drawing": drawing,
        "note": note,
        "notes": sorted(notes.items()),
        "version": __version__,
        "csp": policy(style, script),
    }
    head, tail = env.get_template("report.html").render(values).split(_SPLIT, 1)
    before, after = head.split(_STYLE, 1)
    yield before
    yield verbatim(style)
    yield after
    yield from _packed(story, drawing, notes, first)
    yield f"<script>{verbatim(script)}</script>"
    yield tail


_SPLIT = "<!-- payload -->"
_STYLE = "/* style */"


def _packed(
    story: Story, drawing: Drawing, notes: Mapping[int, str], first: int | None
) -> Iterator[str]:
    """The chunks of the payload, then the index that says where what is."""
    payload = Payload(story.run.contents)
    template = environment().get_template("parts/step.html").module
    fragments = Fragments(story, payload, template.fragment, notes)  # type: ignore[attr-defined]
    for step in story.run.steps:
        chunk = payload.add_step(step.position, fragments.render(step))
        if chunk is not None:
            yield _block("chunk", chunk)
    chunk = payload.flush()
    if chunk is not None:
        yield _block("chunk", chunk)
    data = index(story, drawing.graph.node_of, first)
    data["chunkSteps"] = payload.first_steps
    data["chunkContents"] = payload.first_contents
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    yield _block("index", pack(packed))


def _block(role: str, base64_text: str) -> str:
    """An inert block: base64 cannot hold anything that a parser would act on."""
    kind = "application/octet-stream"
    return f'<script type="{kind}" class="{role}">{base64_text}</script>\n'


@cache
def asset(kind: str, names: tuple[str, ...]) -> str:
    """Our own files, joined as they are, so that the hash in the policy matches."""
    return "\n".join(_read(f"assets/{name}.{kind}") for name in names)


def _in_one_scope(script: str) -> str:
    """The scripts together, adding nothing to the page's globals."""
    return f'(() => {{\n"use strict";\n{script}\n}})();\n'


def _read(name: str) -> str:
    for folder in TEMPLATES:
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8")
    raise FileNotFoundError(name)


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: our style and script by hash, and nothing else."""
    return (
        "default-src 'none'; "
        f"script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types whypath"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")

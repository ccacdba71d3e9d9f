"""Turns templates into pages. The only place where Jinja2 is set up."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.compiler import CodeGenerator
from markupsafe import escape

from whypath.render import words
from whypath.render.assets import TEMPLATES
from whypath.unseen import visible


class _Generator(CodeGenerator):
    """Compiles each value that a template shows to a call of our own `escape`."""

    def _output_child_pre(self, *_: object) -> None:
        self.write("environment.escape(")


class _Environment(Environment):
    """Escapes as Jinja2 does, twice as fast: that is half of the time of a step.

    Jinja2 makes a `Markup` of each value, only to join it with the others.
    """

    code_generator_class = _Generator

    @staticmethod
    def escape(value: object) -> str:
        """A value as HTML, in which nothing is out of sight."""
        if type(value) is int:
            return str(value)
        if type(value) is not str:
            return escape(value)
        if not (value.isascii() and value.isprintable()):
            value = visible(value)
        return (
            value.replace("&", "&amp;")
            .replace("<", "&lt;")
            .replace(">", "&gt;")
            .replace("'", "&#39;")
            .replace('"', "&#34;")
        )


@cache
def environment() -> Environment:
    """The one Jinja2 environment: everything escaped, nothing undefined."""
    env = _Environment(
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


def render_page(name: str, values: Mapping[str, Any]) -> str:
    """A whole page, with the icons that it uses in the place of their mark.

    It has no others, since a site has many pages.
    """
    html = environment().get_template(name).render(values)
    used = set(_USE.findall(html))
    symbols = "".join(text for name, text in _symbols().items() if name in used)
    return html.replace(_ICONS, symbols, 1)


_ICONS = "<!-- icons -->"
"""Text of a trace cannot hold it: it is escaped."""
_USE = re.compile(r'<use href="#i-([a-z-]+)"')
_SYMBOL = re.compile(r'<symbol id="i-([a-z-]+)"[^\n]*</symbol>\n')


@cache
def _symbols() -> dict[str, str]:
    """Each icon by its name, in the order of parts/icons.html."""
    text = environment().get_template("parts/icons.html").render()
    return {found[1]: found[0] for found in _SYMBOL.finditer(text)}

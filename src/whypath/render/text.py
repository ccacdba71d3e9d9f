"""Turns text that an agent wrote into safe markup. The only maker of `Markup`.

Markdown never carries HTML, images or live addresses through. What is too long to
render in good time stays text. It does not look at JSON or tool output.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from whypath.render.bounded import TookTooLong, at_most
from whypath.unseen import has_unseen

MARKDOWN_BYTES = 64 * 1024
MARKDOWN_BLOCK = 32 * 1024
MAX_BRACKETS = 2_000
"""More than prose has, and fewer than take long: the time grows with their square."""

CODE_BYTES = 32 * 1024
CODE_BLOCK = 8 * 1024
CODE_S = 1.5
"""So much processor time has a block; the first that needs more is the page's last."""

LEXERS = frozenset(
    (
        *("python", "pytb", "pycon", "json", "bash", "sh", "shell", "sql", "toml"),
        *("diff", "markdown", "rust", "c", "cpp", "ruby", "php", "docker"),
        *("dockerfile", "kotlin", "swift", "graphql", "nginx", "text"),
    )
)
"""Lexers of Pygments that grow with the square of hostile input at worst.

Some of them are not where there is a long stretch of blank lines. Scala's takes 47 s
for 40 backslashes, and half as long again for each more; C#'s 38 s for 8,000 lines.
"""
MAX_BLANK = 2_000
_BLANK = re.compile(r"\s+")

_MARKS = re.compile(
    r"^(?:#{1,6} |[-*+] |\d{1,3}[.)] |> |```|~~~|\|.*\|)|\*\*\S|`[^`\n]+`|\]\(",
    re.MULTILINE,
)
_LINK = 'rel="noopener noreferrer nofollow" target="_blank"'
MAX_ADDRESS = 200
"""So much of a link's address is written out behind its words; the title has all."""
_SCHEMES = ("http", "https", "mailto")


def has_marks(text: str) -> bool:
    """True when the text uses Markdown, so that rendering it would show."""
    return _MARKS.search(text) is not None


class Prose:
    """Renders Markdown within a budget for one page; past it, answers None."""

    def __init__(self) -> None:
        self._left = MARKDOWN_BYTES
        self._code_left = CODE_BYTES
        self._known: dict[str, Markup] = {}

    def render(self, text: str) -> Markup | None:
        """The text as markup, or None: show it as it is."""
        known = self._known.get(text)
        if known is not None:
            return known
        if len(text) > min(self._left, MARKDOWN_BLOCK) or not has_marks(text):
            return None
        if text.count("[") > MAX_BRACKETS:
            return None
        if has_unseen(text):  # as it is, with marks
            return None
        self._left -= len(text)
        parser, env = _markdown(), {"prose": self}
        tokens = parser.parse(text, env)
        deepest = max((token.level for token in tokens), default=0)
        if deepest >= parser.options.maxNesting - 1:  # it drops what is deeper
            return None
        markup = Markup(parser.renderer.render(tokens, parser.options, env))
        if len(markup) > 8 * len(text) + 1024:
            return None
        self._known[text] = markup
        return markup

    def code(self, text: str, language: str) -> Markup:
        """A block of code with colours, if they can be had in good time."""
        if language not in LEXERS or len(text) > min(CODE_BLOCK, self._code_left):
            return escape(text)
        if any(len(run) > MAX_BLANK for run in _BLANK.findall(text)):
            return escape(text)
        self._code_left -= len(text)
        try:
            with at_most(CODE_S):
                return _highlight(text, language)
        except TookTooLong:
            self._code_left = 0
            return escape(text)


@lru_cache(maxsize=1)
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("js-default", {"html": False, "linkify": False})
    parser.disable("image")
    parser.validateLink = _is_safe_link  # type: ignore[method-assign]
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("link_close", _link_close)
    parser.add_render_rule("th_open", _cell_open)
    parser.add_render_rule("td_open", _cell_open)
    return parser


def _is_safe_link(url: str) -> bool:
    try:
        return urlsplit(url.strip()).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def _link_open(self: Any, tokens: Any, at: int, options: Any, env: Any) -> str:
    href = str(tokens[at].attrs.get("href", ""))
    if not href:
        return "<a>"
    address = escape(href)
    return f'<a href="{address}" {_LINK} title="{address}">'


def _link_close(self: Any, tokens: Any, at: int, options: Any, env: Any) -> str:
    """Ends a link, and writes its address out where its words are not the address."""
    start = at - 1
    while tokens[start].type != "link_open":
        start -= 1
    href = str(tokens[start].attrs.get("href", ""))
    said = "".join(token.content for token in tokens[start + 1 : at])
    if not href or said == href:
        return "</a>"
    return f"</a> <small>{escape(href[:MAX_ADDRESS])}</small>"


def _cell_open(self: Any, tokens: Any, at: int, options: Any, env: Any) -> str:
    """Without its alignment: the page's policy blocks style attributes."""
    return f"<{tokens[at].tag}>"


def _fence(self: Any, tokens: Any, at: int, options: Any, env: Any) -> str:
    language = (tokens[at].info.split() or [""])[0].lower()
    code = env["prose"].code(tokens[at].content, language)
    return f'<pre class="code"><code>{code}</code></pre>\n'


@lru_cache(maxsize=4096)
def _highlight(text: str, language: str) -> Markup:
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    formatter: Any = HtmlFormatter(nowrap=True)
    return Markup(highlight(text, get_lexer_by_name(language), formatter))

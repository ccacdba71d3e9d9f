"""What an agent wrote becomes markup that holds nothing but what we allow."""

import json
import re
import time
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from whypath.render.text import (
    CODE_BLOCK,
    CODE_BYTES,
    LEXERS,
    MARKDOWN_BLOCK,
    MARKDOWN_BYTES,
    Prose,
    has_marks,
)
from whypath.unseen import has_unseen

PLAIN = (
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "li", "blockquote", "code"),
    *(
        "em",
        "strong",
        "s",
        "small",
        "br",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
)
ALLOWED: dict[str, frozenset[str]] = {
    **dict.fromkeys(PLAIN, frozenset()),
    "ol": frozenset({"start"}),
    "pre": frozenset({"class"}),
    "span": frozenset({"class"}),
    "a": frozenset({"href", "rel", "target", "title"}),
}
"""Tag -> the attributes it may have."""

EMPTY = ("br", "hr")


class Reading(HTMLParser):
    """The tags, links and text of some markup; `wrong` is what should not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.said: list[str] = []
        self.wrong: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        extra = {name for name, _ in attrs} - ALLOWED.get(tag, frozenset())
        if tag not in ALLOWED or extra:
            self.wrong.append(f"<{tag} {' '.join(sorted(extra))}>")
        self.links.extend(value or "" for name, value in attrs if name == "href")
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"a section: {data}")


def read(markup: str) -> Reading:
    reading = Reading()
    reading.feed(markup)
    reading.close()
    return reading


def assert_sound(markup: Markup | None, source: str) -> None:
    """Nothing but what is allowed, every tag closed, every link to somewhere safe."""
    if markup is None:
        return
    reading = read(markup)
    assert reading.wrong == [], source[:200]
    schemes = {urlsplit(link).scheme for link in reading.links}
    assert schemes <= {"http", "https", "mailto"}, source[:200]


AROUND = {
    "alone": "{}",
    "in a list": "- **x** {}",
    "in a quotation": "> `x` {}",
    "as a link's text": "[{}](http://a.b)",
    "as a link's address": "[**x**]({})",
    "as an address in brackets": "[**x**](<{}>)",
    "as a link's title": '[**x**](http://a.b "{}")',
    "as an image": "![{}]({})",
    "as a reference": "[x]\n\n[x]: {}\n\n**y**",
    "in a table": "| a | b |\n|---|---|\n| {} | x |",
    "as code": "`{}`",
    "as a block of code": "```\n{}\n```",
    "as a language": "```{}\nx\n```",
    "between angles": "**x** <{}>",
}


@cache
def naughty(shared: Path) -> tuple[str, ...]:
    blns = json.loads((shared / "hostile/strings/blns.json").read_text("utf-8"))
    lines = (shared / "hostile/xss/payloads.jsonl").read_text("utf-8").split("\n")
    payloads = [json.loads(line)["payload"] for line in lines if line]
    return (*blns, *payloads[::8])


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_no_naughty_string_brings_a_tag_or_a_script_address(
    shared: Path, around: str
) -> None:
    texts = [around.replace("{}", text) for text in naughty(shared)]
    for start in range(0, len(texts), 40):
        prose = Prose()
        for text in texts[start : start + 40]:
            assert_sound(prose.render(text), text)


def test_no_naughty_string_gets_out_of_a_block_of_code(shared: Path) -> None:
    for number, text in enumerate(naughty(shared)[::4]):
        language = sorted(LEXERS)[number % len(LEXERS)]
        markup = Prose().code(text, language)
        assert_sound(markup, text)
        assert set(read(markup).tags) <= {"span"}


@given(st.text(max_size=300) | st.text("*_`[]()<>!#|-\n &;:/ax\"'~\\=", max_size=120))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_parses_and_holds_only_what_is_allowed(text: str) -> None:
    assert_sound(Prose().render(text), text)


@given(st.text(max_size=200), st.sampled_from(sorted(LEXERS)))
@settings(max_examples=100, deadline=None)
def test_code_says_what_was_written_whatever_it_is(text: str, language: str) -> None:
    reading = read(Prose().code(text, language))
    assert reading.wrong == []
    said = "".join(reading.said).strip()
    wanted = re.sub("\r\n?", "\n", text).strip()
    assert " ".join(said.split()) == " ".join(wanted.split())


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)"),
        *("java&#x0a;script:alert(1)", "&#106;avascript:alert(1)", "\x01javascript:x"),
        *("vbscript:x", "data:text/html,x", "data:image/png;base64,AA", "file:///etc"),
        *("blob:x", "//evil.example", "/etc/passwd", "page.html", "#step=2", "?q=1"),
        *("http\x00://a.b", "http:\\\\a.b@[", "https://[", "view-source:http://a.b"),
    ],
    ids=repr,
)
def test_an_address_that_is_no_web_or_mail_address_is_shown_as_text(
    address: str,
) -> None:
    for text in (
        f"**x** [a]({address})",
        f"**x** [a](<{address}>)",
        f"<{address}> **x**",
    ):
        markup = Prose().render(text)
        if has_unseen(text):
            assert markup is None
            continue
        assert markup is not None
        links = [link for link in read(markup).links if "%5B" not in link]
        assert links == []


@pytest.mark.parametrize(
    "address", ["http://a.b/c?d=e&f", "https://a.b", "mailto:a@b.c", "HTTPS://A.B"]
)
def test_a_web_or_mail_address_is_a_link_that_says_where_it_leads(address: str) -> None:
    markup = Prose().render(f"see [this]({address})")
    assert markup is not None
    assert len(read(markup).links) == 1
    assert 'rel="noopener noreferrer nofollow" target="_blank"' in markup
    assert 'title="' in markup


@pytest.mark.parametrize(
    "image",
    [
        "![alt](http://a.b/c.png)",
        "![alt](data:image/png;base64,AAAA)",
        "![alt][ref]\n\n[ref]: http://a.b/c.png",
        "<img src=http://a.b/c.png> **x**",
        "[![alt](http://a.b/c.png)](http://d.e)",
    ],
)
def test_an_image_is_never_loaded(image: str) -> None:
    markup = Prose().render(f"**x**\n\n{image}")
    assert markup is not None
    assert "img" not in read(markup).tags
    assert_sound(markup, image)


def test_markdown_is_rendered() -> None:
    text = "# A\n\n- *b* **c** ~~d~~\n\n| e |\n|:-:|\n| f |\n\n> g\n\n3. h\n\n---\n"
    markup = Prose().render(text)
    assert markup is not None
    tags = read(markup).tags
    wanted = {"h1", "ul", "li", "em", "strong", "s", "table", "th", "td", "blockquote"}
    assert wanted | {"ol", "hr"} <= set(tags)
    assert "style" not in markup, "a style attribute is what the page's policy blocks"


def test_code_has_colours_in_a_language_that_is_known() -> None:
    markup = Prose().render("```python\nimport os\n```")
    assert markup is not None
    assert "span" in read(markup).tags
    assert "import os" in "".join(read(markup).said)
    plain = Prose().render("```klingon\nimport os\n```")
    assert plain is not None
    assert "span" not in read(plain).tags


@pytest.mark.parametrize("language", sorted(LEXERS))
def test_every_language_has_a_lexer(language: str) -> None:
    assert "hello" in Prose().code("hello world", language)


MARKS = {
    "# heading": True,
    "a **bold** word": True,
    "- item": True,
    "1. item": True,
    "> quoted": True,
    "see `code`": True,
    "[a](b)": True,
    "```\nx\n```": True,
    "| a | b |": True,
    "plain words, 2 * 3 * 4": False,
    "snake_case_names": False,
    "#hashtag": False,
    "": False,
    "1.5 litres": False,
}


@pytest.mark.parametrize(("text", "marks"), MARKS.items(), ids=repr)
def test_only_text_with_marks_is_rendered(text: str, marks: bool) -> None:
    assert has_marks(text) is marks
    assert (Prose().render(text) is not None) is marks


def test_past_its_budget_text_is_shown_as_it_is() -> None:
    prose = Prose()
    assert prose.render("**x**" + "a" * MARKDOWN_BLOCK) is None
    block = "**x** " + "a " * (MARKDOWN_BLOCK // 2 - 8)
    fits = MARKDOWN_BYTES // len(block)
    rendered = [prose.render(f"{block}{number}") for number in range(fits + 2)]
    assert [markup is not None for markup in rendered] == [True] * fits + [False] * 2
    assert prose.render(f"{block}0") == rendered[0], "what is known costs nothing"
    assert Prose().render(block) is not None, "each page has a budget of its own"


def test_past_its_budget_code_has_no_colours_but_is_there() -> None:
    prose = Prose()
    assert prose.code("import os\n" * (CODE_BLOCK // 8), "python").count("span") == 0
    code = "import os\n" * (CODE_BLOCK // 10 - 1)
    fits = CODE_BYTES // len(code)
    coloured = ["<span" in prose.code(code, "python") for _ in range(fits + 1)]
    assert coloured == [True] * fits + [False]
    assert prose.code("<b>" + code, "python").startswith("&lt;b&gt;import os")


SLOW = {
    "nested brackets": "[" * 30_000,
    "nested links": "[a](" * 8_000,
    "nested quotations": ">" * 30_000,
    "nested lists": "".join("  " * i + "- a\n" for i in range(170)),
    "emphasis": "*a_ " * 8_000,
    "open emphasis": "**a " * 8_000,
    "backticks": "".join("a" + "`" * i for i in range(240)),
    "entities": "&" * 32_000,
    "references": "[a]: x\n" * 4_500,
    "backslashes": "\\" * 32_000,
    "autolinks": "<http://" * 4_000,
    "tables": "|" + "a|" * 500 + "\n|" + "-|" * 500 + "\n" + "|\n" * 9_000,
    "one wide table": "|" * 10_000 + "\n" + "-|" * 10_000 + "\n|",
    "fences": "```\n" * 8_000,
    "headings": "# a\n" * 8_000,
    "html": "<a <b " * 5_000,
    "underscores": "_" * 32_000,
    "tildes": "~~a" * 10_000,
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_text_made_to_be_slow_is_rendered_in_good_time(text: str) -> None:
    began = time.process_time()
    markup = Prose().render(f"**x**\n\n{text[: MARKDOWN_BLOCK - 10]}")
    assert time.process_time() - began < 5
    assert_sound(markup, text)
    assert len(markup or "") < 9 * MARKDOWN_BLOCK


def test_examples_of_commonmark_and_its_crashes_come_out_sound(shared: Path) -> None:
    folder = shared / "hostile" / "markdown"
    examples = json.loads((folder / "commonmark.json").read_text("utf-8"))
    texts = [example["markdown"] for example in examples]
    for path in sorted((folder / "fixtures").glob("*.md")):
        texts.extend(path.read_text("utf-8").split("\n.\n"))
    for start in range(0, len(texts), 100):
        prose = Prose()
        for text in texts[start : start + 100]:
            assert_sound(prose.render(f"**x**\n\n{text}"), text)

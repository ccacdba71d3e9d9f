"""What cannot be seen, or turns the text round, is shown as a mark everywhere."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import category

import pytest

from samples import ROOT
from whypath import terminal
from whypath.render.environment import environment
from whypath.render.measure import plain
from whypath.unseen import has_unseen, visible

if TYPE_CHECKING:
    from playwright.sync_api import Page

MARKED = {
    "an override": ("a\u202eb", "a‹U+202E›b"),
    "an isolate": ("\u2066x\u2069", "‹U+2066›x‹U+2069›"),
    "a mark of direction": ("x\u200f", "x‹U+200F›"),
    "a zero width space": ("zero\u200bwidth", "zero‹U+200B›width"),
    "a joiner between Latin letters": ("pay\u200dpal", "pay‹U+200D›pal"),
    "a joiner that leads": ("\u200ca", "‹U+200C›a"),
    "a byte order mark": ("\ufeffx", "‹U+FEFF›x"),
    "a soft hyphen": ("a\u00adb", "a‹U+00AD›b"),
    "a tag": ("a\U000e0041", "a‹U+E0041›"),
    "tags behind a flag that is none": ("\U0001f3f4\U000e0041", "\U0001f3f4‹U+E0041›"),
    "an escape": ("\x1b[31m", "‹U+001B›[31m"),
    "a NUL": ("a\x00b", "a‹U+0000›b"),
    "a control of the upper half": ("a\x9bb", "a‹U+009B›b"),
    "selectors that carry bytes": ("😀\ufe01\ufe02", "😀\ufe01‹U+FE02›"),
    "a selector behind a letter": ("a\ufe0f", "a‹U+FE0F›"),
    "a high selector behind an emoji": ("😀\U000e0101", "😀‹U+E0101›"),
    "a Mongolian selector behind a Latin letter": ("a\u180b", "a‹U+180B›"),
    "a tag that is not assigned": ("a\U000e0800", "a‹U+E0800›"),
    "a control of musical notes": ("a\U0001d173", "a‹U+1D173›"),
    "a filler": ("\u3164", "‹U+3164›"),
}

READABLE = {
    "a family": "👨‍👩‍👧‍👦 and ❤️‍🔥, 🧑🏽‍💻",
    "a keycap": "1️⃣ #️⃣",
    "a symbol as a picture": "⚠️ ©️ ✔︎",
    "Mongolian": "ᠠ\u180bᠨ\u180c",
    "the flag of Scotland": "\U0001f3f4"
    + "".join(chr(0xE0000 + ord(letter)) for letter in "gbsct\x7f"),
    "Persian": "می\u200cخواهم",
    "Hindi": "क\u094d\u200dष",
    "Arabic and Hebrew": "مرحبا بالعالم، שלום עולם",
    "a variant of an ideograph": "葛\U000e0100",
    "lines and tabs": "a\tb\r\nc\n",
    "what is printable": "naïve — “quoted” 日本語",
}


@pytest.mark.parametrize(("text", "shown"), MARKED.values(), ids=MARKED)
def test_what_cannot_be_seen_is_a_mark(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert has_unseen(text)


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
def test_what_people_write_stays(text: str) -> None:
    assert visible(text) == text
    assert not has_unseen(text)


BEFORE = ("", *"a ☀語क1😀ᠠ㐀", "\ufe0f", "\u2026", "\U000e0100", "\U000f0000")
"""What the rule depends on: what stands before a joiner or a selector."""


def test_the_page_has_the_same_rule(page: "Page") -> None:
    letters = (ROOT / "templates/assets/letters.js").read_text("utf-8")
    planes = (*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE1000))
    texts = [text for text, _ in MARKED.values()] + list(READABLE.values())
    for before in BEFORE:
        texts.append("".join(f"{before}{chr(n)}." for n in planes))
    shown = page.evaluate(
        f"(texts) => {{ {letters}; return texts.map(visibleText); }}", texts
    )
    for text, mark in zip(texts, shown, strict=True):
        assert mark == visible(text)


SHAPED = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Signs round numbers, which Unicode counts as formats and every font draws."""


def test_every_control_and_format_of_unicode_is_on_the_list() -> None:
    for number in set(range(0x110000)) - set(range(0xD800, 0xE000)) - SHAPED:
        char = chr(number)
        if category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in "\t\n\r":
            assert visible(char) == f"‹U+{number:04X}›"


def test_all_that_a_browser_may_ignore_is_on_the_list(page: "Page") -> None:
    ignored = page.evaluate(
        """() => [...Array(0x110000).keys()].filter((n) =>
          /\\p{Default_Ignorable_Code_Point}/u.test(String.fromCodePoint(n)))"""
    )
    assert len(ignored) > 4_000
    for number in ignored:
        assert has_unseen(f"a{chr(number)}"), hex(number)


@pytest.mark.parametrize(("text", "shown"), MARKED.values(), ids=MARKED)
def test_a_terminal_and_a_drawing_leave_none_of_them(text: str, shown: str) -> None:
    marks = re.sub("‹U[^›]*›", "·", shown)
    assert terminal.line(text) == marks
    assert visible(plain(text)) == plain(text) != text


def test_templates_show_the_marks_in_text_and_attributes() -> None:
    template = environment().from_string('<p title="{{ x }}">{{ x }}</p>')
    mark = "‹U+202E›&lt;b&gt;"
    assert template.render(x="\u202e<b>") == f'<p title="{mark}">{mark}</p>'


def test_no_attack_on_readers_of_source_hides(shared: Path) -> None:
    lines = (shared / "hostile/unicode/trojan_source.jsonl").read_text("utf-8")
    for record in map(json.loads, filter(None, lines.split("\n"))):
        shown = visible(json.dumps(record, ensure_ascii=False))
        assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b")

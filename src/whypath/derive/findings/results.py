"""Reads from the result of a call what it says about itself: failed, empty, cut short.

Only what a result plainly says counts. Nothing is parsed that a glance can rule out.
"""

import re
from typing import Literal, NamedTuple

import msgspec

from whypath.content import ContentStore
from whypath.derive.findings.envelopes import cut_field, failed_field, none_in, said

How = Literal["text", "envelope"]

HEAD, TAIL = 400, 600
SMALL = 2_000_000
"""Bytes up to which the top of a JSON result is looked at."""


class Facts(NamedTuple):
    """What a result says about itself; None where it says nothing of the kind.

    `failure` is how it failed, in its own words; `how` tells whether a text says so or
    a field of an object that came back as if all was well. `empty` says what there is
    none of; `cut` is the mark of what was left out.
    """

    failure: str | None = None
    how: How | None = None
    empty: str | None = None
    cut: str | None = None


NOTHING = Facts()

_FAILED = re.compile(
    r"""\s*(?:<(?:tool_use_)?error>\s*)?(?:\[?(?:stderr|output)\]?:?\s*)?(?:
      (?:(?:process|command)\ exited\ with\ (?:code|status)|exit\ (?:code|status)):?
        \s*-?[1-9]\d*\b
    | traceback\ \(most\ recent\ call\ last\)
    | (?:fatal|internal|unexpected|runtime|tool|validation|syntax|type|value|key|
        attribute|permission|import|name|connection|timeout|http|api|request|
        execution|input|file)?\s?(?:error|exception)\b\ ?(?:\[|:|\(|-|\d|occurred|
        executing|calling|running|while|in\ |when|code)
    | \w{3,40}(?:Error|Exception)\b\s*[:(]
    | fatal:\s
    | <(?:tool_use_)?error>
    | npm\ err!
    | (?:[\w./-]{1,40}:\ ){1,2}[^\n]{0,120}?(?:no\ such\ file\ or\ directory|
        permission\ denied|command\ not\ found|cannot\ access|is\ a\ directory)
    | (?:the\ )?(?:request|call|command|operation|connection)?\ ?
        (?:timed\ out|timeout\ (?:exceeded|reached|expired))\b
    | (?:the\ )?(?:command|request|call|operation|execution|build|tests?)
        \ (?:has\ )?failed\b
    | failed\ to\ \w+
    | (?:bash|sh|zsh|/bin/\w+):\ (?:line\ \d+:\ )?\S{1,80}.{0,40}
        (?:not\ found|no\ such\ file|permission\ denied|cannot)
    | (?:http(?:/\d(?:\.\d)?)?\ )?(?:status\ (?:code\ )?)?[45]\d\d\ (?:bad|unauthorized|
        forbidden|not\ found|internal|service|too\ many|gateway|error|client|server)
    | (?:cannot|could\ not|couldn't|unable\ to)\ \w+
    | (?:permission|access)\ denied
    | no\ such\ (?:file|tool|command)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_TRACEBACK_END = re.compile(
    r"^\s*((?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit)\b(?::.*)?)\s*$"
)
_EXIT_AFTER = re.compile(
    r"(?:exit (?:code|status)|exited with (?:code|status)|returned? code|exit_code)"
    r"[ :=]{1,3}(-?\d+)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?:(?:[A-Z][\w ]{2,30}:|Process exited)[^\n]{0,80}\n){1,6}Output:\n"
)
_OUTSIDE_JSON = re.compile(r"\s*[\[{]")

_NOTHING_FOUND = re.compile(
    r"""\s*(?:<\w+>\s*)?(?:
      (?:there\ (?:are|were)\ )?(?:no|0)\ (?:\w+\ ){0,3}(?:results?|match(?:es)?|
        files?|rows?|records?|entries|items?|data|documents?|messages?|hits?|
        content|occurrences|flights?|\w+s)\b
        (?:\ (?:were\ |was\ |are\ )?(?:found|returned|available|match\w*|exist\w*))?
    | found\ (?:0|no)\ (?:\w+\ ){0,2}\w+
    | (?:nothing|none)(?:\ (?:was\ |were\ )?found)?
    | (?:\[\]|\{\}|null|none|n/a)
    | (?:empty\ (?:result|response|list|set|array|file)\w*)
    )[\s.!)\]]*(?:</\w+>\s*)?""",
    re.VERBOSE | re.IGNORECASE,
)
_MAX_NOTHING = 160

_CUT_WORDS = (b"runcated", b"omitted", b"not shown", b"elided", b"clipped", b"cut off")
_CUT = re.compile(
    r"""(?:
      [\[<(…]\s*(?:\.{3}|…)?\s*[^\[\]<>()\n]{0,60}?
        \b(?:truncated|omitted|elided|clipped|cut\ off|not\ shown)\b[^\n]{0,80}
    | (?:^|\n)[\s.…>*-]*(?:the\ )?(?:\w+\ ){0,2}(?:output|result|response|content|file|
        text|list|message|observation)s?\ (?:was|were|is|has\ been|have\ been)?\s*
        (?:too\ (?:long|large)[^\n]{0,40})?\b(?:truncated|clipped|cut\ off)\b[^\n]{0,80}
    | (?:\.{3}|…)\s*[\d,]+\s(?:more\ )?(?:\w+\ ){0,2}(?:truncated|omitted|elided|
        clipped|not\ shown)[^\n]{0,40}
    | (?:^|\n)\W{0,4}[\d,]+\s(?:more\ )?(?:characters?|chars?|bytes?|lines?|tokens?|
        rows?|results?|items?|entries|matches)\ (?:were\ |are\ )?
        (?:truncated|omitted|elided|clipped|not\ shown)[^\n]{0,40}
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_decode_top = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_any = msgspec.json.Decoder().decode


def facts_of(contents: ContentStore, number: int) -> Facts:
    """What the result with this number says about itself."""
    raw = contents.raw(number)
    first = raw[:1]
    if first == b'"':
        return _of_text(raw)
    if first == b"{":
        return _inside(raw) or NOTHING
    if first == b"[":
        if raw.strip() == b"[]":
            return Facts(empty="an empty list")
        return _of_parts(raw) if len(raw) <= SMALL else NOTHING
    return Facts(empty="null") if raw == b"null" else NOTHING


def _of_text(raw: bytes) -> Facts:
    """Of a text: how it begins and ends, and marks of what was left out."""
    if b"Output:" in raw[:HEAD]:
        whole = _decode_text(raw)
        header = _HEADER.match(whole)
        if header is not None and not _FAILED.match(whole):
            return _of_text(msgspec.json.encode(whole[header.end() :]))
    if len(raw) <= HEAD + TAIL:
        text = _decode_text(raw)
        bare = text.strip()
        if not bare:
            return Facts(empty="an empty text")
        if bare[0] in "[{" and bare[-1] in "]}":
            inner = _inside(bare.encode("utf-8", "replace"))
            if inner is not None:
                return inner
        nothing = _NOTHING_FOUND.fullmatch(bare) if len(bare) <= _MAX_NOTHING else None
        if nothing is not None:
            return Facts(empty=said(bare))
        failure = _failure(text, text)
    else:
        text = ""
        head = raw[1 : HEAD * 2]
        if raw[1:2] in (b"{", b"[") or raw[1:3] in (b"\\n", b"\\t", b"  "):
            bare = _decode_text(raw).strip()
            if bare[:1] in ("{", "["):
                inner = _inside(bare.encode("utf-8", "replace"))
                if inner is not None:
                    return inner
        head_text = _unescaped(head)
        tail_text = _unescaped(raw[-TAIL * 2 : -1])
        failure = _failure(head_text, tail_text)
    cut = _cut(raw, text)
    return Facts(failure, "text" if failure else None, None, cut)


def _inside(data: bytes) -> Facts | None:
    """The facts of an object, or of an empty list; None if it is neither."""
    if data in (b"[]", b"{}"):
        return Facts(empty="an empty list" if data == b"[]" else "an empty object")
    if data[:1] == b"{" and len(data) <= SMALL:
        try:
            return _of_object(data)
        except (msgspec.DecodeError, RecursionError):
            return None
    return None


def _of_parts(raw: bytes) -> Facts:
    """Of a list of parts, as tools answer in many protocols: of its only text."""
    if not raw.startswith((b'[{"type":', b'[{"text":', b'[{"type" ', b'[{ "type"')):
        return NOTHING
    try:
        parts = _decode_any(raw)
    except (msgspec.DecodeError, RecursionError):
        return NOTHING
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    said = [text for text in texts if isinstance(text, str)]
    if len(said) != len(parts) or len(said) != 1:
        return NOTHING
    return _of_text(msgspec.json.encode(said[0]))


def _of_object(raw: bytes) -> Facts:
    """Of an object: what the fields at its top say. Raises what the parser does."""
    top = _decode_top(raw)
    if not top:
        return Facts(empty="an empty object")
    failure, is_told = failed_field(top)
    cut = cut_field(top)
    if failure is None and cut is None:
        held = [name for name in ("output", "stdout", "text", "content") if name in top]
        if len(held) == 1 and bytes(top[held[0]])[:1] == b'"':
            inner = _of_text(bytes(top[held[0]]))
            return Facts(None, None, None, inner.cut)
    if failure is None:
        return Facts(None, None, none_in(top), cut)
    return Facts(failure, "text" if is_told else "envelope", none_in(top), cut)


def _failure(head: str, tail: str) -> str | None:
    """How a text that begins and ends like this says that its call failed."""
    if _OUTSIDE_JSON.match(head):
        return None
    if _FAILED.match(head):
        lines = [line for line in map(str.strip, head.splitlines()) if line]
        ends = _last_exception(tail) or ""
        return said(ends or " ".join(lines[:2]))
    if "Traceback (most recent call last)" in tail or "Traceback" in head:
        ended = _last_exception(tail)
        if ended is not None:
            return said(ended)
    exits = _EXIT_AFTER.search(head[:120]) or _EXIT_AFTER.search(tail[-160:])
    if exits is not None and int(exits[1]) not in (0,) and len(exits[1]) <= 4:
        return f"exit code {exits[1]}"
    return None


def _last_exception(tail: str) -> str | None:
    """The exception on one of the last lines of a traceback."""
    for line in reversed(tail.rstrip().splitlines()[-6:]):
        match = _TRACEBACK_END.match(line)
        if match is not None:
            return match[1]
    return None


def _cut(raw: bytes, text: str) -> str | None:
    """The mark of what was left out of a text."""
    lower = raw if len(raw) <= SMALL else raw[:SMALL]
    if not any(word in lower for word in _CUT_WORDS):
        return None
    for word in _CUT_WORDS:
        at = lower.find(word)
        while at >= 0:
            around = text or _unescaped(lower[max(0, at - 140) : at + 140])
            match = _CUT.search(around)
            if match is not None and around[match.start() - 1 : match.start()] != "`":
                return said(match[0].strip())
            if text:
                break
            at = lower.find(word, at + 4000)
    return None


def _unescaped(part: bytes) -> str:
    """A piece of a JSON string as text; good enough to look for words in."""
    text = part.decode("utf-8", "ignore")
    return text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')

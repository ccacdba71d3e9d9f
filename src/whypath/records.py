"""Turns bytes into located records: one JSON value each, valid, in UTF-8.

Reads JSON Lines and whole JSON documents, plain, gzip or zstd, from a file or standard
input, and the parts of zip archives and SQLite databases. With its room it is the only
door of input; it knows no trace format. See RFC 8259 (JSON), https://jsonlines.org.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import msgspec

from whypath.archives import Part, open_archive
from whypath.errors import Level, Problem, TraceError, printable
from whypath.inputs import digest_of as digest_of
from whypath.inputs import open_input
from whypath.inputs import read_text as read_text
from whypath.limits import Limits as Limits
from whypath.lines import Lines, amount
from whypath.mend import (
    CONTROL,
    LARGE,
    MAX_DEPTH,
    OPENERS,
    Mended,
    check_utf8,
    close_cut,
    closed,
    is_deep,
    is_open,
    mended,
)

Raw = msgspec.Raw
"""A field whose JSON is kept as bytes and not parsed."""

Shape = msgspec.Struct
"""Base of the classes in which a reader declares a foreign record's fields."""

SAMPLE_RECORDS = 50
SAMPLE_BYTES = 64 * 1024
GIVE_UP = 20_000
"""Lines without any JSON, after which it is no trace: each is looked at for long."""
MOST_LINES = 2_000_000
"""Lines of a value that is damaged: each is kept apart, to say where the damage is."""

_MAGIC = 16
_PEEK = 20
_HINT = "whypath reads JSON Lines and JSON: one object a line"

_check = msgspec.json.Decoder(Raw).decode
_members = msgspec.json.Decoder(list[Raw]).decode
_decode_any = msgspec.json.Decoder().decode

T = TypeVar("T")


class Record(Shape, frozen=True, gc=False):
    """One JSON value and the 1-based line it begins on.

    `part` is the member of an archive or the table of a database that holds it, ""
    in a file of its own; `line` is then its number there.
    """

    line: int
    data: bytes
    part: str = ""


class Sample(NamedTuple):
    """The beginning of an input, parsed: what `detect` functions look at.

    `document` is True when the input is one JSON value and not one a line; `parts` are
    the names of all members or tables of an archive or database. A long record is cut
    after 64 KiB, at its last whole value. `line` is where the first one begins, None in
    an archive.
    """

    records: tuple[Any, ...]
    document: bool
    parts: tuple[str, ...] = ()
    line: int | None = None

    def objects(self) -> Iterator[dict[str, Any]]:
        """The records that are JSON objects; of a list, its members that are."""
        for record in self.records:
            for value in record if isinstance(record, list) else (record,):
                if isinstance(value, dict):
                    yield value


class BadShape(Exception):
    """A record does not have the fields that its format promises."""


def decoder(shape: type[T]) -> Callable[[bytes | Raw], T]:
    """A fast parser from JSON bytes to `shape`; it raises `BadShape`.

    Bytes that come from inside a record's text may be no JSON at all: `BadShape` too.
    """
    decode = msgspec.json.Decoder(shape).decode

    def parse(data: bytes | Raw) -> T:
        try:
            return decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BadShape(str(error)) from None

    return parse


class Records:
    """The records of one input, in order, read once.

    `name` is what messages call it: `called`, or its path. `problems` grows while
    records are read: one that cannot be read is left out, located, and the rest is
    kept. Raises `TraceError` for what is no JSON at all.
    """

    def __init__(
        self,
        path: Path | None,
        stream: IO[bytes] | None = None,
        limits: Limits | None = None,
        called: str | None = None,
    ) -> None:
        self.name = printable(called or ("<stdin>" if path is None else str(path)))
        self.path = path
        self._limits = limits = limits or Limits()
        self._is_sound = partial(_is_sound, depth=limits.depth)
        self._problems: dict[tuple[Level, str], Problem] = {}
        self._own = stream is None and path is not None
        self._stream = stream or open_input(path, self.name)
        self._lines = Lines(self._stream, self.name, self._problem, self._limits)
        self._document = False
        self._parts: tuple[str, ...] = ()
        self._iterator = self._read()

    @property
    def problems(self) -> list[Problem]:
        """What went wrong so far, each kind once, with its first place."""
        return list(self._problems.values())

    def sample(self) -> Sample:
        """The first records, parsed. May be asked again; nothing is used up."""
        head: list[Record] = []
        for record in islice(self._iterator, SAMPLE_RECORDS):
            head.append(record)
            if sum(len(each.data) for each in head) > SAMPLE_BYTES:
                break
        self._iterator = chain(head, self._iterator)
        parsed = [(r, v) for r in head if (v := _parse_head(r.data)) is not None]
        line = parsed[0][0].line if parsed and not parsed[0][0].part else None
        return Sample(tuple(v for _, v in parsed), self._document, self._parts, line)

    def __iter__(self) -> Iterator[Record]:
        return self._iterator

    def rows(self) -> Iterator[Record]:
        """The records, of a list of objects each: for formats that are lines."""
        for record in self:
            listed = _members(record.data) if record.data[:1] == b"[" else []
            if not listed or bytes(listed[0])[:1] != b"{":
                yield record
                continue
            for each in listed:
                yield Record(record.line, bytes(each), record.part)

    def close(self) -> None:
        """Leaves the rest of the file unread; reading to its end closes it anyway."""
        if self._own:
            self._stream.close()

    def _read(self) -> Iterator[Record]:
        try:
            yield from self._read_all()
        finally:
            self.close()

    def _read_all(self) -> Iterator[Record]:
        if self.path is not None and self._own and self._stream.seekable():
            head = self._stream.read(_MAGIC)
            self._stream.seek(0)
            archive = open_archive(self.path, self.name, head, self._limits)
            if archive is not None:
                self._parts = archive.names
                for part in archive.parts:
                    yield from self._of_part(part)
                return
        first = next(self._lines, None)
        if first is None:
            what = "holds only blank lines" if self._lines.line else "is empty"
            raise TraceError(self.name, f"the file {what}", hint="record a run first")
        sound = self._is_sound(first[1])
        if not sound and _begins_document(first[1]):
            document = self._whole_document(first)
            if document:
                self._document = len(document) == 1
                yield from document
                return
        readable = 0
        for looked, (line, data) in enumerate(chain([first], self._lines)):
            if not readable and looked >= GIVE_UP:
                what = f"no JSON value in its first {GIVE_UP:,} lines"
                raise TraceError(self.name, what, hint=_HINT)
            if (sound and data is first[1]) or self._is_sound(data):
                readable += 1
                yield Record(line, data)
                continue
            for record in self._mended_line(line, data):
                readable += 1
                yield record
        if readable == 0:
            lost = [p for p in self._problems.values() if p.level == "loss"]
            raise TraceError(
                self.name,
                lost[0].what if lost else "no JSON value in it",
                line=lost[0].line if lost else None,
                hint=_HINT,
            )

    def _of_part(self, part: Part) -> Iterator[Record]:
        """The value of a part as a record, mended where that is needed."""
        done = f"{printable(part.name)} is left out"
        if part.damage is not None:
            what = f"a part that cannot be read ({part.damage})"
            self._problem("loss", what, done, None)
        elif self._is_sound(part.data):
            yield Record(part.number, part.data, part.name)
        else:
            values, wrong = mended(part.data)
            if wrong is not None:
                self._problem("loss", f"a damaged part: {wrong}", done, None)
            for record in self._kept(values[:1], [part.number]):
                yield Record(record.line, record.data, part.name)

    def _mended_line(self, line: int, data: bytes) -> Iterator[Record]:
        """The records of a line that is not one sound value: often none."""
        values, wrong = mended(data)
        yield from self._kept(values, [line])
        if wrong is None:
            return
        done = "the rest of the line is left out" if values else "left out"
        if self._lines.ended and is_open(data):
            self._problem("loss", "the last line is cut off", done, line)
        else:
            self._problem("loss", str(wrong), done, line, wrong.column)

    def _whole_document(self, first: tuple[int, bytes]) -> list[Record] | None:
        """The input as one JSON value over several lines, or None: it is lines."""
        rest = list(islice(self._lines, _PEEK))
        if len(rest) == _PEEK:
            if sum(_stands_alone(data) for _, data in rest) * 2 > _PEEK:
                self._lines.push_back(rest)
                return None
            at_once = self._lines.whole(self._limits.value)
            if at_once is not None and self._is_sound(at_once):
                self._lines.close()
                return [Record(first[0], at_once)]
            rest.extend(self._up_to(self._limits.value))
        whole = b"\n".join([first[1], *(data for _, data in rest)])
        if self._is_sound(whole):
            return [Record(first[0], whole)]
        numbers = [first[0], *(line for line, _ in rest)]
        values, wrong = mended(whole)
        if wrong is None:
            return list(self._kept(values, numbers))
        if mended(first[1])[0] or any(_stands_alone(d) for _, d in rest[:_PEEK]):
            self._lines.push_back(rest)
            return None
        line, done = numbers[wrong.down], "what is whole before it is kept"
        if not values and (wrong.down or not rest):
            values = closed(wrong.before)
        if not values:
            self._lines.push_back(rest)
            return None
        if is_open(whole):
            what = "the file ends in the middle of a JSON value"
            self._problem("loss", what, done, numbers[-1])
        else:
            self._problem("loss", str(wrong), done, line, wrong.column)
        return list(self._kept(values, numbers))

    def _up_to(self, size: int) -> Iterator[tuple[int, bytes]]:
        """The rest of the lines. Raises `TraceError` where they are too much."""
        for looked, (line, data) in enumerate(self._lines):
            size -= len(data) + 1
            if size < 0 or looked == MOST_LINES:
                what = f"one JSON value of more than {amount(self._limits.value)}"
                if size >= 0:
                    what = f"a damaged JSON value of more than {MOST_LINES:,} lines"
                hint = "write it as JSON Lines, jq -c '.[]', or see --at-most value"
                raise TraceError(self.name, what, line=line, hint=hint)
            yield line, data

    def _kept(self, values: list[Mended], numbers: list[int]) -> Iterator[Record]:
        """The mended values as records; `numbers` are those of the lines they span."""
        for value in values:
            line = numbers[value.down]
            for note in value.notes:
                level: Level = "note" if note == CONTROL else "repair"
                self._problem(level, note, "read all the same", line)
            if self._is_sound(value.data):
                yield Record(line, value.data)
            else:
                done = "left out; see --at-most depth"
                self._problem("loss", "nested too deep to read", done, line)

    def _problem(
        self,
        level: Level,
        what: str,
        done: str,
        line: int | None,
        column: int | None = None,
    ) -> None:
        first = self._problems.get((level, what))
        if first is None:
            where = "" if column is None else f" at column {column:,}"
            first = Problem(level, what + where, done, self.name, line, 0)
        self._problems[level, what] = replace(first, count=first.count + 1)


def _is_sound(data: bytes, depth: int = MAX_DEPTH) -> bool:
    """True for one valid JSON value in valid UTF-8 that is not nested too deep."""
    try:
        if len(data) <= LARGE or data[:1] not in OPENERS:
            _check(data)
        if not data.isascii():
            check_utf8(data)
        return len(data) <= 2 * depth or not is_deep(data, depth)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False


def _stands_alone(data: bytes) -> bool:
    """True for a line that is, or can be mended to be, an object or a list."""
    if data[:1] not in OPENERS:
        return False
    return _is_sound(data) or (not is_open(data) and mended(data)[1] is None)


def _begins_document(data: bytes) -> bool:
    """True when `data`, which is not sound, begins a value and does not end it."""
    return data[:1] in OPENERS and is_open(data)


def _parse_head(data: bytes) -> Any:
    """A record parsed for detection; a long one only as far as the sample goes."""
    if len(data) > SAMPLE_BYTES:
        data = close_cut(data[:SAMPLE_BYTES]) or b"null"
    try:
        return _decode_any(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None

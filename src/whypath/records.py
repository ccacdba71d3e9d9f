"""Turns bytes into located records: one JSON value each, valid, in UTF-8.

Reads JSON Lines and whole JSON documents, plain, gzip or zstd, from a file or standard
input. It is the only module that opens input. It does not know any trace format.

Specifications: RFC 8259 (JSON), https://jsonlines.org.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import msgspec

from whypath.errors import Level, Problem, TraceError
from whypath.lines import Lines, open_input
from whypath.mend import Unmendable, close_cut, mend

Raw = msgspec.Raw
"""A field whose JSON is kept as bytes and not parsed."""

Shape = msgspec.Struct
"""Base of the classes in which a reader declares a foreign record's fields."""

SAMPLE_RECORDS = 50
SAMPLE_BYTES = 64 * 1024

_check = msgspec.json.Decoder(Raw).decode
_decode_any = msgspec.json.Decoder().decode

T = TypeVar("T")


class Record(NamedTuple):
    """One JSON value and the 1-based line it begins on."""

    line: int
    data: bytes


class Sample(NamedTuple):
    """The beginning of an input, parsed: what `detect` functions look at.

    `document` is True when the input is one JSON value and not one a line. A long
    record is cut after 64 KiB, at its last whole value.
    """

    records: tuple[Any, ...]
    document: bool

    def objects(self) -> Iterator[dict[str, Any]]:
        """The records that are JSON objects; of a list, its members that are."""
        for record in self.records:
            for value in record if isinstance(record, list) else (record,):
                if isinstance(value, dict):
                    yield value


class BadShape(Exception):
    """A record does not have the fields that its format promises."""


def decoder(shape: type[T]) -> Callable[[bytes | Raw], T]:
    """A fast parser from JSON bytes to `shape`; it raises `BadShape`."""
    decode = msgspec.json.Decoder(shape).decode

    def parse(data: bytes | Raw) -> T:
        try:
            return decode(data)
        except (msgspec.ValidationError, RecursionError, UnicodeDecodeError) as error:
            raise BadShape(str(error)) from None

    return parse


class Records:
    """The records of one input, in order, read once.

    `name` is what messages call the input. `problems` grows while records are read:
    a record that cannot be read is left out, located, and the rest is kept.
    Raises `TraceError` for what is no JSON at all.
    """

    def __init__(self, path: Path | None, stream: IO[bytes] | None = None) -> None:
        self.name = "<stdin>" if path is None else str(path)
        self.path = path
        self.problems: list[Problem] = []
        self._stream = stream or open_input(path)
        self._lines = Lines(self._stream, self.name, self.problems)
        self._document = False
        self._iterator = self._read()

    def sample(self) -> Sample:
        """The first records, parsed. May be asked again; nothing is used up."""
        head: list[Record] = []
        size = 0
        for record in islice(self._iterator, SAMPLE_RECORDS):
            head.append(record)
            size += len(record.data)
            if size > SAMPLE_BYTES:
                break
        self._iterator = chain(head, self._iterator)
        parsed = (_parse_head(record.data) for record in head)
        return Sample(tuple(v for v in parsed if v is not None), self._document)

    def __iter__(self) -> Iterator[Record]:
        return self._iterator

    def _read(self) -> Iterator[Record]:
        first = next(self._lines, None)
        if first is None:
            raise TraceError(self.name, "the file is empty", hint="record a run first")
        if _is_cut(first[1]) and (document := self._whole_document(first)):
            self._document = True
            yield from document
            return
        readable = 0
        for line, data in chain([first], self._lines):
            for record in self._records_of(line, data):
                readable += 1
                yield record
        if readable == 0:
            where = self.problems[0] if self.problems else None
            raise TraceError(
                self.name,
                where.what if where else "no JSON value in it",
                line=where.line if where else None,
                hint="whypath reads JSON Lines and JSON: one object a line",
            )

    def _records_of(self, line: int, data: bytes) -> Iterator[Record]:
        """The records of one line: one nearly always, none if it is broken."""
        if _is_sound(data):
            yield Record(line, data)
            return
        try:
            for value, notes in mend(data):
                for note in notes:
                    self._problem("repair", note, "read all the same", line)
                if _is_sound(value):
                    yield Record(line, value)
                else:
                    self._problem("loss", "nested too deep to read", "left out", line)
        except Unmendable as wrong:
            cut = " (cut off?)" if self._lines.ended else ""
            self._problem("loss", f"{wrong}{cut}", "the line is left out", line)

    def _whole_document(self, first: tuple[int, bytes]) -> list[Record] | None:
        """The input as one JSON value over several lines, or None: it is lines."""
        rest = list(self._lines)
        whole = b"\n".join([first[1], *(data for _, data in rest)])
        if _is_sound(whole):
            return [Record(first[0], whole)]
        if any(_is_sound(data) and data[:1] in b"{[" for _, data in rest[:20]):
            self._lines.push_back(rest)
            return None
        found: list[Record] = []
        try:
            for value, notes in mend(whole):
                for note in notes:
                    self._problem("repair", note, "read all the same", first[0])
                found.append(Record(first[0], value))
        except Unmendable as wrong:
            closed = None if found else close_cut(whole)
            if closed is not None and _is_sound(closed) and len(closed) > 2:
                what = "the file ends in the middle of a JSON value"
                self._problem("loss", what, "what is whole is kept", self._lines.line)
                return [Record(first[0], closed)]
            if not rest:
                self._lines.push_back(rest)
                return None
            self._problem("loss", str(wrong), "the rest is left out", first[0])
        return found or None

    def _problem(self, level: Level, what: str, done: str, line: int) -> None:
        self.problems.append(Problem(level, what, done, self.name, line))


def _is_sound(data: bytes) -> bool:
    """True for one valid JSON value in valid UTF-8 that is not nested too deep."""
    try:
        _check(data)
        if not data.isascii():
            data.decode()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _is_cut(data: bytes) -> bool:
    """True when `data` begins a JSON object or list and does not end it."""
    if data[:1] not in (b"{", b"["):
        return False
    try:
        _check(data)
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    except RecursionError:
        return False
    return False


def _parse_head(data: bytes) -> Any:
    """A record parsed for detection; a long one only as far as the sample goes."""
    if len(data) > SAMPLE_BYTES:
        data = close_cut(data[:SAMPLE_BYTES]) or b"null"
    try:
        return _decode_any(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None

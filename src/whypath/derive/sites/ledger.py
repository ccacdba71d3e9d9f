"""What a site remembers of its last build: a line for each trace, and for each diff.

Plain bytes, so that the next build can read it, whatever process made it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from whypath.derive.sites.row import Row


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A trace of a site: what tells it apart, what made its pages, and its rows.

    `mark` is a hash of its name, which may hold a secret. `digest` changes with the
    contents, the program and the options that pages depend on. `kept` are the keys of
    the rows that have pages.
    """

    mark: str
    digest: str
    rows: tuple[Row, ...] = ()
    kept: tuple[str, ...] = ()


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A diff of a site: its folder, what made it, the keys of its runs, what it says.

    `digest` is as that of an entry. `step_a` and `step_b` are where the runs part,
    `cause` is why in a few words. `error` says why there are no pages. `noted` tells
    whether the reports of `a` and `b` say the same of their diffs as they did.
    """

    key: str
    digest: str
    a: str
    b: str
    tone: str = "info"
    verdict: str = ""
    cause: str = ""
    step_a: int | None = None
    step_b: int | None = None
    same: bool = False
    error: str = ""
    noted: tuple[str, str] = ("", "")


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode
_decode_row = msgspec.json.Decoder(Row).decode
_decode_compared = msgspec.json.Decoder(Compared).decode


def lines(entries: Iterable[Entry | Compared]) -> Iterator[str]:
    """The entries as JSON Lines."""
    for entry in entries:
        yield f"{_encode(entry).decode()}\n"


def packed(row: Row) -> bytes:
    """The row as bytes."""
    return _encode(row)


def unpacked(data: bytes) -> Row:
    """The row that was packed."""
    return _decode_row(data)


def with_notes(one: Compared, noted: tuple[str, str]) -> Compared:
    """The diff, with what tells what the reports of its runs say of it."""
    return msgspec.structs.replace(one, noted=noted)


def entry_of(line: bytes) -> Entry | None:
    """The entry of a line; None for one that this version does not understand."""
    try:
        return _decode(line)
    except msgspec.DecodeError:
        return None


def compared_of(line: bytes) -> Compared | None:
    """The diff of a line; None for one that this version does not understand."""
    try:
        return _decode_compared(line)
    except msgspec.DecodeError:
        return None

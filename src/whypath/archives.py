"""Opens files that hold several JSON values: zip archives and SQLite databases.

A member of an archive, or a row of a table, becomes one JSON value; which formats are
stored so is not known here. Part of the `records` room: nothing else imports it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple
from warnings import catch_warnings

import msgspec

from whypath.errors import TraceError
from whypath.limits import BOMB, Limits
from whypath.lines import RATIO_FROM, ZSTD, amount

if TYPE_CHECKING:
    from sqlite3 import Connection

ZIP = b"PK\x03\x04"
SQLITE = b"SQLite format 3\0"

_encode = msgspec.json.Encoder().encode
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%s'"
_VIRTUAL = "CREATE VIRTUAL%"


class Part(NamedTuple):
    """One JSON value of an archive: the member or table it is from, its number there.

    `damage` says why a member could not be unpacked; its `data` is empty then.
    """

    name: str
    number: int
    data: bytes
    damage: str | None = None


class Archive(NamedTuple):
    """What is in an archive: the names of all its parts, and the values in order."""

    names: tuple[str, ...]
    parts: Iterator[Part]


def open_archive(path: Path, name: str, head: bytes, limits: Limits) -> Archive | None:
    """The archive that begins with `head`; None for any other file.

    Raises `TraceError` for one that is damaged or unpacks to far too much.
    """
    if head.startswith(ZIP):
        return _open_zip(path, name, limits)
    if head.startswith(SQLITE):
        return _open_database(path, name)
    return None


def _open_zip(path: Path, name: str, limits: Limits) -> Archive:
    zipfile = _zipfile()
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        why, hint = f"a damaged zip archive: {error}", "copy or download it again"
        raise TraceError(name, why, hint=hint) from None
    members = [info for info in archive.infolist() if info.filename.endswith(".json")]
    members.sort(key=lambda info: info.filename.count("/"))
    if not members:
        hint = "unpack it and give the file inside"
        raise TraceError(name, "a zip archive without any .json in it", hint=hint)
    names = tuple(info.filename for info in members)
    return Archive(names, _unzipped(name, archive, members, limits))


def _unzipped(
    name: str, archive: Any, members: list[Any], limits: Limits
) -> Iterator[Part]:
    """The members, those at the top first. Raises `TraceError` for a bomb."""
    packed = unpacked = 0
    with closing(archive):
        for number, info in enumerate(members, start=1):
            packed += info.compress_size
            unpacked += info.file_size
            if unpacked > max(RATIO_FROM, limits.ratio * packed):
                what = f"unpacks to more than {limits.ratio} times its size"
                raise TraceError(name, what, hint=BOMB)
            yield _member(archive, info, number, limits.value)


def _member(archive: Any, info: Any, number: int, most: int) -> Part:
    """One member unpacked; never more of it than its entry promises."""
    if info.file_size > most:
        what = f"more than {amount(most)}; see --at-most value"
        return Part(info.filename, number, b"", what)
    try:
        with catch_warnings(action="error"), archive.open(info) as opened:
            return Part(info.filename, number, opened.read(info.file_size + 1))
    except Exception as error:  # each way of packing raises errors of its own
        what = str(error) or type(error).__name__
        return Part(info.filename, number, b"", what)


def _zipfile() -> ModuleType:
    """The standard library's module; before Python 3.14, one that knows zstd too."""
    older = ZSTD != "compression.zstd"
    return import_module("backports.zstd.zipfile" if older else "zipfile")


def _open_database(path: Path, name: str) -> Archive:
    """The rows of a SQLite database, opened so that nothing in it can be changed."""
    import sqlite3

    with ExitStack() as opened:
        try:
            database = opened.enter_context(closing(_connect(path)))
            database.execute("PRAGMA trusted_schema = OFF")
            names = [table for (table,) in database.execute(_TABLES % _VIRTUAL)]
        except sqlite3.Error as error:
            hint = "copy it again, with its -wal file, while nothing writes to it"
            what = f"a damaged SQLite database: {error}"
            raise TraceError(name, what, hint=hint) from None
        opened.pop_all()  # open until the last row
    tables = tuple(table for table in names if not table.startswith("sqlite_"))
    return Archive(tables, _rows(database, tables))


def _connect(path: Path) -> "Connection":
    """Read only, and no file made beside it unless one with newer rows is there."""
    import sqlite3

    log = path.with_name(f"{path.name}-wal")
    is_newer = log.exists() and log.stat().st_size > 0
    how = "mode=ro" if is_newer else "mode=ro&immutable=1"
    database = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    return database


def _rows(database: "Connection", tables: tuple[str, ...]) -> Iterator[Part]:
    """Every row as a JSON object, table by table; bytes become base64 text."""
    import sqlite3

    with closing(database):
        for table in tables:
            quoted = table.replace('"', '""')
            try:
                cursor = database.execute(f'SELECT * FROM "{quoted}"')
                columns = [column for column, *_ in cursor.description]
                for number, row in zip(count(1), cursor, strict=False):
                    data = _encode(dict(zip(columns, row, strict=True)))
                    yield Part(table, number, data)
            except sqlite3.Error as error:
                yield Part(table, 0, b"", str(error))

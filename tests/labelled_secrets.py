"""Lines that people labelled as secret or not, and who finds what. For tests only."""

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from samples import HOSTILE
from whypath.content import ContentStore, to_json
from whypath.redact import Redactor

LABELLED = HOSTILE / "secrets" / "labelled.jsonl.gz"
"""A line: its `text`, and its `kind`, `pos` or `neg`."""


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The labelled lines of a file, compressed or not."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    return [json.loads(line) for line in data.splitlines()]


def scores(rows: list[dict[str, Any]], found: list[bool]) -> tuple[float, float]:
    """Recall and precision of the lines that were called secret."""
    right = sum(f and r["kind"] == "pos" for r, f in zip(rows, found, strict=True))
    return right / sum(r["kind"] == "pos" for r in rows), right / sum(found)


def redacted(rows: list[dict[str, Any]]) -> list[bool]:
    """True for each line in which something is replaced."""
    return [_is_changed(row["text"]) for row in rows]


def _is_changed(text: str) -> bool:
    store = ContentStore()
    number = store.add(to_json(text))
    Redactor().clean(store, [])
    return store.raw(number) != to_json(text)


def detected(rows: list[dict[str, Any]]) -> list[bool]:
    """True for each line in which detect-secrets finds something.

    Raises `ImportError` where it is not installed.
    """
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    found = []
    with default_settings(), TemporaryDirectory() as folder:
        for number, row in enumerate(rows):
            path = Path(folder) / f"{number}.txt"
            path.write_text(row["text"], "utf-8", errors="replace")
            secrets = SecretsCollection()
            secrets.scan_file(str(path))
            found.append(any(True for _ in secrets))
    return found

"""Fragments and contents are packed in chunks from which every byte comes back."""

import base64
import gzip
import json
from typing import Any, NamedTuple

from whypath.content import ContentStore
from whypath.render.payload import CHUNK_BYTES, Payload, pack


class Chunk(NamedTuple):
    """A chunk as a browser reads it."""

    steps: dict[int, str]
    own: dict[int, list[int]]
    facts: dict[int, Any]
    contents: list[bytes]


def unpack(text: str) -> Chunk:
    data = gzip.decompress(base64.b64decode(text, validate=True))
    line, _, rest = data.partition(b"\n")
    header: dict[str, Any] = json.loads(line)
    steps, own, facts, contents, at = {}, {}, {}, [], 0
    for position, size, numbers, told in header["steps"]:
        steps[position], own[position] = rest[at : at + size].decode(), numbers
        facts[position] = told
        at += size
    for size in header["contents"]:
        contents.append(rest[at : at + size])
        at += size
    assert at == len(rest), "bytes that no header names"
    return Chunk(steps, own, facts, contents)


def test_fragments_and_contents_come_back_as_they_were() -> None:
    store = ContentStore()
    a, b = store.add_text("ä <b>"), store.add(b'{"n":9007199254740993}')
    payload = Payload(store)
    assert (payload.ref(b), payload.ref(a), payload.ref(b)) == (0, 1, 0)
    assert payload.add_step(1, "<p>ä</p>", {"input": 0}) is None
    assert payload.ref(a, own=False) == 1
    assert payload.add_step(2, "", {}) is None
    chunk = unpack(payload.flush() or "")
    assert chunk.steps == {1: "<p>ä</p>", 2: ""}
    assert chunk.own == {1: [0, 1, 0], 2: []}
    assert chunk.facts == {1: {"input": 0}, 2: {}}
    assert chunk.contents == [b'{"n":9007199254740993}', '"ä <b>"'.encode()]
    assert (payload.first_steps, payload.first_contents) == ([1], [0])
    assert payload.flush() is None


def test_json_from_outside_the_store_is_packed_once_too() -> None:
    payload = Payload(ContentStore())
    assert [payload.ref_json(raw) for raw in (b"[1]", b"[2]", b"[1]")] == [0, 1, 0]
    payload.add_step(1, "x", {})
    assert unpack(payload.flush() or "").contents == [b"[1]", b"[2]"]


def test_a_content_is_packed_at_its_first_mention_and_never_again() -> None:
    store = ContentStore()
    numbers = [store.add_text(f"{i}" * 40_000) for i in range(10)]
    payload = Payload(store)
    chunks = []
    for position in range(1, 51):
        for number in numbers:
            payload.ref(number)
        chunks.append(payload.add_step(position, f"step {position} " + "x" * 9_999, {}))
    found = [unpack(text) for text in [*chunks, payload.flush()] if text]
    assert len(found) > 1
    assert [step for chunk in found for step in chunk.steps] == list(range(1, 51))
    contents = [content for chunk in found for content in chunk.contents]
    assert contents == [store.raw(number) for number in numbers]
    assert payload.first_steps == [next(iter(chunk.steps)) for chunk in found]
    starts = [sum(len(c.contents) for c in found[:i]) for i in range(len(found))]
    assert payload.first_contents == starts
    sizes = [sum(map(len, c.contents)) + sum(map(len, c.steps.values())) for c in found]
    assert max(sizes) < 2 * CHUNK_BYTES
    assert payload.content_bytes == sum(map(len, contents))


def test_an_empty_payload_has_no_chunk() -> None:
    payload = Payload(ContentStore())
    assert payload.flush() is None
    assert (payload.first_steps, payload.first_contents) == ([], [])


def test_the_same_bytes_are_packed_the_same() -> None:
    data = b"the same" * 1_000
    assert pack(data) == pack(data)
    assert gzip.decompress(base64.b64decode(pack(data))) == data
    assert base64.b64decode(pack(data))[4:8] == b"\0\0\0\0", "no time in the header"

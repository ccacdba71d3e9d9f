"""Keeps the contents of a large trace compressed in memory, with a few blocks open.

Texts of agents become a fifth of their size, at hundreds of MB/s. Nothing goes to a
disk, which may be full, and which is no place for text that may hold secrets.
"""

from array import array
from collections.abc import Iterable
from functools import lru_cache

BLOCK_BYTES = 64 * 1024
OPEN_BLOCKS = 64
LEVEL = 1


class Shelf:
    """Byte strings that are not empty, numbered from 0 in the order they are put."""

    __slots__ = ("_begins", "_block_of", "_blocks", "_firsts", "_open", "_sizes")

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._block_of = array("L")
        self._begins = array("Q")
        self._sizes = array("Q")
        self._firsts = bytearray()
        self._open = lru_cache(OPEN_BLOCKS)(_unpacked)

    def __len__(self) -> int:
        return len(self._sizes)

    def put(self, items: Iterable[bytes]) -> None:
        """Puts `items` behind what is there, in blocks of about `BLOCK_BYTES`."""
        waiting: list[bytes] = []
        size = 0
        for item in items:
            self._block_of.append(len(self._blocks))
            self._begins.append(size)
            self._sizes.append(len(item))
            self._firsts.append(item[0])
            waiting.append(item)
            size += len(item)
            if size >= BLOCK_BYTES:
                self._close(waiting)
                waiting, size = [], 0
        if waiting:
            self._close(waiting)

    def replace(self, number: int, item: bytes) -> None:
        """Has `item` in the place of another, which can no longer be read."""
        self._block_of[number] = len(self._blocks)
        self._begins[number] = 0
        self._sizes[number] = len(item)
        self._firsts[number] = item[0]
        self._close([item])

    def __getitem__(self, number: int) -> bytes:
        begin = self._begins[number]
        end = begin + self._sizes[number]
        return self._open(self._blocks[self._block_of[number]])[begin:end]

    def size(self, number: int) -> int:
        """Bytes of an item; no block is opened."""
        return self._sizes[number]

    def first(self, number: int) -> int:
        """The first byte of an item; no block is opened."""
        return self._firsts[number]

    def _close(self, waiting: list[bytes]) -> None:
        from isal import isal_zlib

        self._blocks.append(isal_zlib.compress(b"".join(waiting), LEVEL))


def _unpacked(block: bytes) -> bytes:
    """No method: a shelf that keeps one of its own is never let go."""
    from isal import isal_zlib

    data: bytes = isal_zlib.decompress(block)
    return data

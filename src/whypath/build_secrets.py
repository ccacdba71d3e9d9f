"""Looks at what is about to be written once more: no known secret may be in it.

Part of the `build` room.
"""

from collections.abc import Iterable

from whypath.errors import TraceError
from whypath.redact import Redactor


def checked_pieces(
    redactor: Redactor | None, pieces: Iterable[str], what: str = "the report"
) -> Iterable[str]:
    """The pieces of a file, each looked at once more, unpacked, for known secrets.

    Raises `TraceError`, about `what` is being written.
    """
    from whypath.render.payload import unpacked

    if redactor is None or not redactor.knows_any:
        yield from pieces
        return
    for piece in pieces:
        if any(map(redactor.finds_any, unpacked(piece))):
            why = "a secret would still have been in it, so it is not written"
            hint = "please report this; a pattern of your own may help"
            raise TraceError(what, why, hint=hint)
        yield piece

"""Compressed files: how large they become is found, and bounded, before any of it is held in memory."""

import gzip
from pathlib import Path
from typing import IO, cast

from gatecell._core.errors import InputError

SPARE_BYTES = 50_000_000
MOST_TIMES = 50
"""Tables and texts become three to twenty times as large; a thousand times is what gzip makes of zeros."""
_BYTES_AT_ONCE = 1 << 20


def most_bytes(n_compressed: int) -> int:
    """Return how large a compressed file of so many bytes may become."""
    return SPARE_BYTES + MOST_TIMES * n_compressed


def too_large(what: object, n_compressed: int) -> InputError:
    """Build the error for content that becomes larger than that."""
    return InputError(
        f"{what} is compressed to {n_compressed:,} bytes, but has more than {most_bytes(n_compressed):,}: it would fill "
        "the memory. If it is what it should be, unpack it and give the plain file."
    )


def check_expansion(stream: IO[bytes], path: Path) -> None:
    """Raise an ``InputError`` where a gzip stream becomes larger than it may; else set it back to its beginning."""
    n_compressed = path.stat().st_size
    left = most_bytes(n_compressed)
    while chunk := stream.read(_BYTES_AT_ONCE):
        left -= len(chunk)
        if left < 0:
            raise too_large(path, n_compressed)
    stream.seek(0)


def opened_gzip(path: Path) -> IO[bytes]:
    """Open a gzip file that does not become larger than it may."""
    stream = cast("IO[bytes]", gzip.open(path))
    try:
        # a file that cannot become too large is not read twice
        if path.stat().st_size * _LARGEST_TIMES > SPARE_BYTES:
            check_expansion(stream, path)
    except BaseException:
        stream.close()
        raise
    return stream


_LARGEST_TIMES = 1040
"""The format itself allows no more: 258 bytes for two bits."""

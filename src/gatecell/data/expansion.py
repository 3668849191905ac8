"""Compressed files: how large they become is found, and bounded, before any of it is held in memory."""

import gzip
from pathlib import Path

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
        f"{what} is compressed to {n_compressed:,} bytes, but has more than {most_bytes(n_compressed):,}, which may "
        "fill the memory. If that is what it should be, unpack it and give the plain file."
    )


def check_expansion(stream: gzip.GzipFile, path: Path) -> None:
    """Raise an ``InputError`` where a stream, of the compressed file ``path``, becomes larger than it may."""
    n_compressed = path.stat().st_size
    left = most_bytes(n_compressed)
    while chunk := stream.read(_BYTES_AT_ONCE):
        left -= len(chunk)
        if left < 0:
            raise too_large(path, n_compressed)


def opened_gzip(path: Path) -> gzip.GzipFile:
    """Open a gzip file that does not become larger than it may."""
    # a file that cannot become too large is not read twice
    if path.stat().st_size * _LARGEST_TIMES > SPARE_BYTES:
        with gzip.open(path) as stream:
            check_expansion(stream, path)
    return gzip.open(path)


_LARGEST_TIMES = 1040
"""The format itself allows no more: 258 bytes for two bits."""

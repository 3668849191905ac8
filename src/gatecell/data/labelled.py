"""Sequences of the user's own, as the readers of files return them."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.data.expansion import opened_gzip


@dataclass(frozen=True, eq=False)
class LabelledSequences:
    """``n`` sequences of ``I`` channels, and what is to be predicted of each."""

    X: NDArray[Any] | list[NDArray[Any]]
    """``(n, T, I)``; a list of arrays ``(T_i, I)`` where the lengths differ."""
    y: NDArray[Any] | None
    """``(n,)`` classes (text or whole numbers) or numbers; None where the file has none."""
    channels: tuple[str, ...]
    """The I names of the channels."""
    rows: tuple[str, ...]
    """The n names of the sequences: the ids of a table, elsewhere the place in the file, counted from 0."""
    left_out: tuple[str, ...] = ()
    """Columns of a table that are not channels, since they hold text or nothing, or have no name."""
    reading: dict[str, Any] = field(default_factory=dict)
    """How a table was read, that another one be read alike: ``decimal``, ``day_first``, and of a wide one ``header``,
    ``label`` and ``steps``."""

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.X)


def stacked(sequences: list[NDArray[Any]]) -> NDArray[Any] | list[NDArray[Any]]:
    """Return ``(n, T, I)`` where all sequences have the same length, the list where not."""
    return np.stack(sequences) if len({len(sequence) for sequence in sequences}) == 1 else sequences


def numbered(prefix: str, n: int) -> tuple[str, ...]:
    """Return ``n`` names: ``prefix`` and a number counted from 0."""
    return tuple(f"{prefix}{index}" for index in range(n))


def check_file(path: Path) -> None:
    """Raise an ``InputError`` where there is no such file, where it is a folder, or empty."""
    if path.is_dir():
        raise InputError(f"{path} is a folder. Name the file in it.")
    if not path.exists():
        raise InputError(f"There is no file {path}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty. The copy or download failed: bring the file again.")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, through gzip where its name ends in ``.gz``.

    Raises
    ------
    InputError
        Where the file cannot be opened, or becomes larger than ``gatecell.data.expansion`` allows, or where the block
        meets the end of a gzip file that is broken off, or what is no gzip at all.
    """
    try:
        with opened_gzip(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            yield cast("IO[bytes]", stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is no whole gzip file ({error}). Bring the file again.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error

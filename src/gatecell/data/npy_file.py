"""NumPy's ``.npy`` files: sequences in one, their labels in another; never with pickled objects."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.data.labelled import LabelledSequences, check_file, numbered, opened
from gatecell.data.npz_file import read_array


def read_npy(path: str | Path, labels: str | Path | None = None) -> LabelledSequences:
    """Read files that ``numpy.save`` wrote.

    Parameters
    ----------
    path : path
        Of ``(n, T, I)``, or ``(n, T)`` for one channel.
    labels : path, optional
        Of ``(n,)``.

    Raises
    ------
    InputError
        Where a file is unreadable, foreign or damaged, holds pickled objects, or the two do not fit each other.
    """
    path = Path(path).expanduser()
    X = _read(path)
    if X.ndim not in (2, 3):
        raise InputError(f"X in {path} must have the shape (n, T, I), or (n, T) for one channel, but has {X.shape}.")
    X = X[:, :, None] if X.ndim == 2 else X
    y = None
    if labels is not None:
        y = _read(Path(labels).expanduser())
        if y.shape != (len(X),):
            raise InputError(
                f"The labels in {labels} must be one for each of the {len(X)} rows of {path}, but have shape {y.shape}."
            )
    return LabelledSequences(X, y, numbered("channel ", X.shape[2]), numbered("", len(X)))


def _read(path: Path) -> NDArray[Any]:
    check_file(path)
    with opened(path) as stream:
        return read_array(stream, path.stat().st_size, str(path))

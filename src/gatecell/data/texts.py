"""Texts in memory, checked once."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from gatecell._core.errors import InputError, InputTypeError
from gatecell.data.arrays import as_plain


@dataclass(frozen=True, eq=False)
class Texts:
    """``n`` texts. Built by ``from_input``, which checks."""

    rows: list[str]
    """The texts."""

    @classmethod
    def from_input(cls, X: Any, *, name: str = "X") -> "Texts":
        """Build from what people have.

        Parameters
        ----------
        X : list, tuple, array or Series of str
        name : str
            What errors call it.

        Raises
        ------
        InputError
            Where there are no texts, a text is missing or no text at all (the message says which), or holds what was
            decoded from another encoding than it is in.
        """
        return X if isinstance(X, Texts) else cls(_checked(X, name))

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.rows)

    def select(self, indices: Tensor) -> "Texts":
        """Return some of the texts, by int64 indices, in their order."""
        return Texts([self.rows[index] for index in indices.tolist()])

    def row_bytes(self) -> Iterator[bytes]:
        """Yield the content of each text, equal for equal texts alone."""
        yield from (text.encode() for text in self.rows)


def _checked(texts: Any, name: str) -> list[str]:
    if isinstance(texts, str | bytes):
        raise InputTypeError(f"{name} is one text. Give a list of texts, as [{name}].")
    if hasattr(texts, "columns"):
        raise InputTypeError(f'{name} is a table. Give one column of it, as {name}["text"].')
    if isinstance(texts, Mapping | Set):
        raise InputTypeError(
            f"{name} is a {type(texts).__name__}, which is not a list of texts. Give one, in an order."
        )
    if not isinstance(texts, Iterator):
        texts = as_plain(texts, name)
    if not isinstance(texts, Iterable):
        raise InputTypeError(f"{name} must be a list of texts, got {type(texts).__name__}.")
    shape = getattr(texts, "shape", (0,))
    if len(shape) != 1:
        raise InputTypeError(f"{name} must be a list of texts, got an array of shape {shape}.")
    rows = list(texts)
    if not rows:
        raise InputError(f"{name} has no texts: it is empty.")
    for index, text in enumerate(rows):
        if not isinstance(text, str):
            raise _no_text(text, f"{name}[{index}]")
        if not text.isascii():
            _check_surrogates(text, f"{name}[{index}]")
    # strings of NumPy's own type are not taken by the tokenizer's threads
    return [str(text) for text in rows]


def _no_text(value: Any, place: str) -> InputError:
    if isinstance(value, bytes):
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as error:
            bad = value[error.start : error.end].hex(" ")
            return InputTypeError(
                f"{place} is bytes, and not in UTF-8: it has {bad} at byte {error.start}. Decode it with the encoding "
                'that it is in, as text.decode("latin-1") or text.decode("gb18030").'
            )
        return InputTypeError(f'{place} is bytes, not text. Decode it, as text.decode("utf-8").')
    missing = value is None or (isinstance(value, float | np.floating) and np.isnan(value)) or str(value) == "<NA>"
    if missing:
        return InputTypeError(f'{place} is missing ({value}). Leave the row out, or give an empty text, "".')
    return InputTypeError(
        f"{place} is not a text but {type(value).__name__} ({str(value)[:40]}). Each row is one text."
    )


def _check_surrogates(text: str, place: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{place} has {text[error.start]!r} at character {error.start}, which is half a character: the text was "
            'decoded with another encoding than it is in. Read it again, as open(path, encoding="latin-1").'
        ) from error

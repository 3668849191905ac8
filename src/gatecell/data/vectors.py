"""Word vectors learnt elsewhere, as files or mappings, for the words of a vocabulary."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.data.labelled import check_file, opened

Vectors = dict[str, NDArray[np.float32]]


def read_vectors(source: str | Path | Mapping[str, Any], words: Collection[str]) -> Vectors:
    """Return the vectors of some words.

    Parameters
    ----------
    source : path or mapping
        A text file in UTF-8, plain or ``.gz``, of a word and its numbers a line, as GloVe has it; a first line with the
        number of words and of values, as word2vec and fastText have it, is skipped. Or a mapping from word to vector.
    words : collection of str
        The words that are wanted; others are not kept.

    Returns
    -------
    dict
        Word to float32 vector, all of one size, at least one.

    Raises
    ------
    InputError
        Where the source is unreadable, a vector has another size than the first one or is not finite, or where no word
        has a vector.
    """
    if isinstance(source, Mapping):
        place, pairs = "vectors", ((word, source[word], f"vectors[{word!r}]") for word in words if word in source)
    else:
        path = Path(source).expanduser()
        check_file(path)
        place, pairs = str(path), _lines(path, frozenset(words))
    vectors: Vectors = {}
    size = None
    for word, values, where in pairs:
        try:
            vector = np.asarray(values, dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise InputError(f"{where} is not a vector: {error}.") from error
        if vector.ndim != 1 or not len(vector) or (size is not None and len(vector) != size):
            raise InputError(f"{where} has shape {vector.shape}, where {size or 'some'} numbers are expected.")
        if not np.isfinite(vector).all():
            raise InputError(f"{where} has a value that is not finite.")
        size = len(vector)
        vectors.setdefault(word, vector)
    if not vectors:
        raise InputError(
            f"{place} has a vector for none of the {len(words)} words of the vocabulary. Look whether it is of the "
            "same language, of words, and in lower case if lowercase=True."
        )
    return vectors


def _lines(path: Path, words: frozenset[str]) -> Any:
    with opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                word, *values = line.decode("utf-8").rstrip("\r\n ").split(" ")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}, line {number} is not in UTF-8: {error.reason}.") from error
            if number == 1 and len(values) == 1:
                continue
            if word in words:
                yield word, values, f"{path}, line {number} ({word})"

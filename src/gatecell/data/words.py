"""Words of ASCII texts by a regular expression: ten times as fast as the library, which keeps track of every offset.

In ASCII, letters are ``A-Z`` and ``a-z``, nothing has another Unicode form, and no symbol is a word; so what
``gatecell.data.text`` says of words comes down to one short pattern. Tests hold both to the same result.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[A-Za-z0-9_]+(?:'[A-Za-z0-9_]+)*")


def count_words(texts: Iterable[str], *, lowercase: bool) -> Counter[str]:
    """Return how often each word stands in ASCII texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_WORD.findall(text.lower() if lowercase else text))
    return counts


class AsciiWords:
    """Numbers of the words of ASCII texts.

    Parameters
    ----------
    vocabulary : mapping of str to int
    unknown : int
        The number of a word that is not in the vocabulary.
    lowercase : bool
        Whether texts are put in lower case first.
    """

    def __init__(self, vocabulary: Mapping[str, int], *, unknown: int, lowercase: bool) -> None:
        self._numbers = _Numbers(vocabulary, unknown)
        self._lowercase = lowercase

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the number of each word, ``(n,)``; ``text`` must be ASCII."""
        words = _WORD.findall(text.lower() if self._lowercase else text)
        return np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))


class _Numbers(dict[str, int]):
    def __init__(self, vocabulary: Mapping[str, int], unknown: int) -> None:
        super().__init__(vocabulary)
        self._unknown = unknown

    def __missing__(self, word: str) -> int:
        return self._unknown

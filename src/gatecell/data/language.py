"""Texts as a language model reads them: every character counts, line ends and the marks around a text included."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.decoders import DecodeStream

from gatecell._core.checks import check_choice
from gatecell._core.errors import InputError
from gatecell.data.text import UNITS, TextTokenizer, TokenizerConfig
from gatecell.data.tokens import Tokens

UNKNOWN, MARK = "<unk>", "<eos>"
"""What is not in the vocabulary, and the mark that stands before a text and behind it; the names are those of the Penn
Treebank's files and of all who model them."""
_LINES_AT_ONCE = 4096
"""Bounds the memory that the encodings of lines take beside the tokens themselves."""


@dataclass(frozen=True, kw_only=True)
class LanguageTokenizerConfig(TokenizerConfig):
    """How texts are divided into tokens that have other marks: ``<unk>`` and ``<eos>``, of byte-pairs ``<eos>``."""

    @property
    def marks(self) -> tuple[str, ...]:
        """The tokens that every vocabulary begins with."""
        return (MARK,) if self.unit == "byte-pair" else (UNKNOWN, MARK)


class LanguageTokenizer(TextTokenizer):
    r"""Divides texts into tokens from which they can be put together again.

    - ``"word"``: what stands between spaces, punctuation with it; a line end is a token, the mark ``<eos>``. Spaces in
      a row count as one. Put together, words have one space between them.
    - ``"character"``: every character, as it is.
    - ``"byte-pair"``: pieces of words over bytes (Sennrich et al. 2016); no text is unknown.

    Words and characters are numbered from frequent to rare, behind ``<unk>`` and ``<eos>``. A text is tokenised line by
    line.

    Parameters
    ----------
    core : tokenizers.Tokenizer
    unit : "word", "character" or "byte-pair"

    Examples
    --------
    >>> tokenizer = LanguageTokenizer.learn(["no it was n't\nblack monday\n"], LanguageTokenizerConfig(unit="word"))
    >>> tokenizer.split("it was tuesday\n")
    ['it', 'was', '<unk>', '<eos>']
    """

    def __init__(self, core: Tokenizer, unit: str) -> None:
        super().__init__(core)
        check_choice("unit", unit, UNITS)
        self.unit = unit
        mark = self.number(MARK)
        if mark is None or (unit != "byte-pair" and self.number(UNKNOWN) is None):
            raise InputError(f"This tokenizer has no {MARK} or no {UNKNOWN}, so it is not one of a language model.")
        self.mark: int = mark
        self.unknown: int | None = self.number(UNKNOWN)

    @classmethod
    def restored(cls, text: str, unit: str, *, most_bytes: int | None = None) -> Self:
        """Build from ``to_json``'s result and the unit; see ``TextTokenizer.from_json``.

        Raises
        ------
        InputError
            Where the text is not such JSON, or is of another unit.
        """
        tokenizer = cls(TextTokenizer.from_json(text, most_bytes=most_bytes).core, unit)
        of_pairs = isinstance(tokenizer.core.model, models.BPE)
        if of_pairs != (unit == "byte-pair") or not isinstance(tokenizer.core.model, models.BPE | models.WordLevel):
            raise InputError(f"This tokenizer divides texts in another way than by {unit}.")
        return tokenizer

    @classmethod
    def learn(cls, texts: Sequence[str], config: LanguageTokenizerConfig) -> Self:
        """Learn a vocabulary from texts.

        Raises
        ------
        InputError
            Where the texts have no token at all.
        """
        core = _core(config)
        if config.unit == "byte-pair":
            core.train_from_iterator(_lines(texts), _byte_pair_trainer(config))
        else:
            core.model = models.WordLevel(_vocabulary(core, texts, config), unk_token=UNKNOWN)
        return cls(core, config.unit)

    def encode(self, texts: Sequence[str]) -> Tokens:
        """Return the tokens of each text, without marks but those of line ends; a text without any is an error."""
        return Tokens.from_rows(map(self.numbers, texts))

    def marked(self, texts: Sequence[str], *, end: bool) -> Tokens:
        """Return the tokens of each text with the mark before it, and, with ``end``, behind it."""
        mark = np.array([self.mark])
        rows = [np.concatenate([mark, self.numbers(text), *([mark] if end else [])]) for text in texts]
        return Tokens.from_rows(rows)

    def numbers(self, text: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the tokens of a text, ``(n,)``; none for an empty one."""
        lines = text.splitlines(keepends=True)
        parts = []
        for start in range(0, len(lines), _LINES_AT_ONCE):
            encodings = self.core.encode_batch_fast(lines[start : start + _LINES_AT_ONCE], add_special_tokens=False)
            parts += [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens; of words, a mark is a line end, and else it is nothing."""
        return "".join(self.pieces(tokens))

    def pieces(self, tokens: Iterable[int], *, behind: str = "") -> Iterator[str]:
        """Yield the text of tokens one after the other, as they come; joined, they are the text.

        Where it is to stand ``behind`` a text that does not end in a space, a first word has one before it. Of
        byte-pairs a piece may be empty: a character of several bytes comes with the last of them.
        """
        if self.unit == "byte-pair":
            stream = DecodeStream(skip_special_tokens=True)
            for token in tokens:
                yield ("" if token == self.mark else stream.step(self.core, token)) or ""
            return
        vocabulary = self.vocabulary
        if self.unit == "character":
            yield from ("" if token == self.mark else vocabulary[token] for token in tokens)
            return
        space = " " if behind and not behind[-1].isspace() else ""
        for token in tokens:
            if token == self.mark:
                yield "\n"
                space = ""
            else:
                yield space + vocabulary[token]
                space = " "


def _lines(texts: Iterable[str]) -> Iterator[str]:
    return chain.from_iterable(text.splitlines(keepends=True) for text in texts)


def _core(config: LanguageTokenizerConfig) -> Tokenizer:
    core = Tokenizer(models.BPE() if config.unit == "byte-pair" else models.WordLevel(unk_token=UNKNOWN))
    forms: list[normalizers.Normalizer] = [normalizers.Lowercase()] if config.lowercase else []
    match config.unit:
        case "word":
            forms.append(normalizers.Replace("\n", f" {MARK} "))
            core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        case "character":
            core.pre_tokenizer = pre_tokenizers.Split(Regex(r"(?m)."), "isolated")
        case "byte-pair":
            core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            core.decoder = decoders.ByteLevel()
    core.normalizer = normalizers.Sequence(forms)
    return core


def _vocabulary(core: Tokenizer, texts: Sequence[str], config: LanguageTokenizerConfig) -> dict[str, int]:
    """Return the most frequent tokens with their numbers; those of one frequency in the order of Unicode."""
    counts: Counter[str] = Counter()
    for line in _lines(texts):
        pieces = core.pre_tokenizer.pre_tokenize_str(core.normalizer.normalize_str(line))
        counts.update(piece for piece, _ in pieces)
    marks = config.marks
    if not counts.keys() - set(marks):
        raise InputError(f"There is no {config.unit} in the texts, so there is nothing to learn from.")
    ranked = sorted(counts.keys() - set(marks), key=lambda token: (-counts[token], token))
    kept = [*marks, *ranked[: config.vocabulary_size - len(marks)]]
    return {token: number for number, token in enumerate(kept)}


def _byte_pair_trainer(config: LanguageTokenizerConfig) -> trainers.BpeTrainer:
    return trainers.BpeTrainer(
        vocab_size=config.vocabulary_size,
        special_tokens=list(config.marks),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )

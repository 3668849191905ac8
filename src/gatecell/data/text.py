"""Texts to tokens: by word, by character or by byte-pair, with a vocabulary learnt from the training texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from gatecell._core.checks import check_choice, check_flag, check_integer
from gatecell._core.errors import InputError, OptionError
from gatecell.data.tokenizer_json import checked
from gatecell.data.tokens import Tokens
from gatecell.data.word_pattern import EARLIER_WORD, UNSEEN, WORD
from gatecell.data.words import AsciiWords, count_words

TokenUnit = Literal["word", "character", "byte-pair"]
UNITS: tuple[str, ...] = get_args(TokenUnit)

PADDING, UNKNOWN, START, END = "[PAD]", "[UNK]", "[START]", "[END]"
MARKS = (PADDING, UNKNOWN, START, END)
"""The first tokens of every vocabulary, in this order: what fills up, what is not known, and where a text begins and
ends."""

_N_BYTES = 256
_TEXTS_AT_ONCE = 4096
"""Bounds the memory that the encodings of texts take beside the tokens themselves."""


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """How texts are divided into tokens.

    Raises
    ------
    OptionError
        Where an option is out of its range.
    """

    unit: TokenUnit = "word"
    """``"word"``, which is a character where a script has no spaces, as in Chinese or Thai; ``"character"``;
    ``"byte-pair"``: pieces of words that are frequent
    (Sennrich et al. 2016), over bytes, so that no text is unknown."""
    vocabulary_size: int = 10_000
    """The largest number of tokens, the four marks included; the most frequent ones stay. For byte-pairs at least 260:
    the marks and every byte. As the tutorials on film reviews have it."""
    lowercase: bool = True
    """Whether ``Film`` and ``film`` are the same."""

    def __post_init__(self) -> None:
        check_choice("unit", self.unit, UNITS)
        check_flag("lowercase", self.lowercase)
        check_integer("vocabulary_size", self.vocabulary_size, minimum=1)
        fewest = len(self.marks) + (_N_BYTES if self.unit == "byte-pair" else 1)
        if self.vocabulary_size < fewest:
            beside = f"every one of {_N_BYTES} bytes" if self.unit == "byte-pair" else f"a {self.unit}"
            raise OptionError(
                f"vocabulary_size={self.vocabulary_size} has no room for {beside} beside the {len(self.marks)} marks "
                f"({', '.join(self.marks)}). Set it to at least {fewest}."
            )

    @property
    def marks(self) -> tuple[str, ...]:
        """The tokens that every vocabulary begins with."""
        return MARKS


class TextTokenizer:
    """Divides texts into tokens of a vocabulary; a thin cover of a ``tokenizers.Tokenizer``.

    Texts are brought to Unicode's NFKC form first: full-width letters become plain ones, accents are joined to letters.

    Parameters
    ----------
    core : tokenizers.Tokenizer
        With ``[PAD]`` as token 0, or any padding token at all, and a token for what is unknown unless it knows all.

    Examples
    --------
    >>> tokenizer = TextTokenizer.train(["A film, a good film!", "It's bad."], TokenizerConfig())
    >>> tokenizer.split("A good plan, it's")
    ['a', 'good', '[UNK]', "it's"]
    """

    def __init__(self, core: Tokenizer) -> None:
        self.core = core
        # a text that spells "[PAD]" means these letters
        core.encode_special_tokens = True
        self._words = _ascii_words(core)

    @classmethod
    def train(cls, texts: Sequence[str], config: TokenizerConfig) -> "TextTokenizer":
        """Learn a vocabulary from texts.

        Among tokens of one frequency those that come first in the order of Unicode stay, so that the same texts in any
        order give the same tokenizer.

        Raises
        ------
        InputError
            Where the texts have no token at all.
        """
        core = _core(config)
        if config.unit == "word":
            core.model = models.WordLevel(_word_vocabulary(texts, core, config), unk_token=UNKNOWN)
            core.add_special_tokens(list(MARKS))
        else:
            core.train_from_iterator(texts, _trainer(config), length=len(texts))
        if core.get_vocab_size() == len(MARKS):
            raise InputError(
                f"There is no {config.unit} in any of the {len(texts)} texts, so there is nothing to learn from."
            )
        return cls(core)

    @classmethod
    def from_json(cls, text: str, *, most_bytes: int | None = None) -> "TextTokenizer":
        """Build from ``to_json``'s result, or from a ``tokenizer.json`` as Hugging Face has it.

        What it says of cutting, filling up and marking texts is left out, since that is said elsewhere.

        Raises
        ------
        InputError
            Where the text is not such JSON, has parts other than those of published encoders and our own, or would take
            more than ``most_bytes`` of memory.
        """
        try:
            core = Tokenizer.from_str(checked(text, (WORD, EARLIER_WORD), most_bytes))
        except BaseException as error:  # the library raises nothing more precise, and panics are no exceptions
            raise _as_input_error(error, "This is not a tokenizer") from error
        return cls(core)

    def to_json(self) -> str:
        """Return all there is to know as JSON."""
        return self.core.to_str()

    def __len__(self) -> int:
        """Return the number of tokens in the vocabulary, the marks included."""
        return self.core.get_vocab_size()

    @property
    def vocabulary(self) -> list[str]:
        """The tokens in the order of their numbers, which go from 0 on without a gap."""
        numbered = self.core.get_vocab()
        return sorted(numbered, key=numbered.__getitem__)

    def number(self, token: str) -> int | None:
        """Return the number of a token; None where it is not in the vocabulary."""
        return self.core.token_to_id(token)

    def encode(self, texts: Sequence[str]) -> Tokens:
        """Return the tokens of each text.

        A text without any token (empty, or of spaces alone) is read as one ``[UNK]``, so that no row is lost.
        """
        parts = (texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE))
        return Tokens.from_rows(chain.from_iterable(map(self._encoded, parts)))

    def _encoded(self, texts: Sequence[str]) -> Iterator[Sequence[int] | NDArray[np.int64]]:
        fallback = [self._unknown]
        if self._words is None:
            return (tokens or fallback for tokens in self._encoded_by_library(texts))
        others = iter(self._encoded_by_library([text for text in texts if not text.isascii()]))
        found = (self._words.encode(text) if text.isascii() else next(others) for text in texts)
        return (tokens if len(tokens) else fallback for tokens in found)

    def _encoded_by_library(self, texts: Sequence[str]) -> Iterator[list[int]]:
        try:
            # one text by itself is not worth the threads
            encodings = (
                self.core.encode_batch_fast(texts, add_special_tokens=False)
                if len(texts) > 1
                else [self.core.encode(text, add_special_tokens=False) for text in texts]
            )
        except BaseException as error:
            raise _as_input_error(error, "The texts cannot be divided into tokens") from error
        return (encoding.ids for encoding in encodings)

    @property
    def _unknown(self) -> int:
        number = self.number(UNKNOWN)
        return 0 if number is None else number

    def split(self, text: str) -> list[str]:
        """Return the tokens of one text as they stand in the vocabulary."""
        vocabulary = self.vocabulary
        return [vocabulary[number] for number in self.encode([text]).values.tolist()]

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens; marks are left out, words have one space between them."""
        return self.core.decode(list(tokens), skip_special_tokens=True)


def _as_input_error(error: BaseException, what: str) -> BaseException:
    """Return an error of the library, or a panic within it, as one of ours; every other as it is."""
    if isinstance(error, Exception) or type(error).__name__ == _PANIC:
        return InputError(f"{what}: {error}.")
    return error


_PANIC = "PanicException"
"""What PyO3 makes of a panic in Rust; the class has no module to import it from."""


def _core(config: TokenizerConfig) -> Tokenizer:
    core = Tokenizer(models.BPE() if config.unit == "byte-pair" else models.WordLevel(unk_token=UNKNOWN))
    lower = [normalizers.Lowercase()] if config.lowercase else []
    unseen = [normalizers.Replace(Regex(UNSEEN), "")] if config.unit == "word" else []
    core.normalizer = normalizers.Sequence([normalizers.NFKC(), *unseen, *lower])
    match config.unit:
        case "word":
            core.pre_tokenizer = _words_by(WORD)
        case "character":
            core.pre_tokenizer = pre_tokenizers.Split(Regex(r"(?m)."), "isolated")
            core.decoder = decoders.Fuse()
        case "byte-pair":
            core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            core.decoder = decoders.ByteLevel()
    return core


def _words_by(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(pattern), "removed", invert=True)


def _word_vocabulary(texts: Sequence[str], core: Tokenizer, config: TokenizerConfig) -> dict[str, int]:
    """Return what the library's trainer of words would, which takes ten times as long over plain texts."""
    counts = count_words((text for text in texts if text.isascii()), lowercase=config.lowercase)
    for text in texts:
        if not text.isascii():
            normal = core.normalizer.normalize_str(text)
            counts.update(word for word, _ in core.pre_tokenizer.pre_tokenize_str(normal))
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    tokens = [*MARKS, *ordered[: config.vocabulary_size - len(MARKS)]]
    return {token: number for number, token in enumerate(tokens)}


def _ascii_words(core: Tokenizer) -> AsciiWords | None:
    """Return the short way for ASCII texts, where a tokenizer divides them as ``"word"`` does; else None."""
    if not isinstance(core.model, models.WordLevel) or core.token_to_id(core.model.unk_token) is None:
        return None
    # those of earlier versions divide ASCII texts alike
    if _state(core.pre_tokenizer) not in (_state(_words_by(WORD)), _state(_words_by(EARLIER_WORD))):
        return None
    for lowercase in (True, False):
        own = _core(TokenizerConfig(lowercase=lowercase)).normalizer
        earlier = _core(TokenizerConfig(unit="byte-pair", lowercase=lowercase)).normalizer
        if _state(core.normalizer) in (_state(own), _state(earlier)):
            vocabulary = core.get_vocab()
            return AsciiWords(vocabulary, unknown=vocabulary[core.model.unk_token], lowercase=lowercase)
    return None


def _state(part: object) -> object:
    """Return what a part of a tokenizer is, by the JSON with which the library pickles it."""
    return None if part is None else part.__getstate__()


def _trainer(config: TokenizerConfig) -> trainers.Trainer:
    if config.unit == "byte-pair":
        return trainers.BpeTrainer(
            vocab_size=config.vocabulary_size,
            special_tokens=list(MARKS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
    return trainers.WordLevelTrainer(vocab_size=config.vocabulary_size, special_tokens=list(MARKS), show_progress=False)

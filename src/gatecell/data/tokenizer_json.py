r"""Which ``tokenizer.json`` is taken: one of plain parts, none of which can run long, run out, or name a file.

The ``tokenizers`` library takes any regular expression, which may need time exponential in a text's length,
replacements that multiply a text, random merges, and padding of any length. A tokenizer from elsewhere is therefore
held to the parts that those of published encoders, and our own, are made of.
"""

import json
from collections.abc import Mapping
from typing import Any

from gatecell._core.errors import ArtifactError
from gatecell._core.stated import Stated, is_number, is_whole, shown
from gatecell._core.strict_json import parse
from gatecell.data.word_pattern import UNSEEN

_MOST_PARTS = 16
"""Normalisers one after the other; those of published encoders have at most seven."""
_LONGEST_WORD = 1000
"""Characters of a word that WordPiece looks at, in time of their square."""

_MODELS = ("WordLevel", "WordPiece", "BPE", "Unigram")
_NORMALIZERS = (
    *("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Strip", "StripAccents"),
    *("Replace", "Prepend", "Sequence"),
)
_PRE_TOKENIZERS = (
    *("BertPreTokenizer", "ByteLevel", "Digits", "Metaspace", "Punctuation", "Split", "UnicodeScripts"),
    *("Whitespace", "WhitespaceSplit", "Sequence"),
)
_DECODERS = (
    "BPEDecoder",
    "ByteFallback",
    "ByteLevel",
    "Fuse",
    "Metaspace",
    "Replace",
    "Strip",
    "WordPiece",
    "Sequence",
)
_UNUSED = ("truncation", "padding", "post_processor")
"""Texts are cut, filled up and marked by Gatecell."""


def checked(text: str, patterns: tuple[str, ...], most_bytes: int | None = None) -> str:
    """Return the JSON of a tokenizer without what is not used of it.

    Parameters
    ----------
    text : str
        A ``tokenizer.json``.
    patterns : tuple of str
        The regular expressions that it may have, beside those of published encoders.
    most_bytes : int, optional
        How much memory it may take.

    Raises
    ------
    ArtifactError
        Where it has other parts than are taken, or such as do not fit each other.
    """
    try:
        document = parse(text, most_bytes=most_bytes)
    except ValueError as error:
        raise ArtifactError(f"the tokenizer cannot be read as JSON: {error}") from error
    stated = Stated(document, "the tokenizer")
    known = (*patterns, *_KNOWN_PATTERNS)
    _check_parts(document.get("normalizer"), "normalizer", _NORMALIZERS, known)
    _check_parts(document.get("pre_tokenizer"), "pre_tokenizer", _PRE_TOKENIZERS, known)
    _check_parts(document.get("decoder"), "decoder", _DECODERS, known)
    model = stated.inner("model")
    kind = model.choice("type", _MODELS) if model.has("type") else _kind_of(document["model"])
    numbers = _unigram(model) if kind == "Unigram" else _vocabulary(model, kind)
    _check_added(stated, numbers)
    _check_numbers(numbers)
    return json.dumps({**document, **dict.fromkeys(_UNUSED)}, ensure_ascii=False)


_KNOWN_PATTERNS = (" {2,}", r"\s+", r"(?m).")
"""Of published encoders, and of every Gatecell."""
_KNOWN_REPLACEMENTS = {
    ("\n", " <eos> "),
    ("``", '"'),
    ("''", '"'),
    (" {2,}", " "),
    (" {2,}", "▁"),
    (" ", "▁"),
    ("▁", " "),
    (UNSEEN, ""),
}
"""No replacement makes a text much longer, however often it is done."""


def _check_parts(part: Any, where: str, kinds: tuple[str, ...], patterns: tuple[str, ...]) -> None:
    if part is None:
        return
    outer = [part]
    if isinstance(part, dict) and part.get("type") == "Sequence":
        stated = Stated(part, f"the {where}")
        name = next((name for name in ("normalizers", "pretokenizers", "decoders") if stated.has(name)), "normalizers")
        outer = stated.listed(name)
    if len(outer) > _MOST_PARTS:
        raise ArtifactError(f"the {where} has {len(outer):,} parts, more than the {_MOST_PARTS} that are taken")
    for item in outer:
        stated = Stated(item, f"a part of the {where}")
        kind = stated.choice("type", tuple(name for name in kinds if name != "Sequence"))
        if kind == "Split" and _pattern(stated) not in patterns:
            raise ArtifactError(
                f"the {where} splits by the expression {shown(_pattern(stated))}, which is not a known one"
            )
        if kind == "Replace" and (_pattern(stated), stated.text("content")) not in _KNOWN_REPLACEMENTS:
            raise ArtifactError(f"the {where} replaces {shown(_pattern(stated))}, which is not a known replacement")
        if kind == "Prepend" and len(stated.text("prepend")) > 4:
            raise ArtifactError(f"the {where} puts {shown(stated.text('prepend'))} before a text")


def _pattern(part: Stated) -> str:
    pattern = part.inner("pattern")
    return pattern.text("String" if pattern.has("String") else "Regex")


def _kind_of(model: Mapping[str, Any]) -> str:
    """Return the kind of a model without a name, as the library guesses it from what there is."""
    if "merges" in model:
        return "BPE"
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    return "WordPiece" if "continuing_subword_prefix" in model else "WordLevel"


def _vocabulary(model: Stated, kind: str) -> dict[str, int]:
    vocabulary = model.value("vocab")
    Stated(vocabulary, "the vocabulary")
    for token, number in vocabulary.items():
        if not token or not is_whole(number, 0, 2**31):
            raise ArtifactError(f"the vocabulary has {shown(token)} with the number {shown(number)}")
    unknown = model.value("unk_token") if kind != "BPE" or model.has("unk_token") else None
    lacks_unknown = not isinstance(unknown, str) or unknown not in vocabulary
    if lacks_unknown and (unknown is not None or kind != "BPE"):
        raise ArtifactError(f"the vocabulary lacks {shown(unknown)}, which stands for what is unknown")
    if kind == "BPE" and model.has("dropout") and model.value("dropout") != 0:
        raise ArtifactError("the tokenizer leaves out merges at random, so that it has no fixed tokens")
    if kind == "WordPiece":
        model.whole("max_input_chars_per_word", 1, _LONGEST_WORD)
    return dict(vocabulary)


def _unigram(model: Stated) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for number, item in enumerate(model.listed("vocab")):
        if not isinstance(item, list) or len(item) != 2 or not isinstance(item[0], str) or not is_number(item[1]):
            raise ArtifactError(f"the vocabulary has {shown(item)} in place of a token and its score")
        if not item[0]:
            raise ArtifactError("the vocabulary has an empty token")
        # of equal tokens the library finds the last; the others are numbers that never come up
        numbers.setdefault(f"{number} {item[0]}" if item[0] in numbers else item[0], number)
    model.whole("unk_id", 0, max(len(numbers) - 1, 0))
    return numbers


def _check_added(stated: Stated, numbers: dict[str, int]) -> None:
    for item in stated.listed("added_tokens") if stated.has("added_tokens") else []:
        added = Stated(item, "an added token")
        content, number = added.text("content"), added.whole("id", 0, 2**31)
        if not content or numbers.setdefault(content, number) != number:
            raise ArtifactError(f"the added token {shown(content)} has the number {number}, which is not its own")
        for flag in ("single_word", "lstrip", "rstrip", "normalized", "special"):
            added.flag(flag)


def _check_numbers(numbers: dict[str, int]) -> None:
    if sorted(numbers.values()) != list(range(len(numbers))):
        raise ArtifactError(f"the {len(numbers):,} tokens of the vocabulary are not numbered from 0 on, each once")

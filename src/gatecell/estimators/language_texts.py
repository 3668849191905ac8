"""Texts that a language model is given: read, divided in two parts, and made tokens whose marks predict the first."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from gatecell._core.checks import check_number
from gatecell._core.errors import InputError, OptionError
from gatecell._core.random import derive_seed
from gatecell.data.holdout import split_off
from gatecell.data.language import LanguageTokenizer
from gatecell.data.texts import Texts
from gatecell.data.tokens import Tokens

LongOrSeveral = str | Sequence[str]
"""One long text, or several."""


def read_texts(X: LongOrSeveral, *, name: str = "X") -> list[str]:
    """Return the texts, of one long text a list of it alone.

    Raises
    ------
    InputError
        As ``gatecell.data.texts.Texts.from_input``.
    """
    return Texts.from_input([X] if isinstance(X, str | bytes) else X, name=name).rows


def read_parts(
    X: LongOrSeveral, validation: LongOrSeveral | None, fraction: float | None, *, seed: int
) -> tuple[list[str], list[str] | None]:
    """Return the texts to train on and those to validate on, which are given, or taken from the others, or none.

    Raises
    ------
    InputError
        As ``read_texts`` and ``split_text``.
    OptionError
        Where ``validation`` and ``fraction`` are both given.
    """
    texts = read_texts(X)
    if validation is not None:
        if fraction is not None:
            raise OptionError(
                "Give validation or validation_fraction, not both: they are two ways to say what validates."
            )
        return texts, read_texts(validation, name="validation")
    if fraction is None:
        return texts, None
    if isinstance(X, str):
        before, behind = split_text(X, fraction)
        return [before], [behind]
    train, rest = split_off(len(texts), fraction, seed=derive_seed(seed, "validation"))
    return [texts[index] for index in train], [texts[index] for index in rest]


def split_text(text: str, fraction: float) -> tuple[str, str]:
    """Divide a text in two at the line end, or where there is none at the character, that is nearest to a place.

    Parameters
    ----------
    text : str
    fraction : float in (0, 1)
        The share of the second part.

    Raises
    ------
    InputError
        Where one of the parts would be empty.
    """
    check_number("validation_fraction", fraction, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    place = round(len(text) * (1 - fraction))
    ends = [end + 1 for end in (text.rfind("\n", 0, place), text.find("\n", place, len(text) - 1)) if end >= 0]
    place = min(ends, key=lambda end: abs(end - place), default=place)
    if not 0 < place < len(text):
        raise InputError(
            f"validation_fraction={fraction:g} of a text of {len(text)} characters leaves one part without any. "
            "Give more text, another fraction, or validation."
        )
    return text[:place], text[place:]


def marked_tokens(tokenizer: LanguageTokenizer, texts: Sequence[str], *, end: bool) -> Tokens:
    """Return the tokens of each text with the mark before it, and, with ``end``, behind it.

    Raises
    ------
    InputError
        Where nothing follows a mark.
    """
    marked = tokenizer.marked(texts, end=end)
    if int(marked.lengths.min()) < 2:
        row = int((marked.lengths < 2).nonzero()[0])
        which = "The text" if len(texts) == 1 else f"Text {row} (counted from 0)"
        raise InputError(f"{which} has no {tokenizer.unit}, so that there is nothing to predict.")
    return marked


def predicted(tokens: Tokens) -> Tensor:
    """Return which tokens are predicted, ``(n,)`` bool: all but the mark before each text."""
    found = torch.ones(len(tokens.values), dtype=torch.bool)
    found[tokens.offsets[:-1]] = False
    return found


def fingerprint(tokens: Tokens) -> str:
    """Return a digest that tokens of other texts do not have."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (tokens.values, tokens.offsets):
        digest.update(part.numpy().data)
    return digest.hexdigest()

"""Probabilities of texts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.evaluation.judgement import Judgement


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguageJudgement(Judgement):
    """Of texts, token by token."""

    loss: ClassVar[str] = "nats_per_token"

    losses: NDArray[np.float64]
    """``(n,)``, ``-log p`` of each token given those before it, in nats."""

    @property
    def row_losses(self) -> NDArray[np.float64]:
        """The losses of the tokens."""
        return self.losses


def judge_language(
    log_prob: NDArray[np.float64], n_characters: int, baselines: Mapping[str, NDArray[np.float64]] | None = None
) -> LanguageJudgement:
    """Judge how probable texts were to a model.

    Parameters
    ----------
    log_prob : (n,)
        Of each token given those before it, in nats, as ``LSTMLanguageModel.log_prob`` returns it.
    n_characters : int
        Of all texts.
    baselines : mapping of str to array (n,), optional
        The log-probabilities that simple rules give the same tokens, as ``{"unigram": ...}``.

    Returns
    -------
    LanguageJudgement
        ``perplexity``, ``exp(nats_per_token)``; ``nats_per_token``; and ``bits_per_character``, which compares models
        that divide texts into other tokens. There are no intervals: tokens of one text do not vary by themselves.

    Raises
    ------
    InputError
        Where there is no character.
    """
    if n_characters < 1:
        raise InputError("There is no character to judge by: the texts are empty.")
    return LanguageJudgement(
        headline="perplexity",
        figures=_figures(log_prob, n_characters),
        intervals={},
        baselines={rule: _figures(values, n_characters) for rule, values in (baselines or {}).items()},
        losses=-log_prob,
    )


def _figures(log_prob: NDArray[np.float64], n_characters: int) -> dict[str, float]:
    nats = -float(log_prob.mean())
    return {
        "perplexity": math.exp(nats),
        "nats_per_token": nats,
        "bits_per_character": -float(log_prob.sum()) / math.log(2) / n_characters,
    }

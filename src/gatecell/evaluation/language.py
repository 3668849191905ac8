"""Probabilities of texts."""

import math
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


def judge_language(log_prob: NDArray[np.float64], n_characters: int) -> LanguageJudgement:
    """Judge how probable texts were to a model.

    Parameters
    ----------
    log_prob : (n,)
        Of each token given those before it, in nats, as ``LSTMLanguageModel.log_prob`` returns it.
    n_characters : int
        Of all texts.

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
    losses = -log_prob
    nats = float(losses.mean())
    figures = {
        "perplexity": math.exp(nats),
        "nats_per_token": nats,
        "bits_per_character": float(losses.sum()) / math.log(2) / n_characters,
    }
    return LanguageJudgement(headline="perplexity", figures=figures, intervals={}, losses=losses)

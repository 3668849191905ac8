"""What a report on a language model shows: where a text surprised it, and what it writes by itself."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gatecell.estimators.language import LSTMLanguageModel
from gatecell.evaluation.language import LanguageJudgement
from gatecell.plotting.axes import FIRST, QUIET
from gatecell.reporting.blocks import Block, Cell, Paragraph, Passage, Picture, Section, Table, Token, Tokens, figure
from gatecell.reporting.pictures import drawn
from gatecell.reporting.subject import Judged
from gatecell.reporting.worst import without_controls

_N_SHOWN = 250
"""Tokens of the beginning of the text that are coloured."""
_N_WORST = 12
_N_BEFORE = 8
"""Tokens before one that surprised."""
_LONGEST_SAMPLE = 300
_TEMPERATURES = (0.5, 1.0)
_SEED = 0


def language_sections(estimator: LSTMLanguageModel, judged: Judged) -> list[Section]:
    """Return the sections of a language model."""
    judgement = judged.judgement
    assert isinstance(judgement, LanguageJudgement)
    tokens = _tokens(estimator, judged)
    return [
        Section("What surprised it", _surprises(tokens, judgement.losses)),
        Section("What it writes", _samples(estimator)),
    ]


def language_facts(estimator: LSTMLanguageModel) -> list[list[Cell]]:
    """Return how much was learned from, and how many tokens are known."""
    counts = estimator.token_counts_
    learned: list[list[Cell]] = [] if counts is None else [["learned from", f"{int(counts.sum()):,} tokens"]]
    return [*learned, ["vocabulary", f"{len(estimator.tokenizer_):,} tokens"]]


def _tokens(estimator: LSTMLanguageModel, judged: Judged) -> list[str]:
    """Return the tokens that the losses are of."""
    texts = [judged.X] if isinstance(judged.X, str) else judged.X
    split = estimator.tokenizer_.split
    ends = [] if estimator.one_text_ else ["⏎"]
    return [without_controls(token) for text in texts for token in [*split(text), *ends]]


def _surprises(tokens: list[str], losses: NDArray[np.float64]) -> list[Block]:
    def histogram(ax: Axes) -> object:
        ax.hist(losses, bins=60, color=FIRST)
        ax.axvline(float(losses.mean()), color=QUIET, linestyle=":", label=f"mean {losses.mean():.3f}")
        ax.set(xlabel="nats a token", ylabel="tokens")
        ax.legend()
        return ax

    largest = float(losses[:_N_SHOWN].max()) or 1.0
    shown = [Token(token, loss / largest) for token, loss in zip(tokens[:_N_SHOWN], losses.tolist(), strict=False)]
    worst = np.argsort(-losses, kind="stable")[:_N_WORST].tolist()
    rows: list[list[Cell]] = [
        [f"{place:,}", " ".join(tokens[max(0, place - _N_BEFORE) : place]), tokens[place], figure(float(losses[place]))]
        for place in worst
    ]
    return [
        Picture(drawn(histogram, "how surprising the tokens were"), "How surprising the tokens were"),
        Tokens(f"The first {len(shown)} tokens; the darker, the more surprising", shown),
        Table(["place", "what came before", "token", "nats"], rows, "The least expected tokens"),
    ]


def _samples(estimator: LSTMLanguageModel) -> list[Block]:
    blocks: list[Block] = [
        Passage(
            f"At temperature {temperature:g}, seed {_SEED}",
            without_controls(estimator.generate("", _LONGEST_SAMPLE, temperature, seed=_SEED)),
        )
        for temperature in _TEMPERATURES
    ]
    return [*blocks, Paragraph("`gatecell generate MODEL --prompt TEXT` writes more.")]

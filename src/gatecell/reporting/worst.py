"""The rows that a model gets most wrong, with what it was given, and what it looked at."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gatecell._core.errors import OptionError
from gatecell.estimators.row_estimator import RowEstimator
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.evaluation.classes import ClassJudgement, LabelSetJudgement
from gatecell.evaluation.judgement import Judgement
from gatecell.evaluation.numbers import NumberJudgement
from gatecell.plotting.axes import FIRST, SECOND, THIRD
from gatecell.plotting.gates import GateActivityDisplay
from gatecell.plotting.saliency import SaliencyDisplay, is_image
from gatecell.reporting.blocks import Block, Cell, Paragraph, Passage, Picture, Section, Table, Token, Tokens, figure
from gatecell.reporting.classes import shortened
from gatecell.reporting.pictures import drawn, drawn_grid
from gatecell.reporting.subject import Judged

_N_WORST = 8
_N_EXPLAINED = 4
_MOST_CHARACTERS = 600
_MOST_TOKENS = 90
_FEW_STEPS = 40
"""A row of gates of more steps has no room for their names."""
_SEARCHED = 1000
"""Rows among which a short one is looked for."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def worst_section(judged: Judged) -> Section:
    """Return the rows with the largest losses among those whose answer is wrong."""
    losses = judged.judgement.row_losses
    wrong = np.flatnonzero(_wrong(judged.judgement))
    if not len(wrong):
        return Section("The worst errors", [Paragraph(f"None: the answer to each of the {len(losses)} rows is right.")])
    order = wrong[np.argsort(-losses[wrong], kind="stable")][:_N_WORST].tolist()
    answers = [(judged.name(row), *_answer(judged, row)) for row in order]
    rows: list[list[Cell]] = [[name, true, said, figure(loss)] for name, true, said, loss in answers]
    blocks: list[Block] = [Table(["row", "true", "predicted", judged.judgement.loss.replace("_", " ")], rows)]
    if isinstance(judged.X[0], str):
        blocks += [
            Passage(f"{name}: true {true}, predicted {said}", snippet(judged.X[row]))
            for row, (name, true, said, _) in zip(order, answers, strict=True)
        ]
    else:
        titles = [f"{name}\ntrue {shortened(true)}, said {shortened(said)}" for name, true, said, _ in answers]
        values = [np.asarray(judged.X[row], dtype=np.float64) for row in order]
        caption = "What the network was given: values over steps; of more than three channels a line each, from above"
        if all(is_image(value.shape) for value in values):
            caption = "What the network was given: a line a step, from above"
        blocks.append(Picture(_inputs(values, titles), caption, wide=True))
    return Section("The worst errors", blocks)


def looking_section(estimator: RowEstimator, judged: Judged) -> Section:
    """Return what some rows' steps add to the answer, and what the gates do."""
    judgement = judged.judgement
    worst = np.argsort(-judgement.row_losses, kind="stable")
    # two that it gets most wrong, two that it is surest of
    chosen = list(dict.fromkeys([*worst[: _N_EXPLAINED // 2].tolist(), *worst[-(_N_EXPLAINED // 2) :].tolist()]))
    blocks: list[Block] = []
    for row in chosen:
        true, said, _ = _answer(judged, row)
        title = f"{judged.name(row)}: true {true}, predicted {said}"
        if isinstance(estimator, LSTMTextClassifier):
            blocks += _texts(estimator, judged.X[row], title)
        else:
            blocks.append(_values(estimator, judged.X[row], title))
    row = _short_row(judged.X)
    steps = estimator.step_names(judged.X[row])
    blocks.append(_gates(estimator, judged.X[row], f"{judged.name(row)}: gates and states of the first layer", steps))
    of = "the number" if isinstance(judgement, NumberJudgement) else "the log-odds of the predicted class"
    colour = "Orange" if isinstance(estimator, LSTMTextClassifier) else "Red"
    text = f"{colour} adds to {of}, blue takes from it (integrated gradients); the gates are those of one short row."
    return Section("What it looks at", [Paragraph(text), *blocks])


def snippet(text: str) -> str:
    """Return the beginning of a text, without characters that control a terminal."""
    short = (
        text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS].rstrip()} … ({len(text):,} characters)"
    )
    return without_controls(short)


def without_controls(text: str) -> str:
    """Return a text with a mark in the place of each character that controls a terminal."""
    return _CONTROL.sub("\ufffd", text)


def _wrong(judgement: Judgement) -> NDArray[np.bool_]:
    """Return of each row whether its answer is not the true one; of numbers, whether they differ at all."""
    match judgement:
        case ClassJudgement():
            wrong: NDArray[np.bool_] = judgement.decided != judgement.true
        case LabelSetJudgement():
            wrong = ((judgement.probabilities > 0.5) != judgement.true).any(axis=1)
        case _:
            wrong = judgement.row_losses > 0
    return wrong


def _answer(judged: Judged, row: int) -> tuple[str, str, float]:
    """Return what is true of a row, what was predicted, both as text, and the loss."""
    judgement = judged.judgement
    loss = float(judgement.row_losses[row])
    match judgement:
        case ClassJudgement():
            place = int(judgement.decided[row])
            labels = judgement.classes.tolist()
            said = f"{labels[place]} ({judgement.probabilities[row, place]:.1%})"
            return str(labels[int(judgement.true[row])]), said, loss
        case LabelSetJudgement():
            names = [str(label) for label in judgement.classes.tolist()]
            return _joined(names, judgement.true[row]), _joined(names, judgement.probabilities[row] > 0.5), loss
        case NumberJudgement():
            return _numbers(judgement.true[row]), _numbers(judgement.predicted[row]), loss
        case _:
            return "", "", loss


def _joined(names: Sequence[str], there: Any) -> str:
    return ", ".join(name for name, yes in zip(names, there, strict=True) if yes) or "none"


def _numbers(values: Any) -> str:
    return ", ".join(figure(value).text for value in np.atleast_1d(values).tolist())


def _texts(estimator: LSTMTextClassifier, text: str, title: str) -> list[Block]:
    blocks: list[Block] = [Tokens(f"{title}. What each token adds", _window(estimator.saliency(text)))]
    try:
        blocks.append(Tokens(f"{title}. Attention", _window(estimator.attention(text))))
    except OptionError:  # a pooling without attention, or tokens joined by a convolution
        return blocks
    return blocks


def _window(pairs: Sequence[tuple[str, float]]) -> list[Token]:
    """Return the stretch of tokens with the largest weights, and marks where something was left out."""
    weights = np.array([weight for _, weight in pairs])
    largest = float(np.abs(weights).max()) or 1.0
    start = 0
    if len(pairs) > _MOST_TOKENS:
        sums = np.convolve(np.abs(weights), np.ones(_MOST_TOKENS), mode="valid")
        start = int(sums.argmax())
    kept = [Token(without_controls(token), weight / largest) for token, weight in pairs]
    shown = kept[start : start + _MOST_TOKENS]
    before = [Token("…", 0.0)] if start else []
    after = [Token("…", 0.0)] if start + _MOST_TOKENS < len(pairs) else []
    return [*before, *shown, *after]


def _values(estimator: RowEstimator, row: Any, title: str) -> Block:
    values = estimator.saliency(row)

    def draw(ax: Axes) -> object:
        return SaliencyDisplay.from_predictions(values, channels=getattr(estimator, "feature_names_in_", None), ax=ax)

    height = 3.8 if is_image(values.shape) else min(4.0, 1.4 + 0.12 * values.shape[1])
    return Picture(drawn(draw, f"saliency, {title}", (4.8, height), grid=False), title)


def _gates(estimator: RowEstimator, row: Any, title: str, steps: list[str] | None) -> Block:
    trace = estimator.gates(row)[0]
    names = steps if steps is not None and len(steps) == len(trace.h) else None

    def draw(ax: Axes) -> object:
        return GateActivityDisplay.from_trace(trace, steps=names, ax=ax)

    return Picture(drawn(draw, title, (5.2, 4.4), grid=False), title)


def _short_row(X: Any) -> int:
    """Return a row of few steps, since of these the picture can be read."""
    lengths = [len(row.split()) if isinstance(row, str) else len(row) for row in X[:_SEARCHED]]
    short = [row for row, length in enumerate(lengths) if 5 <= length <= _FEW_STEPS]
    return short[0] if short else int(np.argmin(lengths))


def _inputs(values: Sequence[np.ndarray], titles: Sequence[str]) -> str:
    columns = 4
    n_rows = -(-len(values) // columns)

    def draw(axes: list[Axes]) -> object:
        for ax, value, title in zip(axes, values, titles, strict=False):
            table = value[:, None] if value.ndim == 1 else value
            if is_image(table.shape):
                ax.imshow(table, cmap="viridis", interpolation="nearest")
            elif table.shape[1] > 3:
                ax.imshow(table.T, aspect="auto", cmap="viridis", interpolation="nearest")
            else:
                for channel, colour in zip(table.T, (FIRST, SECOND, THIRD), strict=False):
                    ax.plot(channel, color=colour, linewidth=1)
            ax.set_title(title, fontsize=8, parse_math=False)
            ax.tick_params(labelsize=7)
        for ax in axes[len(values) :]:
            ax.axis("off")
        return axes

    return drawn_grid(draw, "inputs of the worst errors", (n_rows, columns), (8.4, 2.1 * n_rows))

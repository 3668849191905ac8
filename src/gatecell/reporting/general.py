"""What every report has: figures, data, learning curves, network, and how it was made."""

import json
from collections.abc import Iterator
from typing import Any

from gatecell.artifact.format import library_versions
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.restoring import OF_A_RUN
from gatecell.evaluation.judgement import Judgement
from gatecell.nn.summary import layers_of
from gatecell.plotting.graph import NetworkGraphDisplay
from gatecell.plotting.history import HistoryDisplay, figures_of
from gatecell.reporting.blocks import Block, Card, Cell, Listing, Paragraph, Picture, Section, Table, figure
from gatecell.reporting.pictures import drawn
from gatecell.reporting.subject import Judged, Origin

_LESS_IS_BETTER = ("loss", "error", "mae", "rmse", "smape", "mase", "perplexity", "bits", "nats", "width")
_MOST_FIGURES = 4
"""Learning curves of the loss and of as many figures as make three."""


def cards(estimator: LSTMEstimator, origin: Origin, judged: Judged | None) -> Iterator[Card]:
    """Yield what is to be seen first."""
    if judged is not None:
        judgement = judged.judgement
        name = judgement.headline
        bounds = judgement.intervals.get(name)
        note = f"95 %: {figure(bounds[0]).text} to {figure(bounds[1]).text}" if bounds else ""
        yield Card(worded(name), figure(judgement.figures[name]), note)
        for rule, figures in judgement.baselines.items():
            if name in figures:
                yield Card(f"{worded(name)}, {worded(rule)}", figure(figures[name]), "simple rule")
    parameters = sum(parameter.numel() for parameter in estimator.network_.parameters())
    yield Card("parameters", f"{parameters:,}", type(estimator).__name__)
    n_epochs = len(estimator.history_)
    seconds = origin.seconds.get("fit", estimator.training_.seconds)
    yield Card("training", duration(seconds), f"{n_epochs} epoch{'s' if n_epochs != 1 else ''}")


def verdict(judgement: Judgement, advice: str = "") -> str:
    """Return in a sentence whether the model is better than the best simple rule, by more than noise.

    ``advice`` stands behind it where the model is not better.
    """
    name = judgement.headline
    rules = {rule: figures[name] for rule, figures in judgement.baselines.items() if name in figures}
    if not rules:
        return "No simple rule is known to compare with."
    less = less_is_better(name)
    rule = (min if less else max)(rules, key=lambda known: rules[known])
    own, best = judgement.figures[name], rules[rule]
    low, high = judgement.intervals.get(name, (own, own))
    how = ", by more than the luck of these rows" if name in judgement.intervals else ""
    better, worse = (high < best, low > best) if less else (low > best, high < best)
    what = f"the best simple rule ({worded(rule)}, {worded(name)} {figure(best).text})"
    if better:
        return f"Better than {what}{how}."
    if worse:
        return f"Worse than {what}{how}. {advice}".rstrip()
    return f"Not to be told apart from {what} by these rows. {advice}".rstrip()


def next_step(estimator: LSTMEstimator) -> str:
    """Return in a sentence what to try first with a model that is not better than a simple rule."""
    training, n_epochs = estimator.training_, len(estimator.history_)
    if not training.stopped_early and training.best_epoch == n_epochs:
        return (
            f"Try more epochs first (--set max_epochs={2 * n_epochs}): the last one was the best, so that the model "
            "was still learning."
        )
    return (
        "Try a search of the learning rate and the size first (gatecell tune); where that does not help, more rows, or "
        "what else may tell the answers."
    )


def figures_section(judged: Judged) -> Section:
    """Return every figure, its interval, and what simple rules reach."""
    judgement = judged.judgement
    rules = list(judgement.baselines)
    rows: list[list[Cell]] = []
    for name, value in judgement.figures.items():
        bounds = judgement.intervals.get(name)
        interval = f"{figure(bounds[0]).text} to {figure(bounds[1]).text}".replace(" ", "\u00a0") if bounds else ""
        others = [judgement.baselines[rule].get(name) for rule in rules]
        rows.append(
            [
                worded(name),
                figure(value),
                *([interval] if judgement.intervals else []),
                *("" if v is None else figure(v) for v in others),
            ]
        )
    note = "Intervals are bootstrap percentiles: how far a figure would move had other such rows been drawn."
    notes = [Paragraph(note)] if judgement.intervals else []
    headings = ["figure", "model", *(["95 % interval"] if judgement.intervals else []), *map(worded, rules)]
    return Section(
        f"Figures on {judged.what}",
        [Table(headings, rows), *notes],
    )


def curves_section(estimator: LSTMEstimator) -> Section | None:
    """Return the learning curves; None where the history is empty."""
    rows = list(estimator.history_)
    names = figures_of(rows)[:_MOST_FIGURES]
    if not names or len(rows) < 1:
        return None
    best = estimator.training_.best_epoch

    def curve(name: str) -> Picture:
        def draw(ax: Any) -> object:
            return HistoryDisplay.from_history(rows, figure=name, best_epoch=best, ax=ax)

        return Picture(drawn(draw, f"{name} over epochs"), f"{worded(name).capitalize()} over epochs")

    blocks: list[Block] = [curve(name) for name in names]
    stopped = " Early stopping ended the training." if estimator.training_.stopped_early else ""
    text = "Training figures are measured while the weights move and dropout is on, so they may lie on the wrong side."
    return Section("Learning curves", [*blocks, Paragraph(text + stopped)])


def network_section(estimator: LSTMEstimator) -> Section:
    """Return the graph of the network and its summary."""
    layers = layers_of(estimator.network_, estimator._n_steps)
    size = (3.9, 0.75 * len(layers))

    def draw(ax: Any) -> object:
        return NetworkGraphDisplay(layers).plot(ax)

    picture = Picture(drawn(draw, "the layers of the network", size, grid=False), "Layers, shapes, parameters")
    return Section("Network", [picture, Listing(estimator.summary())])


def making_section(estimator: LSTMEstimator, origin: Origin) -> Section:
    """Return all that it takes to make the model again."""
    seed = origin.seed if origin.seed is not None else getattr(estimator, "random_state", None)
    facts: list[list[Cell]] = [["seed", str(seed if isinstance(seed, int) else estimator.seed_)]]
    facts += [[f"seconds, {worded(name)}", f"{value:,.2f}"] for name, value in origin.seconds.items()]
    facts += [[f"version of {name}", text] for name, text in library_versions().items()]
    parameters = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if value is not None and name not in (*OF_A_RUN, "verbose")
    }
    blocks: list[Block] = []
    if origin.command:
        blocks += [Paragraph("The command that makes this model again:"), Listing(origin.command)]
    blocks += [Paragraph(text) for text in origin.departures]
    blocks += [
        Table(["fact", "value"], facts, "Facts"),
        Table(["parameter", "value"], [[name, _shown(value)] for name, value in parameters.items()], "Parameters"),
        Paragraph("Which engine runs each LSTM, and why the others do not:"),
        Listing(estimator.explain()),
    ]
    return Section("How it was made", blocks)


def worded(name: str) -> str:
    """Return a name as words."""
    return name.replace("_", " ")


def less_is_better(name: str) -> bool:
    """Return whether a smaller figure is the better one."""
    return any(word in name for word in _LESS_IS_BETTER)


def duration(seconds: float) -> str:
    """Return a time as one says it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _shown(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return str(value)

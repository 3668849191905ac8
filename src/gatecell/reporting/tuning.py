"""What a report shows of a search: what was tried, what mattered, and where to look next."""

from collections.abc import Callable, Iterator

from matplotlib.axes import Axes

from gatecell.plotting.trials import ImportanceDisplay, SliceDisplay, TrialsDisplay
from gatecell.reporting.blocks import Block, Card, Paragraph, Picture, Section, Table, figure
from gatecell.reporting.general import duration, worded
from gatecell.reporting.pictures import drawn
from gatecell.tuning.trials import Tuning, columns_of, shown

_MOST_ROWS = 50
"""Of the table of trials."""


def search_card(tuning: Tuning) -> Card:
    """Return the best score at a glance."""
    return Card(
        f"{worded(tuning.scoring)} in the search", figure(tuning.best_score), f"best of {len(tuning.trials)} trials"
    )


def search_section(tuning: Tuning) -> Section:
    """Return the trials in a table and in pictures."""
    return Section("Search", list(_blocks(tuning)))


def _blocks(tuning: Tuning) -> Iterator[Block]:
    counts = ", ".join(f"{count:,} {state}" for state, count in tuning.counts().items())
    yield Paragraph(f"By {tuning.by}: {counts}, in {duration(tuning.seconds)}. Best: {shown(tuning.best_params)}.")
    yield Paragraph(
        f"A score is {worded(tuning.scoring)} on {tuning.evaluation}; more is better. The best of many is better by "
        "luck, too: what it is worth is measured on rows that took no part in the search."
    )
    ranked = tuning.ranked()
    headings, rows = columns_of(ranked[:_MOST_ROWS], tuning.space)
    caption = "" if len(ranked) <= _MOST_ROWS else f"The best {_MOST_ROWS} of {len(ranked):,} trials."
    yield Table(headings, rows, caption)
    yield _picture(lambda ax: TrialsDisplay.from_tuning(tuning, ax=ax), "scores over trials", "Scores, trial by trial")
    if tuning.importances:
        size = (4.8, 0.9 + 0.34 * len(tuning.importances))
        yield _picture(
            lambda ax: ImportanceDisplay.from_tuning(tuning, ax=ax),
            "importance of parameters",
            "How much of the spread of the scores each parameter explains",
            size,
        )
    for name in tuning.space:
        if len({str(trial.params.get(name)) for trial in tuning.trials if trial.score is not None}) > 1:
            yield _slice(tuning, name)
    failed = [trial for trial in tuning.trials if trial.state == "failed"]
    if failed:
        yield Table(
            ["trial", "parameters", "error"],
            [[str(trial.number), shown(trial.params), trial.error] for trial in failed[:_MOST_ROWS]],
            "Trials that failed",
        )


def _slice(tuning: Tuning, name: str) -> Picture:
    def draw(ax: Axes) -> object:
        return SliceDisplay.from_tuning(tuning, name, ax=ax)

    return _picture(
        draw,
        f"scores over {name}",
        f"Scores over {worded(name)}; later trials are darker, the best is orange",
        (4.0, 2.9),
    )


def _picture(
    draw: Callable[[Axes], object], label: str, caption: str, size: tuple[float, float] = (4.8, 3.2)
) -> Picture:
    return Picture(drawn(draw, label, size), caption)

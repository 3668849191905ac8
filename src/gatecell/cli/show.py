"""How results appear: aligned lines for people, one JSON object for programs.

All that a command shows goes through here, where what would steer a terminal is made visible.
"""

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecell._core.errors import TrainingError
from gatecell._core.visible import visible

if TYPE_CHECKING:
    from gatecell.evaluation.judgement import Judgement


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of standard output.

    Raises
    ------
    TrainingError
        Where a number is NaN or infinite, which JSON cannot say.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise TrainingError(
            "The result has a number that is NaN or infinite, which JSON cannot say. Look at it without --json; "
            "the data or the learning rate may be far too large."
        ) from error
    # the one character of ASCII that steers and is not escaped by JSON
    print_line(text.replace("\x7f", "\\u007f"))


def print_line(text: str = "") -> None:
    """Print a line, or several, on standard output."""
    sys.stdout.write(visible(text) + "\n")


def print_data(text: str) -> None:
    """Print what a program may read: as it is, but on a terminal."""
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)


def say(text: str) -> None:
    """Print a line on standard error, for people who wait."""
    sys.stderr.write(visible(text) + "\n")


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values, the values under each other."""
    pairs = [(visible(name, line=True), visible(value, line=True)) for name, value in pairs]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print_line(f"{name:<{width}}  {value}")


def metric_pairs(
    metrics: Mapping[str, float], intervals: Mapping[str, Iterable[float]] | None = None
) -> list[tuple[str, str]]:
    """Return figures as text of four digits, with their 95 % intervals where there are some."""
    bounds = {name: " to ".join(map(_four_digits, values)) for name, values in (intervals or {}).items()}
    return [
        (name, _four_digits(value) + (f"  (95 %: {bounds[name]})" if name in bounds else ""))
        for name, value in metrics.items()
    ]


def file_pairs(model: str, report: str, logs: str) -> list[tuple[str, str]]:
    """Return where the files of a job lie, as one types it here; empty ones are left out."""
    return [(name, near(path)) for name, path in (("model", model), ("report", report), ("logs", logs)) if path]


def _four_digits(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"


def print_judgement(judgement: "Judgement", *, json: bool, **about: Any) -> None:
    """Print figures with their intervals."""
    metrics, intervals = judgement.metrics(), judgement.named_intervals()
    if json:
        print_json({**about, "metrics": metrics, "intervals": intervals})
    else:
        print_pairs(metric_pairs(metrics, intervals))
        for sentence in judgement.verdicts():
            print_line(sentence)


def print_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print rows under headings, the values of a column under each other."""
    lines = [[visible(value, line=True) for value in line] for line in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print_line("  ".join(f"{value:>{width}}" for value, width in zip(line, widths, strict=True)))


def print_search(search: Mapping[str, Any]) -> None:
    """Print what a search tried, the best first, and how many of which state there are."""
    from gatecell.tuning.trials import Tuning, columns_of  # noqa: PLC0415

    tuning = Tuning.from_json(search)
    ranked = tuning.ranked()
    counts = ", ".join(f"{count:,} {state}" for state, count in tuning.counts().items())
    print_line(
        f"Search by {tuning.by}: {counts}, {tuning.seconds:.1f} s. A score is {tuning.scoring} on {tuning.evaluation}."
    )
    print_line()
    print_table(*columns_of(ranked[:MOST_TRIALS], tuning.space))
    if len(ranked) > MOST_TRIALS:
        print_line(f"and {len(ranked) - MOST_TRIALS:,} more, in the report")
    print_line()


MOST_NAMES = 12
"""Of channels on a line."""
MOST_TRIALS = 20
"""Of the table of a search."""


def print_next(*commands: Iterable[str]) -> None:
    """Print what to try next."""
    print_line()
    print_line("Next:")
    for command in commands:
        print_line(f"  {shlex.join(command)}")


def setting(value: object) -> str:
    """Return a value as one writes it after ``--set KEY=``."""
    return (
        {None: "none", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def listed(value: object) -> str:
    """Return a value as text: of a list its members, of a mapping ``name=value``, with commas between them."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={listed(inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return (
            ", ".join(
                f"({listed(item)})" if isinstance(item, list | tuple | Mapping) else listed(item) for item in value
            )
            or "none"
        )
    return f"{value:.6g}" if isinstance(value, float) else setting(value)


def near(path: str | Path) -> str:
    """Return a path as one types it here: relative where it lies below the working directory."""
    path = Path(path)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

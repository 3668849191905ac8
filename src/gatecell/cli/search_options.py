"""The options of a search, each written once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatecell._core.errors import OptionError
from gatecell._core.search_defaults import MEASURED_SHARE

if TYPE_CHECKING:
    from gatecell.recipes.searching import SearchPlan

Search = Annotated[
    list[str] | None,
    typer.Option(
        "--search",
        metavar="KEY=VALUES",
        help="What to search, as hidden_size=32,64 or learning_rate=1e-4..1e-2:log; may be given again. "
        "Without it the default space of the estimator.",
    ),
]
Trials = Annotated[int, typer.Option("--n-trials", metavar="N", help="Trials of the study when it is done.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="Stop to search after so long; --resume goes on.")
]
Cv = Annotated[
    str, typer.Option("--cv", metavar="SHARE", help="The share of the rows to measure on, or a number of folds.")
]
NoPrune = Annotated[bool, typer.Option("--no-prune", help="Let every trial run to its end.")]
Study = Annotated[
    Path | None,
    typer.Option("--study", metavar="FILE", help="Where the trials are kept; beside the model if not said."),
]
CV = str(MEASURED_SHARE)


def plan_of(
    search: list[str] | None, n_trials: int, timeout: float | None, cv: str | None, no_prune: bool, study: Path | None
) -> "SearchPlan":
    """Return the search that the options describe; ``cv`` is None of a command without ``--cv``.

    Raises
    ------
    OptionError
        Where one of them cannot be read.
    """
    from gatecell.recipes.search_space import parse_space  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.searching import SearchPlan  # noqa: PLC0415

    try:
        parts: int | float | None = None if cv is None else int(cv) if cv.isdecimal() else float(cv)
    except ValueError:
        raise OptionError(f"--cv must be a share, as 0.2, or a number of folds, as 3; got {cv!r}.") from None
    return SearchPlan(
        space=parse_space(search or []), n_trials=n_trials, timeout=timeout, cv=parts, prune=not no_prune, study=study
    )

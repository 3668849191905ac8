"""The learning rate for the user's own data, by a sweep."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from gatecell._core.checks import check_integer
from gatecell._core.errors import OptionError
from gatecell._core.files import atomic_path
from gatecell.estimators.loading import ESTIMATORS
from gatecell.plotting.learning_rate import LearningRateDisplay
from gatecell.recipes.job import PARAMETERS, TASKS, Task
from gatecell.recipes.settings import check_names, labels_as_in, merged

PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True, kw_only=True)
class RateResult:
    """What came of a sweep."""

    task: str
    seed: int
    suggestion: float | None
    """The rate at which the loss has fallen half way to its lowest; None where it hardly falls."""
    rates: list[float]
    losses: list[float]
    """Of the batch at each rate."""
    picture: str
    """The picture's file, absolute."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``gatecell learning-rate --json`` prints."""
        return asdict(self)


def rate_of(
    task: Task,
    *data: Any,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    output: str | Path,
    reading: Mapping[str, Any] | None = None,
) -> RateResult:
    """Make the curve of an estimator on data, and draw it.

    Parameters
    ----------
    task : str
        A key of ``gatecell.recipes.job.TASKS``.
    *data
        What the estimator's ``fit`` takes.
    settings, seed
        See ``gatecell.recipes.own_data.fit_file``.
    output : path
        The picture, ``.png``, ``.svg`` or ``.pdf``; one that is there is replaced.
    reading : mapping, optional
        What else ``fit`` takes.

    Raises
    ------
    InputError, OptionError, UnknownNameError
        As ``gatecell.recipes.own_data.fit_file``.
    """
    settings = dict(settings or {})
    estimator_class = ESTIMATORS[TASKS[task]]
    check_names(settings, estimator_class().get_params(deep=False))
    check_integer("seed", seed, minimum=0)
    path = Path(output).expanduser()
    if path.suffix not in PICTURES:
        raise OptionError(f"A picture's file ends in one of {', '.join(PICTURES)}, got {path}. Try {path}.png.")
    parameters = merged(PARAMETERS[task], settings)
    if "class_weight" in parameters:
        parameters["class_weight"] = labels_as_in(data[1], parameters["class_weight"])
    curve = estimator_class(**parameters, random_state=seed).learning_rate_curve(*data, **(reading or {}))
    picture = Figure(figsize=(6.4, 4.0), layout="constrained")
    LearningRateDisplay.from_curve(curve, ax=picture.subplots())
    with atomic_path(path) as part:
        picture.savefig(part, format=path.suffix[1:], dpi=144)
    return RateResult(
        task=task,
        seed=seed,
        suggestion=curve.suggestion,
        rates=curve.rates.tolist(),
        losses=curve.losses.tolist(),
        picture=str(path.resolve()),
    )

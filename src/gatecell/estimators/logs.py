"""Which logger a fit has, and what it is told of the estimator."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gatecell._core.records import plain
from gatecell.estimators.restoring import OF_A_RUN
from gatecell.training.loggers import RunLog, new_logger

if TYPE_CHECKING:
    from gatecell.estimators.base import LSTMEstimator

_KEPT = "_log"
"""The attribute that holds ``(the parameter logger, the logger that came of it)``."""
_LEFT_OUT = (*OF_A_RUN, "verbose", "vectors")
"""Parameters that say nothing of what was learned, or are too large."""
_MOST_CHARACTERS = 250
"""Of a text that is logged; what MLflow takes in every version."""


def new_log(estimator: "LSTMEstimator") -> RunLog | None:
    """Return the log of a new fit, and keep it on the estimator; None where none is asked for."""
    estimator.__dict__.pop(_KEPT, None)
    logger = new_logger(estimator.logger, estimator.logger_dir, type(estimator).__name__)
    if logger is None:
        return None
    setattr(estimator, _KEPT, (estimator.logger, logger))
    return RunLog(logger, logged_parameters(estimator))


def log_going_on(estimator: "LSTMEstimator") -> RunLog | None:
    """Return the log of the last fit, to go on with; a new one where it is gone, or another is asked for by now."""
    asked, logger = vars(estimator).get(_KEPT, (None, None))
    if logger is None or asked != estimator.logger:
        return new_log(estimator)
    return RunLog(logger)


def without_log(state: dict[str, Any]) -> dict[str, Any]:
    """Return what a copy of an estimator has: it logs to a place of its own."""
    return {name: value for name, value in state.items() if name != _KEPT}


def logged_parameters(estimator: "LSTMEstimator") -> dict[str, Any]:
    """Return the class, the seed and the parameters of an estimator: a number, a text, a bool or None each."""
    parameters = {name: value for name, value in estimator.get_params(deep=False).items() if name not in _LEFT_OUT}
    return {"estimator": type(estimator).__name__, "seed": estimator.seed_, **dict(_flat(parameters))}


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        value = plain(value)  # noqa: PLW2901  numbers of NumPy as Python's own
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            simple = value is None or isinstance(value, bool | int | float)
            yield f"{prefix}{name}", value if simple else str(value)[:_MOST_CHARACTERS]

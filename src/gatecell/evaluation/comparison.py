"""Whether two models differ by more than the luck of the rows, both judged on the same rows."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from gatecell._core.errors import InputError
from gatecell.evaluation.classes import ClassJudgement
from gatecell.evaluation.intervals import LEVEL, bootstrap_interval
from gatecell.evaluation.judgement import Judgement

_N_RESAMPLES = 2000


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models on the same rows."""

    figure: str
    """What is compared."""
    first: float
    """Of the one model."""
    second: float
    """Of the other."""
    interval: tuple[float, float]
    """95 % interval of ``first - second``, by bootstrap of pairs."""
    p_value: float | None
    """Of McNemar's exact test, of classifiers: how likely so uneven a share of the rows that only one of them gets
    right is, where both are equally good. None elsewhere."""
    n_rows: int

    @property
    def more_than_noise(self) -> bool:
        """Whether the difference is more than the luck of these rows, at 95 %."""
        if self.p_value is not None:
            return self.p_value < 1 - LEVEL / 100
        return self.interval[0] > 0 or self.interval[1] < 0

    def to_json(self) -> dict[str, object]:
        """Return the fields as JSON values, with ``difference`` and ``more_than_noise``."""
        return {
            **asdict(self),
            "interval": list(self.interval),
            "difference": self.first - self.second,
            "more_than_noise": self.more_than_noise,
        }

    def __str__(self) -> str:
        low, high = self.interval
        p_text = "" if self.p_value is None else f", McNemar p = {self.p_value:.2g}"
        verdict = "more than noise" if self.more_than_noise else "no more than noise"
        return (
            f"{self.figure} {self.first:.4f} against {self.second:.4f} on {self.n_rows:,} rows: difference "
            f"{self.first - self.second:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}{p_text}: {verdict}."
        )


def compare(first: Judgement, second: Judgement) -> Comparison:
    """Compare two models by what they say of the same rows, in the same order.

    Classifiers are compared by accuracy, through McNemar's exact test (Dietterich 1998); others by the mean of their
    rows' losses, through a bootstrap of pairs.

    Parameters
    ----------
    first, second : Judgement
        Of the same kind, of the same rows.

    Raises
    ------
    InputError
        Where the rows or the tasks are not the same.
    """
    if type(first) is not type(second):
        raise InputError("The two models do not predict the same kind of thing, so they cannot be compared.")
    if len(first.row_losses) != len(second.row_losses) or not _same_truth(first, second):
        raise InputError("The two models were not judged on the same rows. Judge both on the same data.")
    p_value = None
    if isinstance(first, ClassJudgement) and isinstance(second, ClassJudgement):
        one, other = first.decided == first.true, second.decided == second.true
        only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
        p_value = 1.0 if only_one + only_other == 0 else float(binomtest(only_one, only_one + only_other).pvalue)
        differences = one.astype(np.float64) - other
        values = first.figures["accuracy"], second.figures["accuracy"]
    else:
        differences = first.row_losses - second.row_losses
        values = float(first.row_losses.mean()), float(second.row_losses.mean())
    interval = bootstrap_interval(differences, n_resamples=_N_RESAMPLES)
    if interval is None:
        raise InputError("One row cannot tell two models apart. Give more rows.")
    return Comparison(
        figure="accuracy" if p_value is not None else first.loss,
        first=values[0],
        second=values[1],
        interval=interval,
        p_value=p_value,
        n_rows=len(differences),
    )


def _same_truth(first: Judgement, second: Judgement) -> bool:
    one, other = _truth(first), _truth(second)
    return one is None or other is None or (one.shape == other.shape and bool((one == other).all()))


def _truth(judgement: Judgement) -> NDArray[np.generic] | None:
    true = getattr(judgement, "true", None)
    if true is not None and isinstance(judgement, ClassJudgement):
        return judgement.classes[judgement.true]
    return true

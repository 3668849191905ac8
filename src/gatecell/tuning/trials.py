"""What came of a search, as data: its trials, the best of them, and what mattered."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self, cast, get_args

from gatecell._core.errors import ArtifactError
from gatecell._core.records import record_to_dict
from gatecell._core.stated import Stated
from gatecell.tuning.space import label

if TYPE_CHECKING:
    import pandas as pd

State = Literal["finished", "pruned", "failed"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One try of some parameters."""

    number: int
    """Its number in the study, from 0. A number is missing where a trial was killed, and run again under another."""
    state: State
    """``"pruned"``: broken off, since others had been better at that epoch; ``"failed"``: an error ended it."""
    params: Mapping[str, Any]
    """What it tried."""
    score: float | None = None
    """The mean over its folds, more is better; None unless it finished."""
    scores: tuple[float, ...] = ()
    """Of each fold."""
    losses: tuple[float, ...] = ()
    """The validation loss of each epoch, of the first fold; empty where none was measured."""
    seconds: float = 0.0
    """Wall time."""
    epochs: int | None = None
    """Whose weights were kept, the median of the folds; None of what does not learn in epochs."""
    error: str = ""
    """Why it failed."""

    @property
    def spread(self) -> float | None:
        """The standard deviation of the scores over folds; None where there are fewer than two."""
        if len(self.scores) < 2:
            return None
        mean = math.fsum(self.scores) / len(self.scores)
        return math.sqrt(math.fsum((score - mean) ** 2 for score in self.scores) / len(self.scores))


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What came of a search."""

    trials: tuple[Trial, ...]
    """In the order in which they began."""
    space: Mapping[str, Any]
    """What was searched, as ``gatecell.tuning.space.space_to_json`` has it."""
    scoring: str
    """What a score is, such as ``"accuracy"``; more is better."""
    evaluation: str
    """On which rows it was measured, in words."""
    by: str
    """``"Optuna"`` or ``"GridSearchCV"``."""
    seconds: float
    """Wall time of the trials, those of earlier calls included."""
    importances: Mapping[str, float] = field(default_factory=dict)
    """Parameter to its share in the spread of the scores (Hutter, Hoos & Leyton-Brown 2014); empty where too few trials
    finished to say."""
    best_estimator: Any = field(default=None, compare=False)
    """The best parameters, fitted to all rows; None where that was not asked for."""

    @property
    def best(self) -> Trial:
        """The trial with the highest score, the first of those that are equal."""
        return max((trial for trial in self.trials if trial.score is not None), key=lambda trial: trial.score or 0.0)

    @property
    def best_params(self) -> dict[str, Any]:
        """Its parameters."""
        return dict(self.best.params)

    @property
    def best_score(self) -> float:
        """Its score."""
        score = self.best.score
        assert score is not None
        return score

    def with_estimator(self, estimator: Any) -> Self:
        """Return the same with the fitted estimator."""
        return replace(self, best_estimator=estimator)

    def ranked(self) -> list[Trial]:
        """Return the trials, the best first; those without a score come last, in their order."""
        return sorted(self.trials, key=lambda trial: (trial.score is None, -(trial.score or 0.0), trial.number))

    def counts(self) -> dict[str, int]:
        """Return how many trials finished, were pruned and failed; without those that there are none of."""
        counts = {
            state: sum(trial.state == state for trial in self.trials) for state in ("finished", "pruned", "failed")
        }
        return {state: count for state, count in counts.items() if count}

    def to_frame(self) -> "pd.DataFrame":
        """Return a table of the trials, the best first, a column for each parameter."""
        import pandas as pd  # noqa: PLC0415  a second of import that the search itself does not need

        rows = [
            {"number": t.number, "state": t.state, "score": t.score, "spread": t.spread}
            | {f"param_{name}": t.params.get(name) for name in self.space}
            | {"epochs": t.epochs, "seconds": t.seconds, "error": t.error}
            for t in self.ranked()
        ]
        return pd.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """Return all but the estimator as JSON values."""
        trials = [record_to_dict(trial) | {"params": _plain(trial.params)} for trial in self.trials]
        own = {name: getattr(self, name) for name in ("scoring", "evaluation", "by", "seconds")}
        best = {"best_params": _plain(self.best_params), "best_score": self.best_score, "best_trial": self.best.number}
        return {**own, **best, "space": dict(self.space), "importances": dict(self.importances), "trials": trials}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build from ``to_json``'s result.

        Raises
        ------
        ArtifactError
            Where it is something else.
        """
        try:
            stated = Stated(values, "the search")
            shares = stated.inner("importances")
            stated.inner("space")
            tuning = cls(
                trials=tuple(_trial(Stated(item, "a trial")) for item in stated.listed("trials")),
                space=stated.value("space"),
                importances={name: shares.number(name) for name in stated.value("importances")},
                seconds=stated.number("seconds"),
                **{name: stated.text(name) for name in ("scoring", "evaluation", "by")},
            )
            tuning.best  # noqa: B018  there must be one
        except (ArtifactError, ValueError) as error:
            raise ArtifactError(f"This is no result of a search: {error}.") from error
        return tuning


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.loads(label(value)) for name, value in params.items()}


def _trial(stated: Stated) -> Trial:
    stated.inner("params")
    return Trial(
        number=stated.whole("number"),
        state=cast("State", stated.choice("state", get_args(State))),
        params=stated.value("params"),
        score=stated.number("score") if stated.has("score") else None,
        scores=tuple(stated.numbers("scores")),
        losses=tuple(stated.numbers("losses")),
        seconds=stated.number("seconds"),
        epochs=stated.whole("epochs") if stated.has("epochs") else None,
        error=stated.text("error"),
    )


def shown(params: Mapping[str, Any]) -> str:
    """Return parameters in a line, numbers as short as they can be told apart."""
    return ", ".join(f"{name}={short(value)}" for name, value in params.items())


def short(value: Any) -> str:
    """Return the value of a parameter as a table has room for it."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else label(value)


def columns_of(trials: Sequence[Trial], space: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of text for a table of trials: number, score, spread, parameters, epochs, seconds."""
    folds = any(trial.spread is not None for trial in trials)
    timed = any(trial.epochs is not None for trial in trials)
    headings = ["trial", "score", *(["+-"] if folds else []), *space, *(["epochs"] if timed else []), "seconds"]
    rows = []
    for trial in trials:
        score = trial.state if trial.score is None else f"{trial.score:.4f}"
        epochs = trial.epochs if trial.state != "pruned" else len(trial.losses)
        rows.append(
            [
                str(trial.number),
                score,
                *(["" if trial.spread is None else f"{trial.spread:.4f}"] if folds else []),
                *(short(trial.params[name]) if name in trial.params else "" for name in space),
                *(["" if epochs is None else str(epochs)] if timed else []),
                f"{trial.seconds:.1f}",
            ]
        )
    return headings, rows

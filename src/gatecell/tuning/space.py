"""What is searched: for each parameter a range or some choices."""

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import Any

from gatecell._core.checks import check_flag, check_number
from gatecell._core.errors import OptionError, unknown_name
from gatecell._core.records import plain


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``, both included; whole ones where both are."""

    low: float
    high: float
    log: bool = False
    """Whether each factor is as likely as the next, as 1..10 and 10..100; ``low`` is then above 0."""

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, plain(getattr(self, name)))
            check_number(name, getattr(self, name))
        check_flag("log", self.log)
        if self.low >= self.high:
            raise OptionError(
                f"A range rises, but {self.low} is not below {self.high}. Change the two, or give a list."
            )
        if self.log and self.low <= 0:
            raise OptionError(f"A range on a logarithmic scale begins above 0, got {self.low}. Leave log out.")

    @property
    def whole(self) -> bool:
        """Whether it has whole numbers alone."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __str__(self) -> str:
        # all digits: a study is told by it from one of another range, and a whole 1.0 from 1
        return f"{self.low!r}..{self.high!r}{':log' if self.log else ''}"


Space = Mapping[str, Any]
"""Name of a parameter to a ``Range``, or to a list of choices. ``training_options.optimizer`` is an entry of a
parameter that is a dict; ``step__name`` a parameter of a step of a pipeline."""
NOT_SEARCHED = frozenset({"checkpoint_dir", "logger", "logger_dir", "random_state", "verbose"})
"""Parameters that no search can make better or worse."""


def checked_space(space: Space, parameters: Iterable[str]) -> dict[str, Range | tuple[Any, ...]]:
    """Return a space whose names are parameters, and whose entries can be searched.

    Raises
    ------
    UnknownNameError
        For a name that is no parameter; suggests the nearest.
    OptionError
        Where the space is empty, or an entry is neither a range nor a list of different choices.
    """
    known = [name for name in parameters if name.rpartition("__")[2] not in NOT_SEARCHED]
    if not isinstance(space, Mapping) or not space:
        raise OptionError(
            f"A space is a dict of at least one parameter, such as {{'hidden_size': [32, 64]}}; got {space!r}."
        )
    checked: dict[str, Range | tuple[Any, ...]] = {}
    for name, values in space.items():
        if name not in known and name.partition(".")[0] not in known:
            raise unknown_name("parameter to search", str(name), known)
        checked[name] = values if isinstance(values, Range) else _choices(name, values)
    return checked


def _choices(name: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__") or not hasattr(values, "__iter__"):
        raise OptionError(
            f"{name} must have a list of choices, as [32, 64], or a range, as Range(1e-4, 1e-2, log=True); "
            f"got {values!r}."
        )
    choices = tuple(plain(value) for value in values)
    if not choices:
        raise OptionError(f"{name} has no choices. Give at least one, or leave it out.")
    labels = [label(value) for value in choices]
    twice = next((text for text in labels if labels.count(text) > 1), None)
    if twice is not None:
        raise OptionError(f"{name} has the choice {twice} twice. Leave one of them out.")
    return choices


def label(value: Any) -> str:
    """Return a choice as text by which it is known again: JSON, where it can be said so."""
    return json.dumps(value, default=repr, ensure_ascii=False)


def space_to_json(space: Mapping[str, Range | tuple[Any, ...]]) -> dict[str, Any]:
    """Return a space as JSON values: the text of a range, the labels of choices."""
    return {
        name: str(item) if isinstance(item, Range) else [label(value) for value in item] for name, item in space.items()
    }


def combinations(space: Mapping[str, Range | tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Yield every combination of choices, the last parameter changing fastest; none where there is a range."""
    if any(isinstance(item, Range) for item in space.values()):
        return
    choices = [item for item in space.values() if not isinstance(item, Range)]
    for values in itertools.product(*choices):
        yield dict(zip(space, values, strict=True))


def n_combinations(space: Mapping[str, Range | tuple[Any, ...]]) -> float:
    """Return the number of combinations; infinite where there is a range."""
    return math.prod(math.inf if isinstance(item, Range) else len(item) for item in space.values())


def with_parameters(estimator: Any, chosen: Mapping[str, Any]) -> Any:
    """Set chosen parameters on an estimator, entries of dicts beside those that are there, and return it."""
    whole = {name: value for name, value in chosen.items() if "." not in name}
    for name, value in chosen.items():
        outer, dot, inner = name.partition(".")
        if dot:
            before = whole.get(outer, estimator.get_params()[outer])
            whole[outer] = {**(before or {}), inner: value}
    return estimator.set_params(**whole)


_COMMON: Space = MappingProxyType(
    {
        # what Greff et al. (2017) found to matter most, and its middle
        "learning_rate": Range(3e-4, 3e-2, log=True),
        "hidden_size": Range(16, 128, log=True),
        "num_layers": (1, 2),
        "recurrent_dropout": Range(0.0, 0.4),
    }
)
_POOLED: Space = MappingProxyType({"bidirectional": (False, True), "pooling": ("last", "mean", "max")})
_TEXTS: Space = MappingProxyType(
    {
        "embedding_dim": (32, 64, 128),
        "spatial_dropout": Range(0.0, 0.4),
        "head_dropout": Range(0.0, 0.5),
        "bidirectional": (False, True),
        "pooling": ("last", "max", "attention"),
    }
)
_STREAMS: Space = MappingProxyType({"hidden_size": Range(32, 256, log=True), "dropout": Range(0.0, 0.6)})


def default_space(estimator: Any) -> dict[str, Range | tuple[Any, ...]]:
    """Return what is worth searching of one of Gatecell's estimators, told by the parameters that it has.

    Raises
    ------
    OptionError
        Where it has none of the parameters that an LSTM has: say then what is to be searched.
    """
    parameters = estimator.get_params(deep=False)
    if "hidden_size" not in parameters or "learning_rate" not in parameters:
        raise OptionError(
            f"There is no default space for {type(estimator).__name__}, which is none of Gatecell's estimators. "
            "Give space, such as {'lstm__hidden_size': [32, 64]}."
        )
    space: dict[str, Any] = dict(_COMMON)
    if "horizon" in parameters:
        horizon = parameters["horizon"]
        # None is the estimator's own choice, by the season
        space |= {"lookback": (None, 2 * horizon, 4 * horizon)} if isinstance(horizon, int) else {}
    elif "tied" in parameters:
        space |= _STREAMS
    elif "embedding_dim" in parameters:
        space |= _TEXTS
    else:
        space |= _POOLED
    if parameters.get("stateful"):
        # it reads in one direction
        space.pop("bidirectional", None)
    return checked_space({name: item for name, item in space.items() if name in parameters}, parameters)


def is_number(value: Any) -> bool:
    """Return whether a value of a parameter has a place on an axis of numbers."""
    return isinstance(value, Real) and not isinstance(value, bool)

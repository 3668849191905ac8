"""Learning rates against formulas, and the watch over the monitored column."""

import math
from typing import Any

import pytest

from gatecell.training.schedule import Watch, scheduled_rate
from tests.training.tools import config_of

CASES: list[tuple[dict[str, Any], list[float]]] = [
    ({}, [1.0] * 6),
    ({"lr_schedule": "step", "lr_every": 2, "lr_factor": 0.1}, [1, 1, 0.1, 0.1, 0.01, 0.01]),
    ({"lr_schedule": "step", "lr_every": 2, "lr_factor": 0.1, "lr_hold": 1}, [1, 1, 1, 0.1, 0.1, 0.01]),
    ({"lr_schedule": "step", "lr_every": 1, "lr_factor": 0.1, "lr_minimum": 0.05}, [1, 0.1, 0.05, 0.05, 0.05, 0.05]),
    ({"lr_schedule": "exponential"}, [1, 0.5, 0.25, 0.125, 0.0625, 0.03125]),
    ({"lr_schedule": "exponential", "lr_hold": 3}, [1, 1, 1, 1, 0.5, 0.25]),
    ({"lr_schedule": "cosine"}, [(1 + math.cos(math.pi * epoch / 6)) / 2 for epoch in range(6)]),
    (
        {"lr_schedule": "cosine", "lr_hold": 2, "lr_minimum": 0.2},
        [1, 1, *(0.2 + 0.8 * (1 + math.cos(math.pi * age / 4)) / 2 for age in range(4))],
    ),
]


@pytest.mark.parametrize(("options", "expected"), CASES)
def test_rates_by_formula(options: dict[str, Any], expected: list[float]) -> None:
    config = config_of(max_epochs=6, learning_rate=1.0, **options)
    assert [scheduled_rate(config, epoch) for epoch in range(6)] == pytest.approx(expected)


@pytest.mark.parametrize("hold", [0, 5, 6])
def test_a_cosine_stays_at_its_end_where_training_goes_on(hold: int) -> None:
    config = config_of(max_epochs=6, learning_rate=1.0, lr_schedule="cosine", lr_hold=hold, lr_minimum=0.25)
    assert [scheduled_rate(config, epoch) for epoch in (7, 50)] == [0.25, 0.25]


def test_a_plateau_cuts_the_rate_after_epochs_without_a_better_value() -> None:
    config = config_of(learning_rate=1.0, lr_schedule="plateau", lr_patience=2, lr_factor=0.1, lr_minimum=0.005)
    watch, rates = Watch(), []
    # better, better, worse, equal -> cut, worse, better, worse, worse -> cut, worse, worse -> cut to the minimum
    for epoch, value in enumerate([5, 4, 6, 4, 7, 3, 4, 4, 4, 4]):
        rates.append(watch.rate(config, epoch))
        watch.update(config, epoch + 1, value)
    rates.append(watch.rate(config, 10))
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.005])


def test_less_is_better_or_more() -> None:
    values = [3.0, 2.0, 4.0, 2.5]
    for mode, best, epoch in (("min", 2.0, 2), ("max", 4.0, 3)):
        watch = Watch()
        better = [watch.update(config_of(monitor_mode=mode), n + 1, value) for n, value in enumerate(values)]
        assert (watch.best, watch.best_epoch) == (best, epoch)
        assert better == ([True, True, False, False] if mode == "min" else [True, False, True, False])


def test_better_means_by_more_than_min_delta() -> None:
    watch, config = Watch(), config_of(min_delta=0.5)
    assert [watch.update(config, 1, value) for value in (3.0, 2.5, 2.4, 2.0)] == [True, False, True, False]
    watch, config = Watch(), config_of(min_delta=0.5, monitor_mode="max")
    assert [watch.update(config, 1, value) for value in (2.0, 2.4, 2.6, 3.0)] == [True, False, True, False]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_what_is_not_finite_is_never_better(mode: str, value: float) -> None:
    watch, config = Watch(), config_of(monitor_mode=mode)
    assert not watch.update(config, 1, value)
    assert watch.update(config, 2, 1.0)
    assert not watch.update(config, 3, value)
    assert watch.best == 1.0


def test_patience_counts_epochs_since_the_best() -> None:
    watch, config = Watch(), config_of(patience=2)
    exhausted = []
    for epoch, value in enumerate([3.0, 4.0, 2.0, 3.0, 3.0]):
        watch.update(config, epoch + 1, value)
        exhausted.append(watch.exhausted(config))
    assert exhausted == [False, False, False, False, True]
    assert not watch.exhausted(config_of())

"""What a forecaster is given: options, levels and lengths, checked beside the series."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from gatecell._core.checks import check_level, check_number
from gatecell._core.errors import InputError, OptionError
from gatecell.data.frequency import season_length
from gatecell.data.series import Panel
from gatecell.data.windows import Windows
from gatecell.estimators.forecasting.calibration import scores_needed
from gatecell.estimators.forecasting.engine import View
from gatecell.estimators.forecasting.history import panel_to_json, panel_to_tensors
from gatecell.estimators.forecasting.options import SEASON, ForecastOptions
from gatecell.estimators.forecasting.stretches import Integers


def chosen_options(parameters: Mapping[str, Any], panel: Panel) -> ForecastOptions:
    """Return the options that an estimator's parameters name, with what the series decide of them."""
    given = {field.name: parameters[field.name] for field in fields(ForecastOptions)}
    if isinstance(given["quantiles"], Iterable) and not isinstance(given["quantiles"], str):
        given["quantiles"] = tuple(given["quantiles"])
    options = ForecastOptions(**given)
    season = season_length(panel.frequency) if options.season is None else options.season
    lookback = options.lookback
    if lookback is None:
        lookback = max(2 * season, 2 * options.horizon)
        lookback += -lookback % options.patch_size
    if options.strategy == "recursive" and panel.past_names:
        raise OptionError(
            'strategy="recursive" takes its forecasts for seen, but knows no later values of the covariates '
            f'{", ".join(panel.past_names)}. Use strategy="direct", or give them as known ahead (future).'
        )
    difference = options.difference
    if difference == SEASON:
        if season == 1:
            raise OptionError(
                f'difference="season" takes a season of several steps, but frequency {panel.frequency!r} has none. Set '
                "season, or difference to a number of steps."
            )
        difference = season
    return replace(options, season=season, lookback=lookback, difference=difference)


def check_same_options(parameters: Mapping[str, Any], panel: Panel, fitted: ForecastOptions) -> None:
    """Raise where parameters no longer name the options of the fit."""
    old, new = fitted.to_dict(), chosen_options(parameters, panel).to_dict()
    changed = [f"{name} was {old[name]!r} and is {new[name]!r}" for name in old if old[name] != new[name]]
    if changed:
        raise OptionError(
            "partial_fit goes on with the forecasts that fit was asked for, which parameters no longer describe: "
            f"{'; '.join(changed)}. Set them back, or call fit for a new network."
        )


def checked_levels(level: Any) -> list[float]:
    """Return levels in percent, ascending; a single one is a sequence of one."""
    given = list(level) if isinstance(level, Iterable) and not isinstance(level, str) else [level]
    for item in given:
        check_level(item, "each level")
    return sorted(float(item) for item in given)


def learned_ends(panel: Panel, options: ForecastOptions, fraction: float | None) -> Integers:
    """Return how many steps of each series are learned from; the latest part, at least a horizon, is held out."""
    windows = Windows(options.n_before, options.block)
    windows.check_lengths(panel.lengths, panel.ids)
    if fraction is None:
        return panel.lengths
    check_number("validation_fraction", fraction, minimum=0, maximum=1, open_minimum=True, open_maximum=True)
    ends = panel.lengths - np.maximum(np.round(fraction * panel.lengths).astype(np.int64), options.horizon)
    try:
        windows.check_lengths(ends, panel.ids)
    except InputError as error:
        raise InputError(
            f"validation_fraction={fraction:g} takes the latest part of each series, at least one horizon, and the "
            f"rest is too short. {error} Or set validation_fraction to a smaller share, or to None."
        ) from error
    return ends


def uncalibrated(level: float, view: View) -> InputError:
    """Build the error for an interval that too little is known for."""
    return InputError(
        f"An interval of {level:g} % is calibrated on at least {scores_needed(0.5 + level / 200):,} outcomes that the "
        f"network did not learn from, but there are {len(view.past):,} forecasts with a known outcome. Fit with a "
        "larger validation_fraction, give more observations with update, or ask for a lower level, or none (level=())."
    )


def identity(panel: Panel, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint must agree on: the data, and what is made of them."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in panel_to_tensors(panel).items():
        digest.update(f"{name} {tuple(tensor.shape)}".encode() + tensor.contiguous().numpy().tobytes())
    names = [field.name for field in fields(ForecastOptions)]
    return {
        "data": digest.hexdigest(),
        "series": panel_to_json(panel),
        "forecast": {name: parameters[name] for name in (*names, "validation_fraction")},
    }

"""Missing values of series: refused, filled forward, or shown to the network as missing; never passed over."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_choice
from gatecell._core.errors import InputError

if TYPE_CHECKING:
    from gatecell.data.series import Panel, TimeSeries

Values = NDArray[np.float64]

MISSING = ("error", "forward", "mask")
"""What may be done: refuse; repeat the last known value; leave NaN, which the network is shown as missing."""


def handle_missing(panel: "Panel", policy: str) -> "Panel":
    """Apply a policy to targets and covariates.

    Parameters
    ----------
    panel : Panel
    policy : "error", "forward" or "mask"
        ``"error"``: refuse. ``"forward"``: each missing value becomes the last known one before it, never a later one.
        ``"mask"``: the panel comes back as it is.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        Where values are missing and refused, or, for ``"forward"``, where nothing comes before them. The message says
        in which series, column and step.
    UnknownNameError
        Where there is no such policy.
    """
    check_choice("missing", policy, MISSING)
    if policy == "mask":
        return panel
    if policy == "forward":
        panel = replace(panel, series=tuple(_filled(series) for series in panel))
    _check_complete(panel, policy)
    return panel


def fill_forward(values: Values) -> Values:
    """Return ``(..., T, C)`` with each NaN replaced by the last value before it; where there is none, it stays."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    steps = np.arange(values.shape[-2])[:, None]
    last_known = np.maximum.accumulate(np.where(missing, 0, steps), axis=-2)
    return np.take_along_axis(values, last_known, axis=-2)


def _filled(series: "TimeSeries") -> "TimeSeries":
    return replace(
        series,
        target=fill_forward(series.target),
        past=fill_forward(series.past),
        future=fill_forward(series.future),
    )


def _check_complete(panel: "Panel", policy: str) -> None:
    names = (*panel.target_names, *panel.past_names, *panel.future_names)
    for series in panel:
        missing = np.isnan(np.concatenate([series.target, series.past, series.future], axis=1))
        if not missing.any():
            continue
        step, column = (int(place) for place in np.argwhere(missing)[0])
        where = f"{names[column]} of series {series.id!r} is missing at {series.index[step]}"
        count = f"{int(missing.sum()):,} missing value(s) in this series, steps that the data leave out included"
        if policy == "forward":
            raise InputError(
                f"{where}, before its first known value, so there is nothing to fill it with ({count}). Let the series "
                "begin later, or choose missing='mask'."
            )
        raise InputError(
            f"{where} ({count}). Fill it, or choose missing='forward', which repeats the last known value, or "
            "missing='mask', which tells the network what is missing. Where such steps do not exist, as days on "
            "which an exchange is closed, read with frequency='rows'."
        )

"""What the calendar says about a step: its place in the hour, the day, the week and the year."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell.data.frequency import approximate_distance, whole_step

_CYCLES = {
    "hour": pd.Timedelta(hours=1),
    "day": pd.Timedelta(days=1),
    "week": pd.Timedelta(days=7),
    "year": pd.Timedelta(days=365.2425),
}


def calendar_names(frequency: str | int) -> tuple[str, ...]:
    """Return the names of the features that a frequency has: sine and cosine of each cycle longer than two steps.

    Whole numbers have no calendar, and so none.
    """
    if whole_step(frequency) is not None:
        return ()
    step = approximate_distance(str(frequency))
    return tuple(f"{wave}_of_{name}" for name, cycle in _CYCLES.items() if cycle > 2 * step for wave in ("sin", "cos"))


def calendar_features(index: pd.Index, frequency: str | int) -> NDArray[np.float64]:
    """Return the place of each step in the cycles of the calendar, known for any stamp of the future.

    Each cycle is an angle, given by its sine and cosine, so that its end lies beside its beginning. Stamps with a time
    zone are taken by the local clock.

    Parameters
    ----------
    index : (T,) DatetimeIndex, or whole numbers
    frequency : str or int
        Of the panel.

    Returns
    -------
    (T, F) float64
        In -1..1; the columns are those of ``calendar_names``.
    """
    names = calendar_names(frequency)
    if not names:
        return np.empty((len(index), 0))
    hour = (index.minute * 60 + index.second) / 3600
    day = (index.hour + hour) / 24
    places = {
        "hour": hour,
        "day": day,
        "week": (index.day_of_week + day) / 7,
        "year": (index.day_of_year - 1 + day) / np.where(index.is_leap_year, 366, 365),
    }
    waves = {"sin": np.sin, "cos": np.cos}
    parts = [name.split("_of_") for name in names]
    return np.stack(
        [waves[wave](2 * np.pi * np.asarray(places[cycle], dtype=np.float64)) for wave, cycle in parts], axis=1
    )

"""The numbers of a table of series, and what is fixed along each of them, checked."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.errors import InputError

Values = NDArray[np.float64]


def numbers_of(frame: pd.DataFrame, columns: tuple[str, ...]) -> Values:
    """Return columns as numbers, ``(N, C)``; what is missing is NaN.

    Raises
    ------
    InputError
        Where a column holds something else.
    """
    for name in columns:
        dtype = frame[name].dtype
        if pd.api.types.is_complex_dtype(dtype) or not pd.api.types.is_numeric_dtype(dtype):
            value = frame[name].dropna().iloc[0] if frame[name].notna().any() else None
            raise InputError(
                f"Column {name!r} holds {dtype}, such as {value!r}, not real numbers. Convert it with "
                "pandas.to_numeric, or names of classes with pandas.get_dummies."
            )
    numbers: Values = frame[list(columns)].to_numpy(np.float64, na_value=np.nan)
    return numbers


def check_finite(
    values: Values, columns: tuple[str, ...], stamps: pd.Index, codes: NDArray[np.int64], ids: list[Any]
) -> None:
    """Raise an ``InputError`` that names the first infinite value; NaN is none."""
    infinite = np.isinf(values)
    if not infinite.any():
        return
    row, column = (int(place) for place in np.argwhere(infinite)[0])
    raise InputError(
        f"{columns[column]} of series {ids[codes[row]]!r} is infinite at {stamps[row]} ({int(infinite.sum()):,} "
        "infinite value(s) in all). Correct it, or write NaN where the value is missing."
    )


def check_not_all_missing(values: Values, starts: NDArray[np.int64], columns: tuple[str, ...], ids: list[Any]) -> None:
    """Raise an ``InputError`` where a column has no value in the rows of a series, which begin at ``starts``."""
    n_known = np.add.reduceat(~np.isnan(values), starts, axis=0, dtype=np.int64)
    if n_known.all():
        return
    empty = np.argwhere(n_known == 0)
    place, column = (int(place) for place in empty[0])
    raise InputError(
        f"{columns[column]} of series {ids[place]!r} has no value at all ({len(empty):,} such column(s) of a series in "
        "all). Leave the series out, or the column."
    )


def static_of_columns(values: Values, starts: NDArray[np.int64], names: tuple[str, ...], ids: list[Any]) -> Values:
    """Return the one value of each column in the rows of each series, which begin at ``starts``: ``(n, S)``.

    Raises
    ------
    InputError
        Where it changes, or is missing.
    """
    lowest, highest = np.minimum.reduceat(values, starts, axis=0), np.maximum.reduceat(values, starts, axis=0)
    # a NaN is not equal to itself, so that one that is missing is found as well
    changing = np.argwhere(lowest != highest)
    if len(changing):
        place, column = (int(place) for place in changing[0])
        raise InputError(
            f"{names[column]} of series {ids[place]!r} changes along the series, or is missing in a row, but is to be "
            "static. Name it in past= or future= instead, or fill it."
        )
    static: Values = lowest
    return static


def static_of_frame(static: pd.DataFrame, ids: list[Any], id_column: str) -> tuple[tuple[str, ...], Values]:
    """Return names and values, ``(n, S)``, of a frame whose index, or column of ids, names the series.

    Raises
    ------
    InputError
        Where a series has no row, or two, or a value is missing.
    """
    frame = static.rename(columns=str)
    if id_column in frame.columns:
        frame = frame.set_index(id_column)
    if not frame.index.is_unique:
        raise InputError(f"static has two rows for series {frame.index[frame.index.duplicated()][0]!r}. Keep one.")
    missing = [id for id in ids if id not in frame.index]
    if missing:
        raise InputError(f"static has no row for series {missing[0]!r} ({len(missing):,} series in all).")
    names = tuple(frame.columns)
    numbers: Values = numbers_of(frame, names)[frame.index.get_indexer(ids)]
    if not np.isfinite(numbers).all():
        place, column = (int(place) for place in np.argwhere(~np.isfinite(numbers))[0])
        raise InputError(f"static: {names[column]} of series {ids[place]!r} is missing or infinite. Fill it.")
    return names, numbers

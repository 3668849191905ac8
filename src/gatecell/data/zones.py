"""One clock: stamps in the time zone and unit of others."""

from datetime import UTC, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from gatecell._core.errors import InputError


def stamps_like(stamps: pd.Index, known: pd.Index, name: str) -> pd.Index:
    """Return stamps in the time zone and unit of others; whole numbers as they are.

    Stamps that are finer than the unit keep their own, so that they are not taken for others that they are near to.

    Parameters
    ----------
    stamps, known : DatetimeIndex or Index of whole numbers
    name : str
        What the stamps are called in an error.

    Raises
    ------
    InputError
        Where one are times and the others whole numbers, or times with a zone and without one; where a time lies beyond
        what the unit can hold.
    """
    if not isinstance(known, pd.DatetimeIndex) or not isinstance(stamps, pd.DatetimeIndex):
        if isinstance(known, pd.DatetimeIndex) or isinstance(stamps, pd.DatetimeIndex):
            raise InputError(
                f"{name} holds {_kind(stamps)} ({stamps[0]}), but the series are known by {_kind(known)} (up to "
                f"{known[-1]}). Give the rows stamps of the kind of the fit."
            )
        return stamps
    if known.tz is None and stamps.tz is not None:
        raise InputError(
            f"{name} holds times with the time zone {stamps.tz} ({stamps[0]}), but the series are known by times "
            f"without one (up to {known[-1]}). Bring the rows to the clock of the fit and drop the zone, such as "
            "times.dt.tz_convert('Europe/Berlin').dt.tz_localize(None); or fit on times with a zone."
        )
    if known.tz is not None:
        if stamps.tz is None:
            raise InputError(
                f"{name} holds times without a time zone ({stamps[0]}), but the series are known in the time zone "
                f"{known.tz} (up to {known[-1]}). Say the zone of the rows: times.dt.tz_localize('{known.tz}', "
                "ambiguous='infer'), or write times with their distance from UTC: 2026-01-31T23:59:00+01:00."
            )
        stamps = stamps.tz_convert(known.tz)
    return _in_unit(stamps, known.unit, name)


def in_plain_zone(stamps: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return times in a zone that its name says all of, as a file keeps it: of the IANA list, or an offset from UTC.

    Zones of other libraries are found by the name that they have in that list; those without one become the offset that
    all stamps have, or else UTC.
    """
    zone = stamps.tz
    if zone is None or (isinstance(zone, ZoneInfo) and zone.key):
        return stamps
    # pytz has "zone", dateutil the file that it was read from
    file = str(getattr(zone, "_filename", ""))
    name = getattr(zone, "zone", None) or file.rpartition("zoneinfo/")[2]
    if name and (found := _zone(name)) is not None:
        return stamps.tz_convert(found)
    offsets = {zone.utcoffset(None)} if isinstance(zone, timezone) else {stamp.utcoffset() for stamp in stamps}
    offset = offsets.pop() if len(offsets) == 1 else timedelta(0)
    whole = not offset % timedelta(minutes=1)
    return stamps.tz_convert(timezone(offset) if offset and whole else UTC)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):
        return None


def _in_unit(stamps: pd.DatetimeIndex, unit: Any, name: str) -> pd.DatetimeIndex:
    try:
        converted = stamps.as_unit(unit)
    except pd.errors.OutOfBoundsDatetime as error:
        raise InputError(
            f"{name} holds times that lie beyond those that the unit of the fit, {unit}, can hold ({error}). Correct "
            "them, or leave the rows out."
        ) from error
    return converted if bool((converted == stamps).all()) else stamps


def _kind(index: pd.Index) -> str:
    return "times" if isinstance(index, pd.DatetimeIndex) else "whole numbers"

"""How the table of a fit was read, kept with the model so that later tables are read alike."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gatecell._core.errors import ArtifactError, OptionError
from gatecell.data.tabular.dialect import TableDialect, separator_name

_READING = "reading"
"""The note of a model."""


def reading_note(dialect: TableDialect, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be kept of how a table was read, as the note of a model.

    That is what another file may leave open: whether the day of a date comes first, and a decimal comma.
    """
    decimal = dialect.decimal or found.get("decimal")
    kept = {"day_first": found.get("day_first"), "decimal": decimal if decimal == "," or dialect.decimal else None}
    return {_READING: {name: value for name, value in kept.items() if value is not None}}


def as_at_fit(dialect: TableDialect, notes: Mapping[str, Any], model: str | Path) -> TableDialect:
    """Return what is told of a table, and what holds from the fit where the table leaves it open.

    Raises
    ------
    ArtifactError
        Where the note is not one.
    """
    known = notes.get(_READING) or {}
    try:
        return replace(dialect, usual_decimal=known.get("decimal"), usual_day_first=known.get("day_first"))
    except (OptionError, AttributeError, TypeError) as error:
        raise ArtifactError(f"{model} is damaged: how its table was read cannot be read ({error}).") from error


def dialect_options(dialect: TableDialect) -> dict[str, str]:
    """Return the options of a command line that say a dialect, as a report shows them; a flag has an empty value."""
    told = {
        "encoding": dialect.encoding if dialect.encoding != TableDialect().encoding else None,
        "sep": None if dialect.sep is None else separator_name(dialect.sep),
        "decimal": dialect.decimal,
    }
    flags = {} if dialect.day_first is None else {"day-first" if dialect.day_first else "month-first": ""}
    return {name: value for name, value in told.items() if value is not None} | flags

"""How the table of a fit was read, kept with the model so that later tables are read alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from gatecell._core.stated import Stated
from gatecell.data.tabular.dialect import DECIMALS, TableDialect, separator_name

READING = "reading"
"""The note of a model."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the table of a fit said that another file may leave open."""

    day_first: bool | None = None
    """Whether the day of a date comes first."""
    decimal: str | None = None
    """The decimal mark, where it is a comma or was told."""

    @classmethod
    def from_stated(cls, stated: Stated) -> Self:
        """Build from what a file states.

        Raises
        ------
        ArtifactError
            Where it is something else.
        """
        stated.only("day_first", "decimal")
        return cls(
            day_first=stated.flag("day_first") if stated.has("day_first") else None,
            decimal=stated.choice("decimal", DECIMALS) if stated.has("decimal") else None,
        )


def reading_note(dialect: TableDialect, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be kept of how a table was read, as the note of a model."""
    decimal = dialect.decimal or found.get("decimal")
    kept = Reading(
        day_first=found.get("day_first"), decimal=decimal if decimal == "," or dialect.decimal is not None else None
    )
    return {READING: {name: value for name, value in asdict(kept).items() if value is not None}}


def as_at_fit(dialect: TableDialect, reading: Reading) -> TableDialect:
    """Return what is told of a table, and what holds from the fit where the table leaves it open."""
    return replace(dialect, usual_decimal=reading.decimal, usual_day_first=reading.day_first)


def dialect_options(dialect: TableDialect) -> dict[str, str]:
    """Return the options of a command line that say a dialect, as a report shows them; a flag has an empty value."""
    told = {
        "encoding": dialect.encoding if dialect.encoding != TableDialect().encoding else None,
        "sep": None if dialect.sep is None else separator_name(dialect.sep),
        "decimal": dialect.decimal,
    }
    flags = {} if dialect.day_first is None else {"day-first" if dialect.day_first else "month-first": ""}
    return {name: value for name, value in told.items() if value is not None} | flags

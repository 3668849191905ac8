"""What travels with a model beside its estimator: how its data were read, where it comes from, what it reached.

Jobs and recipes write these notes; a model that was saved from Python has none. A file may come from anywhere, so each
note is held to its type here, in one place, before anything is made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from gatecell._core.errors import ArtifactError, OptionError
from gatecell._core.stated import Stated, is_whole, shown
from gatecell.artifact.store import read_metadata
from gatecell.data.csv_file import LongColumns
from gatecell.data.series_table import SeriesColumns
from gatecell.data.text_table import TextColumns
from gatecell.data.wide_table import WideColumns
from gatecell.recipes.reading import READING, Reading
from gatecell.reporting.subject import Origin
from gatecell.tuning.trials import Tuning

KNOWN_UNTIL = "known_until"
"""The note that holds the last stamp of each series where rows are steps, whose panel keeps no stamps."""

Stamps = Mapping[str, str | int]


@dataclass(frozen=True, kw_only=True)
class Notes:
    """The notes of a model file."""

    estimator: str
    """The name of the class that the file holds."""
    values: Mapping[str, Any]
    """All of them as they stand in the file, as they are shown."""
    columns: LongColumns | WideColumns | TextColumns | SeriesColumns | None = None
    """Which column of a table is what; None where no table was read."""
    reading: Reading = field(default_factory=Reading)
    """How the table was read."""
    known_until: Stamps | None = None
    """The last stamp of each series, where the panel keeps none."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """What it reached."""
    recipe: str | None = None
    """The recipe that it is of."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What was set of the recipe."""
    origin: Origin | None = None
    """Where it comes from; None of a model that was written before there were reports."""
    tuning: Tuning | None = None
    """The search before the fit."""


def notes_of(model: str | Path) -> Notes:
    """Return the notes of a model file; its tensors are not read.

    Raises
    ------
    ArtifactError
        Where the file cannot be read, or a note is not what a job or a recipe writes.
    """
    metadata, _ = read_metadata(model)
    try:
        description = Stated(metadata, "the description")
        estimator = description.text("estimator")
        stated = description.inner("notes") if description.has("notes") else Stated({}, "the notes")
        return _read(estimator, stated)
    except (ArtifactError, OptionError) as error:
        reason = str(error).removesuffix(".")
        raise ArtifactError(f"{model} is damaged: the notes that travel with it cannot be read ({reason}).") from error


def _read(estimator: str, stated: Stated) -> Notes:
    metrics = stated.inner("metrics") if stated.has("metrics") else ()
    return Notes(
        estimator=estimator,
        values={name: stated.value(name) for name in stated},
        columns=_columns(estimator, stated.inner("columns")) if stated.has("columns") else None,
        reading=Reading.from_stated(stated.inner(READING)) if stated.has(READING) else Reading(),
        known_until=_stamps(stated.inner(KNOWN_UNTIL)) if stated.has(KNOWN_UNTIL) else None,
        metrics={name: stated.inner("metrics").number(name) for name in metrics},
        recipe=stated.text_or_none("recipe"),
        settings=_settings(stated.inner("settings")) if stated.has("settings") else {},
        origin=Origin.from_json(stated.value("origin")) if stated.has("origin") else None,
        tuning=Tuning.from_json(stated.value("search")) if stated.has("search") else None,
    )


def _columns(estimator: str, stated: Stated) -> LongColumns | WideColumns | TextColumns | SeriesColumns:
    if estimator == "LSTMForecaster":
        stated.only("time", "target", "id", "past", "future", "static")
        covariates = {name: tuple(stated.texts(name)) for name in ("past", "future", "static") if stated.has(name)}
        return SeriesColumns(
            time=stated.text("time"),
            target=tuple(stated.texts("target")),
            id=stated.text_or_none("id"),
            **covariates,
        )
    if estimator in ("LSTMTextClassifier", "LSTMLanguageModel"):
        stated.only("text", "label")
        return TextColumns(text=stated.text("text"), label=stated.text_or_none("label"))
    if stated.has("id"):
        stated.only("id", "time", "label", "channels")
        return LongColumns(
            id=stated.text("id"),
            time=stated.text("time"),
            label=stated.text_or_none("label"),
            channels=tuple(stated.texts("channels")),
        )
    stated.only("label", "steps", "header")
    return WideColumns(
        label=stated.text_or_none("label"),
        steps=tuple(stated.texts("steps")) if stated.has("steps") else None,
        header=stated.flag("header") if stated.has("header") else None,
    )


def _stamps(stated: Stated) -> Stamps:
    stamps: dict[str, str | int] = {}
    for id in stated:
        value = stated.value(id)
        if not (is_whole(value, -(10**15), 10**15) or (isinstance(value, str) and _is_time(value))):
            raise ArtifactError(f"the stamp up to which series {shown(id)} is known is {shown(value)}")
        stamps[id] = value
    return stamps


def _is_time(text: str) -> bool:
    try:
        # pandas alone would take "now", too
        datetime.fromisoformat(text)
        return not pd.isna(pd.Timestamp(text))
    except (ValueError, OverflowError):
        return False


def _settings(stated: Stated) -> Mapping[str, Any]:
    return {name: stated.value(name) for name in stated}

"""What happened, epoch by epoch."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gatecell._core.errors import ArtifactError, OptionError, unknown_name
from gatecell._core.files import atomic_path
from gatecell._core.stated import Stated, shown

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, float]


class History:
    """One row an epoch.

    The columns are ``epoch`` (from 1), ``train_loss``, ``validation_loss``, one for each metric and part
    (``train_accuracy``, ``validation_accuracy``), ``learning_rate`` and ``seconds``. The ``train_`` columns are
    measured while the weights move and dropout is on, the ``validation_`` columns at the end of the epoch.
    """

    def __init__(self, rows: Sequence[Mapping[str, float]] = ()) -> None:
        self.rows: list[Row] = [dict(row) for row in rows]

    def append(self, row: Mapping[str, float]) -> None:
        """Add the row of an epoch."""
        self.rows.append(dict(row))

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in the order in which they came up."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        return iter(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        """Return a column; an epoch that lacks it has NaN there.

        Raises
        ------
        OptionError
            For a number: rows are in ``rows``.
        UnknownNameError
            For a column that is not there; suggests the nearest.
        """
        if not isinstance(column, str):
            raise OptionError(
                f"A history is read by column, as history['train_loss'][{column!r}]; row {column!r} is "
                f"history.rows[{column!r}]."
            )
        if column not in self.columns:
            raise unknown_name("history column", column, self.columns)
        return [row.get(column, float("nan")) for row in self.rows]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self.rows == other.rows

    __hash__ = None  # type: ignore[assignment]  # a growing list has no hash

    def to_frame(self) -> "pd.DataFrame":
        """Return the history as a ``pandas.DataFrame`` with one row an epoch."""
        import pandas as pd  # noqa: PLC0415  # a second of import that training itself does not need

        return pd.DataFrame(self.rows, columns=self.columns)

    def to_csv(self, path: str | Path) -> None:
        """Write the history to a CSV file, whole or not at all."""
        with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, self.columns)
            writer.writeheader()
            writer.writerows(self.rows)

    def to_json(self) -> list[dict[str, float | None]]:
        """Return the rows as JSON values: None where a value is not finite."""
        return [{key: value if math.isfinite(value) else None for key, value in row.items()} for row in self.rows]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, float | None]]) -> "History":
        """Build from ``to_json``'s result; None becomes NaN.

        Raises
        ------
        ArtifactError
            Where a row is not one of numbers.
        """
        if not isinstance(rows, list):
            raise ArtifactError(f"the history must be a list of rows, but is {shown(rows)}")
        found = []
        for row in rows:
            stated = Stated(row, "a row of the history")
            found.append({key: stated.number(key) if stated.has(key) else math.nan for key in row})
        return cls(found)

    def __repr__(self) -> str:
        return f"History(epochs={len(self)}, columns={self.columns})"

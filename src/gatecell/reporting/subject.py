"""What a report is about, and where it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from gatecell._core.errors import ArtifactError
from gatecell._core.records import record_from_dict
from gatecell.evaluation.judgement import Judgement


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How a model came to be; travels in its file as JSON."""

    title: str
    """Recipe or file."""
    summary: str = ""
    """In one line, what it is for."""
    command: str = ""
    """The command line that makes it again."""
    seed: int | None = None
    data: str = ""
    """Which data, in one line."""
    parts: Mapping[str, int] = field(default_factory=dict)
    """Part of the data (``train``, ``validation``, ``test``) to its rows."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """What took how long."""
    departures: Sequence[str] = ()
    """Where it departs from what it is known from."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build from ``to_json``'s result.

        Raises
        ------
        ArtifactError
            Where it has other fields.
        """
        try:
            return record_from_dict(cls, values)
        except ValueError as error:
            raise ArtifactError(f"The model does not say rightly where it comes from: {error}") from error


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """A look at rows whose answers are known."""

    judgement: Judgement
    X: Any
    """The rows."""
    names: Sequence[str] | None = None
    """How to find each row again; None: by its number, counted from 0."""
    what: str
    """Which rows, as ``the test part``."""

    def name(self, row: int) -> str:
        """Return how to find a row again."""
        return f"row {row}" if self.names is None else self.names[row]

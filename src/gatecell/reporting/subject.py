"""What a report is about, and where it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from gatecell._core.errors import ArtifactError
from gatecell._core.stated import Stated
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
            Where it has other fields, or one is of another kind.
        """
        try:
            stated = Stated(values, "the origin")
            stated.only(*(field.name for field in fields(cls)))
            told = {name: stated.text(name) for name in ("summary", "command", "data") if name in stated}
            parts, seconds = (
                stated.inner(name) if stated.has(name) else Stated({}, name) for name in ("parts", "seconds")
            )
            return cls(
                title=stated.text("title"),
                **told,
                seed=stated.whole("seed") if stated.has("seed") else None,
                parts={name: parts.whole(name) for name in parts},
                seconds={name: seconds.number(name, 0) for name in seconds},
                departures=tuple(stated.texts("departures")) if stated.has("departures") else (),
            )
        except ArtifactError as error:
            raise ArtifactError(f"The model does not say rightly where it comes from: {error}.") from error


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

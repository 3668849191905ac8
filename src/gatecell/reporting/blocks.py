"""What a page is made of; the template knows how each is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple


class Figure(NamedTuple):
    """A number on the page, as exactly as a machine may want it and as short as a person does."""

    value: float
    text: str


Cell = str | Figure


def figure(value: float) -> Figure:
    """Return a number with its text of four digits."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return Figure(value, f"{value:.4f}")
    return Figure(value, f"{value:,.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.3e}")


@dataclass(frozen=True)
class Table:
    """Rows under headings."""

    kind: ClassVar[str] = "table"
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawing."""

    kind: ClassVar[str] = "picture"
    svg: str
    """Made by ``gatecell.reporting.pictures``, which escapes what it draws."""
    caption: str
    wide: bool = False
    """Whether it takes the width of the page."""


class Token(NamedTuple):
    """A token on its colour."""

    text: str
    weight: float
    """From -1, against, to 1, for."""


@dataclass(frozen=True)
class Tokens:
    """A text whose tokens are coloured."""

    kind: ClassVar[str] = "tokens"
    caption: str
    tokens: Sequence[Token]


@dataclass(frozen=True)
class Passage:
    """Something that a user's data holds, as it stands."""

    kind: ClassVar[str] = "passage"
    caption: str
    text: str


@dataclass(frozen=True)
class Listing:
    """Text whose lines stand as they are."""

    kind: ClassVar[str] = "listing"
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A sentence or two."""

    kind: ClassVar[str] = "paragraph"
    text: str


Block = Table | Picture | Tokens | Passage | Listing | Paragraph


@dataclass(frozen=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: Sequence[Block]


class Card(NamedTuple):
    """One thing to be seen at a glance."""

    label: str
    value: Cell
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """All of it."""

    title: str
    subtitle: str
    cards: Sequence[Card]
    verdict: str
    sections: Sequence[Section]
    footer: Sequence[str] = field(default_factory=list)

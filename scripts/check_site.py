"""Check that no page of the built documentation fetches anything from another host: ``check_site.py FOLDER``."""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

_FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "link": "href",
}
"""What a browser fetches without being asked, and the attribute that says from where."""
_NOT_FETCHED = {"canonical", "prev", "next", "alternate"}
"""Of ``link``: relations that only say where something is."""


class _Fetches(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = values.get(_FETCHED.get(tag, "")) or ""
        if urlsplit(address).netloc and (values.get("rel") or "") not in _NOT_FETCHED:
            self.foreign.append(address)


def foreign(folder: Path) -> Iterator[str]:
    """Yield a line for each address on another host that a page fetches."""
    for page in sorted(folder.rglob("*.html")):
        reader = _Fetches()
        reader.feed(page.read_text(encoding="utf-8"))
        yield from (f"{page.relative_to(folder)}: fetches {address}" for address in reader.foreign)


def main(arguments: list[str]) -> int:
    """Print what is fetched from elsewhere; return 1 where there is something, or no page at all."""
    folder = Path(arguments[0])
    pages = list(folder.rglob("*.html"))
    problems = list(foreign(folder)) if pages else [f"{folder} has no pages."]
    print("\n".join(problems) or f"{len(pages)} pages: nothing is fetched from another host")  # noqa: T201
    return min(len(problems), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

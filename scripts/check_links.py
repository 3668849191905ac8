"""Check that every local link in the project's Markdown documents leads to a file, and every anchor to a heading."""

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
IGNORED = {".venv", ".git", "node_modules", "runs", "build", ".pytest_cache"}


def main() -> int:
    """Print each broken link; return their number as the exit status, at most 1."""
    documents = [path for path in ROOT.rglob("*.md") if not IGNORED & set(path.relative_to(ROOT).parts)]
    broken = [problem for document in documents for problem in broken_links(document)]
    print("\n".join(broken) or f"{len(documents)} documents: every local link leads somewhere")  # noqa: T201
    return min(len(broken), 1)


def broken_links(document: Path) -> Iterator[str]:
    """Yield one line for each local link of ``document`` that leads nowhere."""
    for token in tokens(document):
        link = token.attrGet("href") or token.attrGet("src")
        if not isinstance(link, str) or urlsplit(link).scheme or link.startswith("//"):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (document.parent / path).resolve() if path else document
        where = f"{document.relative_to(ROOT)}: {link}"
        if not target.exists():
            yield f"{where}: no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{where}: no such heading"


def anchors(document: Path) -> set[str]:
    """Return the anchors of the headings of a document, made as common Markdown hosts make them."""
    flat = MarkdownIt().parse(document.read_text(encoding="utf-8"))
    headings = [after.content for token, after in pairwise(flat) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tokens(document: Path) -> Iterator[Token]:
    """Yield all tokens of a document, those inside lines included."""
    for token in MarkdownIt().parse(document.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


if __name__ == "__main__":
    sys.exit(main())

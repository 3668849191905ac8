"""Documents say what is so: examples run, commands and options exist, tables are complete."""

import doctest
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import gatecell
import gatecell.nn
import gatecell.plotting
import gatecell.tuning
from gatecell.recipes.registry import RECIPES
from tests.documents import Session, blocks, check_command, commands

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MODULES = sorted(
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "src" / "gatecell").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md"))
NEEDS_DATA = "<!-- needs real data -->"
"""On a page that cannot be run without ``GATECELL_DATA_HOME``."""


def command_lines(path: Path) -> list[list[str]]:
    """Return the command lines of a page: those in its blocks, and those in line with the text."""
    text = path.read_text(encoding="utf-8")
    found = [words for block in blocks(path) if block.language == "sh" for words in commands(block.content)]
    return found + [shlex.split(line) for line in re.findall(r"(?<!`)`(gatecell [^`]+)`", text)]


def is_template(words: list[str]) -> bool:
    """Whether a command line stands for several, as ``gatecell run RECIPE --seed N``."""
    return any(word in ("RECIPE", "NAME", "N", "FILE", "...", "VALUE") or "..." in word for word in words)


@pytest.mark.parametrize("path", [README, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_does_what_it_says(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: Any
) -> None:
    if NEEDS_DATA in path.read_text(encoding="utf-8"):
        request.getfixturevalue("data_home")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")
    session = Session(path, capsys)
    for block in blocks(path):
        session.run(block)
    assert path.parent.name != "how-to" or path.name == "index.md" or session.n_run > 0, "nothing on this page is run"


@pytest.mark.parametrize("path", [README, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(path: Path) -> None:
    for words in command_lines(path):
        if is_template(words):
            command = words[1:3] if words[1] in ("fit", "tune", "learning-rate") else words[1:2]
            check_command(["gatecell", *command, "--help"])
        else:
            check_command(words)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_estimators_have_examples() -> None:
    assert {"gatecell.estimators.classifier", "gatecell.estimators.regressor"} <= set(MODULES)


PUBLIC = [
    *(f"gatecell.{name}" for name in gatecell.__all__ if name not in ("__version__", "nn")),
    *(f"gatecell.nn.{name}" for name in gatecell.nn.__all__),
    *(f"gatecell.tuning.{name}" for name in gatecell.tuning.__all__),
    *(f"gatecell.plotting.{name}" for name in gatecell.plotting.__all__ if name != "ConfusionMatrixDisplay"),
    *(
        f"gatecell.datasets.{path.stem}.{name}"
        for path in (ROOT / "src" / "gatecell" / "datasets").glob("*.py")
        for name in re.findall(r"^def (load_\w+)", path.read_text(), re.MULTILINE)
    ),
    *(
        f"gatecell.evaluation.{path.stem}.{name}"
        for path in (ROOT / "src" / "gatecell" / "evaluation").glob("*.py")
        for name in re.findall(r"^def (judge_\w+|compare)", path.read_text(), re.MULTILINE)
    ),
]
"""What users import."""


def test_every_public_name_is_in_the_reference() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "docs" / "reference").glob("*.md"))
    missing = [
        name
        for name in PUBLIC
        if f"::: {name}\n" not in text and f"::: gatecell._core.errors.{name.rpartition('.')[2]}\n" not in text
    ]
    assert not missing


def test_every_page_is_in_the_navigation() -> None:
    """As the strict build has it; said here too, where the site is not built."""
    text = (ROOT / "mkdocs.yml").read_text()
    assert not [path for path in PAGES if not re.search(rf"[ :]{path.relative_to(ROOT / 'docs')}$", text, re.MULTILINE)]


def test_every_recipe_is_in_the_readme() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", README.read_text(), re.MULTILINE)
    assert rows == list(RECIPES)


def test_the_guide_for_contributors_is_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 150

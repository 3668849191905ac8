"""Documents say what is so: examples run, commands and options exist, tables are complete."""

import doctest
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from gatecell.cli.main import main
from gatecell.recipes.registry import RECIPES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MODULES = sorted(
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "src" / "gatecell").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def blocks(path: Path, language: str) -> list[str]:
    """Return the fenced blocks of a document in one language."""
    tokens = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info == language]


def command_lines() -> list[list[str]]:
    """Return the command lines of the README: those in its blocks, and those in line with the text."""
    text = "\n".join(blocks(README, "sh")) + "\n" + "\n".join(re.findall(r"`(gatecell [^`]+)`", README.read_text()))
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("name", "fewest"), [("series", 11), ("forecasting", 11), ("language", 4), ("tuning", 8)])
def test_the_examples_of_a_page(name: str, fewest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page are one session."""
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / f"{name}.md"
    test = doctest.DocTestParser().get_doctest("\n".join(blocks(page, "python")), {}, name, str(page), 0)
    assert len(test.examples) >= fewest
    report: list[str] = []
    assert doctest.DocTestRunner().run(test, out=report.append).failed == 0, "".join(report)


def test_the_examples_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = blocks(README, "python")
    assert examples
    for number, example in enumerate(examples):
        test = doctest.DocTestParser().get_doctest(example, {}, f"README example {number}", str(README), 0)
        assert test.examples
        report: list[str] = []
        assert doctest.DocTestRunner().run(test, out=report.append).failed == 0, "".join(report)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_estimators_have_examples() -> None:
    assert {"gatecell.estimators.classifier", "gatecell.estimators.regressor"} <= set(MODULES)


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_commands_of_the_readme_exist(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    program, *rest = words
    if program == "make":
        assert re.search(rf"^{rest[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    assert program == "gatecell"
    command = rest[:2] if rest[0] in ("fit", "tune", "learning-rate") else rest[:1]
    assert main([*command, "--help"]) == 0
    help_text = capsys.readouterr().out
    for option in [word for word in rest if word.startswith("--")]:
        assert f"{option} " in help_text, f"{option} is no option of {' '.join(command)}"
    if command == ["run"]:
        assert rest[1] in RECIPES


def test_every_recipe_is_in_the_readme() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", README.read_text(), re.MULTILINE)
    assert rows == list(RECIPES)


def test_the_guide_for_contributors_is_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 150

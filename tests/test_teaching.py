"""The lessons and the Chinese documents: examples run, each lesson is in both languages, figures agree."""

import doctest
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
README = ROOT / "README.zh-CN.md"
LESSONS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


def code(page: Path) -> str:
    """Return the blocks of Python of a page, one after the other."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return "\n".join(token.content for token in tokens if token.type == "fence" and token.info == "python")


def test_the_examples_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(code(README), {}, README.name, str(README), 0)
    assert len(test.examples) >= 5
    report: list[str] = []
    assert doctest.DocTestRunner().run(test, out=report.append).failed == 0, "".join(report)


def test_the_readmes_lead_to_each_other() -> None:
    assert "(README.zh-CN.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(README.md)" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", LESSONS, ids=lambda page: page.name)
def test_a_lesson_has_its_chinese_counterpart(page: Path) -> None:
    counterpart = ROOT / "docs" / "zh" / page.name
    assert counterpart.is_file()
    assert len(re.findall("[一-鿿]", counterpart.read_text(encoding="utf-8"))) > 300
    assert bool(code(page)) == bool(code(counterpart))


@pytest.mark.parametrize("name", ["digits", "reviews", "prices"])
@pytest.mark.parametrize("folder", ["tutorial", "zh"])
def test_figures_of_recipes_are_those_of_the_readme(folder: str, name: str) -> None:
    """They are printed by commands and copied by hand."""
    rows = dict(re.findall(r"^\| `([\w-]+)` \|(.+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    page = (ROOT / "docs" / folder / f"{name}.md").read_text(encoding="utf-8")
    found = re.findall(r"^\|(.+)\| `gatecell run ([\w-]+)[^`]*` \|$", page, re.MULTILINE)
    assert found or (folder, name) == ("zh", "prices")
    for cells, recipe in found:
        for figure in re.findall(r"(?<=\| )[\d.]+(?= \|| $)", f"{cells}"):
            assert re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.]*\d)", rows[recipe]), f"{recipe}: {figure}"

"""Pages as sessions: their blocks are run one after the other, in one folder and one set of names.

``python``: a doctest session where it has prompts, else a script. ``sh``: its commands, in this process, but for those
that may download. ``text`` right after a block of ``sh``: what its commands print, with ``...`` for what varies.
``csv title="NAME"``: is written to that file. A block of ``sh`` behind the comment ``<!-- not run: REASON -->`` is only
read: its commands and options must exist.
"""

import doctest
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_it import MarkdownIt

from gatecell.cli.app import build_app
from gatecell.cli.main import main
from gatecell.estimators.loading import ESTIMATORS
from gatecell.recipes.job import TASKS
from gatecell.recipes.recipe import options_of
from gatecell.recipes.registry import get_recipe
from gatecell.recipes.settings import check_names, parse_settings

ROOT = Path(__file__).parents[1]
LANGUAGES = {"python", "sh", "text", "csv", "json", ""}
_NOT_RUN = re.compile(r"<!-- not run: (?P<why>.+) -->", re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    title: str | None
    content: str
    line: int
    """Where it begins in the page, from 1."""
    run: bool
    """Whether it is run, or only read."""
    prints: str | None
    """Of ``sh``: what it is said to print."""


def blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    tokens = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    found = []
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if token.type != "fence":
            continue
        language, _, rest = token.info.partition(" ")
        title = _TITLE.search(rest)
        said = before is not None and before.type == "html_block" and _NOT_RUN.search(before.content)
        shows = after is not None and after.type == "fence" and after.info == "text"
        found.append(
            Block(
                language=language,
                title=title[1] if title else None,
                content=token.content,
                line=(token.map or [0])[0] + 1,
                run=not said,
                prints=after.content if after is not None and shows and language == "sh" else None,
            )
        )
    return found


def commands(text: str) -> Iterator[list[str]]:
    """Yield the command lines of a block of ``sh``, as words; a backslash at a line's end joins it with the next."""
    for line in text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def check_command(words: list[str]) -> None:
    """Fail unless a command line is one that exists: program, command, arguments, options, settings."""
    program, *rest = words
    if program == "make":
        assert re.search(rf"^{rest[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"make has no {rest[0]}"
    elif program in ("python", ".venv/bin/python"):
        assert (ROOT / rest[0]).is_file() or rest[0] == "-m", f"there is no {rest[0]}"
        if rest[:2] == ["-m", "pip"]:
            _check_pip(rest[2:])
    elif program == "gatecell":
        _check_gatecell(rest)
    elif program == "pip":
        _check_pip(rest)
    else:
        assert program in ("tensorboard", "mlflow", "export"), f"who knows {program}?"


def _check_pip(words: list[str]) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert words[0] == "install"
    for extras in re.findall(r"\[([\w,]+)\]", " ".join(words)):
        for extra in extras.split(","):
            assert re.search(rf"^{extra} = \[", text, re.MULTILINE), f"there is no extra {extra}"


def _check_gatecell(words: list[str]) -> None:
    if not words or words == ["--version"]:
        return
    command: Any = typer.main.get_command(build_app())
    name = "gatecell"
    while hasattr(command, "commands"):
        if not words:
            return  # a group, only named in line with a text
        name, *words = words
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    if "--help" in words:
        return
    if not words and any(parameter.required for parameter in command.params):
        return  # only named, in line with a text
    values = command.make_context(name, list(words)).params
    settings = parse_settings(values.get("settings") or [])
    if name == "run":
        recipe = get_recipe(values["recipe"])
        check_names(settings, ESTIMATORS[recipe.estimator]().get_params(deep=False), options_of(recipe))
    elif name in TASKS:
        check_names(settings, ESTIMATORS[TASKS[name]]().get_params(deep=False))  # type: ignore[index]


class Session:
    """A page that is run in the working directory."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._path, self._capsys = path, capsys
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self.n_run = 0

    def run(self, block: Block) -> None:
        """Run a block; fail where it does not do what the page says."""
        where = f"{self._path.name}, line {block.line}"
        assert block.language in LANGUAGES, f"{where}: a block of {block.language!r} is not run; use {LANGUAGES}"
        if block.language == "python":
            assert block.run, f"{where}: Python is always run"
            self._python(block, where)
        elif block.language == "sh":
            self._shell(block, where)
        elif block.language == "csv" and block.title:
            Path(block.title).write_text(block.content, encoding="utf-8")
        else:
            hidden = re.search(r"^(>>> |gatecell |import |from \w+ import )", block.content, re.MULTILINE)
            assert not hidden, f"{where}: code in a block that is not run; say which language it is"

    def _python(self, block: Block, where: str) -> None:
        self.n_run += 1
        if ">>> " not in block.content:
            exec(compile(block.content, where, "exec"), self._names)
            return
        test = doctest.DocTestParser().get_doctest(block.content, self._names, where, str(self._path), block.line)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=_FLAGS | doctest.REPORT_ONLY_FIRST_FAILURE)
        failed = runner.run(test, out=report.append, clear_globs=False).failed
        self._names = test.globs
        assert failed == 0, "".join(report)

    def _shell(self, block: Block, where: str) -> None:
        printed = ""
        for words in commands(block.content):
            check_command(words)
            if not block.run or words[0] != "gatecell" or "download=true" in words:
                continue
            self.n_run += 1
            self._capsys.readouterr()
            code = main(words[1:])
            captured = self._capsys.readouterr()
            assert code == 0, f"{where}: {shlex.join(words)}: {captured.err}"
            printed += captured.out
        if block.prints is not None and block.run:
            same = doctest.OutputChecker().check_output(block.prints, printed, _FLAGS)
            assert same, f"{where} says:\n{block.prints}\nbut the commands print:\n{printed}"

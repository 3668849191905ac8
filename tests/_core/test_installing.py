"""What messages advise to run installs what they say."""

import importlib.metadata
import json
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatecell._core.installing import install_again, packages_of, pip_install

ROOT = Path(__file__).parents[2]


def test_the_packages_of_every_extra_for_users() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in extras.keys() - {"dev"}:
        assert packages_of(extra) == extras[extra]
        # following the advice must leave the locked PyTorch as it is
        assert not [name for name in packages_of(extra) if name.startswith("torch")]
    with pytest.raises(KeyError):
        packages_of("tun")


def test_a_command_for_the_environment_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/a b/python")
    assert pip_install("optuna>=5", "filelock") == '"/a b/python" -m pip install "optuna>=5" filelock'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            {"url": f"file://{ROOT}", "dir_info": {"editable": True}},
            f"Gatecell again: python -m pip install --force-reinstall --no-deps --editable {ROOT}",
        ),
        (
            {"url": f"file://{ROOT}", "dir_info": {}},
            f"Gatecell again: python -m pip install --force-reinstall --no-deps {ROOT}",
        ),
        (
            {"url": "file:///gone/gatecell.whl", "archive_info": {}},
            "Gatecell again, in the project's folder: python -m pip install --force-reinstall --no-deps .",
        ),
        (None, "Gatecell again, in the project's folder: python -m pip install --force-reinstall --no-deps ."),
    ],
)
def test_once_more_from_where_it_came(source: object, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "python")
    stored = None if source is None else json.dumps(source)
    found = SimpleNamespace(read_text=lambda name: stored)
    monkeypatch.setattr("gatecell._core.installing.distribution", lambda name: found)
    assert install_again() == text


def test_nothing_advises_a_name_that_no_index_has() -> None:
    """What a user could follow and get nothing, or somebody else's package."""
    assert importlib.metadata.version("gatecell")
    files = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md"]
    for folder, ending in (("src", "py"), ("docs", "md"), ("examples", "*"), ("scripts", "py")):
        files += [path for path in (ROOT / folder).rglob(f"*.{ending}") if path.is_file()]
    advice = re.compile(r"pip install [^\n]*[\"' ]gatecell\b(?!/)")
    assert not [path for path in files if advice.search(path.read_text(encoding="utf-8"))]

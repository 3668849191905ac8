"""What ``make`` does, by what it would run: users get the package alone, and no step is done twice."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
VENV, CORE, PACKAGE, DEVELOPER = (f".venv/{name}" for name in ("bin/pip", ".core", ".installed", ".developer"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that the steps depend on, an hour old; nothing is installed."""
    for name in ("Makefile", "pyproject.toml", "CMakeLists.txt", "requirements/lock.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, path)
        age(path, 3600)
    return tmp_path


def age(path: Path, seconds: float) -> None:
    now = path.stat().st_mtime
    os.utime(path, (now - seconds, now - seconds))


def done(project: Path, *markers: str) -> None:
    for name in markers:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def steps(project: Path, target: str) -> list[str]:
    """The commands that bring something about, as their last words."""
    shown = subprocess.run(
        ["make", "--dry-run", target], cwd=project, capture_output=True, text=True, check=True
    ).stdout
    found = []
    for line in shown.splitlines():
        if "-m venv" in line:
            found.append("venv")
        elif " pip " in line and " install " in line:
            assert "--constraint requirements/lock.txt" in line
            found.append(line.rpartition("requirements/lock.txt ")[2].replace('"', ""))
    return found


def test_users_get_the_package_alone(project: Path) -> None:
    assert steps(project, "quickstart") == ["venv", "--no-deps --editable .", "gatecell"]


@pytest.mark.parametrize("target", ["setup", "test", "check"])
def test_developers_get_the_rest(project: Path, target: str) -> None:
    assert steps(project, target) == ["venv", "--no-deps --editable .", "gatecell[dev]"]


def test_a_step_is_done_once(project: Path) -> None:
    done(project, VENV, CORE, PACKAGE)
    assert steps(project, "quickstart") == []
    assert steps(project, "test") == ["gatecell[dev]"]
    done(project, DEVELOPER)
    assert steps(project, "test") == []


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("pyproject.toml", ["--no-deps --editable .", "gatecell"]),
        ("requirements/lock.txt", ["gatecell"]),
        ("CMakeLists.txt", ["--no-deps --editable ."]),
        ("README.md", []),
    ],
)
def test_a_step_is_done_again_where_what_it_depends_on_changed(project: Path, name: str, again: list[str]) -> None:
    done(project, VENV, CORE, PACKAGE, DEVELOPER)
    for marker in (CORE, PACKAGE, DEVELOPER):
        age(project / marker, 60)
    done(project, name)
    assert steps(project, "quickstart") == again
    assert steps(project, "setup") == [step.replace("gatecell", "gatecell[dev]") for step in again]


def test_what_developers_have_is_enough_for_users(project: Path) -> None:
    recipe = (project / "Makefile").read_text().partition("\n$(DEVELOPER):")[2].partition("\n\n")[0]
    assert "touch $(PACKAGE) $@" in recipe

"""``gatecell tune`` and ``gatecell learning-rate``."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatecell.artifact.store import load_artifact
from tests.cli.conftest import Done
from tests.recipes.test_own_texts import write

Run = Callable[..., Done]
SMALL = ("--set", "max_epochs=1", "--search", "hidden_size=2,3", "--n-trials", "2", "-o", "m.safetensors")
TEXT = ("--text", "review", "--label", "verdict")
SERIES = ("--time", "t", "--target", "y", "--horizon", "3")


@pytest.fixture
def files(here: Path, data: Path) -> dict[str, tuple[str, ...]]:
    """Task to the words that name its data."""
    write(here / "t.csv")
    hours = pd.date_range("2026-01-01", periods=80, freq="h")
    pd.DataFrame({"t": hours, "y": np.sin(np.arange(80.0))}).to_csv(here / "s.csv", index=False)
    (here / "book.txt").write_text("the cat sat on the mat. " * 30)
    np.savez(here / "r.npz", X=np.random.default_rng(0).normal(size=(30, 4, 2)), y=np.arange(30.0))
    return {
        "classify": (str(data),),
        "regress": ("r.npz",),
        "text": ("t.csv", *TEXT),
        "forecast": ("s.csv", *SERIES),
        "language": ("book.txt",),
    }


@pytest.mark.parametrize("task", ["classify", "regress", "text", "forecast", "language"])
def test_a_search_of_every_task(task: str, files: dict[str, tuple[str, ...]], gatecell: Run, here: Path) -> None:
    done = gatecell("tune", task, *files[task], *SMALL)
    assert done.code == 0, done.err
    assert "Search by Optuna: 2 finished" in done.out
    assert "trial    score  hidden_size" in done.out or "trial   score  hidden_size" in done.out
    assert "trial 0, 1 of 2: " in done.err
    assert (here / "m.safetensors").exists()
    assert (here / "m.report.html").exists()
    # the command in the report is the one that ran
    command = shlex.split(load_artifact("m.safetensors").metadata["notes"]["origin"]["command"])
    assert ("--cv" in command) == (task in ("classify", "regress", "text"))
    again = gatecell(*command[1:], "--resume", "--quiet")
    assert again.code == 0, again.err
    assert "Search by Optuna: 2 finished" in again.out
    assert "trial 0" not in again.err


def test_a_search_as_json_goes_on(files: dict[str, tuple[str, ...]], gatecell: Run) -> None:
    words = ("tune", "classify", *files["classify"], *SMALL, "--json", "--quiet")
    found = gatecell(*words)
    assert found.err == ""
    assert len(found.json["search"]["trials"]) == 2
    again = gatecell(*words)
    assert again.code == 2
    assert "m.safetensors is there already" in again.err
    assert gatecell(*words, "--resume").json["search"]["trials"] == found.json["search"]["trials"]


def test_two_models_of_one_study(files: dict[str, tuple[str, ...]], gatecell: Run) -> None:
    """As of two workers: where a model and its logs lie is no part of a search."""
    data = files["classify"][0]
    found = [
        gatecell("tune", "classify", data, *SMALL[:-1], model, "--study", "s.db", "--json", "--resume").json["search"]
        for model in ("one.safetensors", "two.safetensors")
    ]
    assert found[0]["trials"] == found[1]["trials"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--search", "hiden_size=2,3"), 2, "no parameter to search named 'hiden_size'. Did you mean 'hidden_size'?"),
        (("--search", "hidden_size"), 2, "'hidden_size' is nothing to search"),
        (("--n-trials", "0"), 2, "n_trials must be an integer of at least 1, got 0"),
        (("--cv", "many"), 2, "--cv must be a share, as 0.2, or a number of folds, as 3; got 'many'"),
        (("--search", "pooling=lsat", "--n-trials", "1"), 1, "No trial finished: 1 of 1 failed. The first error"),
    ],
)
def test_bad_input(words: tuple[str, ...], code: int, message: str, data: Path, gatecell: Run, here: Path) -> None:
    done = gatecell("tune", "classify", data, "-o", "m.safetensors", "--set", "max_epochs=1", *words)
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (here / "m.safetensors").exists()


def test_without_optuna(data: Path, here: Path) -> None:
    code = (
        "import sys; sys.modules['optuna'] = None\nfrom gatecell.cli.main import main\n"
        f"sys.exit(main(['tune', 'classify', {str(data)!r}, '-o', 'm.safetensors']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "which is not installed. Run: " in done.stderr
    assert '-m pip install "optuna>=5" "filelock>=3.16"' in done.stderr


@pytest.mark.parametrize("task", ["classify", "regress", "text", "forecast", "language"])
def test_a_learning_rate_for_every_task(
    task: str, files: dict[str, tuple[str, ...]], gatecell: Run, here: Path
) -> None:
    done = gatecell("learning-rate", task, *files[task], "--set", "hidden_size=2", "-o", "curve.svg", "--json")
    assert done.code == 0, done.err
    result = done.json
    assert len(result["rates"]) == len(result["losses"]) > 20
    assert "<svg" in (here / "curve.svg").read_text()


def test_a_learning_rate_in_words(data: Path, gatecell: Run, here: Path) -> None:
    done = gatecell("learning-rate", "classify", data, "--set", "hidden_size=8")
    assert done.code == 0, done.err
    assert "suggestion" in done.out
    assert (here / "learning-rate.png").stat().st_size > 1000
    wrong = gatecell("learning-rate", "classify", data, "-o", "curve.txt")
    assert wrong.code == 2
    assert "A picture's file ends in one of .png, .svg, .pdf, got curve.txt" in wrong.err


def test_a_recipe_that_searches_shows_its_grid(gatecell: Run) -> None:
    done = gatecell("recipes", "imdb-search")
    assert "Searched, in every combination:" in done.out
    assert "hidden_size    64, 100, 128" in done.out
    assert "search=grid: by what" in done.out
    assert gatecell("recipes", "imdb-search", "--json").json["recipes"][0]["space"]["input_dropout"] == [0.1, 0.2, 0.3]

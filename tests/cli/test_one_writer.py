"""One ``--output`` has one writer: a second command says who is writing, before it reads anything."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatecell.recipes.run import default_output
from tests._core.test_locks import Holder
from tests.cli.conftest import Done

_FILE, _FOLDER = "out.safetensors", "out"


@pytest.mark.parametrize(
    "words",
    [
        "fit classify d.npz -o out.safetensors",
        "fit regress d.npz -o ./out.safetensors --force",
        "fit text d.csv --text a --label b -o out.safetensors",
        "fit forecast d.csv --time t --target y -o out.safetensors",
        "fit language d.txt -o out.safetensors --resume",
        "tune classify d.npz -o out.safetensors",
        "learning-rate classify d.npz -o out.safetensors",
        "predict m.safetensors d.npz -o out.safetensors",
        "backtest m.safetensors -o out.safetensors",
        "report m.safetensors d.npz -o out.safetensors",
    ],
)
def test_a_file_that_another_process_writes(words: str, gatecell: Callable[..., Done]) -> None:
    holder = Holder(Path(_FILE))
    done = gatecell(*words.split())
    holder.end()
    assert done.code == 75
    assert done.err.startswith("Error: ")
    assert f"{_FILE} is being written by another process: -c {_FILE}" in done.err
    assert f"(process {holder.process.pid} on " in done.err
    assert done.err.count("\n") == 1
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "words", ["run digits -q -o out", "quickstart -q -o out", "run digits -q --resume --output out"]
)
def test_a_folder_that_another_process_writes(words: str, gatecell: Callable[..., Done]) -> None:
    holder = Holder(Path(_FOLDER), folder=True)
    done = gatecell(*words.split())
    holder.end()
    assert done.code == 75
    assert f"Error: {_FOLDER} is being written by another process: -c {_FOLDER}" in done.err
    assert list(Path().iterdir()) == []


def test_the_folder_of_a_run_that_names_none(gatecell: Callable[..., Done]) -> None:
    holder = Holder(default_output("digits", 3), folder=True)
    assert gatecell("run", "digits", "--seed", "3", "-q").code == 75
    holder.end()


def test_where_the_writer_before_was_killed_the_next_one_says_so_and_leaves_nothing(
    gatecell: Callable[..., Done], model: Path, data: Path
) -> None:
    holder = Holder(Path("p.csv"))
    holder.end(kill=True)
    before = {path.name for path in Path().iterdir()}
    done = gatecell("predict", model, data, "-o", "p.csv")
    assert done.code == 0
    said, predicted = done.err.splitlines()
    assert said.startswith("What wrote to p.csv before ended without tidying up: -c p.csv file (process ")
    assert said.endswith("). Its place is taken.")
    assert predicted == "30 predictions are in p.csv."
    assert {path.name for path in Path().iterdir()} == before - {".p.csv.lock"} | {"p.csv"}

"""The tensors of a model, which may be large, are read once by a command."""

from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from gatecell.artifact import store
from tests.cli.conftest import Done
from tests.recipes.test_own_texts import write

Run = Callable[..., Done]


def n_readings(gatecell: Run, *words: str | Path) -> int:
    with mock.patch("gatecell.artifact.store._read", wraps=store._read) as read:
        done = gatecell(*words)
    assert done.code == 0, done.err
    return read.call_count


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_of_sequences(command: str, gatecell: Run, model: Path, data: Path) -> None:
    assert n_readings(gatecell, command, model, data) == 1


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_of_texts(command: str, gatecell: Run, here: Path) -> None:
    write(here / "t.csv")
    small = ("--set", "max_epochs=1", "--set", "hidden_size=2", "-o", "m.safetensors")
    assert gatecell("fit", "text", "t.csv", "--text", "review", "--label", "verdict", *small).code == 0
    assert n_readings(gatecell, command, "m.safetensors", "t.csv") == 1


def test_of_what_a_model_is(gatecell: Run, model: Path) -> None:
    assert n_readings(gatecell, "info", model) == 1

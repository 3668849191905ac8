"""Checkpoints: a killed run goes on as if nothing had happened; what is refused, and how it says so."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gatecell._core.errors import ArtifactError, OptionError, TrainingError
from gatecell.artifact.store import save_artifact
from gatecell.training.checkpoint import CHECKPOINT_FILE, HISTORY_FILE
from gatecell.training.loop import fit
from tests.training import killed_run
from tests.training.tools import (
    Scripted,
    TensorRows,
    config_of,
    identical,
    rows_of,
    sequence_network,
    squared,
    tiny_network,
    weights_of,
)


@pytest.mark.parametrize(("place", "epochs_left"), [("epoch", 3), ("checkpoint", 4)])
def test_a_killed_run_ends_with_the_weights_of_one_never_killed(place: str, epochs_left: int, tmp_path: Path) -> None:
    child = [sys.executable, "-m", "tests.training.killed_run", str(tmp_path), place]
    assert subprocess.run(child, check=False, timeout=120).returncode == -signal.SIGKILL
    assert (tmp_path / CHECKPOINT_FILE).exists()
    assert bool(list(tmp_path.glob("*.part"))) == (place == "checkpoint")

    # another seed: nothing but the checkpoint decides
    resumed, never_killed = sequence_network(seed=9), sequence_network()
    result = killed_run.run(resumed, tmp_path)
    expected = killed_run.run(never_killed, None)
    assert identical(weights_of(resumed), weights_of(never_killed))
    for column in expected.history.columns:
        if column != "seconds":
            assert result.history[column] == expected.history[column], column
    assert result.best_epoch == expected.best_epoch
    assert identical(result.state.optimizer, expected.state.optimizer)
    assert result.history["seconds"][: 6 - epochs_left] != expected.history["seconds"][: 6 - epochs_left]
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT_FILE, HISTORY_FILE}


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "sgd"},
        {"optimizer": "rmsprop"},
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"lr_schedule": "cosine"},
        {"lr_schedule": "plateau", "lr_patience": 1},
        {"patience": 9, "monitor": "train_loss"},
    ],
)
def test_an_interrupted_run_goes_on_exactly(options: dict[str, Any], tmp_path: Path) -> None:
    config = config_of(**{"max_epochs": 4, "monitor": "train_loss", "learning_rate": 0.05, **options})
    expected = tiny_network()
    fit(expected, squared, rows_of(), config=config)

    def stop(call: int) -> None:
        if call == 13:
            raise KeyboardInterrupt

    network = tiny_network()
    with pytest.raises(KeyboardInterrupt):
        fit(network, squared, rows_of(on_take=stop), config=config, checkpoint_dir=tmp_path)
    fresh = tiny_network(seed=3)
    result = fit(fresh, squared, rows_of(), config=config, checkpoint_dir=tmp_path, resume=True)
    assert identical(weights_of(fresh), weights_of(expected))
    assert result.history["epoch"] == [1, 2, 3, 4]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    network, other, rows = tiny_network(), tiny_network(seed=3), rows_of()
    result = fit(network, squared, rows, config=config_of(), checkpoint_dir=tmp_path)
    rows = rows_of()
    again = fit(other, squared, rows, config=config_of(verbose=2), checkpoint_dir=tmp_path, resume=True)
    assert identical(weights_of(other), weights_of(network))
    assert again.history == result.history
    assert isinstance(rows.rows, TensorRows)
    assert rows.rows.taken == []


def test_a_run_that_stopped_early_gives_its_best_weights_again(tmp_path: Path) -> None:
    network, other = tiny_network(), tiny_network(seed=3)
    config = config_of(max_epochs=9, patience=2, monitor="train_score")
    metrics = {"score": Scripted(3, 1, 2, 2)}
    result = fit(network, squared, rows_of(), config=config, metrics=metrics, checkpoint_dir=tmp_path)
    metrics = {"score": Scripted()}
    again = fit(other, squared, rows_of(), config=config, metrics=metrics, checkpoint_dir=tmp_path, resume=True)
    assert again.stopped_early
    assert again.best_epoch == result.best_epoch == 2
    assert len(again.history) == 4
    assert identical(weights_of(other), weights_of(network))


def test_without_resume_a_run_begins_anew(tmp_path: Path) -> None:
    fit(tiny_network(seed=3), squared, rows_of(), config=config_of(), checkpoint_dir=tmp_path)
    network, expected = tiny_network(), tiny_network()
    result = fit(network, squared, rows_of(), config=config_of(), checkpoint_dir=tmp_path)
    fit(expected, squared, rows_of(), config=config_of())
    assert identical(weights_of(network), weights_of(expected))
    assert len(result.history) == 3


def test_resume_without_a_checkpoint_begins(tmp_path: Path) -> None:
    result = fit(
        tiny_network(), squared, rows_of(), config=config_of(), checkpoint_dir=tmp_path / "new" / "run", resume=True
    )
    assert len(result.history) == 3
    assert (tmp_path / "new" / "run" / HISTORY_FILE).read_text().startswith("epoch,train_loss,learning_rate,seconds")


def test_resume_needs_a_folder() -> None:
    with pytest.raises(OptionError, match="resume=True needs checkpoint_dir, the folder in which the checkpoint lies."):
        fit(tiny_network(), squared, rows_of(), config=config_of(), resume=True)


def test_a_score_that_is_not_finite_is_kept_as_none(tmp_path: Path) -> None:
    config = config_of(monitor="train_score", patience=5)
    metrics = {"score": Scripted(float("inf"), float("nan"), 1.0)}
    fit(tiny_network(), squared, rows_of(), config=config, metrics=metrics, checkpoint_dir=tmp_path)
    again = fit(
        tiny_network(), squared, rows_of(), config=config, metrics=metrics, checkpoint_dir=tmp_path, resume=True
    )
    assert np.isnan(again.history["train_score"]).tolist() == [True, True, False]
    assert again.best_epoch == 3


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"config": config_of(learning_rate=0.5)}, "config.learning_rate was 0.01 and is 0.5"),
        ({"config": config_of(learning_rate=0.01, max_epochs=5)}, "config.max_epochs was 3 and is 5"),
        ({"train": rows_of((30, 3))}, "rows.train was 37 and is 30"),
        ({"validation": rows_of((9, 3))}, "rows.validation was None and is 9"),
        ({"network": torch.nn.Sequential(torch.nn.Linear(3, 1))}, "weights.0.bias was [4] and is [1]"),
        ({"identity": {"data": "other", "shape": (1, 2)}}, "run.data was 'some' and is 'other'"),
        ({"identity": {"shape": (1, 2)}}, "run.data was 'some' and is None"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(change: dict[str, Any], difference: str, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {
        "network": tiny_network(),
        "loss": squared,
        "train": rows_of(),
        "config": config_of(learning_rate=0.01),
        "checkpoint_dir": tmp_path,
        "identity": {"data": "some", "shape": (np.int64(1), 2)},
        "resume": True,
    }
    fit(**arguments)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    with pytest.raises(TrainingError) as caught:
        fit(**{**arguments, **change})
    message = str(caught.value)
    assert message.startswith(f"The checkpoint in {tmp_path} belongs to another run, so this one cannot go on from it:")
    assert difference in message
    assert message.endswith("Give the options and data of then, or another folder, or do not resume.")
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before
    # what does not decide the weights may differ
    fit(**{**arguments, "config": replace(arguments["config"], verbose=2, accelerator="auto")})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "is cut off"),
        (lambda data: data[:-3], "is cut off"),
        (lambda _: b"", "is empty"),
        (lambda _: b"something else entirely", "is no safetensors file"),
        (lambda data: data[:20] + bytes(20) + data[40:], "is damaged"),
    ],
)
def test_a_damaged_checkpoint_is_said_to_be_one(damage: Any, message: str, tmp_path: Path) -> None:
    fit(tiny_network(), squared, rows_of(), config=config_of(), checkpoint_dir=tmp_path)
    path = tmp_path / CHECKPOINT_FILE
    path.write_bytes(damage(path.read_bytes()))
    network = tiny_network()
    with pytest.raises(ArtifactError) as caught:
        fit(network, squared, rows_of(), config=config_of(), checkpoint_dir=tmp_path, resume=True)
    assert f"{path} {message}" in str(caught.value)
    assert identical(weights_of(network), weights_of(tiny_network()))


def test_a_model_is_no_checkpoint(tmp_path: Path) -> None:
    save_artifact(tmp_path / CHECKPOINT_FILE, {}, {"kind": "model"})
    with pytest.raises(TrainingError, match="is a Gatecell file but no checkpoint. Give the checkpoints a folder"):
        fit(tiny_network(), squared, rows_of(), config=config_of(), checkpoint_dir=tmp_path, resume=True)


def test_what_other_programs_are_writing_in_the_folder_stays(tmp_path: Path) -> None:
    other, left = (tmp_path / f".{name}.0123abcd.part" for name in ("download", CHECKPOINT_FILE))
    for path in (other, left):
        path.write_bytes(b"half")
    fit(tiny_network(), squared, rows_of(), config=config_of(max_epochs=1), checkpoint_dir=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT_FILE, HISTORY_FILE, other.name}

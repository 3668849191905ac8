"""Logs of jobs lie beside what else they write, unless another place is named; none are written unasked."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gatecell as package
from tests.cli.conftest import Done

Run = Callable[..., Done]
QUICK = ("--set", "max_epochs=2", "--set", "hidden_size=3", "--quiet")


def rows(path: Path) -> int:
    return len(path.read_text().splitlines()) - 1


def test_a_run_logs_in_its_folder(gatecell: Run, here: Path) -> None:
    done = gatecell("run", "digits", *QUICK, "--set", "logger=csv")
    assert done.code == 0, done.err
    assert ["logs", "runs/digits-seed0/logs"] in [line.split() for line in done.out.splitlines()]
    assert rows(here / "runs" / "digits-seed0" / "logs" / "version_0" / "metrics.csv") == 2
    assert package.load(here / "runs" / "digits-seed0" / "model.safetensors").logger is None


def test_a_finished_run_is_the_same_whatever_logged_it(gatecell: Run, here: Path) -> None:
    first = gatecell("run", "digits", *QUICK, "--set", "logger=csv", "--json").json
    again = gatecell("run", "digits", *QUICK, "--resume", "--json").json
    assert again == first
    assert first["logs"] == str((here / "runs" / "digits-seed0" / "logs").resolve())


def test_a_fit_logs_beside_its_model(gatecell: Run, data: Path, here: Path) -> None:
    done = gatecell("fit", "classify", data, "-o", "m.safetensors", *QUICK, "--set", "logger=csv")
    assert done.code == 0, done.err
    assert rows(here / "m.logs" / "version_0" / "metrics.csv") == 2
    assert "m.logs" in done.out
    assert "m.report.html" in done.out


def test_another_place(gatecell: Run, data: Path, here: Path) -> None:
    words = ("fit", "classify", data, "-o", "m.safetensors", *QUICK, "--set", "logger=csv", "--set", "logger_dir=mine")
    assert gatecell(*words, "--json").json["logs"] == str(here / "mine")
    assert rows(here / "mine" / "version_0" / "metrics.csv") == 2
    assert not (here / "m.logs").exists()


def test_none_unasked(gatecell: Run, data: Path, here: Path) -> None:
    done = gatecell("fit", "classify", data, "-o", "m.safetensors", *QUICK, "--json")
    assert "logs" not in done.json
    assert sorted(path.name for path in here.iterdir()) == ["d.npz", "m.report.html", "m.safetensors"]


def test_a_logger_that_is_not_there(gatecell: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    done = gatecell("fit", "classify", data, "-o", "m.safetensors", *QUICK, "--set", "logger=tensorboard")
    assert done.code == 1
    assert '-m pip install "tensorboard>=2.18"' in done.err
    assert gatecell("fit", "classify", data, "-o", "m.safetensors", "--set", "logger=paper").code == 2

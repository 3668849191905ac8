"""``gatecell fit forecast``, and what follows it."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gatecell.recipes.own_series import fit_series
from tests.cli.conftest import Done
from tests.recipes.test_own_series import COLUMNS, SETTINGS, table, written

Run = Callable[..., Done]
FIT = ("--id", "meter", "--time", "when", "--target", "load", "--horizon", "6", "-o", "m.safetensors")
SMALL = ("--set", "hidden_size=3", "--set", "max_epochs=2", "--set", "lookback=24", "--set", "validation_fraction=0.5")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forecaster fitted to two series, and beside it their table."""
    folder = tmp_path_factory.mktemp("fitted")
    fit_series(written(folder / "t.csv", table(180)), COLUMNS, output=folder / "m.safetensors", settings=SETTINGS)
    return folder


@pytest.fixture
def forecaster(here: Path, fitted: Path) -> str:
    for name in ("m.safetensors", "t.csv"):
        shutil.copy(fitted / name, here)
    return "m.safetensors"


def test_from_a_table_to_forecasts(gatecell: Run, here: Path) -> None:
    written(here / "t.csv", table(180))
    done = gatecell("fit", "forecast", "t.csv", *FIT, *SMALL, "--quiet")
    assert done.code == 0, done.err
    for line in ("series                         2", "frequency                      h", "validation_mae"):
        assert line in done.out
    assert "gatecell backtest m.safetensors" in done.out
    lines = list(csv.DictReader(gatecell("predict", "m.safetensors").out.splitlines(keepends=True)))
    assert len(lines) == 12
    assert list(lines[0])[:4] == ["unique_id", "ds", "LSTMForecaster", "LSTMForecaster-lo-80"]
    assert gatecell("info", "m.safetensors").code == 0


def test_a_fit_as_json(gatecell: Run, here: Path) -> None:
    written(here / "t.csv", table(180))
    result = gatecell("fit", "forecast", "t.csv", *FIT, *SMALL, "--json", "--quiet").json
    assert (result["task"], result["data"]["series"]) == ("forecast", 2)


def test_later_lines(gatecell: Run, here: Path, forecaster: str) -> None:
    written(here / "later.csv", table(200))
    done = gatecell("predict", forecaster, "later.csv", "--level", "80", "--horizon", "2", "-o", "f.csv", "--json")
    assert "4 lines are in f.csv" in done.err
    first = done.json["predictions"][0]
    assert list(first) == ["unique_id", "ds", "LSTMForecaster", "LSTMForecaster-lo-80", "LSTMForecaster-hi-80"]
    assert first["ds"] == "2026-01-09 08:00:00"
    assert (here / "f.csv").read_text().startswith("unique_id,ds,LSTMForecaster,LSTMForecaster-lo-80")
    plain = gatecell("predict", forecaster, "--no-intervals")
    assert plain.out.startswith("unique_id,ds,LSTMForecaster\n")
    metrics = gatecell("evaluate", forecaster, "later.csv", "--json").json["metrics"]
    assert {"mae", "mase", "coverage_80", "baseline_naive_mae", "baseline_seasonal_naive_mae"} <= metrics.keys()
    assert {"quantile_loss_80", "quantile_loss_95", "quantile_loss"} <= metrics.keys()
    told = gatecell("evaluate", forecaster, "later.csv")
    assert "better than the naive forecast" in told.out
    assert "It is NOT better than the seasonal naive forecast" in told.out
    assert 'Try difference="season" first (--set difference=season)' in told.out


def test_a_backtest(gatecell: Run, here: Path, forecaster: str) -> None:
    done = gatecell("backtest", forecaster, "--origins", "3", "--step", "6", "--output", "b.csv", "--json")
    assert "36 lines are in b.csv" in done.err
    assert done.json["data"] is None
    lines = list(csv.DictReader((here / "b.csv").read_text().splitlines()))
    assert len({line["cutoff"] for line in lines}) == 3
    assert {"y", "naive", "seasonal_naive"} <= lines[0].keys()


def test_levels_that_cannot_be_told_apart_are_said_once(gatecell: Run, here: Path) -> None:
    written(here / "t.csv", table(60, ids=("1",)).assign(load=lambda rows: rows["load"] + rows.index % 7))
    settings = (*SMALL[:-2], "--set", "validation_fraction=0.3", "--quiet")
    assert gatecell("fit", "forecast", "t.csv", *FIT, *settings).code == 0
    for command in ("predict", "backtest"):
        assert gatecell(command, "m.safetensors").err.count("tell an interval of 95 % from one of 80 %") == 1
        assert gatecell(command, "m.safetensors", "--level", "80").err == ""
    (report,) = here.glob("*.html")
    assert "tell an interval of 95 % from one of 80 %" in report.read_text(encoding="utf-8")


def test_series_that_are_not_judged_are_named(gatecell: Run, here: Path, forecaster: str) -> None:
    written(here / "later.csv", table(200, ids=("1",)))
    for command in ("backtest", "evaluate"):
        done = gatecell(command, forecaster, "later.csv", "--json")
        assert done.err == "1 series without enough later steps are not judged: '01'.\n"
        assert done.json["metrics"]["mae"] > 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("fit", "forecast", "t.csv", *FIT, "--set", "horizon=3", "--force"), "The horizon is set twice"),
        (("fit", "forecast", "t.csv", *FIT, "--force", "--frequency", "hourly"), "There is no frequency 'hourly'"),
        (("fit", "forecast", "t.csv", *FIT), "m.safetensors is there already"),
        (("predict", "m.safetensors", "--time", "when"), "keeps the names of the columns that it was fitted on"),
        (
            ("predict", "m.safetensors", "--level", "80", "--no-intervals"),
            "--level and --no-intervals do not go together",
        ),
        (("predict", "m.safetensors", "--horizon", "7"), "horizon=7 is more than the 6 steps"),
        (
            ("predict", "m.safetensors", "--level", "0.8"),
            "each level is in percent, in [1, 100), got 0.8. Write 80 for",
        ),
        (("backtest", "m.safetensors", "--level", "0.95"), "each level is in percent, in [1, 100), got 0.95. Write 95"),
        (("predict", "m.safetensors", "-o", "."), ". is a folder"),
        (("backtest", "m.safetensors", "t.csv"), "t.csv has 0 steps of series '01' that the model does not know"),
        (("backtest", "m.safetensors", "--step", "0"), "step must be an integer of at least 1"),
        (("backtest", "m.safetensors", "-o", "."), ". is a folder"),
        (("evaluate", "m.safetensors", "t.csv", "--label", "load"), "keeps the names of the columns"),
    ],
)
def test_bad_input(gatecell: Run, forecaster: str, arguments: tuple[str, ...], text: str) -> None:
    done = gatecell(*arguments)
    assert done.code == 2, forecaster
    assert text in done.err
    assert done.err.count("\n") == 1


def test_options_of_forecasters_are_for_forecasters(gatecell: Run, model: Path, data: Path) -> None:
    done = gatecell("predict", model, data, "--horizon", "3")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "are for forecasters; m.safetensors is none" in done.err
    done = gatecell("predict", model)
    assert done.code == 2
    assert "DATA is missing: name the file" in done.err

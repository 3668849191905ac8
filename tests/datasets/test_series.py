"""Loaders of time series, on the real files and without them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gatecell._core.errors import DatasetError, UnknownNameError
from gatecell.data.frames import read_panel
from gatecell.datasets.airline import load_airline
from gatecell.datasets.ett import TEST, TRAIN, VALIDATION, load_ett
from gatecell.datasets.m4 import load_m4_hourly
from gatecell.datasets.stocks import load_stocks


@pytest.mark.usefixtures("data_home")
def test_airline() -> None:
    series = load_airline()
    assert len(series) == 144
    assert (series.iloc[0], series.iloc[-1]) == (112.0, 432.0)
    assert read_panel(series).frequency == "MS"


@pytest.mark.usefixtures("data_home")
def test_ett() -> None:
    frame = load_ett()
    assert frame.shape == (17_420, 7)
    assert frame.columns.tolist() == ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
    assert frame["OT"].iloc[0] == pytest.approx(30.531)
    assert (TRAIN, VALIDATION, TEST) == (8_640, 2_880, 2_880)
    panel = read_panel(frame)
    assert panel.frequency == "h"
    assert panel.lengths.tolist() == [17_420]


@pytest.mark.usefixtures("data_home")
def test_m4_hourly() -> None:
    data = load_m4_hourly()
    lengths = data.train.groupby("unique_id").size()
    assert lengths.value_counts().to_dict() == {960: 245, 700: 169}
    assert (data.test.groupby("unique_id").size() == 48).all()
    assert data.train[data.train["unique_id"] == "H1"]["y"].iloc[:3].tolist() == [605.0, 586.0, 586.0]
    first = data.test[data.test["unique_id"] == "H1"].iloc[0]
    assert (first["ds"], first["y"]) == (701, 619.0)
    train, test = read_panel(data.train), read_panel(data.test)
    assert train.ids == test.ids == [f"H{number}" for number in range(1, 415)]
    assert train.followed_by(test).lengths.sum() == len(data.train) + len(data.test)


@pytest.mark.usefixtures("data_home")
@pytest.mark.parametrize(("name", "close"), [("AAPL", 109.25), ("GOOGL", 497.06), ("MSFT", 46.6)])
def test_stocks(name: str, close: float) -> None:
    frame = load_stocks(name)
    assert len(frame) == 1_259
    assert frame["Close"].iloc[0] == pytest.approx(close, abs=0.005)
    assert frame.index[-1] == pd.Timestamp("2020-01-10")
    # the file's columns stand in an unusual order: high, low, open, close
    assert (frame["High"] >= frame[["Low", "Open", "Close"]].max(axis=1) - 1e-9).all()


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (load_airline, "airline-passengers.csv"),
        (load_ett, "ETTh1.csv.gz"),
        (load_m4_hourly, "Hourly-train.csv.gz"),
        (load_stocks, "AAPL_data.csv"),
    ],
)
def test_absent(load: Callable[[], Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("gatecell.datasets.files.cache_folder", lambda: tmp_path / "cache")
    with pytest.raises(DatasetError, match=rf"{name} is not on this machine, and .* at {tmp_path}/timeseries/"):
        load()


def test_other_prices_are_not_the_tutorials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "timeseries" / "stocks" / "AAPL_data.csv"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"Date,Close\n" + bytes(146_202))
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path))
    with pytest.raises(DatasetError, match=r"AAPL_data.csv is not the published file: its content has another SHA-256"):
        load_stocks()


def test_an_unknown_share() -> None:
    with pytest.raises(UnknownNameError, match=r"There is no share named 'APPL'. Did you mean 'AAPL'"):
        load_stocks("APPL")

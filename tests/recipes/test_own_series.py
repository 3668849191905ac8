"""The user's own tables of series: fit, forecast, back-test."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell._core.errors import ArtifactError, InputError, OptionError, UnknownNameError
from gatecell.data.series_table import SeriesColumns
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.persistence import save_estimator
from gatecell.recipes.own_series import backtest_series, fit_series, forecast_series

SETTINGS: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "lookback": 24, "horizon": 6, "validation_fraction": 0.5}
COLUMNS = SeriesColumns(time="when", target=("load",), id="meter")


def table(n_hours: int = 200, ids: tuple[str, ...] = ("01", "1")) -> pd.DataFrame:
    hours = pd.date_range("2026-01-01", periods=n_hours, freq="h")
    wave = 50 + 10 * np.sin(np.arange(n_hours) * 2 * np.pi / 24)
    return pd.concat(
        [
            pd.DataFrame({"meter": id, "when": hours, "load": wave * (place + 1), "holiday": hours.day % 7 == 0})
            for place, id in enumerate(ids)
        ]
    )


def written(path: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    fit_series(written(folder / "train.csv", table(180)), COLUMNS, output=folder / "m.safetensors", settings=SETTINGS)
    return folder


@pytest.fixture
def model(tmp_path: Path, fitted: Path) -> Path:
    for name in ("m.safetensors", "train.csv"):
        shutil.copy(fitted / name, tmp_path)
    return tmp_path / "m.safetensors"


def test_a_fit_says_what_it_saw(tmp_path: Path) -> None:
    data = written(tmp_path / "t.csv.gz", table())
    result = fit_series(data, COLUMNS, output=tmp_path / "m.safetensors", settings=SETTINGS, seed=3)
    assert result.data == {"series": 2, "steps": [200, 200], "targets": ["load"], "frequency": "h"}
    assert result.metrics["validation_mae"] > 0
    assert result.metrics["baseline_seasonal_naive_mae"] == pytest.approx(0, abs=1e-6)
    estimator = LSTMForecaster.load(tmp_path / "m.safetensors")
    assert estimator.panel_.ids == ["01", "1"]
    assert estimator.horizon == 6


def test_without_held_out_steps_there_is_nothing_to_judge_by(tmp_path: Path) -> None:
    data = written(tmp_path / "t.csv", table())
    settings = SETTINGS | {"validation_fraction": None, "patience": None}
    result = fit_series(data, COLUMNS, output=tmp_path / "m.safetensors", settings=settings)
    assert not any(name.startswith(("validation", "baseline")) for name in result.metrics)


def test_later_lines_are_noted_and_known_ones_left_out(model: Path, tmp_path: Path) -> None:
    known = forecast_series(model)
    assert known["ds"].iloc[0] == pd.Timestamp("2026-01-08 12:00")
    assert list(known)[2:4] == ["LSTMForecaster", "LSTMForecaster-lo-80"]
    everything = forecast_series(model, written(tmp_path / "all.csv", table(200)), horizon=2, level=())
    only_new = table(200).groupby("meter").tail(20)
    later = forecast_series(model, written(tmp_path / "new.csv", only_new), horizon=2, level=())
    pd.testing.assert_frame_equal(everything, later)
    assert later["ds"].iloc[0] == pd.Timestamp("2026-01-09 08:00")
    assert len(later) == 4
    again = forecast_series(model, tmp_path / "train.csv")
    pd.testing.assert_frame_equal(again, known)


def test_a_backtest(model: Path, tmp_path: Path) -> None:
    held_out = backtest_series(model, step=6)
    assert held_out.predictions.groupby("unique_id").size().to_dict() == {"01": 90, "1": 90}
    later = backtest_series(model, written(tmp_path / "all.csv", table(200)))
    assert later.predictions["ds"].min() == pd.Timestamp("2026-01-08 12:00")
    assert later.predictions.groupby("unique_id")["cutoff"].nunique().to_dict() == {"01": 15, "1": 15}
    two = backtest_series(model, tmp_path / "all.csv", n_origins=2, level=[80])
    assert two.predictions.groupby("unique_id")["cutoff"].nunique().to_dict() == {"01": 2, "1": 2}


def test_a_series_without_later_lines_is_not_judged(model: Path, tmp_path: Path) -> None:
    some = pd.concat([table(200, ids=("01",)), table(185, ids=("1",)).tail(5)])
    for rows in (some, table(200, ids=("01",))):
        judged = backtest_series(model, written(tmp_path / "later.csv", rows))
        assert judged.left_out == ("1",)
        assert judged.predictions["unique_id"].unique().tolist() == ["01"]
    both = backtest_series(model, written(tmp_path / "both.csv", table(200)))
    assert both.left_out == ()
    pd.testing.assert_frame_equal(both.predictions.query("unique_id == '01'"), judged.predictions)


def test_covariates_known_ahead(tmp_path: Path) -> None:
    columns = SeriesColumns(time="when", target=("load",), id="meter", future=("holiday",))
    data = written(tmp_path / "t.csv", table(180))
    model = tmp_path / "m.safetensors"
    fit_series(data, columns, output=model, settings=SETTINGS)
    ahead = written(tmp_path / "ahead.csv", table(200)[["meter", "when", "holiday"]])
    assert len(forecast_series(model, ahead=ahead)) == 12
    with pytest.raises(InputError, match=r"known ahead \(holiday\), so a forecast needs a frame"):
        forecast_series(model)


def test_later_files_on_another_clock(tmp_path: Path) -> None:
    columns = SeriesColumns(time="when", target=("load",), future=("holiday",))
    index = pd.date_range("2026-10-20", periods=200, freq="h", tz="Europe/Berlin")
    rows = pd.DataFrame({"when": index, "load": np.arange(200) % 24, "holiday": index.day % 7 == 0})
    for frequency in ("infer", "rows"):
        model = tmp_path / f"{frequency}.safetensors"
        data = written(tmp_path / "t.csv", rows[:120].assign(when=rows["when"].dt.tz_convert("+01:00")))
        fit_series(data, columns, output=model, settings=SETTINGS, frequency=frequency)
        expected = None
        for zone in ("+01:00", "Europe/Berlin", "UTC", "Asia/Kolkata"):
            moved = rows.assign(when=rows["when"].dt.tz_convert(zone))
            later = written(tmp_path / "later.csv", moved[100:190])
            ahead = written(tmp_path / "ahead.csv", moved[["when", "holiday"]][190:196])
            found = forecast_series(model, later, ahead=ahead)
            expected = found if expected is None else expected
            pd.testing.assert_frame_equal(found, expected, check_exact=True)
        with pytest.raises(InputError, match=r"Column 'when' holds times without a time zone .* distance from UTC"):
            forecast_series(
                model, written(tmp_path / "p.csv", rows.assign(when=rows["when"].dt.tz_localize(None))[130:])
            )


@pytest.mark.filterwarnings("ignore:Too few past forecasts")
def test_rows_as_steps(tmp_path: Path) -> None:
    trading = table(ids=("a",)).iloc[::3]
    model = tmp_path / "m.safetensors"
    columns = SeriesColumns(time="when", target=("load",))
    fit_series(written(tmp_path / "t.csv", trading[:-1]), columns, output=model, frequency="rows", settings=SETTINGS)
    assert forecast_series(model)["ds"].tolist() == [66, 67, 68, 69, 70, 71]
    new = forecast_series(model, written(tmp_path / "n.csv", trading[-1:]))
    assert new["ds"].iloc[0] == 67
    # lines that are known already are not taken for later ones
    pd.testing.assert_frame_equal(forecast_series(model, tmp_path / "t.csv"), forecast_series(model))
    pd.testing.assert_frame_equal(forecast_series(model, written(tmp_path / "all.csv", trading)), new)
    with pytest.raises(InputError, match=r"has 1 steps of series 'series' that the model does not know"):
        backtest_series(model, tmp_path / "all.csv")
    with pytest.raises(
        InputError, match=r"Column 'when' holds times with the time zone UTC .* without one \(up to 2026-01-09"
    ):
        forecast_series(model, written(tmp_path / "z.csv", trading.assign(when=trading["when"].dt.tz_localize("UTC"))))
    estimator = LSTMForecaster.load(model)
    save_estimator(estimator, tmp_path / "o.safetensors", notes={"columns": asdict(columns)})
    with pytest.raises(ArtifactError, match=r"o.safetensors does not say up to when its series are known"):
        forecast_series(tmp_path / "o.safetensors")


def test_rows_as_steps_of_several_series(tmp_path: Path) -> None:
    trading = table(ids=("01", "1")).iloc[::3]
    model = tmp_path / "m.safetensors"
    known = trading.groupby("meter").head(60)
    fit_series(written(tmp_path / "t.csv", known), COLUMNS, output=model, frequency="rows", settings=SETTINGS)
    later = forecast_series(model, written(tmp_path / "all.csv", trading), level=())
    assert later.groupby("unique_id")["ds"].first().to_dict() == trading.groupby("meter").size().to_dict()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (table(183), r"has 3 steps of series '01' that the model does not know, but a forecast is of 6"),
        (table(200, ids=("01", "1", "2")), r"There is no series named '2'"),
        (table(200).drop(columns="load"), r"There is no column in .*later.csv named 'load'"),
    ],
)
def test_later_lines_that_cannot_be_judged(model: Path, tmp_path: Path, frame: pd.DataFrame, message: str) -> None:
    with pytest.raises((InputError, UnknownNameError), match=message):
        backtest_series(model, written(tmp_path / "later.csv", frame))


def test_files_that_cannot_be_used(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file .*none.csv"):
        forecast_series(model, tmp_path / "none.csv")
    (tmp_path / "x.npz").write_bytes(b"x")
    with pytest.raises(
        InputError,
        match=r"x.npz is not a table of series, which is one of .csv, .tsv, .jsonl, .ndjson, .parquet, a line",
    ):
        forecast_series(model, tmp_path / "x.npz")
    with pytest.raises(OptionError, match=r"is there already"):
        fit_series(tmp_path / "train.csv", COLUMNS, output=model)


def test_a_model_that_was_not_fitted_on_a_table(tmp_path: Path) -> None:
    frame = table(120)
    estimator = LSTMForecaster(**SETTINGS, random_state=0).fit(frame, id="meter", time="when", target="load")
    save_estimator(estimator, tmp_path / "m.safetensors")
    with pytest.raises(OptionError, match=r"was not fitted on a table, so it is not known how to read one"):
        forecast_series(tmp_path / "m.safetensors")
    save_estimator(estimator, tmp_path / "d.safetensors", notes={"columns": {"what": 1}})
    with pytest.raises(ArtifactError, match=r"d.safetensors is damaged: the notes that travel with it cannot be read"):
        forecast_series(tmp_path / "d.safetensors")

"""The history: columns, table, file."""

import csv
import json
import math
from pathlib import Path

import pytest

from gatecell._core.errors import OptionError, UnknownNameError
from gatecell.training.history import History

ROWS = [{"epoch": 1.0, "train_loss": 0.1 + 0.2}, {"epoch": 2.0, "train_loss": 1e-17, "validation_loss": 0.5}]


def test_columns_in_the_order_in_which_they_came_up() -> None:
    history = History(ROWS)
    assert history.columns == ["epoch", "train_loss", "validation_loss"]
    assert len(history) == 2
    assert list(history) == ROWS
    assert history["train_loss"] == [0.1 + 0.2, 1e-17]
    assert math.isnan(history["validation_loss"][0])
    assert repr(history) == "History(epochs=2, columns=['epoch', 'train_loss', 'validation_loss'])"


def test_an_unknown_column_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no history column named 'val_loss'. Did you mean 'validation_loss'"):
        History(ROWS)["val_loss"]


def test_a_row_is_not_read_like_a_column() -> None:
    message = r"A history is read by column, as history\['train_loss'\]\[-1\]; row -1 is history\.rows\[-1\]\."
    with pytest.raises(OptionError, match=message):
        History([{"epoch": 1}])[-1]  # type: ignore[index]


def test_it_keeps_copies_of_rows() -> None:
    row = {"epoch": 1.0}
    history = History([row])
    history.append(row)
    row["epoch"] = 5.0
    assert history["epoch"] == [1.0, 1.0]
    assert history == History([{"epoch": 1.0}, {"epoch": 1.0}])
    assert history != History([{"epoch": 1.0}])


def test_frame_and_file_hold_the_same_numbers(tmp_path: Path) -> None:
    history = History(ROWS)
    history.to_csv(tmp_path / "runs" / "history.csv")
    with (tmp_path / "runs" / "history.csv").open(newline="") as stream:
        read = [{name: float(text) for name, text in row.items() if text} for row in csv.DictReader(stream)]
    assert read == ROWS
    frame = history.to_frame()
    assert list(frame.columns) == history.columns
    assert [row.dropna().to_dict() for _, row in frame.iterrows()] == ROWS
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["history.csv"]


def test_an_empty_history_is_an_empty_table() -> None:
    assert History().to_frame().shape == (0, 0)


def test_json_round_trip() -> None:
    history = History([*ROWS, {"epoch": 3.0, "train_loss": math.nan, "validation_loss": math.inf}])
    back = History.from_json(json.loads(json.dumps(history.to_json(), allow_nan=False)))
    assert back.rows[:2] == ROWS
    assert math.isnan(back["train_loss"][2])
    # JSON has no infinity either
    assert math.isnan(back["validation_loss"][2])

from pathlib import Path

import numpy as np
import pytest

from gatecell._core.errors import InputError, OptionError
from gatecell.data.csv_file import LongColumns
from gatecell.data.tables import is_table, read_labelled


@pytest.mark.parametrize("name", ["d.npz", "d.ts", "d.csv", "d.ts.gz", "d"])
def test_missing_empty_and_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(InputError, match=rf"There is no file .*{name}\. Check the path\."):
        read_labelled(path)
    path.touch()
    with pytest.raises(InputError, match=rf"{name} is empty\. The copy or download failed"):
        read_labelled(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=rf"{name} is a folder\. Name the file in it"):
        read_labelled(path)


def test_a_wrong_ending_names_the_right_ones(tmp_path: Path) -> None:
    path = tmp_path / "d.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(
        InputError,
        match=r"Read are \.npz, \.npy, \.ts, \.ts\.gz, \.csv, \.tsv, \.jsonl, \.ndjson, \.parquet: rename the file, or",
    ):
        read_labelled(path)


@pytest.mark.parametrize(
    ("name", "expected"), [("d.csv", True), ("D.CSV.GZ", True), ("d.csv.npz", False), ("d.csv.ts.gz", False)]
)
def test_the_ending_says_what_is_a_table(name: str, expected: bool) -> None:
    assert is_table(name) is expected


def test_columns_belong_to_tables_alone(tmp_path: Path) -> None:
    table, archive = tmp_path / "d.csv", tmp_path / "d.npz"
    table.write_text("a,b\n1,2\n")
    np.savez(archive, X=np.zeros((2, 3)))
    with pytest.raises(OptionError, match=r"say which column names the sequence and which the time: --id NAME"):
        read_labelled(table)
    with pytest.raises(OptionError, match=r"d\.npz has no columns, so --id, --time and --label"):
        read_labelled(archive, LongColumns(id="a", time="b"))

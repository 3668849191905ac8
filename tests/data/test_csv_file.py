import gzip
from pathlib import Path

import numpy as np
import pytest

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.csv_file import LongColumns
from gatecell.data.labelled import LabelledSequences
from gatecell.data.tables import read_labelled

COLUMNS = LongColumns(id="who", time="t", label="kind")
TABLE = "who,t,a,kind,b\nz,2,20,up,0.2\nz,1,10,up,0.1\ny,5,50,down,0.5\nz,3,30,up,0.3\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "d.csv"


def read(path: Path, text: str, columns: LongColumns = COLUMNS) -> LabelledSequences:
    path.write_text(text, encoding="utf-8")
    return read_labelled(path, columns)


def test_grouped_by_id_and_sorted_by_time(path: Path) -> None:
    data = read(path, TABLE)
    assert isinstance(data.X, list)
    np.testing.assert_array_equal(data.X[0], [[10, 0.1], [20, 0.2], [30, 0.3]])
    np.testing.assert_array_equal(data.X[1], [[50, 0.5]])
    assert data.y is not None
    assert data.y.tolist() == ["up", "down"]
    assert data.rows == ("z", "y")
    assert data.channels == ("a", "b")
    assert data.left_out == ()


def test_ids_are_names_not_numbers(path: Path) -> None:
    data = read(path, "who,t,a\n01,0,1\n1,0,2\n1.0,0,3\n", LongColumns(id="who", time="t"))
    assert data.rows == ("01", "1", "1.0")
    np.testing.assert_array_equal(data.X, [[[1]], [[2]], [[3]]])


def test_like_lengths_in_gzip_with_numbers_as_labels(tmp_path: Path) -> None:
    path = tmp_path / "d.csv.gz"
    path.write_bytes(gzip.compress(b"who,t,a,kind\n2,0,1,7\n1,1,4,8\n1,0,3,8\n2,1,2,7\n"))
    data = read_labelled(path, COLUMNS)
    np.testing.assert_array_equal(data.X, [[[1], [2]], [[3], [4]]])
    assert data.y is not None
    assert data.y.dtype.kind == "i"
    assert data.y.tolist() == [7, 8]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2024-12-31", "2025-01-01"),
        ("2024-01-01T09:00", "2024-01-01T10:00"),
        ("9", "10"),
        ("0.5", "1"),
        ("2024-01-01T10:00+02:00", "2024-01-01T09:00Z"),
    ],
)
def test_times_are_numbers_or_dates_not_text(path: Path, earlier: str, later: str) -> None:
    data = read(path, f"who,t,a\nz,{later},2\nz,{earlier},1\n", LongColumns(id="who", time="t"))
    np.testing.assert_array_equal(data.X, [[[1], [2]]])
    assert data.y is None


def test_text_and_nameless_columns_are_no_channels(path: Path) -> None:
    data = read(path, ",who,t,note,a,kind\n0,z,1,fine,1,up\n1,z,2,,2,up\n")
    assert data.channels == ("a",)
    assert data.left_out == ("Unnamed: 0", "note")


def test_channels_by_name_in_their_order(path: Path) -> None:
    data = read(path, TABLE, LongColumns(id="who", time="t", channels=("b", "a")))
    assert data.channels == ("b", "a")
    np.testing.assert_array_equal(data.X[1], [[0.5, 50]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "who,t,a,kind\nz,1,1,up\ny,1,1,up\nz,1,2,up\n",
            r"lines 2 and 4 have the same who \(z\) and t \(1\), so their order is not known",
        ),
        (
            "who,t,a,kind\nz,1,1,up\nz,2,1,down\n",
            r"the kind of who z changes from up in line 2 to down in line 3; a sequence has one",
        ),
        ("who,t,a,kind\nz,1,1,up\nz,2,,up\n", r"line 3 \(who z, t 2\): a is missing\. Fill it"),
        ("who,t,a,kind\nz,1,inf,up\n", r"line 2 \(who z, t 1\): a is infinite"),
        ("who,t,a,kind\n,1,1,up\n", r"line 2: who is missing \(empty, or a word such as NA or None\)"),
        ("who,t,a,kind\nz,,1,up\n", r"line 2: t is missing"),
        ("who,t,a,kind\nz,1,1,\n", r"line 2: kind is missing"),
        ("who,t,a,kind\nz,soon,1,up\n", r"line 2: t is 'soon', neither a number nor a date"),
        ("who,t,a,kind\nz,1,1,up\nz,2,oops,up\n", r"line 3: a is 'oops', but other lines have numbers there"),
        ("who,t,kind\nz,1,up\n", r"has no column of numbers beside"),
        ("who,t,a,kind\n", r"has no lines under its column names \(who, t, a, kind\)"),
        ("\n\n", r"is no table of comma-separated values in UTF-8"),
        ('who,t\n"z,1', r"is no table of comma-separated values in UTF-8"),
        ("who,t\n1,2\n1,2,3,4\n", r"is no table of comma-separated values in UTF-8"),
    ],
)
def test_bad_tables(path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(path, text)


def test_bytes_that_are_no_text(path: Path) -> None:
    path.write_bytes(b"who,t,a,kind\n\xff,1,1,1\n")
    with pytest.raises(InputError, match=r"is no table of comma-separated values in UTF-8"):
        read_labelled(path, COLUMNS)


def test_an_unknown_column_suggests_the_nearest(path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no column in .*d\.csv named 'kinds'\. Did you mean 'kind'\?"):
        read(path, TABLE, LongColumns(id="who", time="t", label="kinds"))


def test_a_column_has_one_meaning() -> None:
    with pytest.raises(OptionError, match=r"one is named twice: who, who"):
        LongColumns(id="who", time="who")

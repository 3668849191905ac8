import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.csv_file import LongColumns
from gatecell.data.labelled import LabelledSequences
from gatecell.data.tables import read_labelled
from gatecell.data.tabular.dialect import TableDialect

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
        ("who,t,a,kind\n,1,1,up\n", r"line 2: who is missing \(the cell is empty\)\. Fill it"),
        ("who,t,a,kind\nz,,1,up\n", r"line 2: t is missing"),
        ("who,t,a,kind\nz,1,1,\n", r"line 2: kind is missing"),
        ("who,t,a,kind\nz,soon,1,up\n", r"line 2: t is 'soon', neither a number nor a date"),
        (
            "who,t,a,kind\nz,1,1,up\nz,2,oops,up\n",
            r"line 3: a is 'oops', not a number, but other lines have numbers there",
        ),
        ("who,t,kind\nz,1,up\n", r"has no column of numbers beside"),
        ("who,t,a,kind\n", r"has no rows under its columns \(who, t, a, kind\)"),
        ("\n\n", r"has nothing but empty lines"),
        ('who,t\n"z,1', r"line 2: unexpected end of data\. A text with a double quote has it twice"),
        ("who,t\n1,2\n1,2,3,4\n", r"line 3: 4 values, but there are 2 columns \(who, t\), with ',' between them"),
    ],
)
def test_bad_tables(path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(path, text)


def test_bytes_that_are_no_text(path: Path) -> None:
    path.write_bytes(b"who,t,a,kind\n\xff,1,1,1\n")
    with pytest.raises(InputError, match=r"line 2: not in utf-8, at byte 1 of the line stands ff 2c 31 2c\."):
        read_labelled(path, COLUMNS)


def test_an_unknown_column_suggests_the_nearest(path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no column in .*d\.csv named 'kinds'\. Did you mean 'kind'\?"):
        read(path, TABLE, LongColumns(id="who", time="t", label="kinds"))


def test_a_column_has_one_meaning() -> None:
    with pytest.raises(OptionError, match=r"one is named twice: who, who"):
        LongColumns(id="who", time="who")


WITHOUT_LABEL = LongColumns(id="who", time="t")


@pytest.mark.parametrize(
    "times",
    [
        ("11/02/2026", "12/02/2026", "13/02/2026", "14/02/2026"),
        ("2026-01-01", "2300-12-31", "9000-01-01", "9999-12-31"),
        ("0001-01-01", "1500-01-01", "1677-01-01", "2026-01-01"),
        ("1/9/2026 11:00 AM", "1/9/2026 1:00 PM", "1/10/2026 9:00 AM", "1/13/2026 8:00 AM"),
        ("9223372036854775806", "9223372036854775807", "9223372036854775808", "99999999999999999999"),
    ],
)
def test_steps_are_in_the_order_of_time(path: Path, times: tuple[str, ...]) -> None:
    lines = "".join(f"z,{times[place]},{place}\n" for place in (2, 0, 3, 1))
    np.testing.assert_array_equal(read(path, f"who,t,v\n{lines}", WITHOUT_LABEL).X, [[[0], [1], [2], [3]]])


def test_days_and_months_that_may_be_exchanged(path: Path) -> None:
    path.write_text("who,t,v\nz,01/02/2026,2\nz,02/01/2026,1\n")
    with pytest.raises(InputError, match=r"d\.csv: t can be read in two ways.*--day-first or --month-first"):
        read_labelled(path, WITHOUT_LABEL)
    for day_first, expected in ((True, [[[1], [2]]]), (False, [[[2], [1]]])):
        data = read_labelled(path, WITHOUT_LABEL, dialect=TableDialect(day_first=day_first))
        np.testing.assert_array_equal(data.X, expected)


def test_labels_are_kept_as_they_are_written(path: Path) -> None:
    data = read(path, "who,t,a,kind\nx,1,1,01\ny,1,2,1\nz,1,3,1.0\n")
    assert data.y is not None
    assert data.y.tolist() == ["01", "1", "1.0"]


def test_the_label_is_no_channel_where_lines_end_with_a_separator(path: Path) -> None:
    data = read(path, "who,t,a,kind\nx,1,5,up,\ny,1,6,down,\n")
    assert data.channels == ("a",)
    np.testing.assert_array_equal(data.X, [[[5]], [[6]]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("who;t;a\nz;1;1,5\nz;2;-2,5e1\n", [[[1.5], [-25]]]),
        ("who\tt\ta\nz\t1\t1.5\nz\t2\t2\n", [[[1.5], [2]]]),
        ('who,t,a\nz,1,"0,123"\nz,2,"2,123"\n', [[[0.123], [2.123]]]),
        ("who,t,a\nz,1,True\nz,2,false\n", [[[1], [0]]]),
        ("who,t,a\nz,1, 3 \nz,2,1e5\n", [[[3], [1e5]]]),
    ],
)
def test_numbers(path: Path, text: str, expected: list[Any]) -> None:
    np.testing.assert_array_equal(read(path, text, WITHOUT_LABEL).X, expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("who,t,a\nz,1,True\nz,2,\n", r"line 3 \(who z, t 2\): a is missing"),
        ("who,t,a\nz,1,True\nz,2,1\n", r"line 2: a is 'True', not a number, but other lines"),
        (
            "who;t;a\nz;1;1,234\nz;2;2,500\n",
            r"a is '1,234' in line 2, which may be 1\.234 or 1234\. Say --dec",
        ),
        ("who;t;a;b\nz;1;1.234;1,5\n", r"b is '1,5' in line 2, but a is '1\.234' in line 2: one of the marks stands"),
        ('who,t,a\nz,1,"1,234,567"\nz,2,1\n', r"line 2: a is '1,234,567', not a number, .* no marks between thousands"),
        ("who,t,a\nz,1,1_000\nz,2,1\n", r"line 2: a is '1_000', not a number"),
        ('who,t,a\n\n"z\nz",1,1\n\nz,2,x\n', r"line 6: a is 'x', not a number"),
        ("who,t,a\nz,1," + "9" * 10**6 + "x\nz,2,1\n", r"line 2: a is '9{37}\.\.\.', not a number"),
    ],
)
def test_what_is_no_number(path: Path, text: str, message: str) -> None:
    with pytest.raises((InputError, OptionError), match=message):
        read(path, text, WITHOUT_LABEL)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("true", "2"), r"line 2: kind is 2, but true in line 1\. Write all labels alike"),
        (("true", '"true"'), r"line 2: kind is 'true', but true in line 1"),
        (("[1]", "[2]"), r"line 1: kind is \[1\], neither text nor a whole number"),
        (("1.5", "2"), r"line 1: kind is 1\.5, neither text nor a whole number"),
        (("1" + "0" * 30, "2"), r"line 1: kind is 10+, neither text"),
    ],
)
def test_labels_of_several_kinds(tmp_path: Path, labels: tuple[str, str], message: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text("".join(f'{{"who": {row}, "t": 1, "a": 2, "kind": {label}}}\n' for row, label in enumerate(labels)))
    with pytest.raises(InputError, match=message):
        read_labelled(path, COLUMNS)


@pytest.mark.parametrize(
    ("labels", "expected"), [("true false", [True, False]), ("1 0", [1, 0]), ('"1" "01"', ["1", "01"])]
)
def test_labels_of_json_keep_their_kind(tmp_path: Path, labels: str, expected: list[Any]) -> None:
    path = tmp_path / "d.jsonl"
    items = enumerate(labels.split())
    path.write_text("".join(f'{{"who": {row}, "t": 1, "a": 2, "kind": {label}}}\n' for row, label in items))
    data = read_labelled(path, COLUMNS)
    assert data.y is not None
    assert data.y.tolist() == expected
    assert type(data.y.tolist()[0]) is type(expected[0])


def test_numbers_to_learn_have_the_decimal_mark_of_the_table(path: Path) -> None:
    path.write_text("who;t;a;kind\nx;1;1,5;2,25\ny;1;2,5;3\n")
    data = read_labelled(path, COLUMNS, targets="numbers")
    assert data.y is not None
    assert data.y.tolist() == [2.25, 3.0]
    path.write_text("who;t;a;kind\nx;1;1,5;2,25\ny;1;2,5;no\n")
    with pytest.raises(InputError, match=r"line 3: kind is 'no', but regression learns numbers"):
        read_labelled(path, COLUMNS, targets="numbers")


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("1,031.50", r"Write them without\."),
        ("1.031,50", r"Write them without\."),
        ("1,031", r"--decimal ,"),
    ],
)
def test_the_decimal_mark_is_advised_only_where_it_helps(path: Path, cell: str, advice: str) -> None:
    with pytest.raises((InputError, OptionError), match=advice) as caught:
        read(path, f'who,t,a\nz,1,"{cell}"\nz,2,1.5\n', LongColumns(id="who", time="t"))
    assert ("--decimal" in str(caught.value)) == ("--decimal" in advice)


@pytest.mark.parametrize(("mark", "name"), [(" ", "space"), ("~", "'~'")])
def test_a_table_of_one_column_is_asked_for_its_separator(path: Path, mark: str, name: str) -> None:
    text = f"who{mark}t{mark}a\nz{mark}1{mark}2\nz{mark}2{mark}2\n"
    with pytest.raises(UnknownNameError, match=rf"That is one column: .* say --sep {name}\."):
        read(path, text, LongColumns(id="who", time="t"))

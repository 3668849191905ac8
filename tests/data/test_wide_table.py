"""Tables with a sequence a row, arrays of NumPy, and lists in cells."""

import json
from pathlib import Path

import numpy as np
import pytest

from gatecell._core.errors import InputError, OptionError
from gatecell.data.csv_file import LongColumns
from gatecell.data.labelled import LabelledSequences
from gatecell.data.npz_file import read_npz
from gatecell.data.tables import Columns, read_labelled
from gatecell.data.ts_file import read_ts
from gatecell.data.wide_table import WideColumns


def read(folder: Path, content: str, name: str = "t.csv", columns: Columns | None = None) -> LabelledSequences:
    (folder / name).write_text(content)
    return read_labelled(folder / name, columns)


def values(data: LabelledSequences) -> list[list[list[float]]]:
    return [sequence.tolist() for sequence in data.X]


def test_a_file_of_the_ucr_archive(tmp_path: Path) -> None:
    data = read(tmp_path, "2\t0.5\t0.6\t0.7\n-1\t1.5\t1.6\tNaN\n2\t3e0\t\t\n", "t.tsv")
    assert values(data) == [[[0.5], [0.6], [0.7]], [[1.5], [1.6]], [[3.0]]]
    assert data.y is not None
    assert data.y.tolist() == [2, -1, 2]
    assert data.channels == ("value",)


@pytest.mark.parametrize("text", ["up,1,2\ndown,2,1\n", "up;1,0;2\ndown;2;1\n", "up|1|2\ndown|2|1\n"])
def test_no_row_is_taken_for_names(text: str, tmp_path: Path) -> None:
    data = read(tmp_path, text)
    assert values(data) == [[[1], [2]], [[2], [1]]]
    assert data.y is not None
    assert data.y.tolist() == ["up", "down"]


def test_with_names(tmp_path: Path) -> None:
    text = ",t0,t1,note,kind\n0,1,2,fine,01\n1,3,4,fine,1\n"
    data = read(tmp_path, text, columns=WideColumns(label="kind"))
    assert values(data) == [[[1], [2]], [[3], [4]]]
    assert data.y is not None
    assert data.y.tolist() == ["01", "1"]
    assert data.left_out == ("Unnamed: 0", "note")
    chosen = read(tmp_path, text, columns=WideColumns(label="kind", steps=("t1", "t0")))
    assert values(chosen) == [[[2], [1]], [[4], [3]]]
    with pytest.raises(OptionError, match=r"--id NAME --time NAME .*; or, where a row is a sequence, .* --label NAME"):
        read(tmp_path, text)
    with pytest.raises(OptionError, match="named as label and as value"):
        WideColumns(label="a", steps=("a",))


@pytest.mark.parametrize(
    ("n_columns", "label", "expected", "y"),
    [(3, None, [[1], [2]], None), (3, "column 1", [[1], [2]], [7]), (2, None, [[7], [1]], None)],
)
def test_later_rows_without_names(
    n_columns: int, label: str | None, expected: list[list[int]], y: list[int] | None, tmp_path: Path
) -> None:
    row = "\t".join(["7", "1", "2"][:n_columns])
    fitted = WideColumns(label=label, steps=("column 2", "column 3"), header=False)
    data = read(tmp_path, f"{row}\n", "t.tsv", fitted)
    assert values(data) == [expected]
    assert (None if data.y is None else data.y.tolist()) == y


def test_later_rows_of_another_width(tmp_path: Path) -> None:
    fitted = WideColumns(steps=("column 2", "column 3"), header=False)
    with pytest.raises(InputError, match=r"has 5 columns without names, but 2 values, with or without a label before"):
        read(tmp_path, "7\t1\t2\t3\t4\n", "t.tsv", fitted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\t1\t\t3\n", "line 1: column 3 is missing, but later ones of the row are there"),
        ("a\t1\tinf\n", "line 1: column 3 is infinite"),
        ("a\t1\t2\nb\t\t\n", "line 2 has no values"),
        ("a\t1\t2\nb\t1\tx\n", "line 2: column 3 is 'x', not a number, but other lines have numbers there"),
        ("\t1\t2\n", "line 1: column 1 is missing"),
    ],
)
def test_bad_rows(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text, "t.tsv")


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_lists_in_cells(ending: str, tmp_path: Path) -> None:
    items = [{"a": [1, 2.5], "b": [3, 4], "y": "u"}, {"a": [5], "b": [6], "y": "v"}]
    path = tmp_path / f"t{ending}"
    if ending == ".jsonl":
        path.write_text("".join(json.dumps(item) + "\n" for item in items))
    else:
        pytest.importorskip("pyarrow", reason='needs pip install "gatecell[parquet]"')
        import pandas as pd  # noqa: PLC0415

        pd.DataFrame(items).to_parquet(path)
    data = read_labelled(path, WideColumns(label="y"))
    assert values(data) == [[[1, 3], [2.5, 4]], [[5, 6]]]
    assert data.channels == ("a", "b")
    place = "row 0" if ending == ".parquet" else "line 1"
    with pytest.raises(InputError, match=rf"{place}: a is \[1.*neither text nor a whole number"):
        read_labelled(path, WideColumns(label="a"))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"a": [1, 2], "b": [3]}, "line 1: b has 1 steps, but a has 2"),
        ({"a": [1, None], "b": [3, 4]}, "a is not a list of finite numbers"),
        ({"a": [1, True], "b": [3, 4]}, "a is not a list of finite numbers.*: it has True"),
        ({"a": [[1], [1, 2]], "b": [3, 4]}, "a is not a list of finite numbers, or of steps with as many"),
        ({"a": [10**400], "b": [3]}, "a is not a list of finite numbers"),
    ],
)
def test_bad_lists(item: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, json.dumps({**item, "y": "u"}), "t.jsonl", WideColumns(label="y"))


def test_npy(tmp_path: Path) -> None:
    X, y = np.arange(12.0).reshape(3, 4), np.array(["a", "b", "a"])
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    assert read_labelled(tmp_path / "X.npy").y is None
    data = read_labelled(tmp_path / "X.npy", WideColumns(label=str(tmp_path / "y.npy")))
    np.testing.assert_array_equal(data.X, X[:, :, None])
    assert data.y is not None
    assert data.y.tolist() == y.tolist()
    np.save(tmp_path / "y.npy", y[:2])
    with pytest.raises(InputError, match=r"must be one for each of the 3 rows of .*X.npy, but have shape \(2,\)"):
        read_labelled(tmp_path / "X.npy", WideColumns(label=str(tmp_path / "y.npy")))
    with pytest.raises(OptionError, match="has no columns"):
        read_labelled(tmp_path / "X.npy", LongColumns(id="a", time="b"))
    np.save(tmp_path / "X.npy", np.array([{}], dtype=object))
    with pytest.raises(InputError, match="holds Python objects, which are not loaded since they can run code"):
        read_labelled(tmp_path / "X.npy")
    (tmp_path / "X.npy").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"X.npy is damaged"):
        read_labelled(tmp_path / "X.npy")


def test_paths_may_be_text(tmp_path: Path) -> None:
    (tmp_path / "t.ts").write_text("@classLabel true a b\n@data\n1,2:a\n3,4:b\n")
    assert len(read_ts(str(tmp_path / "t.ts"))) == 2
    np.savez(tmp_path / "t.npz", X=np.zeros((2, 3)))
    assert len(read_npz(str(tmp_path / "t.npz"))) == 2
    for read_file in (read_ts, read_npz):
        with pytest.raises(InputError, match="There is no file"):
            read_file(str(tmp_path / "none"))

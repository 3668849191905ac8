"""Tables of texts: every format there and back, and what is none."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError, MissingDependencyError, OptionError, UnknownNameError
from gatecell.data.text_table import TextColumns, read_text_table, table_text, write_text_table

NAMES = ("id", "text", "label")
ROWS = [("1", 'He said "good",\nand left', "pos"), ("2", "", "neg"), ("NA", "\u4e2d\u6587 caf\u00e9", "nan")]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".ndjson"])
def test_there_and_back(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{ending}"
    write_text_table(path, ending, NAMES, ROWS)
    table = read_text_table(path)
    assert (table.names, table.rows) == (NAMES, ROWS)
    assert table.texts("text") == [row[1] for row in ROWS]
    assert table.labels("label") == ["pos", "neg", "nan"]
    packed = tmp_path / f"p{ending.upper()}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_text_table(packed).rows == ROWS


def test_a_quote_in_a_tsv_is_a_character(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('text\tlabel\r\nHe said "go\tpos\n\n"b"\tneg\n')
    table = read_text_table(path)
    assert table.rows == [('He said "go', "pos"), ('"b"', "neg")]
    assert table.places == ["line 2", "line 4"]
    assert table_text(".tsv", ("a", "b"), [("x\ty\nz", 3)]) == "a\tb\nx y z\t3\n"


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")), st.integers()), min_size=1))
def test_a_csv_holds_any_text(tmp_path_factory: Any, rows: list[tuple[str, int]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_text_table(path, ".csv", ("text", "number"), rows)
    assert read_text_table(path).rows == [(text, str(number)) for text, number in rows]


def test_a_row_of_several_lines_stands_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('text,label\n"a\n\nb",pos\n\nc,neg\n')
    assert read_text_table(path).places == ["line 2", "line 6"]


def test_json_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"label": 1, "text": "a", "more": [1, 2]}\n\n{"text": "b", "more": null, "label": 0}\n')
    table = read_text_table(path)
    assert table.rows == [(1, "a", [1, 2]), (0, "b", None)]
    assert table.labels("label") == [1, 0]
    assert json.loads(table_text(".jsonl", table.names, table.rows).splitlines()[0]) == {
        "label": 1,
        "text": "a",
        "more": [1, 2],
    }


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow (the extra parquet)")
    path = tmp_path / "t.parquet"
    rows = [("a", 1), ("b", 2)]
    write_text_table(path, ".parquet", ("text", "label"), rows)
    table = read_text_table(path)
    assert (table.names, table.rows, table.places) == (("text", "label"), rows, ["row 0", "row 1"])
    path.write_bytes(b"PAR1 broken")
    with pytest.raises(InputError, match="is not a Parquet file: "):
        read_text_table(path)


def test_parquet_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingDependencyError, match=r'Reading Parquet needs .* pip install "pyarrow>=17"'):
        read_text_table(tmp_path / "t.parquet")


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("text,label\ngood,pos\ncaf\u00e9 noir,neg\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"line 3: not in utf-8, at byte 4 of the line stands e9 20 6e 6f. Say which"):
        read_text_table(path)
    assert read_text_table(path, encoding="latin-1").rows[1] == ("caf\u00e9 noir", "neg")
    with pytest.raises(OptionError, match="There is no encoding named 'latin-7x'"):
        read_text_table(path, encoding="latin-7x")
    path.write_bytes("\u4e2d,label\nx,pos\n".encode("gb18030"))
    assert read_text_table(path, encoding="gb18030").names == ("\u4e2d", "label")
    path.write_bytes("\ufefftext,label\nx,pos\n".encode())
    for name in ("utf-8", "UTF_8"):
        assert read_text_table(path, encoding=name).names == ("text", "label")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "t.csv",
            "text,label\na,pos\nb\n",
            r"line 3: 1 value, but there are 2 columns \(text, label\), with ',' between them; --sep says another",
        ),
        ("t.csv", 'text,label\n"a\nb",pos\nc,d,e\n', r"line 4: 3 values, but there are 2 columns"),
        (
            "t.tsv",
            "text\tlabel\na b\n",
            r"line 2: 1 value, but there are 2 columns \(text, label\), with 'tab' between them; --sep says another\.$",
        ),
        ("t.csv", 'text,label\n"a"b,pos\n', r"line 2: .* A text with a double quote has it twice"),
        (
            "t.csv",
            "text,text\na,b\n",
            r"two columns have the same name, 'text': the 1st and the 2nd of 2 \(text, text\)\. Rename one",
        ),
        ("t.csv", "text,label\n", r"has no rows under its columns \(text, label\)"),
        ("t.csv", "", "is empty"),
        ("t.txt", "a", "has no ending that says its format. Tables end in .csv, .tsv"),
        ("t.jsonl", '{"text": "a"}\nno\n', "line 2 is not JSON: "),
        ("t.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("t.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n', "line 2: label is missing in this line"),
        ("t.jsonl", '{"text": "a"}\n{"text": "b", "x": 1}\n', "line 2: x is new in this line"),
    ],
)
def test_bad_tables(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_text_table(tmp_path / name)


def test_bad_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = [
        {"text": "a", "label": "x", "n": 1.5},
        {"text": None, "label": "", "n": 2.5},
        {"text": 3, "label": 4, "n": 1},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    table = read_text_table(path)
    with pytest.raises(UnknownNameError, match=r"There is no column in .* named 'txt'. Did you mean 'text'"):
        table.texts("txt")
    with pytest.raises(InputError, match="line 2: text is missing. Each row has one text, which may be empty"):
        table.texts("text")
    with pytest.raises(
        InputError, match=r"line 2: label is missing \(the cell is empty\)\. Fill it, or remove the line"
    ):
        table.labels("label")
    with pytest.raises(InputError, match=r"line 1: n is 1.5, neither text nor a whole number"):
        table.labels("n")
    path.write_text('{"text": 3, "label": "a"}\n{"text": "b", "label": 1}\n')
    table = read_text_table(path)
    with pytest.raises(InputError, match=r"line 1: text is not text but int \(3\)"):
        table.texts("text")
    with pytest.raises(InputError, match=r"line 2: label is 1, but 'a' in line 1"):
        table.labels("label")
    with pytest.raises(OptionError, match="A column has one meaning, but 'a' is named for text and label"):
        TextColumns(text="a", label="a")


def test_a_field_longer_than_the_csv_modules_own_limit(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,label\n" + "a" * 200_000 + ",pos\n")
    assert len(read_text_table(path).texts("text")[0]) == 200_000

"""One reader of table files: any dialect there and back, line numbers as an editor counts them, what is refused."""

import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.tabular import encoding as encodings
from gatecell.data.tabular.dialect import TableDialect
from gatecell.data.tabular.file import read_table
from gatecell.data.tabular.table import Table


def read(folder: Path, content: str | bytes, name: str = "t.csv", **told: Any) -> Table:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, TableDialect(**told))


def rows(table: Table) -> list[tuple[Any, ...]]:
    return list(zip(*table.columns, strict=True))


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
def test_separators_are_found(sep: str, tmp_path: Path) -> None:
    table = read(tmp_path, f'id{sep}text\n1{sep}"a{sep}b, c; d"\n')
    assert table.names == ("id", "text")
    assert rows(table) == [("1", f"a{sep}b, c; d")]


def test_a_separator_is_found_over_all_rows(tmp_path: Path) -> None:
    assert read(tmp_path, "id;what, how\n1;a\n2;b, c\n").names == ("id", "what, how")
    assert rows(read(tmp_path, "Datum;Wert, kg\n1;2,5\n2;3,5\n")) == [("1", "2,5"), ("2", "3,5")]
    assert read(tmp_path, "sep=|\na;b|c\n1|2\n").names == ("a;b", "c")
    with pytest.raises(OptionError, match=r"can be read in several ways: with ',' it has .*; with ';' it has .* --sep"):
        read(tmp_path, "a,b;c\nx,y;z\n")
    assert read(tmp_path, "a,b;c\nx,y;z\n", sep=";").names == ("a,b", "c")


@pytest.mark.parametrize("sep", ["ab", "1", '"', ""])
def test_what_is_not_a_separator(sep: str) -> None:
    with pytest.raises(OptionError, match="A separator is one character"):
        TableDialect(sep=sep)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,2,\n3,4,\n", [("1", "2"), ("3", "4")]),
        ("a,b\n1,2,\n3,4\n", [("1", "2"), ("3", "4")]),
        ("a,b,\n1,2,\n3,4,\n", [("1", "2"), ("3", "4")]),
        ("a,b,,\n1,2\n3,4,,\n", [("1", "2"), ("3", "4")]),
        ("a,b\n1,2, ,\n", [("1", "2")]),
        ("a,b\n1,\n3,\n", [("1", ""), ("3", "")]),
        ("a,b\n1,2\n,\n,\n", [("1", "2")]),
    ],
)
def test_separators_at_the_end_of_lines_shift_nothing(content: str, expected: Any, tmp_path: Path) -> None:
    table = read(tmp_path, content)
    assert table.names == ("a", "b")
    assert rows(table) == expected


def test_names_of_rows_are_told_apart_from_trailing_separators(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\nr1,1,x\nr2,2,\n")
    assert table.names == ("", "a", "b")
    assert rows(table) == [("r1", "1", "x"), ("r2", "2", "")]


@pytest.mark.parametrize(
    "content",
    [
        "text,label\ngood, cheap,pos\nbad, dear,neg\n",  # a comma within each text
        "t,v\n1,2,5\n2,3,5\n",  # a decimal comma
        "a,b\nr,1,x\nr,2,y\n",  # names of rows differ
        "a,b\n1,2\n1,2,3\n",
        "a,b\n1\n",
    ],
)
def test_other_numbers_of_cells_are_refused(content: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line [23]: [13] values?, but there are 2 columns"):
        read(tmp_path, content)


def test_a_name_twice_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"two columns have the same name, 'v': the 2nd and the 4th of 4"):
        read(tmp_path, "id,v,t,v\n1,2,3,4\n")
    with pytest.raises(InputError, match=r"line 1: the name 'v' stands there twice"):
        read(tmp_path, '{"v": 1, "v": 2}\n', "t.jsonl")


def test_spaces_around_a_name_do_not_count(tmp_path: Path) -> None:
    table = read(tmp_path, "id, t\n1,2\n")
    assert table.names == ("id", " t")
    assert list(table.cells("t")) == list(table.cells(" t")) == ["2"]


@pytest.mark.parametrize(
    ("codec", "mark"), [("utf-8", "\ufeff"), ("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"), ("utf-32-le", "\ufeff")]
)
def test_byte_order_marks(codec: str, mark: str, tmp_path: Path) -> None:
    table = read(tmp_path, f"{mark}id,\u4e2d\n1,caf\u00e9\n".encode(codec))
    assert table.names == ("id", "\u4e2d")
    assert rows(table) == [("1", "caf\u00e9")]


def test_other_encodings_are_told(tmp_path: Path) -> None:
    content = "Gr\u00f6\u00dfe;Wert\n\u00e4;1\n".encode("cp1252")
    with pytest.raises(
        InputError, match=r"line 1: not in utf-8, at byte 3 .* --encoding cp1252, in which it reads 'Gr"
    ):
        read(tmp_path, content)
    assert read(tmp_path, content, encoding="cp1252").names == ("Gr\u00f6\u00dfe", "Wert")
    for codec in ("utf-16-le", "utf-16-be"):
        with pytest.raises(
            InputError, match=rf"try --encoding {codec}" if codec.endswith("be") else "--encoding utf-16-le"
        ):
            read(tmp_path, "id,t\n\u00e4,1\n".encode(codec))
    for name in ("latin-7x", "undefined", "hex", "a\0b"):
        with pytest.raises(OptionError, match="There is no encoding named"):
            read(tmp_path, "a,b\n1,2\n", encoding=name)


def test_a_gzip_file_that_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "_FREE_EXPANSION", 100_000)
    content = b"a,b\n" + b"1,2\n" * 10_000
    assert len(read(tmp_path, gzip.compress(content), "t.csv.gz")) == 10_000
    with pytest.raises(InputError, match=r"unpacks to more than [0-9,]+, which tables of text do not"):
        read(tmp_path, gzip.compress(content * 100), "t.csv.gz")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "\n\n", "has nothing but empty lines"),
        ("t.csv", "a,b\n\n1,\0\n", "line 3: a NUL byte"),
        ("t.csv", 'a,b\n"x\ny",1\n\nz\n', "line 5: 1 value, but"),
        ("t.csv", 'a,b\n1,"2\n', "line 2: unexpected end of data"),
        ("t.tsv", "a\tb\r\n\r\n1\r\n", "line 3: 1 value, but there are 2 columns .* with 'tab' between"),
        ("t.jsonl", '{"a": 1}\n\n[' + "[" * 100_000, "line 3 is not JSON: it is nested too deeply"),
        ("t.jsonl", '{"a": ' + "1" * 5000 + "}", "line 1 is not JSON"),
        ("t.jsonl", '{"a": 1}\n{"b": 1}\n', "line 2: a is missing"),
        ("t.parquet", "PAR1", "is not a Parquet file"),
    ],
)
def test_bad_files(name: str, content: str, message: str, tmp_path: Path) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow", reason='needs pip install "gatecell[parquet]"')
    with pytest.raises(InputError, match=message):
        read(tmp_path, content, name)


def test_messages_stay_short(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        read(tmp_path, f"{'article ' * 10_000},b\n1,2\n").cells("text")
    assert len(str(caught.value)) < 500
    assert "The first line is read as the names of the columns" in str(caught.value)
    many = ",".join(f"column{place}" for place in range(3000))
    with pytest.raises(UnknownNameError, match=r"and 2,940 more"):
        read(tmp_path, f"{many}\n{many}\n").cells("text")


def test_the_limit_of_the_csv_module_is_as_it_was(tmp_path: Path) -> None:
    import csv  # noqa: PLC0415

    before = csv.field_size_limit()
    (tmp_path / "t.csv").write_text("a,b\n" + "x" * 200_000 + ",1\n")
    threads = [threading.Thread(target=read_table, args=(tmp_path / "t.csv",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert csv.field_size_limit() == before


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
LINE_ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str, str, list[int]]:
    """Cells, their separator, the text of a file, and the lines that its rows begin on."""
    sep, end, width = draw(st.sampled_from([",", ";", "\t", "|"])), draw(LINE_ENDS), draw(st.integers(2, 4))
    names = [f"n{place}" for place in range(width)]
    cells = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width).filter(any), min_size=1, max_size=6))
    text, lines = "", []
    for row in [names, *cells]:
        text += end * draw(st.integers(0, 2))
        lines.append(len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))
        quote = draw(st.booleans())
        text += sep.join(_written(cell, sep, always=quote) for cell in row) + end
    return [names, *cells], sep, text, lines


def _written(cell: str, sep: str, *, always: bool) -> str:
    needed = always or any(mark in cell for mark in (sep, '"', "\n", "\r"))
    return '"' + cell.replace('"', '""') + '"' if needed else cell


@settings(max_examples=200)
@given(tables(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_any_table_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    made: tuple[list[list[str]], str, str, list[int]],
    codec: str,
    packed: bool,
) -> None:
    cells, sep, text, lines = made
    path = tmp_path_factory.mktemp("t") / ("t.csv.gz" if packed else "t.csv")
    content = text.encode(codec)
    path.write_bytes(gzip.compress(content) if packed else content)
    for told in (sep, None):
        table = read_table(path, TableDialect(sep=told))
        assert list(table.names) == cells[0]
        assert [list(row) for row in rows(table)] == cells[1:]
        assert list(table.lines) == lines[1:]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.lists(st.integers())
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5), st.integers(0, 2))
def test_json_keeps_what_it_says(tmp_path_factory: pytest.TempPathFactory, made: list[Any], empty: int) -> None:
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    path.write_text("".join(json.dumps({"a": a, "b": b}) + "\n" * (empty + 1) for a, b in made))
    table = read_table(path)
    assert rows(table) == made
    assert list(table.lines) == [1 + row * (empty + 1) for row in range(len(made))]

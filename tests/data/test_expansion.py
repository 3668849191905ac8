"""Compressed files do not become larger than they may, and are not held in memory to find that out."""

import gzip
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gatecell._core.errors import InputError
from gatecell.data.csv_file import LongColumns
from gatecell.data.tables import read_labelled
from gatecell.data.text_table import read_plain_text, read_text_table
from gatecell.data.vectors import read_vectors


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("bomb") / "b.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(b"id,t,v\n")
        for _ in range(120):
            stream.write(b"a" * 1_000_000)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("d.ts.gz", read_labelled),
        ("d.csv.gz", lambda path: read_labelled(path, LongColumns(id="id", time="t"))),
        ("d.csv.gz", read_text_table),
        ("d.jsonl.gz", read_text_table),
        ("d.txt.gz", read_plain_text),
        ("d.vec.gz", lambda path: read_vectors(path, ["a"])),
    ],
    ids=["ts", "csv", "texts", "json", "plain text", "vectors"],
)
def test_a_gzip_file_that_becomes_a_thousand_times_as_large(name: str, read: Any, bomb: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    # what is imported at the first reading is no memory of the file
    (tmp_path / f"small-{name}").write_bytes(gzip.compress(b"nothing"))
    with suppress(InputError):
        read(tmp_path / f"small-{name}")
    path.write_bytes(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"is compressed to .* bytes, but has more than .* unpack it and give the"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_what_is_well_compressed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "d.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.write("text,label\n" + "the same line again,yes\n" * 100_000)
    assert len(read_text_table(path).rows) == 100_000


def test_a_parquet_file_of_one_value_for_a_thousand_million_rows(tmp_path: Path) -> None:
    pyarrow: Any = pytest.importorskip("pyarrow", reason="needs pyarrow (the extra parquet)")
    parquet: Any = pytest.importorskip("pyarrow.parquet")

    path = tmp_path / "d.parquet"
    column = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 10_000_000, pyarrow.int32()), ["a"])
    parquet.write_table(pyarrow.table({"text": column, "label": column}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match=r"is compressed to .* bytes, but has more than"):
        read_text_table(path)


@pytest.mark.parametrize("line", ["[" * 100_000, '{"text": ' * 50_000, '{"text": "a", "label": 1' + "0" * 5000 + "}"])
def test_lines_of_json_that_end_recursion_or_digits(line: str, tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match="line 1 is not JSON"):
        read_text_table(path)


def test_a_line_of_json_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text('{"text": [' + "{}," * 500_000 + "{}]}", encoding="utf-8")
    with pytest.raises(InputError, match="line 1 is one long list of small values, not one row of a table"):
        read_text_table(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("@dimensions " + "9" * 5000 + "\n@data\n1,2", "@dimensions must be the number of channels"),
        ("".join(f"@a{number} 1\n" for number in range(2000)) + "@data\n1,2", "its header has more than 1000 lines"),
        ("@\n1,2", "does not begin with @"),
        ("@data\n" + ":" * 200_000, "more than 100,000 channels"),
    ],
)
def test_headers_and_lines_of_ts_files_are_bounded(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "d.ts"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=why):
        read_labelled(path)

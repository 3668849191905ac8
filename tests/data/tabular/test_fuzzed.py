"""Made-up files of every kind: each is read, or refused by an error of the project's own with a short message."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatecell._core.errors import GatecellError
from gatecell.data.csv_file import LongColumns
from gatecell.data.frames import read_panel
from gatecell.data.series_table import read_series_frame
from gatecell.data.tables import read_labelled
from gatecell.data.tabular.dialect import TableDialect
from gatecell.data.tabular.file import read_table
from gatecell.data.text_table import read_text_table
from gatecell.data.wide_table import WideColumns

CELLS = [
    *("1", "2", "3.5", "2,5", "1,234", "a", "NA", "", "nan", "True", "inf", "1_0", "9" * 30, "=1+1", '"', '""'),
    *("01/02/2026", "13/02/2026", "2026-01-01", "2026-01-01T00:00Z", "9999-12-31 23:59:59.999999999", "31 Jan 2026"),
    *(
        "0001-01-01T00:00+14:00",
        "\n",
        "\r\n",
        "\r",
        ",",
        ";",
        "\t",
        "|",
        " ",
        "\0",
        "\ud83d",
        "\u00e9",
        "[1,2]",
        "null",
    ),
]
VALUES = [
    *("1", '"a"', "null", "true", "[1,2]", "[[1],[2]]", "1.5", "NaN", "Infinity", '"2026-01-01"', '"01/02/2026"', "{}"),
    *("1e999", "12345678901234567890123", '"\\ud83d"', '""', "[]", "[null]", "[[1],[1,2]]", "-0"),
]
HEADS = ["id,t,v,y\n", "id;t;v;y\n", "id\tt\tv\ty\n", "", "id,t,v,y,\n"]


def made_up(draw: random.Random, name: str) -> bytes:
    if name.endswith(".jsonl"):
        rows = ["{" + ",".join(f'"{key}":{draw.choice(VALUES)}' for key in "itvy") + "}\n" for _ in range(3)]
        text = "".join(rows[: draw.randint(1, 3)]).replace('"i"', '"id"')
    else:
        sep = draw.choice(",;\t|,,,")
        text = draw.choice(HEADS)
        for row in range(draw.randint(0, 5)):
            cells = [draw.choice(CELLS) for _ in range(draw.choice([4, 4, 4, 4, 3, 5, 1]))]
            cells = draw.choice([cells, ["a", str(row), "1.5", "u"], ["a", str(row), cells[0], "u"]])
            text += sep.join(cells) + draw.choice(["\n", "\n", "\r\n", "\r", ""])
    return text.encode(draw.choice(["utf-8", "utf-8", "utf-8", "utf-16"]), "surrogatepass")


def readings(path: Path, dialect: TableDialect) -> list[Callable[[], Any]]:
    def series(id_column: str | None, frequency: str) -> Any:
        frame = read_series_frame(read_table(path, dialect), time="t", id=id_column, values=["v"]).frame
        return read_panel(frame, time="t", target=["v"], id=id_column, frequency=frequency)

    def texts() -> Any:
        table = read_text_table(path, dialect=dialect)
        return table.texts("v"), table.labels("y")

    long = LongColumns(id="id", time="t", label="y")
    return [
        lambda: read_labelled(path, long, dialect=dialect),
        lambda: read_labelled(path, long, dialect=dialect, targets="numbers"),
        lambda: read_labelled(path, WideColumns(label="y"), dialect=dialect),
        lambda: read_labelled(path, dialect=dialect),
        lambda: series(None, "infer"),
        lambda: series("id", "rows"),
        texts,
    ]


@pytest.mark.parametrize("seed", range(4))
def test_no_file_raises_a_foreign_error(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    n_read, messages = 0, []
    for _ in range(150):
        path = tmp_path / draw.choice(["t.csv", "t.tsv", "t.jsonl"])
        path.write_bytes(made_up(draw, path.name))
        dialect = TableDialect(
            day_first=draw.choice([None, None, True, False]),
            decimal=draw.choice([None, None, ".", ","]),
            sep=draw.choice([None, None, None, ";"]),
            encoding=draw.choice(["utf-8", "utf-8", "utf-8", "latin-1", "utf-16"]),
        )
        for reading in readings(path, dialect):
            try:
                reading()
                n_read += 1
            except GatecellError as error:
                messages.append(str(error))
    assert max(map(len, messages)) < 1000
    assert n_read > 5

"""Thousands of altered files of data: each is read, or refused by an error of the project."""

import gzip
import io
import json
import warnings
import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatecell.data.csv_file import LongColumns
from gatecell.data.tables import read_labelled
from gatecell.data.text_table import read_text_table
from tests import fuzzing

TS = "@problemName a\n@timeStamps false\n@univariate false\n@dimensions 2\n@classLabel true a b\n@data\n"
TABLE = "text,label\n" + "".join(f'"a text, {number}",{"yes" if number % 2 else "no"}\n' for number in range(8))
LONG = "id,t,v,y\n" + "".join(f"{number // 4},2026-01-{1 + number % 4:02},{number / 2},a\n" for number in range(12))


@cache
def files() -> dict[str, bytes]:
    stream, compressed = io.BytesIO(), io.BytesIO()
    arrays: dict[str, Any] = {
        "X": np.arange(24.0).reshape(2, 4, 3),
        "y": np.array(["a", "b"]),
        "lengths": np.array([4, 2]),
    }
    np.savez(stream, **arrays)
    np.savez_compressed(compressed, **arrays)
    ts = (TS + "1,2,3:4,5,6:a\n1,2:4,5.5:b\n").encode()
    lines = "".join(json.dumps({"text": f"a text {number}", "label": number % 2}) + "\n" for number in range(6))
    found = {
        "a.npz": stream.getvalue(),
        "b.npz": compressed.getvalue(),
        "a.ts": ts,
        "a.ts.gz": gzip.compress(ts, mtime=0),
        "a.csv": TABLE.encode(),
        "a.csv.gz": gzip.compress(TABLE.encode(), mtime=0),
        "a.jsonl": lines.encode(),
        "long.csv": LONG.encode(),
    }
    if find_spec("pyarrow") is None:
        return found
    table = io.BytesIO()
    pd.DataFrame({"text": ["a", "b", "c"], "label": [1, 2, 1]}).to_parquet(table, index=False)
    return found | {"a.parquet": table.getvalue()}


def read(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name.startswith("long"):
            read_labelled(path, LongColumns(id="id", time="t", label="y"))
        elif path.name.endswith((".npz", ".ts", ".ts.gz")):
            read_labelled(path)
        else:
            table = read_text_table(path)
            for name in table.names[:2]:
                fuzzing.refused(0, lambda: table.texts(name))  # noqa: B023  called at once
                fuzzing.refused(0, lambda: table.labels(name))  # noqa: B023


@pytest.mark.fuzz
@fuzzing.parts()
def test_bytes(numbers: range, tmp_path: Path) -> None:
    n_refused = 0
    for number in numbers:
        draw = fuzzing.generator(number)
        name = fuzzing.drawn(sorted(files()), draw)
        content = files()[name]
        # of a gzip file what is within it, half of the time: its sum is made anew
        if name.endswith(".gz") and draw.random() < 0.5:
            changed = gzip.compress(fuzzing.altered_bytes(gzip.decompress(content), draw), mtime=0)
        elif name.endswith(".npz") and draw.random() < 0.7:
            changed = with_altered_member(content, number)
        else:
            changed = fuzzing.altered_bytes(content, draw)
        path = tmp_path / name
        path.write_bytes(changed)
        n_refused += fuzzing.refused(number, lambda: read(path))  # noqa: B023  called at once
    assert n_refused > len(numbers) // 5


def with_altered_member(content: bytes, number: int) -> bytes:
    """Return an archive with one of its arrays altered, whose sums are right."""
    draw = fuzzing.generator(number + 10**9)
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = fuzzing.drawn(old.namelist(), draw)
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, fuzzing.altered_bytes(data, draw) if name == chosen else data)
    return stream.getvalue()

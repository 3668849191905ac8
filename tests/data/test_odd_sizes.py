"""Files of odd shapes, a million names or values on a line, are read or refused within bounds of memory and time."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from numpy.lib import format as npy

from gatecell._core.errors import GatecellError, InputError
from gatecell._core.names import nearest_name
from gatecell.data.tables import read_labelled
from gatecell.data.text_table import read_text_table

MEASURED = """
import json, resource, sys, time
from pathlib import Path
from gatecell._core.errors import GatecellError
from gatecell.data.tables import read_labelled
from gatecell.data.text_table import read_text_table

for path in sorted(Path(sys.argv[1]).glob("small.*")):
    read_text_table(path).labels("label")
found = {}
for path in sorted(Path(sys.argv[1]).glob("odd*")):
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        if path.suffix == ".ts":
            read_labelled(path)
        else:
            table = read_text_table(path)
            table.texts(table.names[0]), table.table.cells("not there")
        outcome = "read"
    except GatecellError as error:
        outcome = f"{type(error).__name__}, {len(str(error))}"
    spent = time.process_time() - began
    n_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    found[path.name] = [outcome, n_bytes, spent]
print(json.dumps(found))
"""
NAMES = ",".join(f"c{place}" for place in range(250_000))
ODD: dict[str, Callable[[], str]] = {
    "odd names.csv": lambda: f"{NAMES}\n{'1,' * 249_999}1\n",
    "odd names.tsv": lambda: f"{NAMES}\n{'1,' * 249_999}1\n".replace(",", "\t"),
    "odd separators.csv": lambda: "," * 2_000_000 + "\n" + "," * 2_000_000,
    "odd keys.jsonl": lambda: "".join(json.dumps({f"k{place}": 1 for place in range(100_000)}) + "\n" for _ in "ab"),
    "odd nesting.jsonl": lambda: '{"a": ' * 200_000 + "1" + "}" * 200_000,
    "odd label.ts": lambda: "@classLabel true\n@data\n1:" + "x" * 500_000 + "\n" + "1:x\n" * 10_000,
    "odd labels.ts": lambda: f"@classLabel true {NAMES.replace(',', ' ')[:900_000]}\n@data\n1:x\n",
    "odd dimensions.ts": lambda: "@dimensions 1000000\n@data\n" + "1:" * 999_999 + "1\n",
}


def test_a_megabyte_takes_seconds_and_some_times_its_size(tmp_path: Path) -> None:
    (tmp_path / "small.csv").write_text("text,label\na,b\n")
    (tmp_path / "small.jsonl").write_text('{"text": "a", "label": "b"}\n')
    for name, content in ODD.items():
        (tmp_path / name).write_text(content())
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path)], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    measured = json.loads(done.stdout)
    assert measured.keys() == ODD.keys()
    for name, (outcome, n_bytes, spent) in measured.items():
        size = (tmp_path / name).stat().st_size
        assert n_bytes <= 60 * size + 50_000_000, (name, outcome)
        # of the processor's time, on a slow machine; what grows with the square of the size takes minutes
        assert spent <= 8 + 4e-6 * size, (name, outcome)
        assert outcome == "read" or int(outcome.split(", ")[1]) < 2500, (name, outcome)


def test_one_long_label_does_not_make_all_long(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "a,b\n" * 5000 + f"a,{'x' * 100_000}\n")
    table = read_text_table(path)
    with pytest.raises(InputError, match=r"a.csv, line 5002: the label has 100,000 characters, and each of the 5,001"):
        table.labels("label")
    path.write_text("text,label\n" + "a,b\n" * 50 + f"a,{'x' * 100_000}\n")
    assert len(read_text_table(path).labels("label")[-1]) == 100_000


@pytest.mark.parametrize("depth", [500, 5_000, 200_000])
def test_nesting_is_refused_or_read(depth: int, tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text('{"text": ' + "[" * depth + "]" * depth + ', "label": 1}\n')
    with pytest.raises(GatecellError):
        read_text_table(path).texts("text")
    with pytest.raises(GatecellError):
        read_labelled(path)


def test_the_nearest_of_a_million_names_is_not_sought_letter_by_letter() -> None:
    names = [f"c{place}" for place in range(100_000)]
    assert nearest_name("c 5", names) is None
    assert nearest_name("C5", names) == "c5"
    assert nearest_name("c 5", names[:100]) is not None


@pytest.mark.parametrize("shape", [(10**9, 0), (0, 10**12), (0, 1, 10**9), (10**9, 3, 0)])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_an_array_without_values_has_no_billion_rows(shape: tuple[int, ...], name: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    content = stream.getvalue()
    if name == "a.npz":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("X.npy", content)
    (tmp_path / name).write_bytes(stream.getvalue())
    with pytest.raises(InputError, match="has no values, but its shape is"):
        read_labelled(tmp_path / name)

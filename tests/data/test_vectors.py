"""Word vectors from files and mappings."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from gatecell._core.errors import InputError
from gatecell.data.vectors import read_vectors

GLOVE = "good 1 2.5\nthe 0 0\ncaf\u00e9 3 -1e-1 \ngood 9 9\n"


def listed(vectors: Any) -> dict[str, list[float]]:
    return {word: [round(float(value), 4) for value in vector] for word, vector in vectors.items()}


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GLOVE, encoding="utf-8")
    (tmp_path / "b.vec").write_text(f"4 2\n{GLOVE}", encoding="utf-8")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(GLOVE.encode()))
    for name in ("a.txt", "b.vec", "c.txt.gz"):
        found = read_vectors(tmp_path / name, {"good", "caf\u00e9", "absent"})
        # of a word that is there twice the first counts
        assert listed(found) == {"good": [1, 2.5], "caf\u00e9": [3, -0.1]}


def test_a_mapping() -> None:
    assert listed(read_vectors({"good": [1, 2], "bad": (3, 4)}, ["good", "x"])) == {"good": [1, 2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"good 1 2\nbad 1 2 3\n", r"line 2 \(bad\) has shape \(3,\), where 2 numbers are expected"),
        (b"good 1 x\n", r"line 1 \(good\) is not a vector: could not convert string to float: 'x'"),
        (b"good 1 nan\n", r"line 1 \(good\) has a value that is not finite"),
        (b"caf\xe9 1 2\n", "line 1 is not in UTF-8"),
        (b"other 1 2\n", "has a vector for none of the 2 words of the vocabulary. Look whether it is of the same"),
        (b"", "is empty"),
    ],
)
def test_bad_files(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_vectors(tmp_path / "v.txt", ["good", "bad"])
    with pytest.raises(InputError, match="There is no file"):
        read_vectors(tmp_path / "absent.txt", ["good"])

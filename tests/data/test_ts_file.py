import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError
from gatecell.data.labelled import LabelledSequences
from gatecell.data.tables import read_labelled

HEADER = "# a comment\n@problemName toy\n@timeStamps false\n@missing false\n"
CLASSES = HEADER + "@univariate false\n@dimensions 2\n@classLabel true a b\n@data\n"
ONE_CHANNEL = HEADER + "@univariate true\n@classLabel true 1 2\n@data\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "d.ts"


def read(path: Path, text: str) -> LabelledSequences:
    path.write_text(text, encoding="utf-8")
    return read_labelled(path)


def test_ragged_channels(path: Path) -> None:
    data = read(path, CLASSES + "1,2,3:4,5,6:a\n\n-1e2:.5: b\n")
    assert isinstance(data.X, list)
    np.testing.assert_array_equal(data.X[0], [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(data.X[1], [[-100, 0.5]])
    assert data.y is not None
    assert data.y.tolist() == ["a", "b"]
    assert data.channels == ("channel 0", "channel 1")


def test_one_channel_of_like_lengths_in_gzip(tmp_path: Path) -> None:
    path = tmp_path / "d.TS.gz"
    path.write_bytes(gzip.compress((ONE_CHANNEL + "1,2:1\n3,4:2\n").encode()))
    data = read_labelled(path)
    np.testing.assert_array_equal(data.X, [[[1], [2]], [[3], [4]]])


def test_without_labels_and_with_numbers_as_labels(path: Path) -> None:
    data = read(path, "@classLabel false\n@data\n1,2:3,4\n")
    assert data.y is None
    np.testing.assert_array_equal(data.X, [[[1, 3], [2, 4]]])
    data = read(path, "@targetlabel true\n@data\n1,2:3,4:0.25\n")
    assert data.y is not None
    assert data.y.tolist() == [0.25]
    np.testing.assert_array_equal(data.X, [[[1, 3], [2, 4]]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CLASSES + "1,2:3,4:a\n1,?:3,4:b\n", r"row 1, channel 0, step 1: the value is missing \('\?'\)\. Fill it"),
        (CLASSES + "1,2:3,NaN:a\n", r"row 0, channel 1, step 1: the value is missing \('NaN'\)"),
        (CLASSES + "1,2:3,:a\n", r"row 0, channel 1, step 1: the value is missing \(''\)"),
        (CLASSES + "1,x:3,4:a\n", r"row 0, channel 0, step 1: 'x' is no number"),
        (CLASSES + "1,2:3,inf:a\n", r"row 0, channel 1, step 1: 'inf' is not finite"),
        (CLASSES + "1,2:3:a\n", r"row 0: channel 1 has 1 steps, but channel 0 has 2"),
        (CLASSES + "1,2:3,4:c\n", r"row 0: the label 'c' is none of those that @classLabel names: a, b"),
        (CLASSES + "1,2:3,4:a\n1,2:a\n", r"row 1: 1 channels where 2 and a label are expected\. The file is cut off"),
        (CLASSES + "1,2:3,4:\n", r"row 0: the label '' is none of those"),
        ("@classLabel true\n@data\n1:\n", r"row 0 has no label"),
        ("@classLabel true\n@data\na\n", r"row 0: 0 channels where some and a label are expected"),
        ("@targetlabel true\n@data\n1:x\n", r"row 0: the label 'x' is no number"),
        ("@data\n1:2\n1\n", r"row 1: 1 channels where 2 are expected"),
        (CLASSES, r"d\.ts has no sequences after @data\. The file is cut off"),
        (HEADER, r"d\.ts has no line @data"),
        ("@dimensions many\n@data\n1\n", r"@dimensions must be the number of channels, but is 'many'"),
        ("@dimensions\n@data\n1\n", r"@dimensions must be the number of channels, but is 'missing'"),
        ("@timeStamps true\n@data\n(0,1)\n", r"has time stamps \(@timeStamps true\), which are not read"),
        ("id,time\n1,2\n", r"is no \.ts file: its header has the line 'id,time', which does not begin with @"),
        ("@" + "x" * 2_000_000, r"is no \.ts file"),
    ],
)
def test_bad_content(path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(path, text)


def test_bytes_that_are_no_text(path: Path) -> None:
    path.write_bytes(b"@data\n\xff\xfe\n")
    with pytest.raises(InputError, match=r"is no \.ts file: it holds bytes that are no text"):
        read_labelled(path)


@pytest.mark.parametrize("content", [gzip.compress(CLASSES.encode(), mtime=0)[:-9], b"@data\n1\n", b"\x1f\x8b\x08\x00"])
def test_broken_gzip(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.ts.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"d\.ts\.gz is no whole gzip file"):
        read_labelled(path)


@given(text=st.text(alphabet="@data:,?1.5ex- \n#true", max_size=60))
def test_any_text_gives_sequences_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("ts") / "d.ts"
    try:
        data = read(path, "@data\n" + text)
    except InputError:
        return
    assert len(data) >= 1
    assert all(np.isfinite(sequence).all() for sequence in data.X)


@pytest.mark.parametrize(
    ("name", "n_rows", "n_channels", "classes", "steps"),
    [
        ("ArrowHead_TRAIN", 36, 1, 3, {251}),
        ("BasicMotions_TEST", 40, 6, 4, {100}),
        ("ItalyPowerDemand_TEST", 1029, 1, 2, {24}),
        ("JapaneseVowels_TRAIN", 270, 12, 9, set(range(7, 27))),
        ("JapaneseVowels_TEST", 370, 12, 9, set(range(7, 30))),
    ],
)
def test_the_archives_own_files(
    data_home: Path, name: str, n_rows: int, n_channels: int, classes: int, steps: set[int]
) -> None:
    data = read_labelled(data_home / "sensors" / "ucr_uea" / f"{name}.ts.gz")
    assert len(data) == n_rows
    assert len(data.channels) == n_channels
    assert data.y is not None
    assert len(np.unique(data.y)) == classes
    assert {len(sequence) for sequence in data.X} <= steps
    assert {min(steps), max(steps)} <= {len(sequence) for sequence in data.X}

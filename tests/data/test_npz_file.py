import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError
from gatecell.data.npz_file import read_npz
from gatecell.data.tables import read_labelled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "d.npz"


X = np.arange(24.0).reshape(2, 4, 3)


def test_values_and_labels(path: Path) -> None:
    np.savez(path, X=X, y=["a", "b"], other=np.zeros(3))
    data = read_labelled(path)
    np.testing.assert_array_equal(data.X, X)
    assert data.y is not None
    assert data.y.tolist() == ["a", "b"]
    assert data.channels == ("channel 0", "channel 1", "channel 2")
    assert data.rows == ("0", "1")
    assert len(data) == 2


def test_one_channel_no_labels_compressed(path: Path) -> None:
    np.savez_compressed(path, X=X[:, :, 0])
    data = read_labelled(str(path))
    np.testing.assert_array_equal(data.X, X[:, :, :1])
    assert data.y is None


def test_lengths_cut_the_padding(path: Path) -> None:
    padded = X.copy()
    padded[1, 2:] = np.nan
    np.savez(path, X=padded, lengths=[4, 2])
    data = read_labelled(path)
    assert isinstance(data.X, list)
    np.testing.assert_array_equal(data.X[0], X[0])
    np.testing.assert_array_equal(data.X[1], X[1, :2])
    np.savez(path, X=padded, lengths=[2, 2])
    np.testing.assert_array_equal(read_labelled(path).X, X[:, :2])


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"y": [1, 2]}, r"d\.npz has no array X \(it has: y\)\. Write it with numpy\.savez"),
        ({"X": np.zeros(3)}, r"X in .*d\.npz must have the shape \(n, T, I\), or \(n, T\).*has \(3,\)"),
        ({"X": X, "y": [1, 2, 3]}, r"y in .* must have one entry for each of the 2 rows of X, but has shape \(3,\)"),
        (
            {"X": X, "lengths": [4, 5]},
            r"lengths\[1\] in .* is 5, but the rows of X have 4 steps: a length is from 1 to 4",
        ),
        ({"X": X, "lengths": [0, 4]}, r"lengths\[0\] in .* is 0"),
        ({"X": X, "lengths": [4]}, r"lengths in .* one whole number for each of the 2 rows of X, but has shape \(1,\)"),
        ({"X": X, "lengths": [4.0, 2.0]}, r"and type float64"),
    ],
)
def test_arrays_that_do_not_fit(path: Path, arrays: dict[str, Any], text: str) -> None:
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=text):
        read_labelled(path)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("the file ran code",))


def test_pickled_objects_are_never_loaded(path: Path) -> None:
    rows = np.empty(1, dtype=object)
    rows[0] = Trap()
    np.savez(path, X=rows)
    with pytest.raises(InputError, match=r"X in .* holds Python objects, which are not loaded since they can run code"):
        read_labelled(path)


def npy(shape: str, n_bytes: int, descr: str = "'<f8'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(n_bytes)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (npy("(1000000000000, 5, 5)", 8), r"X in .* is damaged: its header promises 1000000000000 x 5 x 5 values"),
        (npy("(2, 2, 2)", 63), r"promises 2 x 2 x 2 values of float64, but 63 bytes follow"),
        (npy("(-1, -1, 8)", 64), r"X in .* is damaged"),
        (npy("(2, 2, 2)", 64, descr="'nonsense'"), r"X in .* is damaged"),
        (npy("__import__('os')", 64), r"X in .* is damaged"),
        (npy("(2,)" + " " * 20_000, 16), r"X in .* is damaged: .*Header info length"),
        (b"", r"X in .* is damaged"),
        (b"hello", r"X in .* is damaged"),
    ],
)
def test_hostile_headers(path: Path, member: bytes, text: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", member)
    with pytest.raises(InputError, match=text):
        read_labelled(path)


def saved() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, X=X, y=[0, 1])
    return stream.getvalue()


@pytest.mark.parametrize("content", [saved()[:-30], saved()[: len(saved()) // 2], b"PK\x03\x04", b"id,time\n1,2\n"])
def test_broken_off_and_foreign_files(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"d\.npz is no \.npz file, or a damaged one"):
        read_labelled(path)


def test_a_single_array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, X)
    with pytest.raises(InputError, match=r"holds one array \(\.npy\) instead of named ones"):
        read_labelled(path)


@given(place=st.integers(0, len(saved()) - 1), byte=st.integers(0, 255))
def test_any_wrong_byte_gives_an_array_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    content = bytearray(saved())
    content[place] = byte
    path = tmp_path_factory.mktemp("npz") / "d.npz"
    path.write_bytes(content)
    try:
        read_labelled(path)
    except InputError:
        return


def archive(path: Path, members: dict[str, bytes], **how: Any) -> Path:
    with zipfile.ZipFile(path, "w", **how) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def forged_npy(header: str, content: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version[0] == 1 else 4, "little") + text + content


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2", "its header cannot be read"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1L, (2}", "its header cannot be read"),
        ("(" * 200, "its header cannot be read"),
        ("__import__('os').getcwd()", "its header cannot be read"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -2)}", "is damaged: its header promises"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9, 10**9)}", "its header cannot be read"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000)}", "its header promises"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2)}", "its header|is damaged"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1, 2)}", "holds Python objects"),
        ("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (2,)}", "holds Python objects"),
        ("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1, 2)}", "has the type 'datetime64"),
        ("{'descr': '<c16', 'fortran_order': False, 'shape': (1, 1)}", "has the type 'complex128'"),
        ("{'descr': ('<f8', (2,)), 'fortran_order': False, 'shape': (1,)}", "has the type|header cannot be read"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}", "is damaged"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1, 2)}", "has 4 axes, but at most 3"),
    ],
)
@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00"])
def test_forged_headers(header: str, why: str, version: bytes, tmp_path: Path) -> None:
    path = archive(tmp_path / "d.npz", {"X.npy": forged_npy(header, b"\0" * 16, version)})
    with pytest.raises(InputError, match=rf"X in .*d\.npz .*({why})|is no .npz file"):
        read_npz(path)


def test_an_archive_that_becomes_a_hundred_times_as_large(tmp_path: Path) -> None:
    header = "{'descr': '|i1', 'fortran_order': False, 'shape': (60000000, 1)}"
    member = forged_npy(header, bytes(60_000_000))
    path = archive(tmp_path / "d.npz", {"X.npy": member}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match=r"is compressed to .* bytes, but has more than 5\d,.* unpack it and give"):
        read_npz(path)


def test_names_that_lead_elsewhere_are_names_like_others(tmp_path: Path) -> None:
    content = forged_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}", b"\0" * 16)
    path = archive(tmp_path / "d.npz", {"../../X.npy": content})
    with pytest.raises(InputError, match=r"has no array X \(it has: \.\./\.\./X\)"):
        read_npz(path)
    assert [item.name for item in tmp_path.iterdir()] == ["d.npz"]
    double = archive(tmp_path / "double.npz", {"X.npy": content, "X": content})
    with pytest.raises(InputError, match=r"double\.npz has two arrays X"):
        read_npz(double)


def test_a_list_of_very_many_arrays_is_not_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "d.npz", {f"{number:040d}": b"" for number in range(12_000)})
    with pytest.raises(InputError, match=r"has far more arrays than X, y and lengths"):
        read_npz(path)

import errno
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from gatecell._core.errors import ArtifactError
from gatecell.artifact.format import FORMAT_VERSION, METADATA_KEY, SUM_KEY, library_versions, sum_of
from gatecell.artifact.store import load_artifact, read_metadata, save_artifact
from gatecell.artifact.tensors import TYPES


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    tensors = {"w": torch.arange(21, dtype=torch.float32).reshape(3, 7), "n": torch.tensor(5)}
    return save_artifact(tmp_path / "model.safetensors", tensors, {"kind": "test", "sizes": [1, 2]})


def rewrite(path: Path, document: object) -> Path:
    text = document if isinstance(document, str) else json.dumps(document)
    save_file({"w": torch.zeros(2)}, path, metadata={METADATA_KEY: text})
    return path


def test_round_trip(saved: Path) -> None:
    artifact = load_artifact(saved)
    assert torch.equal(artifact.tensors["w"], torch.arange(21.0).reshape(3, 7))
    assert artifact.tensors["n"].item() == 5
    assert artifact.tensors["n"].dtype == torch.int64
    assert artifact.metadata == {"kind": "test", "sizes": [1, 2]}
    assert artifact.versions == library_versions()
    assert artifact.versions["torch"] == torch.__version__


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(metadata=st.dictionaries(st.text(), json_values, max_size=4))
def test_any_json_comes_back_exactly(tmp_path_factory: pytest.TempPathFactory, metadata: dict[str, object]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save_artifact(path, {}, metadata)
    assert load_artifact(path).metadata == metadata


def test_views_shared_memory_and_parameters_are_taken(tmp_path: Path) -> None:
    base = torch.arange(6.0).reshape(2, 3)
    tensors = {"a": base, "same": base, "transposed": base.T, "p": torch.nn.Parameter(base)}
    back = load_artifact(save_artifact(tmp_path / "m", tensors, {})).tensors
    for name, tensor in tensors.items():
        assert torch.equal(back[name], tensor)
    back["a"].zero_()
    assert back["same"].sum() == 15
    assert not back["p"].requires_grad


def test_numpy_numbers_become_plain(tmp_path: Path) -> None:
    metadata = {
        "n": np.int64(3),
        "x": np.float32(0.5),
        "yes": np.bool_(True),
        "labels": np.array(["a", "b"]),
        "t": (1, 2),
    }
    back = load_artifact(save_artifact(tmp_path / "m", {}, metadata)).metadata
    assert back == {"n": 3, "x": 0.5, "yes": True, "labels": ["a", "b"], "t": [1, 2]}
    assert type(back["yes"]) is bool


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan"), np.array([1.0, np.nan])])
def test_nan_is_refused_with_its_path(tmp_path: Path, value: object) -> None:
    with pytest.raises(ArtifactError, match=r"metadata\.metrics\.loss.* (nan|inf), which JSON cannot hold"):
        save_artifact(tmp_path / "m", {}, {"metrics": {"loss": value}})
    assert list(tmp_path.iterdir()) == []


def test_foreign_objects_and_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"metadata\.a\[1\] is of type object, which JSON cannot hold"):
        save_artifact(tmp_path / "m", {}, {"a": [0, object()]})
    with pytest.raises(ArtifactError, match=r"metadata.a has the key 1, but JSON keys are strings"):
        save_artifact(tmp_path / "m", {}, {"a": {1: 2}})
    with pytest.raises(ArtifactError, match=r"tensors\['w'\] is of type list, not a torch.Tensor"):
        save_artifact(tmp_path / "m", {"w": [1.0]}, {})  # type: ignore[dict-item]


def test_a_failed_write_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        with path.open("wb") as stream:
            stream.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left"):
        save_artifact(saved, {}, {})
    assert load_artifact(saved).metadata["kind"] == "test"
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


@pytest.fixture(params=[load_artifact, read_metadata])
def reading(request: pytest.FixtureRequest) -> Any:
    """Both ways to read a file have the same errors."""
    return request.param


def test_missing_and_folder(reading: Any, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"There is no model file at .*nowhere"):
        reading(tmp_path / "nowhere.safetensors")
    with pytest.raises(ArtifactError, match=r"is a folder, not a model file"):
        reading(tmp_path)
    with pytest.raises(ArtifactError, match=r"is a folder, so no model can be written there"):
        save_artifact(tmp_path, {}, {})


def test_unreadable(reading: Any, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *_: Any, **__: Any) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(ArtifactError, match=r"cannot be read: Permission denied"):
        reading(saved)


def test_empty(reading: Any, tmp_path: Path) -> None:
    (tmp_path / "m").touch()
    with pytest.raises(ArtifactError, match=r"is empty"):
        reading(tmp_path / "m")


def test_every_truncation_is_refused(reading: Any, saved: Path) -> None:
    whole = saved.read_bytes()
    for n_bytes in range(len(whole)):
        saved.write_bytes(whole[:n_bytes])
        with pytest.raises(ArtifactError, match=r"cut off" if n_bytes >= 8 else "is empty|no safetensors file"):
            reading(saved)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 a zip file of numpy arrays", b"\x80\x02}q\x00.", b"hello", b"\xff" * 64]
)
def test_foreign_bytes(reading: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"is no safetensors file"):
        reading(tmp_path / "m")


def test_foreign_safetensors(reading: Any, tmp_path: Path) -> None:
    save_file({"w": torch.zeros(2)}, tmp_path / "m", metadata={"format": "pt"})
    with pytest.raises(ArtifactError, match=r"of another program: it holds tensors but no Gatecell description"):
        reading(tmp_path / "m")


def test_newer_format(reading: Any, tmp_path: Path) -> None:
    path = rewrite(tmp_path / "m", {"format_version": FORMAT_VERSION + 1})
    with pytest.raises(
        ArtifactError,
        match=rf"has format {FORMAT_VERSION + 1}.*newer Gatecell: bring .* up to date .* -m pip install \.",
    ):
        reading(path)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("{", "not the JSON"),
        ("[1]", "not the JSON"),
        ("{}", "not the JSON"),
        ('{"format_version": NaN}', "not the JSON"),
        ("[" * 100_000, "not the JSON"),
        ({"format_version": "1"}, "its format version is '1'"),
        ({"format_version": True}, "its format version is True"),
        ({"format_version": 0}, "its format version is 0"),
        ({"format_version": 1, "metadata": []}, "lacks the metadata"),
        ({"format_version": 1, "metadata": {}}, "lacks the metadata or the versions"),
    ],
)
def test_damaged_description(reading: Any, tmp_path: Path, document: object, text: str) -> None:
    with pytest.raises(ArtifactError, match=f"is damaged: .*{text}"):
        reading(rewrite(tmp_path / "m", document))


@pytest.mark.parametrize(
    "header", [b"{bad json", b"[]", b'{"w": 3}', b'{"w": {"data_offsets": []}}', b'{"__metadata__": 1}']
)
def test_damaged_header(reading: Any, tmp_path: Path, header: bytes) -> None:
    (tmp_path / "m").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(
        ArtifactError, match=r"is no safetensors file|is damaged: its (safetensors header|tensors do not)"
    ):
        reading(tmp_path / "m")


def test_metadata_are_read_without_the_tensors(saved: Path) -> None:
    artifact = load_artifact(saved)
    assert read_metadata(saved) == (artifact.metadata, artifact.versions)
    large = 1 << 36
    text = json.dumps(
        {"format_version": FORMAT_VERSION, "metadata": {"a": 1}, "versions": {"b": "2"}, "tensors_sha256": "0" * 64}
    )
    tensor = {"dtype": "U8", "shape": [large], "data_offsets": [0, large]}
    header = json.dumps({"__metadata__": {METADATA_KEY: text, SUM_KEY: sum_of(text)}, "w": tensor}).encode()
    saved.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ArtifactError, match=r"is cut off: it has .* of at least 68,719,"):
        read_metadata(saved)
    # a hole in the file, which takes no place on the disk
    os.truncate(saved, 8 + len(header) + large)
    assert read_metadata(saved) == ({"a": 1}, {"b": "2"})


def test_tensors_that_do_not_fit_their_description(saved: Path) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data.replace(b"[3,7]", b"[3,8]"))
    with pytest.raises(ArtifactError, match=r"is damaged: its tensors do not fit their description"):
        load_artifact(saved)


def test_every_flipped_bit_is_refused(saved: Path) -> None:
    data = saved.read_bytes()
    for place in range(len(data)):
        # one bit of each byte of the description, all bits of the tensors, which lie at the end
        for bit in range(8) if place >= len(data) - 100 else [place % 8]:
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            saved.write_bytes(bytes(changed))
            with pytest.raises(ArtifactError):
                load_artifact(saved)


def test_what_was_altered_is_said(saved: Path) -> None:
    data = saved.read_bytes()
    weights = bytearray(data)
    weights[-1] ^= 1
    saved.write_bytes(bytes(weights))
    with pytest.raises(ArtifactError, match="is damaged: its tensors were altered after it was written"):
        load_artifact(saved)
    assert read_metadata(saved)[0]["kind"] == "test"
    saved.write_bytes(data.replace(b"[1, 2]", b"[1, 3]"))
    for reading in (load_artifact, read_metadata):
        with pytest.raises(ArtifactError, match="is damaged: its description was altered after it was written"):
            reading(saved)


@pytest.mark.parametrize("lost", [METADATA_KEY, SUM_KEY])
def test_a_sum_that_is_missing_is_no_way_round_it(saved: Path, lost: str) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data.replace(f'"{lost}"'.encode(), f'"{lost[:-1]}x"'.encode()))
    with pytest.raises(ArtifactError, match="is damaged: its description was altered"):
        load_artifact(saved)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"format_version": 1, "a": 1, "a": 2}', "it has 'a' twice"),
        ('{"format_version": 1, "a": 1e999}', "it has a number beyond 64 bits"),
        ('{"format_version": 1, "a": 18446744073709551616}', "it has a number beyond 64 bits"),
        ('{"format_version": 1, "a": ' + "[" * 70 + "]" * 70 + "}", "it is nested too deeply"),
        ('{"format_version": 1, "a": [' + "{}," * 300_000 + "{}]}", "bytes of memory, of which"),
    ],
)
def test_json_that_would_be_misread_or_fill_the_memory(reading: Any, tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ArtifactError, match=f"is damaged: .*{why}"):
        reading(rewrite(tmp_path / "m", text))


def test_numbers_beyond_64_bits_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"metadata.a\[0\] is a whole number beyond 64 bits"):
        save_artifact(tmp_path / "m", {}, {"a": [2**64]})
    with pytest.raises(ArtifactError, match=r"tensors\['z'\] holds torch.complex64, which is not kept"):
        save_artifact(tmp_path / "m", {"z": torch.zeros(2, dtype=torch.complex64)}, {})


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}, r"has 4 bytes, but the shape \[2\] of F32"),
        ({"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}, "has a shape that cannot be"),
        ({"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 0]}, "has 0 bytes, but the shape"),
        ({"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}, "has a shape that cannot be"),
        ({"dtype": "F32", "shape": [1] * 9, "data_offsets": [0, 4]}, "has a shape that cannot be"),
        ({"dtype": "OBJ", "shape": [1], "data_offsets": [0, 4]}, "has the unknown type 'OBJ'"),
        ({"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}, "has the unknown type"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}, "begins at byte 4 instead of 0"),
        ({"dtype": "F32", "shape": [0], "data_offsets": [4, 4]}, "begins at byte 4 instead of 0"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}, "has -4 bytes"),
        ({"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "extra": 1}, "is not described by dtype, shape and"),
        ({"dtype": "BOOL", "shape": [4], "data_offsets": [0, 4]}, "has truth values that are neither 0 nor 1"),
    ],
)
def test_forged_tensors(tmp_path: Path, entry: dict[str, Any], why: str) -> None:
    text = json.dumps({"format_version": 1, "metadata": {}, "versions": {}})
    header = json.dumps({"__metadata__": {METADATA_KEY: text}, "w": entry}).encode()
    path = tmp_path / "m"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\x02\x02\x02\x02"[: entry["data_offsets"][1]])
    with pytest.raises(ArtifactError, match=f"is damaged: .*{why}"):
        load_artifact(path)


def test_names_as_long_as_a_file_are_shortened_in_what_is_said_of_it(tmp_path: Path) -> None:
    header = json.dumps({"w\x1b" * 100_000: {}}).encode()
    (tmp_path / "m").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ArtifactError, match="is not described by dtype") as caught:
        load_artifact(tmp_path / "m")
    assert len(str(caught.value)) < 300 + len(str(tmp_path))
    assert "\x1b" not in str(caught.value)


def test_bytes_behind_the_tensors_are_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes() + b"hidden")
    with pytest.raises(ArtifactError, match="6 bytes lie behind the last one"):
        load_artifact(saved)


def test_tensors_of_all_types_and_of_no_content_come_back(tmp_path: Path) -> None:
    tensors = {str(dtype): torch.tensor([[1, 0, 1]]).to(dtype) for dtype in TYPES.values()}
    tensors |= {"empty": torch.empty(3, 0, 2), "alone": torch.tensor(2.5)}
    back = load_artifact(save_artifact(tmp_path / "m", tensors, {})).tensors
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype
        assert torch.equal(back[name], tensor)


@pytest.mark.parametrize("name", ["classifier", "regressor", "text", "text_characters", "language", "forecaster"])
def test_files_of_version_0_1_0_are_read(name: str) -> None:
    artifact = load_artifact(Path(__file__).parent / "data" / f"{name}.safetensors")
    assert artifact.versions["gatecell"] == "0.1.0"
    assert artifact.metadata["kind"] == "estimator"


@settings(max_examples=200, deadline=None)
@given(position=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_flipped_byte_never_escapes_the_error_tree(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "flip.safetensors"
    data = bytearray(save_artifact(path, {"w": torch.ones(3)}, {"kind": "test"}).read_bytes())
    data[position % len(data)] = byte
    path.write_bytes(bytes(data))
    for reading in (load_artifact, read_metadata):
        with suppress(ArtifactError):
            reading(path)

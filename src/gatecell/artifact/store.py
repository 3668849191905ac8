"""Writing and reading the one file of a model."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from gatecell._core.errors import ArtifactError
from gatecell._core.files import atomic_path
from gatecell.artifact.format import METADATA_KEY, decode, encode

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000


@dataclass(frozen=True)
class Artifact:
    """What one file holds."""

    tensors: dict[str, torch.Tensor]
    """Name to tensor, on the CPU, in memory of its own."""
    metadata: dict[str, Any]
    """Everything else, as JSON gave it back: tuples have become lists."""
    versions: dict[str, str]
    """The versions of the libraries that wrote the file."""


def save_artifact(
    path: str | os.PathLike[str], tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]
) -> Path:
    """Write tensors and metadata to one ``.safetensors`` file, whole or not at all.

    Parameters
    ----------
    path : path
        The file; its folder is made if it is missing, a file that is there is replaced.
    tensors : mapping of str to Tensor
        Any shapes, any device, of dense layout. Two names of one tensor are written twice.
    metadata : mapping of str to object
        Strict JSON: see :func:`gatecell.artifact.format.to_json` for what is taken.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArtifactError
        Where ``metadata`` holds what JSON cannot (NaN, infinity, foreign objects), where a value of ``tensors`` is no
        tensor, or where ``path`` is a folder. Nothing is written then.
    OSError
        Where the file cannot be written; it names ``path``, and what was there stays.
    """
    ready: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ArtifactError(f"tensors[{name!r}] is of type {type(tensor).__name__}, not a torch.Tensor.")
        # A clone, since safetensors refuses tensors that share memory.
        ready[name] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    text = encode(metadata)
    path = Path(path)
    if path.is_dir():
        raise ArtifactError(
            f"{path} is a folder, so no model can be written there. Name a file, {path / 'model'}.safetensors."
        )
    with atomic_path(path) as part:
        # the library's own writing tells of a full disk in an error of its own
        part.write_bytes(save(ready, metadata={METADATA_KEY: text}))
    return path


def load_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Read a file that :func:`save_artifact` wrote. No code of the file is ever run.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Artifact
        Tensors, metadata and the versions of the writer.

    Raises
    ------
    ArtifactError
        With a text of its own for a file that is missing, a folder, unreadable, empty, cut off, of another program,
        damaged, or of a newer format.
    """
    path = Path(path)
    data = _read(path)
    metadata, versions = decode(_description(data, len(data), path), str(path))
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ArtifactError(f"{path} is damaged: its tensors do not fit their description ({error}).") from error
    return Artifact(tensors, metadata, versions)


def read_metadata(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read what a file says of itself; its tensors, which may be large, are not read.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    metadata, versions : dict
        As :class:`Artifact` has them.

    Raises
    ------
    ArtifactError
        As :func:`load_artifact`, but for tensors that are damaged.
    """
    path = Path(path)
    with _reading(path), path.open("rb") as stream:
        n_bytes = os.fstat(stream.fileno()).st_size
        data = stream.read(_LENGTH_BYTES)
        n_header = int.from_bytes(data, "little")
        # of a foreign file the length is any number
        data += stream.read(n_header if n_header <= _LARGEST_HEADER else 1)
    return decode(_description(data, n_bytes, path), str(path))


def _read(path: Path) -> bytes:
    with _reading(path):
        return path.read_bytes()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what the system says of a file that cannot be read into ``ArtifactError``."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArtifactError(
            f"There is no model file at {path}. Check the path; a model is written by `save`."
        ) from error
    except IsADirectoryError as error:
        raise ArtifactError(f"{path} is a folder, not a model file. Name the .safetensors file in it.") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}.") from error


def _description(data: bytes, n_bytes: int, path: Path) -> str:
    """Return the text under our key, from the beginning of a file of ``n_bytes``.

    The header's own length tells a file that is cut off from a foreign one.
    """
    if not data:
        raise ArtifactError(f"{path} is empty. The copy or download failed: bring the file again.")
    n_header = int.from_bytes(data[:_LENGTH_BYTES], "little")
    opened = data[_LENGTH_BYTES : _LENGTH_BYTES + 1]
    if len(data) < _LENGTH_BYTES or n_header > _LARGEST_HEADER or opened not in (b"{", b""):
        raise ArtifactError(
            f"{path} is no safetensors file, so it is no Gatecell model. Gatecell reads no other format."
        )
    header_end = _LENGTH_BYTES + n_header
    if n_bytes < header_end:
        raise _cut_off(path, n_bytes, header_end)
    try:
        header = json.loads(data[_LENGTH_BYTES:header_end])
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        expected = header_end + max(ends, default=0)
        text = header.get("__metadata__", {}).get(METADATA_KEY)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"{path} is damaged: its safetensors header cannot be read.") from error
    if n_bytes < expected:
        raise _cut_off(path, n_bytes, expected)
    if not isinstance(text, str):
        raise ArtifactError(
            f"{path} is a safetensors file of another program: it holds tensors but no Gatecell description. "
            "Only models saved by Gatecell can be loaded."
        )
    return text


def _cut_off(path: Path, n_bytes: int, expected: int) -> ArtifactError:
    return ArtifactError(
        f"{path} is cut off: it has {n_bytes:,} of at least {expected:,} bytes. "
        "The copy or download was broken off: bring the file again."
    )

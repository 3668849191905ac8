"""Writing and reading the one file of a model."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import torch
from safetensors.torch import save

from gatecell._core.errors import ArtifactError
from gatecell._core.files import atomic_path
from gatecell._core.strict_json import parse
from gatecell.artifact.format import METADATA_KEY, SUM_KEY, Description, altered, decode, encode, sum_of
from gatecell.artifact.tensors import TYPES, Entry, entries_of, read_tensors, sum_of_tensors

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000
_SPARE_BYTES = 60_000_000
"""What a description may take in memory beside as much as its file has; see ``memory_for``."""


def memory_for(n_bytes: int) -> int:
    """Return how much memory may be taken by what a file of so many bytes describes, beside its tensors.

    With all that is read, a file takes at most twice its size and 100 MB.
    """
    return n_bytes + _SPARE_BYTES


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
        Any shapes, any device, of dense layout; of real numbers or truth values. Two names of one tensor are written
        twice.
    metadata : mapping of str to object
        Strict JSON: see :func:`gatecell.artifact.format.to_json` for what is taken.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArtifactError
        Where ``metadata`` holds what JSON cannot (NaN, infinity, foreign objects), where a value of ``tensors`` is not
        a tensor or of a type that is not kept, or where ``path`` is a folder. Nothing is written then.
    OSError
        Where the file cannot be written; it names ``path``, and what was there stays.
    """
    ready: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ArtifactError(f"tensors[{name!r}] is of type {type(tensor).__name__}, not a torch.Tensor.")
        if tensor.dtype not in TYPES.values():
            raise ArtifactError(f"tensors[{name!r}] holds {tensor.dtype}, which is not kept. Convert it to float32.")
        # A clone, since safetensors refuses tensors that share memory.
        ready[name] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    text = encode(metadata, sum_of_tensors(ready))
    path = Path(path)
    if path.is_dir():
        raise ArtifactError(
            f"{path} is a folder, so no model can be written there. Name a file, {path / 'model'}.safetensors."
        )
    with atomic_path(path) as part:
        # the library's own writing tells of a full disk in an error of its own
        part.write_bytes(save(ready, metadata={METADATA_KEY: text, SUM_KEY: sum_of(text)}))
    return path


def load_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Read a file that :func:`save_artifact` wrote. No code of the file is ever run.

    It takes no more memory than the file has bytes, and 60 MB for its description.

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
        damaged, or of a newer format. A file in which anything was altered since it was written is damaged; one of
        format 1, as Gatecell 0.1.0 wrote it, has no sum to find that by.
    """
    path = Path(path)
    with _opened(path) as (stream, n_bytes):
        header = _header(stream, n_bytes, path)
        metadata, versions, tensors_sum = _described(header, n_bytes, path)
        tensors = _read(stream, header.entries, path)
    if tensors_sum is not None and tensors_sum != sum_of_tensors(tensors):
        raise altered(str(path), "tensors were")
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
        As :func:`load_artifact`, but for tensors that were altered.
    """
    path = Path(path)
    with _opened(path) as (stream, n_bytes):
        description = _described(_header(stream, n_bytes, path), n_bytes, path)
    return description.metadata, description.versions


def _read(stream: IO[bytes], entries: list[Entry], path: Path) -> dict[str, torch.Tensor]:
    try:
        return read_tensors(stream, entries)
    except ValueError as error:
        raise ArtifactError(f"{path} is damaged: {error}.") from error


class _Header(NamedTuple):
    """The first part of a file."""

    text: str
    """What stands under our key."""
    sum: str | None
    entries: list[Entry]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open a file, and turn what the system says of one that cannot be read into ``ArtifactError``."""
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ArtifactError(f"{path} is not a file on a disk. Name the .safetensors file.")
            yield stream, status.st_size
    except FileNotFoundError as error:
        raise ArtifactError(
            f"There is no model file at {path}. Check the path; a model is written by `save`."
        ) from error
    except IsADirectoryError as error:
        raise ArtifactError(f"{path} is a folder, not a model file. Name the .safetensors file in it.") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}.") from error


def _header(stream: IO[bytes], n_bytes: int, path: Path) -> _Header:
    """Read the header of a file of ``n_bytes``, and hold it to what follows.

    The header's own length tells a file that is cut off from a foreign one.
    """
    beginning = stream.read(_LENGTH_BYTES + 1)
    if not beginning:
        raise ArtifactError(f"{path} is empty. The copy or download failed: bring the file again.")
    n_header = int.from_bytes(beginning[:_LENGTH_BYTES], "little")
    opened = beginning[_LENGTH_BYTES:]
    if len(beginning) < _LENGTH_BYTES or n_header > _LARGEST_HEADER or opened not in (b"{", b""):
        raise ArtifactError(
            f"{path} is no safetensors file, so it is no Gatecell model. Gatecell reads no other format."
        )
    header_end = _LENGTH_BYTES + n_header
    if n_bytes < header_end:
        raise _cut_off(path, n_bytes, header_end)
    header = _parsed(opened + stream.read(max(n_header - 1, 0)), n_bytes, path)
    about = header.pop("__metadata__", {})
    try:
        entries = entries_of(header)
    except ValueError as error:
        raise ArtifactError(f"{path} is damaged: its tensors do not fit their description: {error}.") from error
    if not isinstance(about, dict) or not all(isinstance(item, str) for item in about.values()):
        raise ArtifactError(f"{path} is damaged: its safetensors header has metadata that are not text.")
    text = about.get(METADATA_KEY)
    if text is None and SUM_KEY not in about:
        raise ArtifactError(
            f"{path} is a safetensors file of another program: it holds tensors but no Gatecell description. "
            "Only models saved by Gatecell can be loaded."
        )
    if text is None:
        raise altered(str(path), "description was")
    expected = header_end + (entries[-1].end if entries else 0)
    if n_bytes < expected:
        raise _cut_off(path, n_bytes, expected)
    if n_bytes > expected:
        raise ArtifactError(
            f"{path} is damaged: its tensors do not fit their description: {n_bytes - expected:,} bytes lie behind "
            "the last one."
        )
    return _Header(text, about.get(SUM_KEY), entries)


def _parsed(content: bytes, n_bytes: int, path: Path) -> dict[str, Any]:
    try:
        header = parse(content.decode(), most_bytes=memory_for(n_bytes))
    except ValueError as error:  # bytes that are not text, too
        raise ArtifactError(f"{path} is damaged: its safetensors header cannot be read: {error}.") from error
    if not isinstance(header, dict):
        raise ArtifactError(f"{path} is damaged: its safetensors header cannot be read: it is not an object.")
    return header


def _described(header: _Header, n_bytes: int, path: Path) -> Description:
    return decode(header.text, header.sum, str(path), most_bytes=memory_for(n_bytes))


def _cut_off(path: Path, n_bytes: int, expected: int) -> ArtifactError:
    return ArtifactError(
        f"{path} is cut off: it has {n_bytes:,} of at least {expected:,} bytes. "
        "The copy or download was broken off: bring the file again."
    )

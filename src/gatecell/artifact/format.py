"""The text half of an artifact: strict JSON under one key of the safetensors metadata, with format and versions."""

import hashlib
import json
import math
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from gatecell._core.errors import ArtifactError
from gatecell._core.installing import pip_install
from gatecell._core.strict_json import LARGEST_INTEGER, SMALLEST_INTEGER, parse

FORMAT_VERSION = 2
"""The format written, and the newest that is read. It grows when a reader of the old format could not read the new.
Since 2 a file has sums, by which every change of it is found; files of format 1 have none, and keep loading."""
_FIRST_WITH_SUMS = 2

METADATA_KEY = "gatecell"
"""The key of the safetensors metadata that holds everything that is no tensor."""
SUM_KEY = "gatecell_sha256"
"""The key beside it that holds the SHA-256 sum of its text; the text has that of the tensors."""

_PACKAGES = ("gatecell", "torch", "lightning", "scikit-learn", "numpy", "pandas", "safetensors")


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a model's numbers depend on.

    Returns
    -------
    dict
        Package name to version, ``"python"`` first; ``"not installed"`` where a package is missing.
    """
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    # the descriptions of packages are files, which take milliseconds to read, and each checkpoint asks for them
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def to_json(value: object, where: str = "metadata") -> Any:
    """Return ``value`` as what JSON can hold exactly: dict with string keys, list, str, int, float, bool, None.

    NumPy scalars and arrays become Python numbers and lists, tuples become lists.

    Parameters
    ----------
    value : object
        The value, nested at will.
    where : str
        How an error names the value.

    Raises
    ------
    ArtifactError
        For NaN or infinity (JSON has neither), for integers beyond 64 bits, for keys that are no strings, for objects
        of other types; the message gives the path to the value.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return to_json(value.tolist(), where)
    if isinstance(value, Integral):
        return _within_64_bits(int(value), where)
    if isinstance(value, Real):
        return _finite(float(value), where)
    if isinstance(value, list | tuple):
        return [to_json(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ArtifactError(f"{where} has the key {key!r}, but JSON keys are strings. Use str(key).")
        return {key: to_json(item, f"{where}.{key}") for key, item in value.items()}
    raise ArtifactError(
        f"{where} is of type {type(value).__name__}, which JSON cannot hold. "
        "Pass numbers, strings, lists and dicts; tensors go under `tensors`."
    )


def encode(metadata: Mapping[str, Any], tensors_sum: str) -> str:
    """Return the JSON text that stands in the file: format version, library versions, ``metadata``, tensors' sum."""
    document = {
        "format_version": FORMAT_VERSION,
        "versions": library_versions(),
        "metadata": to_json(metadata),
        "tensors_sha256": tensors_sum,
    }
    return json.dumps(document, allow_nan=False, sort_keys=True)


def sum_of(text: str) -> str:
    """Return what stands under ``SUM_KEY`` for the text of a file."""
    # a text that is altered may have half a pair of surrogates
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Description(NamedTuple):
    """The contents of the text of a file."""

    metadata: dict[str, Any]
    versions: dict[str, str]
    tensors_sum: str | None
    """None in a file of format 1."""


def decode(text: str, stated_sum: str | None, source: str, *, most_bytes: int) -> Description:
    """Read the JSON text of a file back.

    Parameters
    ----------
    text : str
        What ``encode`` wrote, of this format or an older one.
    stated_sum : str or None
        What the file has under ``SUM_KEY``; None: nothing.
    source : str
        The file, as errors name it.
    most_bytes : int
        How much memory the result may take.

    Raises
    ------
    ArtifactError
        Where the text is not strict JSON, is not the one that the sum is of, lacks a field, or has a newer format.
    """
    try:
        document = parse(text, most_bytes=most_bytes)
    except ValueError as error:
        raise ArtifactError(
            f"{source} is damaged: its description is not the JSON that Gatecell writes: {error}."
        ) from error
    if not isinstance(document, dict) or "format_version" not in document:
        raise ArtifactError(f"{source} is damaged: its description is not the JSON that Gatecell writes.")
    found = document["format_version"]
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ArtifactError(f"{source} is damaged: its format version is {found!r}, which no Gatecell writes.")
    if found > FORMAT_VERSION:
        raise ArtifactError(
            f"{source} has format {found}; this Gatecell reads formats up to {FORMAT_VERSION}. "
            "It was written by a newer Gatecell: bring the project's folder up to date (git pull), and run in it: "
            f"{pip_install('.')}"
        )
    if (stated_sum is not None or found >= _FIRST_WITH_SUMS) and stated_sum != sum_of(text):
        raise altered(source, "description was")
    metadata, versions, tensors_sum = (document.get(name) for name in ("metadata", "versions", "tensors_sha256"))
    if not isinstance(metadata, dict) or not isinstance(versions, dict):
        raise ArtifactError(f"{source} is damaged: its description lacks the metadata or the versions.")
    if not all(isinstance(item, str) for item in versions.values()):
        raise ArtifactError(f"{source} is damaged: the versions in its description are not text.")
    if not isinstance(tensors_sum, str) and (found >= _FIRST_WITH_SUMS or tensors_sum is not None):
        raise ArtifactError(f"{source} is damaged: its description lacks the sum of its tensors.")
    return Description(metadata, versions, tensors_sum)


def altered(source: str, part: str) -> ArtifactError:
    """Build the error for a file of which a part, such as ``"description was"``, is not what the sum is of."""
    return ArtifactError(
        f"{source} is damaged: its {part} altered after it was written, by its SHA-256 sum. "
        "Bring the file again, or save the model anew."
    )


def _within_64_bits(number: int, where: str) -> int:
    if not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
        raise ArtifactError(
            f"{where} is a whole number beyond 64 bits, which the file does not hold. Store it as text."
        )
    return number


def _finite(number: float, where: str) -> float:
    if not math.isfinite(number):
        raise ArtifactError(f"{where} is {number}, which JSON cannot hold. Leave the value out or store None.")
    return number

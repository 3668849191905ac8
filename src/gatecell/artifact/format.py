"""The text half of an artifact: strict JSON under one key of the safetensors metadata, with format and versions."""

import json
import math
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral, Real
from typing import Any

import numpy as np

from gatecell._core.errors import ArtifactError
from gatecell._core.installing import pip_install

FORMAT_VERSION = 1
"""The format written, and the newest that is read. It grows when a reader of the old format could not read the new."""

METADATA_KEY = "gatecell"
"""The key of the safetensors metadata that holds everything that is no tensor."""

_PACKAGES = ("gatecell", "torch", "lightning", "scikit-learn", "numpy", "pandas", "safetensors")


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a model's numbers depend on.

    Returns
    -------
    dict
        Package name to version, ``"python"`` first; ``"not installed"`` where a package is missing.
    """
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
        For NaN or infinity (JSON has neither), for keys that are no strings, for objects of other types; the message
        gives the path to the value.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return to_json(value.tolist(), where)
    if isinstance(value, Integral):
        return int(value)
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


def encode(metadata: Mapping[str, Any]) -> str:
    """Return the JSON text that stands in the file: the format version, library versions and ``metadata``."""
    document = {
        "format_version": FORMAT_VERSION,
        "versions": library_versions(),
        "metadata": to_json(metadata),
    }
    return json.dumps(document, allow_nan=False, sort_keys=True)


def decode(text: str, source: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the JSON text of a file back.

    Parameters
    ----------
    text : str
        What ``encode`` wrote, of this format or an older one.
    source : str
        The file, as errors name it.

    Returns
    -------
    tuple of dict
        The metadata and the library versions of the writer.

    Raises
    ------
    ArtifactError
        Where the text is no strict JSON, lacks a field, or has a newer format.
    """
    try:
        document = json.loads(text, parse_constant=_reject_constant)
        found = document["format_version"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArtifactError(f"{source} is damaged: its description is not the JSON that Gatecell writes.") from error
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ArtifactError(f"{source} is damaged: its format version is {found!r}, which no Gatecell writes.")
    if found > FORMAT_VERSION:
        raise ArtifactError(
            f"{source} has format {found}; this Gatecell reads formats up to {FORMAT_VERSION}. "
            "It was written by a newer Gatecell: bring the project's folder up to date (git pull), and run in it: "
            f"{pip_install('.')}"
        )
    metadata, versions = document.get("metadata"), document.get("versions")
    if not isinstance(metadata, dict) or not isinstance(versions, dict):
        raise ArtifactError(f"{source} is damaged: its description lacks the metadata or the versions.")
    return metadata, versions


def _finite(number: float, where: str) -> float:
    if not math.isfinite(number):
        raise ArtifactError(f"{where} is {number}, which JSON cannot hold. Leave the value out or store None.")
    return number


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")

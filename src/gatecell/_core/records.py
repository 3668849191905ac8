"""Records: frozen dataclasses that travel as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gatecell._core.errors import OptionError, unknown_name

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)
else:
    Record = TypeVar("Record")


def plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's, which PyTorch and JSON take, and everything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def record_to_dict(record: "DataclassInstance") -> dict[str, Any]:
    """Return the fields of a dataclass, nested ones included, with tuples as lists: as ``json`` gives them back."""
    return {name: _listed(value) for name, value in asdict(record).items()}


def record_from_dict(cls: type[Record], values: Mapping[str, Any]) -> Record:
    """Build a dataclass from its fields; lists become tuples.

    Raises
    ------
    UnknownNameError
        Where ``values`` has a name that is no field; suggests the nearest.
    OptionError
        Where ``values`` is no mapping, or a field without a default is missing.
    """
    if not isinstance(values, Mapping):
        raise OptionError(f"{cls.__name__} is built from a mapping of its fields, got {type(values).__name__}.")
    known = [field.name for field in fields(cls) if field.init]
    for name in values:
        if name not in known:
            raise unknown_name(f"{cls.__name__} option", str(name), known)
    try:
        return cls(**{name: _tupled(value) for name, value in values.items()})
    except TypeError as error:
        raise OptionError(f"{cls.__name__} cannot be built from {sorted(values)}: {error}.") from error


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list | tuple) else value

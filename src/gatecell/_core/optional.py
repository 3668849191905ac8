"""Imports of what only an extra brings."""

from importlib import import_module
from types import ModuleType

from gatecell._core.errors import MissingDependencyError
from gatecell._core.installing import packages_of, pip_install


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency.

    Parameters
    ----------
    module : str
        The module to import, such as ``"onnx"``.
    extra : str
        The extra of this package that brings it.
    purpose : str
        What it is needed for, as the subject of a sentence: ``"Export to ONNX"``.

    Raises
    ------
    MissingDependencyError
        Where the module is not installed; the message says which ``pip install`` brings the extra's packages.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingDependencyError(
            f"{purpose} needs the package {module.partition('.')[0]!r}, which is not installed. "
            f"Run: {pip_install(*packages_of(extra))}"
        ) from error

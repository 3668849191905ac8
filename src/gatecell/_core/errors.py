"""The project's error tree: every error that Gatecell raises on purpose is a ``GatecellError``.

A message says what is wrong, why it matters, and what to do. Errors about arguments are also ``ValueError``, so that
code written for scikit-learn or PyTorch catches them.
"""

from collections.abc import Iterable
from typing import Any

from gatecell._core.names import nearest_name
from gatecell._core.wording import listed, quoted


class GatecellError(Exception):
    """Base of all errors raised on purpose by Gatecell."""


class InputError(GatecellError, ValueError):
    """Data handed in by the user cannot be used as it is."""


class InputTypeError(InputError, TypeError):
    """Data handed in by the user is of a kind that cannot be used."""


class TensorError(InputError, RuntimeError):
    """A tensor handed to a layer has a shape, a kind of number or a place that it cannot work with.

    It is a ``RuntimeError`` too, as what PyTorch's layers raise there.
    """


class OptionError(GatecellError, ValueError):
    """A parameter or option has a value that does not make sense, alone or beside the others."""


class OptionTypeError(OptionError, TypeError):
    """A parameter or option is of a kind that cannot be used, such as a fraction for a number of layers."""


class UnknownNameError(OptionError):
    """A name (of a recipe, an option, an engine, a column) is not known; the message names the nearest known one."""


class EngineError(GatecellError, RuntimeError):
    """An engine asked for by name cannot run what was asked of it."""


class TrainingError(GatecellError, RuntimeError):
    """A training run could not go on."""


class NonFiniteLossError(TrainingError):
    """The loss became NaN or infinite; the network holds the last good weights."""

    result: Any = None
    """The ``TrainingResult`` of the epochs before; None where not one was finished."""


class StudyError(GatecellError):
    """The file of a search is damaged, locked, of another program, or of another search."""


class OutputInUseError(GatecellError):
    """Another process, or another thread, is writing to the same place."""


class TrialStopped(GatecellError):
    """A trial of a search is broken off; the search catches it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """Why: ``"pruned"`` or ``"time"``."""


class ArtifactError(GatecellError):
    """A model file is missing, damaged, foreign, or of a newer format."""


class DatasetError(GatecellError):
    """A named data set is not at hand and could not be brought, or its content is not what it should be."""


class MissingDependencyError(GatecellError, ImportError):
    """An optional dependency is not installed; the message says how to install it."""


class AmbiguousInputWarning(UserWarning):
    """Data can be meant in two ways; the message names both, which one is taken, and how to say the other."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Build the error for a name that is not known.

    Parameters
    ----------
    kind : str
        What the name stands for, in the singular, such as ``"recipe"``.
    name : str
        The name as it was given.
    known : iterable of str
        The names that exist.

    Returns
    -------
    UnknownNameError
        To be raised by the caller. The message names the nearest known name, where one is near, and the whole list.
    """
    names = sorted(known)
    # names may come from a file, and one may be as long as a book
    near = nearest_name(name, (known for known in names if len(known) <= _LONGEST_NEAR))
    hint = "" if near is None else f" Did you mean {quoted(near)}?"
    return UnknownNameError(f"There is no {kind} named {quoted(name)}.{hint} Known: {listed(names) or 'none'}.")


_LONGEST_NEAR = 200

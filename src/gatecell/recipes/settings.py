"""Settings, ``key=value``: how a user changes parameters of a recipe or an estimator from the command line."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gatecell._core.errors import OptionError, unknown_name

NESTED = ("lstm_options", "training_options")
"""Parameters of an estimator that are dicts, whose entries are set as ``lstm_options.layer_norm=true``."""
_OWN_WAY = {"random_state": "--seed", "checkpoint_dir": "--resume", "verbose": "--quiet"}
"""Parameters of an estimator that a job sets itself, and what the user says instead."""
_WORDS = {"true": True, "false": False, "none": None, "null": None}


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """Read settings, as ``["max_epochs=3", "training_options.optimizer=sgd"]``.

    A value is ``true``, ``false``, ``none``, a number, a list or dict in JSON, or else text.

    Returns
    -------
    dict
        Name to value; the entries of nested parameters in dicts of their own.

    Raises
    ------
    OptionError
        Where a text is no ``key=value``, or a key is set twice.
    """
    settings: dict[str, Any] = {}
    seen = set()
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise OptionError(f"{text!r} is no setting. Write key=value, as in --set max_epochs=3.")
        if key in seen:
            raise OptionError(f"{key} is set twice. Give one value.")
        seen.add(key)
        outer, dot, inner = key.partition(".")
        if dot and outer in NESTED:
            settings.setdefault(outer, {})
            if not isinstance(settings[outer], dict):
                raise OptionError(f"{outer} is set as a whole and in parts. Do one of them.")
            settings[outer][inner] = read_value(value.strip())
        elif key in settings:
            raise OptionError(f"{key} is set as a whole and in parts. Do one of them.")
        else:
            settings[key] = read_value(value.strip())
    return settings


def read_value(text: str) -> Any:
    """Read a value: ``true``, ``false``, ``none``, a number, a list or dict in JSON, or else text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return float(text) if text.startswith(".") else json.loads(text)
    except (ValueError, RecursionError):
        return text


def check_names(settings: Mapping[str, Any], parameters: Iterable[str], options: Iterable[str] = ()) -> None:
    """Raise unless each name is one of the estimator's ``parameters`` or the job's ``options``.

    Raises
    ------
    OptionError
        For a parameter that the job sets itself; the message says what to use.
    UnknownNameError
        For any other name; suggests the nearest. Nested names are checked where they are used.
    """
    own = {name: way for name, way in _OWN_WAY.items() if name in parameters}
    known = [*options, *(name for name in parameters if name not in own)]
    for name in settings:
        if name in own:
            raise OptionError(f"{name} is not set with --set. Use {own[name]}.")
        if name not in known:
            raise unknown_name("setting", name, known)


def merged(parameters: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with settings over them; the entries of nested parameters are merged one by one."""
    result = dict(parameters)
    for name, value in settings.items():
        old = result.get(name)
        result[name] = {**old, **value} if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def labels_as_in(y: Any, class_weight: Any) -> Any:
    """Return class weights with the labels as ``y`` has them: on the command line, where 1 is said, ``"1"`` is read."""
    if not isinstance(class_weight, Mapping):
        return class_weight
    known = {str(label): label for label in np.unique(y).tolist()}
    return {known.get(str(label), label): weight for label, weight in class_weight.items()}

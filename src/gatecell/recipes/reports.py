"""Where reports lie, and how the command is written that makes a model again."""

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

REPORT_FILE = "report.html"
"""Of a run, in its folder."""
_WORDS: Mapping[Any, str] = {True: "true", False: "false", None: "none"}


def report_beside(model: Path) -> Path:
    """Return where the report of a model of one's own data lies: ``m.report.html`` beside ``m.safetensors``."""
    return model.with_suffix(".report.html")


def command_line(words: Iterable[str], settings: Mapping[str, Any], seed: int) -> str:
    """Return a command line with its settings and its seed, quoted for a shell."""
    changes = [word for text in setting_texts(settings) for word in ("--set", text)]
    return shlex.join(["gatecell", *words, "--seed", str(seed), *changes])


def setting_texts(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as texts, ``["max_epochs=3"]``, which ``gatecell.recipes.settings.parse_settings`` reads back."""
    texts = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value and name in ("lstm_options", "training_options"):
            texts += [f"{name}.{inner}={_written(item)}" for inner, item in value.items()]
        else:
            texts.append(f"{name}={_written(value)}")
    return texts


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return value if value.lower() not in (*_WORDS.values(), "null") else json.dumps(value)
        return json.dumps(value)
    return json.dumps(value)

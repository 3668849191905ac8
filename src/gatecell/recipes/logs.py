"""Where jobs log to: beside what else they write, unless the user says otherwise."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatecell.estimators.base import LSTMEstimator


def with_logs(parameters: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return an estimator's parameters with ``folder`` as the place of its logs, where no other is named."""
    return {**parameters, "logger_dir": parameters.get("logger_dir") or folder}


def logs_of(estimator: LSTMEstimator) -> str:
    """Return the folder of an estimator's logs, absolute; empty where no logger is asked for."""
    return str(Path(estimator.logger_dir).expanduser().resolve()) if estimator.logger is not None else ""

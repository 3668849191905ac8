"""Where a run is logged beside its history: TensorBoard, MLflow, a CSV file, or any logger of Lightning."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lightning.pytorch.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger

from gatecell._core.checks import check_choice
from gatecell._core.errors import OptionError
from gatecell._core.forks import ForkSafeLock
from gatecell._core.optional import require
from gatecell._core.quiet import quiet_loggers

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"csv": (), "tensorboard": ("tensorboard",), "mlflow": ("sqlalchemy", "alembic", "mlflow")}
)
"""The loggers that have a name, and the packages that each needs; the extra of that name brings them. MLflow is last,
since it notes for good, when it is imported, what is there to store runs with."""
DEFAULT_FOLDER = "gatecell_logs"
"""Where they write, in the working directory, unless another folder is named."""
MLFLOW_FILE = "mlflow.db"
"""The SQLite file of MLflow in that folder; unless ``MLFLOW_TRACKING_URI`` names another place."""


_making_tables = ForkSafeLock()


@dataclass(frozen=True)
class RunLog:
    """What a run is logged to."""

    logger: Logger
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Logged before the first epoch: name to a number, a text, a bool or None. Empty where the logger has them."""


def check_logger(logger: object) -> None:
    """Raise unless ``logger`` is None, a logger of Lightning, or a name whose packages are installed.

    Raises
    ------
    OptionError, UnknownNameError
        For anything else; of a name that is not known, the nearest is suggested.
    MissingDependencyError
        Where a package is missing; the message says which ``pip install`` brings it.
    """
    if logger is None or isinstance(logger, Logger):
        return
    if not isinstance(logger, str):
        raise OptionError(
            f"logger must be one of {', '.join(NEEDS)}, or an object of a class in lightning.pytorch.loggers; "
            f"got an object of {type(logger).__module__}.{type(logger).__name__}."
        )
    check_choice("logger", logger, NEEDS)
    if logger == "mlflow":
        # it would send statistics of its use to its makers; who wants that says so
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for package in NEEDS[logger]:
        require(package, extra=logger, purpose=f'logger="{logger}"')


def new_logger(logger: str | Logger | None, folder: str | Path | None, experiment: str) -> Logger | None:
    """Return the logger of a new run.

    Parameters
    ----------
    logger : "csv", "tensorboard", "mlflow", Logger or None
        An object is returned as it is.
    folder : path, optional
        Of a logger with a name: it writes to a new folder ``version_N`` in it; MLflow, to ``mlflow.db`` in it.
    experiment : str
        Under which MLflow has the run.

    Raises
    ------
    OptionError, MissingDependencyError
        As ``check_logger``; and where the folder is a file.
    """
    check_logger(logger)
    if logger is None or isinstance(logger, Logger):
        return logger
    folder = Path(DEFAULT_FOLDER if folder is None else folder).expanduser()
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"logger_dir={str(folder)!r} is a file. Name a folder; it is made where there is none.")
    folder.mkdir(parents=True, exist_ok=True)
    if logger == "mlflow":
        return _mlflow(folder, experiment)
    version = _claimed_version(folder)
    if logger == "csv":
        return CSVLogger(folder, name="", version=version)
    return TensorBoardLogger(folder, name="", version=version, default_hp_metric=False)


def _claimed_version(folder: Path) -> int:
    """Return the first number N for which there is no ``version_N``, and make it: searches run side by side."""
    number = 0
    while not _made(folder / f"version_{number}"):
        number += 1
    return number


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _mlflow(folder: Path, experiment: str) -> Logger:
    address, artifacts = os.environ.get("MLFLOW_TRACKING_URI"), None
    if not address:
        address = f"sqlite:///{(folder / MLFLOW_FILE).resolve().as_posix()}"
        artifacts = (folder / "artifacts").resolve().as_uri()
    # one at a time: the address is one for the whole process while the tables are made
    with _making_tables, _quiet_mlflow(), _own_address():
        logger = MLFlowLogger(experiment, tracking_uri=address, artifact_location=artifacts)
        _ = logger.experiment  # makes the run, and the tables where there are none
    return logger


@contextmanager
def _quiet_mlflow() -> Iterator[None]:
    """Silence what is said while tables are made."""
    with quiet_loggers(mlflow=logging.WARNING, alembic=logging.WARNING, lightning=logging.ERROR):
        yield


@contextmanager
def _own_address() -> Iterator[None]:
    """Give the process its tracking address back, which Lightning sets for all of MLflow."""
    mlflow = import_module("mlflow")
    before = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)

"""Loggers: what is asked for is there, in a place of its own; what is missing is said before anything is trained."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from gatecell._core.errors import MissingDependencyError, OptionError, UnknownNameError
from gatecell.training.loggers import check_logger, new_logger


def test_none_is_none() -> None:
    assert new_logger(None, None, "x") is None


def test_an_object_is_used_as_it_is(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    assert new_logger(logger, None, "x") is logger


@pytest.mark.parametrize(("name", "kind"), [("csv", CSVLogger), ("tensorboard", TensorBoardLogger)])
def test_each_run_has_a_folder_of_its_own(name: str, kind: type, tmp_path: Path) -> None:
    for number in range(2):
        logger = new_logger(name, tmp_path / "logs", "x")
        assert logger is not None
        assert isinstance(logger, kind)
        assert logger.log_dir == str(tmp_path / "logs" / f"version_{number}")


def test_runs_side_by_side_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        loggers = list(pool.map(lambda _: new_logger("csv", tmp_path, "x"), range(32)))
    assert len({logger.log_dir for logger in loggers if isinstance(logger, Logger)}) == 32


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    new_logger("csv", None, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["gatecell_logs"]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match=r"logger_dir='.*file' is a file. Name a folder"):
        new_logger("csv", tmp_path / "file", "x")


def test_an_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="tensorboard"):
        check_logger("tensorbord")


@pytest.mark.parametrize("value", [True, 3, ["csv"], CSVLogger])
def test_something_else(value: object) -> None:
    with pytest.raises(OptionError, match=r"one of csv, tensorboard, mlflow, or an object of a class in lightning"):
        check_logger(value)


@pytest.mark.parametrize(
    ("name", "package"),
    [("tensorboard", "tensorboard"), ("mlflow", "mlflow"), ("mlflow", "sqlalchemy"), ("mlflow", "alembic")],
)
def test_a_missing_package_says_what_brings_it(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=rf'{package}.* Run: .* -m pip install .*"{name}(-skinny)?>='):
        check_logger(name)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of MLflow with SQLAlchemy 2.1
def test_mlflow_leaves_the_process_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address is set by Lightning for the whole process; its statistics of use stay at home."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    new_logger("mlflow", tmp_path / "one", "x")
    new_logger("mlflow", tmp_path / "two", "x")
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert (tmp_path / "one" / "mlflow.db").exists()
    assert (tmp_path / "two" / "mlflow.db").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of MLflow with SQLAlchemy 2.1
def test_mlflow_goes_where_its_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mine.db'}")
    new_logger("mlflow", tmp_path / "logs", "x")
    assert (tmp_path / "mine.db").exists()
    assert not (tmp_path / "logs" / "mlflow.db").exists()
    assert os.environ["MLFLOW_TRACKING_URI"].endswith("mine.db")

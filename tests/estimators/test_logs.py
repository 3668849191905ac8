"""What the loggers hold after a fit, read back from their files; and that estimators stay what they were."""

import copy
import csv
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import gatecell
from gatecell._core.errors import NonFiniteLossError
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.logs import logged_parameters
from gatecell.training.checkpoint import CheckpointFolder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of MLflow with SQLAlchemy 2.1

ROWS = np.random.default_rng(0).normal(size=(24, 4, 2))
CLASSES = (ROWS[:, :, 0].sum(axis=1) > 0).astype(int)
Logged = Mapping[str, list[tuple[int, float]]]


def classifier(folder: Path, logger: Any, **parameters: Any) -> gatecell.LSTMClassifier:
    values = {"hidden_size": 3, "max_epochs": 3, "validation_fraction": 0.25, "random_state": 0, **parameters}
    return gatecell.LSTMClassifier(**values, logger=logger, logger_dir=folder)


def of_csv(folder: Path) -> tuple[Logged, Mapping[str, str]]:
    with (folder / "version_0" / "metrics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    series = {name: [(int(row["step"]), float(row[name])) for row in rows] for name in rows[0] if name != "step"}
    parameters = yaml.safe_load((folder / "version_0" / "hparams.yaml").read_text())
    return series, {name: str(value) for name, value in parameters.items()}


def of_tensorboard(folder: Path) -> tuple[Logged, Mapping[str, str]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415
    from tensorboard.plugins.hparams import plugin_data_pb2  # noqa: PLC0415

    events = EventAccumulator(str(folder / "version_0")).Reload()
    series = {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    found = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    parameters = {name: getattr(value, value.WhichOneof("kind") or "", None) for name, value in found.items()}
    return series, {name: str(value) for name, value in parameters.items()}


def of_mlflow(folder: Path) -> tuple[Logged, Mapping[str, str]]:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("LSTMClassifier")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    history = {name: client.get_metric_history(run.info.run_id, name) for name in run.data.metrics}
    return {name: [(m.step, m.value) for m in values] for name, values in history.items()}, run.data.params


READERS: Mapping[str, Callable[[Path], tuple[Logged, Mapping[str, str]]]] = {
    "csv": of_csv,
    "tensorboard": of_tensorboard,
    "mlflow": of_mlflow,
}


@pytest.mark.parametrize("name", READERS)
def test_every_epoch_and_the_parameters_are_logged(name: str, tmp_path: Path) -> None:
    model = classifier(tmp_path, name, lstm_options={"layer_norm": True}).fit(ROWS, CLASSES)
    series, parameters = READERS[name](tmp_path)
    assert set(series) == set(model.history_.columns)
    for column in model.history_.columns:
        assert [step for step, _ in series[column]] == [1, 2, 3]
        assert [value for _, value in series[column]] == pytest.approx(model.history_[column], rel=1e-6)
    assert parameters["estimator"] == "LSTMClassifier"
    assert float(parameters["hidden_size"]) == 3
    assert parameters["lstm_options.layer_norm"] in ("True", "1.0")  # TensorBoard has no other truth
    assert float(parameters["seed"]) == model.seed_
    assert "logger_dir" not in parameters


@pytest.mark.parametrize("name", READERS)
def test_partial_fit_goes_on_with_the_log(name: str, tmp_path: Path) -> None:
    model = classifier(tmp_path, name, validation_fraction=None).fit(ROWS, CLASSES)
    model.partial_fit(ROWS, CLASSES).partial_fit(ROWS, CLASSES)
    series, _ = READERS[name](tmp_path)
    assert [step for step, _ in series["train_loss"]] == [1, 2, 3, 4, 5]
    assert [value for _, value in series["train_loss"]] == pytest.approx(model.history_["train_loss"], rel=1e-6)
    assert not (tmp_path / "version_1").exists()


def test_logging_changes_nothing_else(tmp_path: Path) -> None:
    plain, logged = (classifier(tmp_path, logger).fit(ROWS, CLASSES) for logger in (None, "tensorboard"))
    assert plain.predict_proba(ROWS).tolist() == logged.predict_proba(ROWS).tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["version_0"]


def test_a_second_fit_has_a_log_of_its_own(tmp_path: Path) -> None:
    model = classifier(tmp_path, "csv").fit(ROWS, CLASSES).fit(ROWS, CLASSES)
    texts = [(tmp_path / f"version_{number}" / "hparams.yaml").read_text() for number in (0, 1)]
    assert texts[0] == texts[1]
    assert model.history_["epoch"] == [1, 2, 3]


def test_a_logger_of_lightning_is_used_as_it_is(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="mine", version="first", default_hp_metric=False)
    model = classifier(tmp_path / "unused", logger)
    assert model.fit(ROWS, CLASSES).logger is logger
    assert list((tmp_path / "mine" / "first").glob("events.*"))
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("logger", ["csv", CSVLogger])
def test_clones_copies_and_files(logger: Any, tmp_path: Path) -> None:
    given = logger if isinstance(logger, str) else logger(tmp_path / "own")
    model = classifier(tmp_path / "logs", given).fit(ROWS, CLASSES)
    assert model.get_params()["logger"] is given
    assert type(clone(model).logger) is type(given)
    path = model.save(tmp_path / "model.safetensors")
    loaded = gatecell.load(path)
    assert loaded.logger is None
    assert loaded.logger_dir is None
    for other in (loaded, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.predict(ROWS).tolist() == model.predict(ROWS).tolist()


def test_a_copy_does_not_write_into_the_log_of_the_first(tmp_path: Path) -> None:
    model = classifier(tmp_path, "csv", validation_fraction=None).fit(ROWS, CLASSES)
    copy.deepcopy(model).partial_fit(ROWS, CLASSES)
    assert [step for step, _ in of_csv(tmp_path)[0]["epoch"]] == [1, 2, 3]
    assert (tmp_path / "version_1" / "metrics.csv").exists()


def test_a_search_logs_each_fit(tmp_path: Path) -> None:
    GridSearchCV(classifier(tmp_path, "csv", max_epochs=1), {"hidden_size": [2, 3]}, cv=2).fit(ROWS, CLASSES)
    sizes = [yaml.safe_load(path.read_text())["hidden_size"] for path in sorted(tmp_path.glob("*/hparams.yaml"))]
    assert sizes == [2, 2, 3, 3, sizes[-1]]


def test_a_run_that_goes_on_logs_all_its_epochs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def model() -> gatecell.LSTMClassifier:
        return classifier(tmp_path / "logs", "csv", max_epochs=4, checkpoint_dir=tmp_path / "checkpoint")

    save = CheckpointFolder.save

    def save_and_stop(self: CheckpointFolder, state: Any) -> None:
        save(self, state)
        if state.epochs_done == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(CheckpointFolder, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        model().fit(ROWS, CLASSES)
    monkeypatch.undo()
    model().fit(ROWS, CLASSES)
    model().fit(ROWS, CLASSES)  # nothing is left to train
    for number, epochs in ((0, ["1", "2"]), (1, ["1", "2", "3", "4"]), (2, ["1", "2", "3", "4"])):
        with (tmp_path / "logs" / f"version_{number}" / "metrics.csv").open(newline="") as stream:
            assert [row["epoch"] for row in csv.DictReader(stream)] == epochs


def test_a_run_that_fails_keeps_its_log(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteLossError):
        classifier(tmp_path, "mlflow", learning_rate=1e300, validation_fraction=None).fit(ROWS, CLASSES)
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (run,) = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert run.info.status == "FAILED"


TEXTS = ["a good film", "a bad film", "good", "bad"] * 4
SERIES = pd.Series(np.arange(60.0), index=pd.date_range("2026-01-01", periods=60, freq="D"))


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (gatecell.LSTMRegressor(hidden_size=2), (ROWS, ROWS.sum(axis=(1, 2)))),
        (gatecell.LSTMTextClassifier(hidden_size=2), (TEXTS, [text.split()[-1] for text in TEXTS])),
        (gatecell.LSTMForecaster(hidden_size=2, horizon=2, lookback=4), (SERIES,)),
        (gatecell.LSTMLanguageModel(hidden_size=2), ("the cat sat on the mat. " * 20,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_estimator_logs(model: LSTMEstimator, data: tuple[Any, ...], tmp_path: Path) -> None:
    model.set_params(max_epochs=2, random_state=0, logger="csv", logger_dir=tmp_path).fit(*data)
    series, parameters = of_csv(tmp_path)
    assert [step for step, _ in series["train_loss"]] == [1, 2]
    assert parameters["estimator"] == type(model).__name__


def test_parameters_are_flat_and_short(tmp_path: Path) -> None:
    model = classifier(
        tmp_path, None, class_weight={0: 1.0, 1: np.float64(2)}, training_options={"l2_parameters": ("x" * 300,)}
    )
    model.seed_ = 7
    found = logged_parameters(model)
    assert found["class_weight.1"] == 2.0
    assert type(found["class_weight.1"]) is float
    assert len(found["training_options.l2_parameters"]) == 250
    assert found["patience"] is None

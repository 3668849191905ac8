"""Fits in threads give the bits of fits one after the other, and leave alone what a process shares."""

import logging
import os
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import gatecell
from gatecell import LSTMClassifier, LSTMForecaster, LSTMLanguageModel, LSTMRegressor, LSTMTextClassifier
from gatecell.inspection.gates import trace_network
from gatecell.reporting.report import write_report
from gatecell.training.loop import fit
from gatecell.tuning.search import tune
from tests.estimators.random_models import WORDS, differing
from tests.process_state import process_state
from tests.training.tools import config_of, identical, rows_of, sequence_network, squared, weights_of

N_MODELS = 15
"""Three of each class; ``python -m tests.estimators.random_models 300`` has twenty times as many."""
N_THREADS = 8

X = np.random.default_rng(0).normal(size=(40, 6, 2))
labels = np.arange(40) % 2
texts = [" ".join(np.random.default_rng(row).choice(WORDS, 6)) for row in range(40)]
load = pd.Series(np.sin(np.arange(90) / 4), index=pd.date_range("2024-01-01", periods=90, freq="D"), name="load")
DROPS: dict[str, Any] = {
    "hidden_size": 5,
    "num_layers": 2,
    "dropout": 0.3,
    "recurrent_dropout": 0.2,
    "max_epochs": 2,
    "random_state": 0,
}


def in_threads(work: Callable[[int], Any], count: int = N_THREADS) -> list[Any]:
    """Call ``work`` with 0, 1, ... in as many threads, which begin together."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_random_models_in_threads_are_those_one_after_the_other() -> None:
    assert differing(range(N_MODELS), N_THREADS) == []


class Models(NamedTuple):
    classifier: LSTMClassifier
    texts: LSTMTextClassifier
    language: LSTMLanguageModel
    forecaster: LSTMForecaster
    file: Path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    classifier = LSTMClassifier(**DROPS, bidirectional=True).fit(X, labels)
    return Models(
        classifier,
        LSTMTextClassifier(**DROPS, embedding_dropout=0.2, random_cut=0.3).fit(texts, labels),
        LSTMLanguageModel(**DROPS, batch_size=2, bptt=5).fit(" ".join(texts)),
        LSTMForecaster(**DROPS, horizon=3, lookback=7).fit(load),
        classifier.save(tmp_path_factory.mktemp("file") / "model.safetensors"),
    )


Action = Callable[[Models, Path], object]


def searched(models: Models, folder: Path) -> object:
    pytest.importorskip("optuna", reason='needs pip install "gatecell[tune]"')
    return tune(LSTMRegressor(**DROPS), X, X.sum((1, 2)), n_trials=2, space={"hidden_size": (3, 4)})


ACTIONS: dict[str, Action] = {
    "fit": lambda models, folder: LSTMClassifier(**DROPS).fit(X, labels),
    "fit of texts": lambda models, folder: LSTMTextClassifier(**DROPS, random_cut=0.3).fit(texts, labels),
    "fit with a log": lambda models, folder: LSTMClassifier(**DROPS, logger="csv", logger_dir=folder).fit(X, labels),
    "fit of a forecaster": lambda models, folder: LSTMForecaster(**DROPS, horizon=3, lookback=7).fit(load),
    "partial_fit": lambda models, folder: LSTMClassifier(**DROPS).partial_fit(X, labels).partial_fit(X, labels),
    "predict": lambda models, folder: models.classifier.predict_proba(X),
    "summary and engine": lambda models, folder: (models.classifier.summary(), models.classifier.explain()),
    "saliency": lambda models, folder: (models.classifier.saliency(X[0]), models.texts.saliency(texts[0])),
    "gates": lambda models, folder: trace_network(models.classifier.network_, torch.from_numpy(X).float()),
    "generate": lambda models, folder: models.language.generate("a good", max_new=5, seed=1),
    "generate without a seed": lambda models, folder: models.language.generate("a good", max_new=5),
    "forecast": lambda models, folder: models.forecaster.predict(level=(80,)),
    "learning_rate_curve": lambda models, folder: LSTMRegressor(**DROPS).learning_rate_curve(X, X.sum((1, 2))),
    "tune": searched,
    "load": lambda models, folder: gatecell.load(models.file),
    "save": lambda models, folder: models.classifier.save(folder / "again.safetensors"),
    "report": lambda models, folder: write_report(folder / "report.html", models.classifier),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_a_process_shares_is_left_alone(action: str, models: Models, tmp_path: Path) -> None:
    ACTIONS[action](models, tmp_path)  # what is imported, and what libraries note at their first use
    before = process_state()
    ACTIONS[action](models, tmp_path)
    assert process_state() == before


@pytest.mark.parametrize(
    "action", ["fit", "fit of texts", "fit of a forecaster", "learning_rate_curve", "load", "report"]
)
def test_what_a_process_shares_is_left_alone_by_threads(action: str, models: Models, tmp_path: Path) -> None:
    ACTIONS[action](models, tmp_path)
    folders = [tmp_path / str(number) for number in range(N_THREADS)]
    for folder in folders:
        folder.mkdir()
    before = process_state()
    in_threads(lambda number: ACTIONS[action](models, folders[number]))
    assert process_state() == before


def test_predictions_of_one_model_in_threads_are_those_of_one() -> None:
    model = LSTMClassifier(**DROPS, bidirectional=True).fit(X, labels)
    # rows of several numbers and lengths at a time: what is prepared for one call is not that of another
    sizes = [(rows, steps) for rows in (1, 3, 20) for steps in (1, 6, 40)]
    rows = [np.random.default_rng(number).normal(size=(*size, 2)) for number, size in enumerate(sizes)]
    alone = [model.predict_proba(each) for each in rows]

    def predict_all(number: int) -> list[NDArray[np.float64]]:
        return [model.predict_proba(rows[(place + number) % len(rows)]) for place in range(len(rows)) for _ in range(5)]

    for number, found in enumerate(in_threads(predict_all)):
        for place, values in enumerate(found):
            assert np.array_equal(values, alone[(place // 5 + number) % len(rows)])


def test_draws_of_the_user_go_on_while_others_fit() -> None:
    expected = torch.rand(2000, generator=torch.Generator().manual_seed(5))
    torch.manual_seed(5)
    ended = threading.Event()

    def fit_often(number: int) -> None:
        for _ in range(3):
            LSTMClassifier(**DROPS).fit(X, labels)

    def fit_all() -> None:
        in_threads(fit_often, 4)
        ended.set()

    fits = threading.Thread(target=fit_all)
    fits.start()
    drawn: list[float] = []
    while len(drawn) < 2000:
        drawn.append(float(torch.rand(())))
        if not ended.is_set():
            ended.wait(0.0005)
    fits.join()
    assert drawn == expected.tolist()


def test_fits_in_threads_under_warnings_as_errors_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with caplog.at_level(logging.DEBUG):
            in_threads(lambda number: LSTMClassifier(**DROPS).fit(X, labels))
    assert [record for record in caplog.records if record.name.startswith("lightning")] == []


def test_lightning_of_another_thread_is_heard_while_a_model_is_fitted(caplog: pytest.LogCaptureFixture) -> None:
    heard = logging.getLogger("lightning.pytorch.utilities.rank_zero")

    def say(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        heard.error("of the fit, an error")
        heard.warning("of the fit, a notice")
        other = threading.Thread(target=lambda: heard.warning("of the user"))
        other.start()
        other.join()
        return squared(prediction, target)

    with caplog.at_level(logging.INFO):
        fit(sequence_network(), say, rows_of((8, 5, 3)), config=config_of(max_epochs=1))
    assert {record.message for record in caplog.records if record.name == heard.name} == {
        "of the fit, an error",
        "of the user",
    }


class Foreign(nn.Module):
    """A network whose parts draw from PyTorch's default generator, each in another way."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, batch_first=True, dropout=0.3)
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.3, batch_first=True)
        self.dropout = nn.Dropout(0.4)
        self.head = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, _ = self.lstm(x)
        x, _ = self.attention(x, x, x)
        noise = torch.randn_like(x) if self.training else 0.0
        output: torch.Tensor = self.head(self.dropout(x + noise)[:, -1])
        return output


def test_a_network_that_draws_by_itself() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = Foreign()
    state = first.state_dict()

    def fitted(number: int) -> dict[str, torch.Tensor]:
        network = Foreign()
        network.load_state_dict(state)
        fit(network, squared, rows_of((37, 5, 3)), config=config_of(seed=number))
        return weights_of(network)

    serial = [fitted(number) for number in range(4)]
    before = process_state()["torch's generator"]
    # the constructors above are the test's own
    with torch.random.fork_rng(devices=[]):
        threaded = in_threads(fitted, 4)
    assert all(identical(one, other) for one, other in zip(serial, threaded, strict=True))
    assert not identical(serial[0], serial[1])
    assert process_state()["torch's generator"] == before
    network = Foreign()
    before = process_state()["torch's generator"]
    fit(network, squared, rows_of((37, 5, 3)), config=config_of())
    assert process_state()["torch's generator"] == before


def test_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    LSTMClassifier(**DROPS).fit(X, labels)
    assert os.environ["WORLD_SIZE"] == "1"


def test_the_search_for_anomalies_stays_on_after_threads() -> None:
    with torch.autograd.set_detect_anomaly(True):
        in_threads(lambda number: LSTMClassifier(**DROPS).fit(X, labels), 4)
        assert torch.is_anomaly_enabled()

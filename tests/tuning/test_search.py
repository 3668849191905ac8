import json
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np
import optuna
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from gatecell._core.errors import InputError, MissingDependencyError, OptionError, StudyError, TrainingError
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.regressor import LSTMRegressor
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.tuning import study_file
from gatecell.tuning.search import tune
from gatecell.tuning.space import Range
from gatecell.tuning.trials import Tuning
from tests.tuning.toys import Toy, X, Y

SPACE = {"a": Range(0.0, 6.0), "b": ["x", [1, 2], None]}


def search(study: Path | None = None, space: Any = SPACE, estimator: Any = None, **options: Any) -> Tuning:
    settings = {"n_trials": 6, "refit": False} | options
    return tune(Toy() if estimator is None else estimator, X, Y, space, study=study, **settings)


def test_what_comes_of_a_search() -> None:
    found = search(n_trials=25, refit=True)
    assert len(found.trials) == 25
    assert found.best_score == max(trial.score for trial in found.trials if trial.score is not None) > -0.5
    assert isinstance(found.best_estimator, Toy)
    assert found.best_estimator.get_params()["a"] == found.best_params["a"]
    # refitted to all rows, with the seed of the search, since it had none
    assert Toy.fitted[-1]["rows"] == 20
    assert Toy.fitted[-1]["random_state"] == Toy.fitted[0]["random_state"] == 0
    assert Toy.fitted[0]["rows"] == 16
    assert {str(params["b"]) for params in Toy.fitted} == {"x", "[1, 2]", "None"}
    assert max(found.importances, key=lambda name: found.importances[name]) == "a"
    table = found.to_frame()
    assert table["score"].iloc[0] == found.best_score
    assert {"number", "state", "param_a", "param_b", "seconds"} <= set(table.columns)
    assert Tuning.from_json(found.to_json()).to_json() == found.to_json()
    assert found.scoring == "accuracy"


@pytest.mark.parametrize("seed", range(3))
def test_trials_that_are_worse_than_the_median_are_broken_off(seed: int) -> None:
    # at random, so that there are some of every quality
    with mock.patch("optuna.samplers.TPESampler", optuna.samplers.RandomSampler):
        found = search(n_trials=20, random_state=seed)
    assert {trial.state for trial in found.trials} == {"finished", "pruned"}
    for trial in found.trials:
        others = [item for item in found.trials[: trial.number] if item.state == "finished"]
        worse = [
            epoch
            for epoch in range(3, len(trial.losses) + 1)
            if len(others) >= 4 and min(trial.losses[:epoch]) > median(min(item.losses[:epoch]) for item in others)
        ]
        # where it first is, and nowhere else
        assert worse == ([len(trial.losses)] if trial.state == "pruned" else [])
        assert (trial.score is None) == bool(worse)
    assert {trial.state for trial in search(n_trials=20, prune=False).trials} == {"finished"}


def test_the_same_seed_gives_the_same_search() -> None:
    one, two, other = search(), search(), search(random_state=1)
    assert [trial.params for trial in one.trials] == [trial.params for trial in two.trials]
    assert [trial.params for trial in one.trials] != [trial.params for trial in other.trials]


def test_a_small_space_is_gone_through_each_combination_once() -> None:
    found = search(space={"a": [1.0, 2.0, 3.0], "b": ["x", "y"]}, n_trials=50)
    assert len(found.trials) == len({str(trial.params) for trial in found.trials}) == 6
    assert found.best_params == {"a": 3.0, "b": "x"}


def test_what_is_proposed_twice_is_not_run_twice() -> None:
    found = search(space={"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]}, n_trials=8, prune=False)
    assert len(found.trials) == len({str(trial.params) for trial in found.trials}) == len(Toy.fitted) == 8


def test_what_is_proposed_twice_is_replaced_without_a_look_at_every_combination() -> None:
    """Of ten million there is no time to list them, and no memory."""
    space = {"a": [float(value) for value in range(10)], **{f"options.{name}": range(10) for name in "pqrstu"}}
    same = optuna.samplers.RandomSampler
    with (
        mock.patch("optuna.samplers.TPESampler", side_effect=lambda **_: same(seed=0)),
        mock.patch("gatecell.tuning.workers.combinations", side_effect=AssertionError("a list of all")),
    ):
        found, again = (search(space=space, n_trials=4, prune=False) for _ in range(2))
    assert len({str(trial.params) for trial in found.trials}) == 4
    assert [trial.params for trial in found.trials] == [trial.params for trial in again.trials]


def test_a_study_goes_on_with_more_trials(tmp_path: Path) -> None:
    study = tmp_path / "s.db"
    first = search(study, n_trials=3)
    n_fits = len(Toy.fitted)
    assert search(study, n_trials=3).trials == first.trials
    assert len(Toy.fitted) == n_fits
    longer = search(study, n_trials=6)
    assert longer.trials[:3] == first.trials
    assert [trial.params for trial in longer.trials] == [trial.params for trial in search(n_trials=6).trials]


def test_a_search_that_is_stopped_by_the_user_goes_on(tmp_path: Path) -> None:
    study = tmp_path / "s.db"

    def stop(toy: Toy, epoch: int) -> None:
        if len(Toy.fitted) == 3:
            raise KeyboardInterrupt

    with mock.patch.object(Toy, "on_epoch", stop), pytest.raises(KeyboardInterrupt):
        search(study)
    tried = dict(Toy.fitted[2])
    found = search(study)
    assert len(found.trials) == 6
    # what was running is tried again, first of all
    assert Toy.fitted[3] == tried
    assert [trial.params for trial in found.trials] == [trial.params for trial in search().trials]


def test_the_time_is_up_in_the_middle_of_a_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with the epoch, is not among the trials, and is run again by the call that goes on."""
    study = tmp_path / "s.db"

    now = 0.0

    def slow(toy: Toy, epoch: int) -> None:
        nonlocal now
        now += 10 if len(Toy.fitted) == 4 else 0

    monkeypatch.setattr("gatecell.tuning.search.monotonic", lambda: now)
    with mock.patch.object(Toy, "on_epoch", slow):
        found = search(study, timeout=2.0)
    assert len(Toy.fitted) == 4
    assert len(found.trials) == 3
    stopped = dict(Toy.fitted[3])
    found = search(study)
    assert len(found.trials) == 6
    assert Toy.fitted[4] == stopped


def test_the_time_is_up_before_a_trial_is_done(tmp_path: Path) -> None:
    with (
        mock.patch.object(Toy, "on_epoch", lambda toy, epoch: time.sleep(0.2)),  # noqa: PT008
        pytest.raises(TrainingError, match=r"The time of 0\.1 s was over before one trial was finished\. Give it more"),
    ):
        search(tmp_path / "s.db", timeout=0.1)
    assert len(search(tmp_path / "s.db").trials) == 6


def test_a_trial_that_fails_leaves_the_others(tmp_path: Path) -> None:
    def fail(toy: Toy, epoch: int) -> None:
        if toy.b == "bad":
            raise MemoryError("too large")

    with mock.patch.object(Toy, "on_epoch", fail):
        found = search(tmp_path / "s.db", {"a": [1.0, 2.0], "b": ["x", "bad"]})
    assert found.counts() == {"finished": 2, "failed": 2}
    assert {trial.error for trial in found.trials if trial.state == "failed"} == {"MemoryError: too large"}
    assert found.best_params == {"a": 2.0, "b": "x"}


def test_when_all_trials_fail_the_first_error_is_shown(tmp_path: Path) -> None:
    def fail(toy: Toy, epoch: int) -> None:
        raise ValueError(f"no {toy.a:g}")

    message = r"No trial finished: 2 of 2 failed\. The first error, of a=1, b=x: ValueError: no 1.*name another file"
    with mock.patch.object(Toy, "on_epoch", fail), pytest.raises(TrainingError, match=message):
        search(tmp_path / "s.db", {"a": [1.0, 2.0], "b": ["x"]})


def test_a_score_that_is_no_number_is_a_failure() -> None:
    with (
        mock.patch.object(Toy, "score", return_value=float("nan")),
        pytest.raises(TrainingError, match="The score is nan, which is nothing to choose by"),
    ):
        search(n_trials=1)


def test_what_fails_keeps_no_score_that_is_no_number() -> None:
    with mock.patch.object(Toy, "score", lambda toy, *_: float("nan") if toy.a == 1 else 0.5):
        found = search(space={"a": [1.0, 2.0]}, scoring=lambda toy, X, y: toy.score(X, y))
    assert [trial.scores for trial in found.trials] == [(), (0.5,)]
    assert "NaN" not in json.dumps(found.to_json())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": {"a": Range(0, 6), "b": ["x", [1, 2], None]}}, r'the space, then \{"a": "0\.0\.\.6\.0"\} and now'),
        ({"space": {"a": Range(0.0, 5.0)}}, r"differs is the space, then .*0\.0\.\.6\.0.* and now .*0\.0\.\.5\.0"),
        (
            {"estimator": Toy(options={"p": 1})},
            r"""the fixed parameters, then \{"options": "None"\} and now \{"options": "\{'p': 1\}"\}""",
        ),
        ({"random_state": 3}, "the random_state, then 0 and now 3"),
        ({"cv": 4}, "the rows measured on, then"),
        ({"scoring": "f1"}, "the scoring, then accuracy and now f1"),
        ({"fit_params": {"weights": [1.0] * 20}}, "the data, then"),
    ],
)
def test_the_study_of_another_search(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    study = tmp_path / "s.db"
    before = search(study).trials
    with pytest.raises(StudyError, match=message):
        search(study, **change)
    assert search(study).trials == before


def test_other_data(tmp_path: Path) -> None:
    search(tmp_path / "s.db")
    message = r"is the study of another search: what differs is the data, then .*Name another file"
    with pytest.raises(StudyError, match=message):
        tune(Toy(), X + 1, Y, SPACE, n_trials=6, study=tmp_path / "s.db")


@pytest.mark.parametrize("content", [b"", b"not a database at all, but longer than a header", b"SQLite format 3\0" * 9])
def test_a_file_that_is_no_study(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"s\.db is no study of Gatecell.*this one is left as it is"):
        search(path)
    assert path.read_bytes() == content


def test_the_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text TEXT)")
    connection.commit()
    connection.close()
    content = path.read_bytes()
    with pytest.raises(StudyError, match="is no study of Gatecell, or damaged"):
        search(path)
    assert path.read_bytes() == content


def test_a_study_of_optuna_that_is_not_ours(tmp_path: Path) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 's.db'}")
    optuna.create_study(study_name="mine", storage=storage)
    storage.engine.dispose()
    with pytest.raises(StudyError, match="but another study of Optuna"):
        search(tmp_path / "s.db")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"is a folder\. Name a file for the study"):
        search(tmp_path)


def test_a_file_that_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tmp_path / "s.db"
    before = search(study, n_trials=3).trials
    monkeypatch.setattr(study_file, "LOCK_TIMEOUT_S", 0.3)
    other = sqlite3.connect(study, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StudyError, match=r"s\.db is locked: another program has held it for 0\.3 s.*are kept"):
        search(study)
    other.execute("ROLLBACK")

    def lock(toy: Toy, epoch: int) -> None:
        if epoch == 4 and not other.in_transaction:
            other.execute("BEGIN EXCLUSIVE")

    with mock.patch.object(Toy, "on_epoch", lock), pytest.raises(StudyError, match="is locked"):
        search(study)
    other.execute("ROLLBACK")
    other.close()
    found = search(study)
    assert found.trials[:3] == before
    assert len(found.trials) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_trials": 0}, "n_trials must be an integer of at least 1, got 0"),
        ({"timeout": 0}, "timeout must be a finite number above 0, got 0"),
        ({"prune": "yes"}, "prune must be True or False"),
        ({"cv": 1}, "cv must be an integer of at least 2, got 1"),
        ({"cv": 1.5}, "cv must be a number in (0, 1), got 1.5"),
        ({"cv": 21}, "cv must be an integer of at most 20, got 21"),
        ({"space": {"c": [1]}}, "no parameter to search named 'c'"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        search(**options)


def test_rows_without_their_targets() -> None:
    with pytest.raises(InputError, match="There are 20 rows in X but 19 in y"):
        tune(Toy(), X, Y[:-1], SPACE)


def test_targets_that_were_forgotten() -> None:
    with pytest.raises(
        InputError, match=r"y is missing: LSTMRegressor learns from X and y\. Give a target for each row"
    ):
        tune(LSTMRegressor(), np.zeros((20, 3, 1)), space={"hidden_size": [2]})


def test_without_optuna_it_says_what_brings_it() -> None:
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from gatecell.tuning import tune\n"
        "from gatecell._core.errors import MissingDependencyError\n"
        "try:\n    tune(None, [], [])\nexcept MissingDependencyError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "A search by Optuna needs the package 'optuna', which is not installed. "
        f'Run: {sys.executable} -m pip install "optuna>=5" "filelock>=3.16"'
    )
    assert issubclass(MissingDependencyError, ImportError)


def test_folds_score_by_their_mean_and_share_out_values_of_rows() -> None:
    found = search(cv=4, n_trials=1, space={"a": [1.0]}, fit_params={"weights": list(range(20))})
    (trial,) = found.trials
    assert trial.scores == (-4.0,) * 4
    assert trial.score == -4.0
    assert trial.spread == 0.0
    assert [fit["rows"] for fit in Toy.fitted] == [15] * 4
    assert all(len(fit["weights"]) == 15 for fit in Toy.fitted)
    assert len(trial.losses) == 4


def test_a_pipeline_is_searched_and_pruned() -> None:
    pipeline = Pipeline([("same", FunctionTransformer()), ("toy", Toy())])
    found = search(estimator=pipeline, space={"toy__a": Range(0.0, 6.0)}, n_trials=15)
    assert found.counts()["pruned"] > 0
    assert found.best_score > -1


def pipeline_of(folder: Path) -> Pipeline:
    """Return a pipeline whose function is another object each time, as in the next process."""

    def same(rows: Any) -> Any:
        return rows

    return Pipeline([("same", FunctionTransformer(same)), ("toy", Noisy(checkpoint_dir=folder, logger="csv"))])


class Noisy(Toy):
    """Has what trials must not have."""

    def __init__(
        self,
        a: float = 0.0,
        checkpoint_dir: Any = None,
        logger: Any = None,
        verbose: int = 1,
        random_state: int | None = None,
    ) -> None:
        super().__init__(a, random_state=random_state)
        self.checkpoint_dir = checkpoint_dir
        self.logger = logger
        self.verbose = verbose
        del self.b, self.options


def test_trials_of_a_pipeline_are_silent_and_seeded_and_leave_no_files(tmp_path: Path) -> None:
    search(estimator=pipeline_of(tmp_path), space={"toy__a": [1.0]}, random_state=3)
    (fit,) = Toy.fitted
    assert (fit["checkpoint_dir"], fit["logger"], fit["verbose"]) == (None, None, 0)
    assert fit["random_state"] == 3


def test_the_study_of_a_pipeline_goes_on_in_another_process(tmp_path: Path) -> None:
    """Where its functions lie in memory, and where it would write, is no part of a search."""
    for name in ("one", "two"):
        search(tmp_path / "s.db", estimator=pipeline_of(tmp_path / name), space={"toy__a": [1.0, 2.0]})
    assert len(Toy.fitted) == 2
    other = Pipeline([("same", FunctionTransformer(np.sin)), ("toy", Noisy())])
    with pytest.raises(StudyError, match=r"what differs is the fixed parameters, then .*same__func.* and now .*sin"):
        search(tmp_path / "s.db", estimator=other, space={"toy__a": [1.0, 2.0]})


TEXTS = ["a good film", "what a bad film", "good, very good", "bad, very bad"] * 5


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_texts_with_early_stopping_are_refitted_for_the_epochs_of_the_best_trial() -> None:
    model = LSTMTextClassifier(hidden_size=3, embedding_dim=4, max_epochs=3, patience=1, random_state=0)
    found = tune(model, TEXTS, ["pos", "neg"] * 10, {"hidden_size": [2, 3]}, n_trials=2)
    assert len(found.best_estimator.history_) == found.best.epochs
    assert found.best_estimator.patience is None
    assert found.best_estimator.predict(TEXTS[:2]).shape == (2,)


def test_ragged_rows_with_a_validation_part_of_their_own_are_not_measured_on_it() -> None:
    generator = np.random.default_rng(0)
    rows = [generator.normal(size=(length, 2)) for length in generator.integers(2, 6, 20)]
    model = LSTMRegressor(hidden_size=2, max_epochs=2, validation_fraction=0.25, patience=1, random_state=0)
    found = tune(model, rows, np.array([row.sum() for row in rows]), {"hidden_size": [2, 3]}, n_trials=2)
    assert found.scoring == "r2"
    assert found.best_estimator.validation_rows_.shape == (5,)


def test_a_forecaster_is_measured_by_its_back_test() -> None:
    series = pd.Series(np.sin(np.arange(120) / 3), index=pd.date_range("2026-01-01", periods=120, freq="h"))
    model = LSTMForecaster(horizon=4, hidden_size=2, max_epochs=1, random_state=0)
    found = tune(model, series, space={"lookback": [4, 8]}, n_trials=2)
    best = found.best_estimator
    assert found.scoring == "neg_mean_absolute_error"
    assert found.best_score == pytest.approx(-best.backtest(level=()).judgement.figures["mae"])
    with pytest.raises(OptionError, match="LSTMForecaster holds nothing out to be measured on"):
        tune(model.set_params(validation_fraction=None, patience=None), series, space={"lookback": [4, 8]})


def test_a_language_model_is_measured_by_its_validation_loss() -> None:
    model = LSTMLanguageModel(
        tokens="character", hidden_size=4, max_epochs=2, validation_fraction=0.2, batch_size=2, random_state=0
    )
    found = tune(model, "the cat sat on the mat. " * 20, space={"hidden_size": [2, 4]}, n_trials=2)
    assert found.best_score == -found.best_estimator.history_["validation_loss"][-1]
    with pytest.raises(OptionError, match="scoring needs y"):
        tune(model, "text", space={"hidden_size": [2]}, scoring="accuracy")

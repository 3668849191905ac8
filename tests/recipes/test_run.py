import csv
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatecell._core.errors import InputError, OptionError, TrainingError, UnknownNameError
from gatecell.artifact.store import load_artifact, save_artifact
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.loading import load
from gatecell.estimators.regressor import LSTMRegressor
from gatecell.recipes.run import default_output, run_recipe
from gatecell.training.history import History
from tests.recipes.conftest import stopped_after, tiny_data

pytestmark = pytest.mark.usefixtures("tiny_recipes")


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the estimators were fitted on, in the order of the calls."""
    calls: list[dict[str, Any]] = []
    for cls in (LSTMClassifier, LSTMRegressor):
        fit = cls.fit

        def spy(self: LSTMEstimator, X: Any, y: Any, fit: Any = fit, **rest: Any) -> Any:
            calls.append({"X": X, "y": y, "parameters": self.get_params(), **rest})
            return fit(self, X, y, **rest)

        monkeypatch.setattr(cls, "fit", spy)
    return calls


def test_class_weights_of_integer_labels(tmp_path: Path, fits: list[dict[str, Any]]) -> None:
    run_recipe("tiny", output=tmp_path / "r", settings={"class_weight": {"0": 1, "1": 2}})
    assert fits[0]["parameters"]["class_weight"] == {0: 1, 1: 2}


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def weights(folder: Path) -> dict[str, Any]:
    return load_artifact(folder / "model.safetensors").tensors


def assert_same_weights(first: Path, second: Path) -> None:
    one, other = weights(first), weights(second)
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)


def test_what_is_written_and_returned(tmp_path: Path) -> None:
    result = run_recipe("tiny", seed=3, output=tmp_path)
    assert files(tmp_path) == ["history.csv", "model.safetensors", "report.html", "result.json"]
    model = load(tmp_path / "model.safetensors")
    assert isinstance(model, LSTMClassifier)
    test = tiny_data(False).test
    assert result.metrics["test_accuracy"] == model.score(test.X, test.y)
    assert {
        "test_log_loss",
        "validation_loss",
        "validation_accuracy",
        "test_accuracy_always_one",
    } <= result.metrics.keys()
    assert result.to_json().keys() == {"recipe", "seed", "metrics", "intervals", "seconds", "artifact", "report"}
    assert result.seconds["fit"] > 0
    assert Path(result.artifact) == (tmp_path / "model.safetensors").resolve()
    report = json.loads((tmp_path / "result.json").read_text())
    assert {key: report[key] for key in result.to_json()} == result.to_json()
    with (tmp_path / "history.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == result.epochs == result.kept_epoch == 3
    assert load_artifact(tmp_path / "model.safetensors").metadata["notes"]["recipe"] == "tiny"


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_recipe("tiny", seed=2, settings={"max_epochs": 1})
    assert (tmp_path / default_output("tiny", 2) / "result.json").exists()
    assert default_output("tiny", 2) == Path("runs/tiny-seed2")


def test_seeds_decide(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run_recipe("tiny", seed=seed, output=tmp_path / name)
    assert_same_weights(tmp_path / "a", tmp_path / "b")
    first, third = weights(tmp_path / "a"), weights(tmp_path / "c")
    assert not all(first[name].equal(third[name]) for name in first)


def test_held_out_rows_at_random(tmp_path: Path, fits: list[dict[str, Any]]) -> None:
    run_recipe("tiny", output=tmp_path)
    assert fits[0]["validation_data"] is None
    assert fits[0]["parameters"]["validation_fraction"] == 0.25
    assert len(fits[0]["y"]) == 40


def test_held_out_rows_are_the_latest_of_a_time_series(tmp_path: Path, fits: list[dict[str, Any]]) -> None:
    result = run_recipe("tiny-regression", output=tmp_path)
    assert fits[0]["X"][:, 0, 1].tolist() == list(range(30))
    assert fits[0]["validation_data"].X[:, 0, 1].tolist() == list(range(30, 40))
    assert "validation_mae" in result.metrics
    assert {"test_mae", "test_rmse", "test_mae_always_one", "test_rmse_always_one"} <= result.metrics.keys()


@pytest.mark.parametrize("name", ["tiny", "tiny-regression"])
def test_validation_on_the_test_part_as_tutorials_do(tmp_path: Path, fits: list[dict[str, Any]], name: str) -> None:
    result = run_recipe(name, output=tmp_path, settings={"validation": "test"})
    assert len(fits[0]["y"]) == 40
    np.testing.assert_array_equal(fits[0]["validation_data"].X, tiny_data(False).test.X)
    # Nothing is chosen by the test part.
    assert fits[0]["parameters"]["patience"] is None
    assert result.kept_epoch == result.epochs
    assert not any(metric.startswith("validation_") for metric in result.metrics)


def test_no_validation(tmp_path: Path, fits: list[dict[str, Any]]) -> None:
    run_recipe("tiny-regression", output=tmp_path, settings={"validation": "none"})
    assert fits[0]["validation_data"] is None
    assert fits[0]["parameters"]["validation_fraction"] is None
    assert len(fits[0]["y"]) == 40


def test_settings_reach_the_estimator(tmp_path: Path, fits: list[dict[str, Any]]) -> None:
    settings = {"max_epochs": 1, "lstm_options": {"peephole": True}, "training_options": {"optimizer": "sgd"}}
    result = run_recipe("tiny", output=tmp_path, settings=settings)
    parameters = fits[0]["parameters"]
    assert {name: parameters[name] for name in settings} == settings
    assert parameters["hidden_size"] == 3
    assert result.settings == settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hiden_size": 3}, r"no setting named 'hiden_size'\. Did you mean 'hidden_size'\?"),
        ({"lstm_options": {"peepholes": True}}, r"'peepholes'\. Did you mean 'peephole'\?"),
        ({"training_options": {"optimiser": "sgd"}}, r"'optimiser'\. Did you mean 'optimizer'\?"),
        ({"validation": "tests"}, r"no validation named 'tests'\. Did you mean 'test'\?"),
        ({"download": 1}, r"download must be True or False, got 1"),
        ({"max_epochs": "many"}, r"max_epochs must be an integer of at least 1, got 'many'"),
        ({"hidden_size": 0}, r"hidden_size must be an integer of at least 1, got 0"),
        ({"validation_fraction": 2}, r"validation_fraction must be a number in \(0, 1\), got 2"),
        ({"validation": "test", "patience": 3}, r"validation=test and patience=3 do not go together"),
        ({"validation": "none", "validation_fraction": 0.5}, r"validation=none and validation_fraction=0.5 do not go"),
        (
            {"validation": "test", "training_options": {"lr_schedule": "plateau"}},
            r"the test part would steer the training",
        ),
    ],
)
@pytest.mark.parametrize("name", ["tiny", "tiny-regression"])
def test_bad_settings_leave_nothing_behind(tmp_path: Path, name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        run_recipe(name, output=tmp_path / "out", settings=settings)
    assert files(tmp_path) == []


def test_unknown_recipe_and_seed(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no recipe named 'tinny'\. Did you mean 'tiny'\?"):
        run_recipe("tinny", output=tmp_path)
    with pytest.raises(OptionError, match=r"seed must be an integer of at least 0, got -1"):
        run_recipe("tiny", seed=-1, output=tmp_path)


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The folder of a run that was stopped when its second epoch was done."""
    with stopped_after(2):
        run_recipe("tiny", output=tmp_path / "stopped")
    return tmp_path / "stopped"


def test_a_stopped_run_goes_on_and_ends_the_same(tmp_path: Path, stopped: Path) -> None:
    assert files(stopped) == ["checkpoint", "checkpoint/checkpoint.safetensors", "checkpoint/history.csv"]
    history = stopped / "checkpoint" / "history.csv"
    rows = [{**row, "seconds": 1000.0} for row in read_history(history)]
    History(rows).to_csv(history)
    result = run_recipe("tiny", output=stopped, resume=True)
    assert files(stopped) == ["history.csv", "model.safetensors", "report.html", "result.json"]
    assert result.epochs == 3
    assert 2000 < result.seconds["fit"] < 2900
    run_recipe("tiny", output=tmp_path / "whole")
    assert_same_weights(stopped, tmp_path / "whole")


def read_history(path: Path) -> list[dict[str, float]]:
    with path.open() as stream:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]


def test_a_stopped_run_is_not_discarded_unasked(stopped: Path) -> None:
    with pytest.raises(
        OptionError, match=r"checkpoint of an unfinished run \(2 epochs done\)\. Go on with it by --res"
    ):
        run_recipe("tiny", output=stopped)
    assert (stopped / "checkpoint" / "checkpoint.safetensors").exists()
    run_recipe("tiny", output=stopped, seed=1, force=True)
    assert files(stopped) == ["history.csv", "model.safetensors", "report.html", "result.json"]


def test_only_the_same_run_goes_on(stopped: Path) -> None:
    with pytest.raises(TrainingError, match=r"belongs to another run.*learning_rate was 0.01 and is 0.5"):
        run_recipe("tiny", output=stopped, settings={"learning_rate": 0.5}, resume=True)
    assert not (stopped / "result.json").exists()


def test_a_finished_run_is_reported_not_run_again(tmp_path: Path, fits: list[dict[str, Any]]) -> None:
    first = run_recipe("tiny", output=tmp_path, settings={"download": True})
    again = run_recipe("tiny", output=tmp_path, resume=True)
    assert again == first
    assert len(fits) == 1
    with pytest.raises(OptionError, match=r"holds a finished run of tiny with seed 0 and the settings of the recipe"):
        run_recipe("tiny", output=tmp_path, seed=1, resume=True)
    run_recipe("tiny", output=tmp_path, seed=1)
    assert json.loads((tmp_path / "result.json").read_text())["seed"] == 1


def test_stopped_before_the_first_checkpoint_it_is_not_the_finished_run(
    tmp_path: Path, fits: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_recipe("tiny", output=tmp_path)
    for stop, left in ((KeyboardInterrupt, True), (RuntimeError, False)):
        with monkeypatch.context() as patch:
            patch.setattr("gatecell.recipes.run._fit", _raising(stop))
            with pytest.raises(stop):
                run_recipe("tiny", output=tmp_path, force=True)
        assert (tmp_path / "checkpoint").exists() == left
        again = run_recipe("tiny", output=tmp_path, resume=True)
        assert again.metrics == first.metrics
        assert len(fits) == 2
    assert files(tmp_path) == ["history.csv", "model.safetensors", "report.html", "result.json"]


def test_a_full_disk_leaves_the_finished_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_recipe("tiny", output=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("gatecell.artifact.store.save", _raising(OSError(errno.ENOSPC, "No space left on device")))
    monkeypatch.setattr("gatecell.training.checkpoint.CheckpointFolder.save", lambda *_: None)
    with pytest.raises(OSError, match="No space left") as caught:
        run_recipe("tiny", output=tmp_path, seed=1)
    assert caught.value.filename == str(tmp_path / "model.safetensors")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def _raising(error: BaseException | type[BaseException]) -> Callable[..., None]:
    def raising(*_: object, **__: object) -> None:
        raise error

    return raising


def test_force_keeps_a_checkpoint_until_the_data_are_there(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise InputError("no data")

    with monkeypatch.context() as patch:
        patch.setattr("gatecell.recipes.run._data", missing)
        with pytest.raises(InputError, match="no data"):
            run_recipe("tiny", output=stopped, seed=1, force=True)
    with pytest.raises(OptionError, match="hidden_size"):
        run_recipe("tiny", output=stopped, seed=1, settings={"hidden_size": -1}, force=True)
    assert (stopped / "checkpoint" / "checkpoint.safetensors").exists()
    assert not (stopped / "checkpoint.replaced").exists()


def test_a_forced_run_that_fails_at_once_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="hidden_size"):
        run_recipe("tiny", output=tmp_path / "new", settings={"hidden_size": -1}, force=True)
    assert not (tmp_path / "new").exists()


def test_a_foreign_result_is_not_resumed(tmp_path: Path) -> None:
    for text in ("[]", "{}", "nonsense"):
        (tmp_path / "result.json").write_text(text)
        with pytest.raises(OptionError, match=r"result\.json is no result of a run"):
            run_recipe("tiny", output=tmp_path, resume=True)


def test_what_no_recipe_wrote_is_not_replaced(tmp_path: Path) -> None:
    save_artifact(tmp_path / "model.safetensors", {}, {})
    before = (tmp_path / "model.safetensors").read_bytes()
    with pytest.raises(OptionError, match=r"model\.safetensors was not written by a recipe, and would be replaced"):
        run_recipe("tiny", output=tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    run_recipe("tiny", output=tmp_path, force=True)
    with pytest.raises(OptionError, match=r"is a file, but a run writes several"):
        run_recipe("tiny", output=tmp_path / "model.safetensors")


def test_digits_reach_their_target(tmp_path: Path) -> None:
    """The quick start's figure, for one seed; the mean of three is in the README."""
    assert run_recipe("digits", output=tmp_path).metrics["test_accuracy"] >= 0.96


def test_regression_beats_the_simple_rules(tmp_path: Path, data_home: Path) -> None:
    figures = run_recipe("regression", output=tmp_path, settings={"max_epochs": 8}).metrics
    assert figures["test_mae"] < min(figures["test_mae_mean"], figures["test_mae_last_value"])
    assert figures["test_rmse"] < min(figures["test_rmse_mean"], figures["test_rmse_last_value"])

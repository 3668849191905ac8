"""Recipes that search before they fit, and searches of one's own data."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partialmethod
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from gatecell._core.errors import GatecellError, MissingDependencyError, OptionError, StudyError
from gatecell.artifact.store import load_artifact
from gatecell.estimators.loading import load
from gatecell.recipes.model_report import report_model
from gatecell.recipes.own_data import fit_file
from gatecell.recipes.recipe import SearchRecipe
from gatecell.recipes.registry import RECIPES
from gatecell.recipes.run import run_recipe
from gatecell.recipes.search_space import parse_space
from gatecell.recipes.searching import SearchPlan
from gatecell.training.watching import watched
from gatecell.tuning.scoring import Outcome
from gatecell.tuning.space import Range
from gatecell.tuning.trials import Tuning
from tests.recipes.conftest import Stop, stopped_after, tiny_data

SETTINGS = {"folds": 2, "max_epochs": 1}


@pytest.fixture(autouse=True)
def recipe() -> Iterator[SearchRecipe]:
    """A recipe of a second that searches."""
    found = SearchRecipe(
        name="tiny-search",
        summary="",
        data="",
        target="",
        estimator="LSTMClassifier",
        parameters={"max_epochs": 2, "batch_size": 8, "learning_rate": 0.02, "validation_fraction": 0.25},
        space={"hidden_size": (2, 3, 4), "pooling": ("last", "mean")},
        load=tiny_data,
    )
    RECIPES[found.name] = found
    yield found
    del RECIPES[found.name]


@pytest.mark.parametrize("by", ["grid", "optuna"])
def test_a_recipe_that_searches(by: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "search": by, "rows": 14}
    result = run_recipe("tiny-search", settings=settings, output=tmp_path)
    trials = result.search["trials"]
    assert len(trials) == 6
    assert all(len(trial["scores"]) == 2 and trial["state"] == "finished" for trial in trials)
    model = load(result.artifact).get_params()
    assert {name: model[name] for name in ("hidden_size", "pooling")} == result.search["best_params"]
    assert 0 <= result.metrics["test_accuracy"] <= 1
    assert result.to_json()["search"]["best_score"] == max(trial["score"] for trial in trials)
    assert result.seconds["search"] > 0
    assert not (tmp_path / "search").exists()
    page = (tmp_path / "report.html").read_text()
    assert f"By {'Optuna' if by == 'optuna' else 'GridSearchCV'}: 6 finished" in page
    # made anew, the page still has it
    Path(result.report).unlink()
    report_model(result.artifact, load(result.artifact))
    assert "6 finished" in Path(result.report).read_text()
    assert run_recipe("tiny-search", settings=settings, output=tmp_path, resume=True) == result


@pytest.mark.parametrize("by", ["grid", "optuna"])
def test_only_the_fit_is_logged(by: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "search": by, "quick": True, "logger": "csv"}
    result = run_recipe("tiny-search", settings=settings, output=tmp_path)
    assert len(list(Path(result.logs).rglob("metrics.csv"))) == 1


def test_both_ways_to_search_find_the_same(tmp_path: Path) -> None:
    one, other = (
        run_recipe("tiny-search", settings={**SETTINGS, "search": by}, output=tmp_path / by).search
        for by in ("grid", "optuna")
    )
    assert [trial["scores"] for trial in one["trials"]] == [trial["scores"] for trial in other["trials"]]


@pytest.mark.parametrize("by", ["grid", "optuna"])
def test_a_run_that_is_stopped_after_its_search_does_not_search_again(by: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "search": by}
    with mock.patch("gatecell.recipes.run._fit", side_effect=Stop), pytest.raises(Stop):
        run_recipe("tiny-search", settings=settings, output=tmp_path)
    with pytest.raises(OptionError, match=r"search has the search of an unfinished run\. Go on with it by --resume"):
        run_recipe("tiny-search", settings=settings, output=tmp_path)
    with mock.patch("gatecell.tuning.scoring.Evaluation.run", side_effect=Stop):
        result = run_recipe("tiny-search", settings=settings, output=tmp_path, resume=True)
    assert len(result.search["trials"]) == 6
    run_recipe("tiny-search", settings=settings, output=tmp_path)


@pytest.mark.parametrize("begun_anew", ["resume", "force"])
def test_the_lock_of_a_killed_worker_does_not_outlive_the_run(begun_anew: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "search": "optuna"}
    with mock.patch("gatecell.recipes.run._fit", side_effect=Stop), pytest.raises(Stop):
        run_recipe("tiny-search", settings=settings, output=tmp_path)
    workers = tmp_path / "search" / "study.db.workers"
    workers.mkdir()
    (workers / "dead.lock").touch()
    result = run_recipe("tiny-search", settings=settings, output=tmp_path, **{begun_anew: True})
    assert not (tmp_path / "search").exists()
    assert run_recipe("tiny-search", settings=settings, output=tmp_path, resume=True) == result


def test_the_grid_of_another_run(tmp_path: Path) -> None:
    with mock.patch("gatecell.recipes.run._fit", side_effect=Stop), pytest.raises(Stop):
        run_recipe("tiny-search", settings=SETTINGS, output=tmp_path)
    with pytest.raises(OptionError, match=r"grid\.json is of a run with .*'seed': 0.*, and this one has .*'seed': 1"):
        run_recipe("tiny-search", settings=SETTINGS, seed=1, output=tmp_path, resume=True)
    assert run_recipe("tiny-search", settings=SETTINGS, seed=1, output=tmp_path, force=True).seed == 1


def test_a_quick_search_has_the_ends_of_each_list(tmp_path: Path) -> None:
    search = run_recipe("tiny-search", settings={"quick": True}, output=tmp_path).search
    assert search["space"] == {"hidden_size": ["2", "4"], "pooling": ['"last"', '"mean"']}
    assert {len(trial["scores"]) for trial in search["trials"]} == {2}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"search": "bayes"}, "There is no search named 'bayes'"),
        ({"folds": 1}, "folds must be an integer of at least 2, got 1"),
        ({"rows": 1}, "rows must be an integer of at least 2, got 1"),
    ],
)
def test_options_that_make_no_sense(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=message):
        run_recipe("tiny-search", settings=settings, output=tmp_path)


def test_a_recipe_that_only_fits_takes_no_search(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="There is no setting named 'folds'"):
        run_recipe("digits", settings={"folds": 3}, output=tmp_path)


PLAN = SearchPlan(space={"hidden_size": [2, 3]}, n_trials=2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    y = np.arange(30) % 2
    np.savez(tmp_path / "d.npz", X=np.random.default_rng(0).normal(size=(30, 6, 2)) + y[:, None, None], y=y)
    return tmp_path / "d.npz"


def no_trial(_: Any, model: Any, outcome: Outcome, on_epoch: Any, *, score: float = 0.0) -> None:
    """Stand for a trial, in place of ``Evaluation.run``."""
    outcome.scores.append(score)


def search(data: Path, plan: SearchPlan = PLAN, **options: Any) -> Any:
    settings = options.pop("settings", {"max_epochs": 1})
    return fit_file("classify", data, output=data.with_name("m.safetensors"), settings=settings, plan=plan, **options)


def test_a_search_of_own_data(data: Path) -> None:
    result = search(data)
    tuning = Tuning.from_json(result.search)
    assert load(result.artifact).get_params()["hidden_size"] == tuning.best_params["hidden_size"]
    notes = load_artifact(result.artifact).metadata["notes"]
    assert notes["search"]["best_params"] == tuning.best_params
    assert "gatecell tune classify" in notes["origin"]["command"]
    assert "--search hidden_size=2,3 --n-trials 2 --cv 0.2" in notes["origin"]["command"]
    assert result.metrics["validation_accuracy"] >= 0
    assert (data.with_name("m.study.db")).exists()
    with pytest.raises(OptionError, match=r"m\.safetensors is there already"):
        search(data)
    longer = search(
        data, SearchPlan(space={"hidden_size": [2, 3, 4]}, n_trials=2, study=data.with_name("o.db")), force=True
    )
    assert len(longer.search["trials"]) == 2


def test_a_search_with_early_stopping_and_no_validation_part_of_the_fit(data: Path) -> None:
    """Trials watch the rows that they are measured on; the fit to all rows has none, and trains as long as they did."""
    result = search(data, settings={"max_epochs": 4, "validation_fraction": None})
    model = load(result.artifact)
    assert model.patience is None
    assert len(model.history_) == Tuning.from_json(result.search).best.epochs
    assert not any(name.startswith("validation") for name in result.metrics)


def test_a_study_that_is_there(data: Path) -> None:
    search(data)
    data.with_name("m.safetensors").unlink()
    with pytest.raises(
        OptionError, match=r"m\.study\.db has a study\. Go on with it by --resume, or discard it by --force"
    ):
        search(data)
    with mock.patch("gatecell.tuning.scoring.Evaluation.run", side_effect=Stop):
        assert len(search(data, resume=True).search["trials"]) == 2
    assert len(search(data, force=True).search["trials"]) == 2


def test_force_discards_no_file_of_others(data: Path) -> None:
    other = data.with_name("m.study.db")
    other.write_text("mine")
    with pytest.raises(StudyError, match="is no study of Gatecell"):
        search(data, force=True)
    assert other.read_text() == "mine"


@pytest.mark.parametrize(
    ("space", "settings", "name"),
    [
        ({"hidden_size": [2, 3]}, {"hidden_size": 3}, "hidden_size"),
        (
            {"training_options.optimizer": ["adam", "sgd"]},
            {"training_options": {"optimizer": "sgd"}},
            "training_options.optimizer",
        ),
        ({"training_options": [{"optimizer": "sgd"}]}, {"training_options": {"betas": [0.9, 0.9]}}, "training_options"),
    ],
)
def test_what_is_searched_is_not_set(space: Any, settings: dict[str, Any], name: str, data: Path) -> None:
    with pytest.raises(
        OptionError, match=rf"{name} is set and searched at once\. Leave out --set {name} or --search {name}\."
    ):
        search(data, SearchPlan(space=space), settings=settings)


def test_what_a_recipe_searches_is_not_set(tmp_path: Path) -> None:
    with pytest.raises(
        OptionError,
        match=r"hidden_size is set and searched at once\. Leave out --set hidden_size: the recipe searches it",
    ):
        run_recipe("tiny-search", settings={"hidden_size": 7}, output=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_of_the_default_space_what_is_set_is_not_searched(data: Path) -> None:
    settings: dict[str, Any] = {"max_epochs": 1, "hidden_size": 3, "recurrent_dropout": 0.0}
    result = search(data, SearchPlan(n_trials=1), settings=settings)
    assert set(result.search["space"]) == {"learning_rate", "num_layers", "bidirectional", "pooling"}
    assert load(result.artifact).get_params()["hidden_size"] == 3
    command = load_artifact(result.artifact).metadata["notes"]["origin"]["command"]
    assert "--search" not in command
    settings |= {"learning_rate": 0.1, "num_layers": 1, "bidirectional": False, "pooling": "last"}
    with pytest.raises(OptionError, match="All of the default space is set, so that nothing is left to search"):
        search(data, SearchPlan(n_trials=1), settings=settings, force=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "typo.npz"},
        {"plan": SearchPlan(space={"hiden_size": [2, 3]})},
        {"plan": SearchPlan(n_trials=0)},
        {"plan": SearchPlan(timeout=-1.0)},
        {"plan": SearchPlan(cv=1)},
        {"settings": {"max_epochs": 1, "hidden_size": 3}},
    ],
    ids=str,
)
def test_force_keeps_the_study_until_the_new_search_begins(wrong: dict[str, Any], data: Path) -> None:
    search(data)
    study = data.with_name("m.study.db")
    before = study.read_bytes()
    with pytest.raises(GatecellError):
        search(data.with_name(wrong.pop("path", data.name)), force=True, **wrong)
    assert study.read_bytes() == before


def test_force_keeps_the_study_where_optuna_is_missing(data: Path) -> None:
    search(data)
    with (
        mock.patch.dict("sys.modules", {"optuna": None}),
        pytest.raises(MissingDependencyError, match="needs the pack"),
    ):
        search(data, force=True)
    assert data.with_name("m.study.db").exists()


def test_force_discards_the_study_and_the_locks_of_killed_workers(data: Path) -> None:
    search(data)
    workers = data.with_name("m.study.db.workers")
    workers.mkdir()
    (workers / "dead.lock").touch()
    search(data, SearchPlan(space={"hidden_size": [4]}), force=True)
    assert not workers.exists()


@pytest.mark.parametrize("better", [False, True])
def test_a_search_that_goes_on_after_its_fit_was_stopped(better: bool, data: Path) -> None:
    """It goes on with that fit too, unless it finds a better trial, which is fitted anew."""
    settings, checkpoint = {"max_epochs": 3}, data.with_name("m.safetensors.checkpoint")
    one, two = (SearchPlan(space={"hidden_size": [2, 3, 4]}, n_trials=count, prune=False) for count in (1, 2))
    with mock.patch("gatecell.tuning.scoring.Evaluation._score", return_value=0.0), stopped_after(2):
        search(data, one, settings=settings)
    with pytest.raises(OptionError, match=r"has the checkpoint of an unfinished run \(2 epochs done\)"):
        search(data, replace(one, study=data.with_name("o.db")), settings=settings)
    epochs: list[Any] = []
    with (
        mock.patch("gatecell.tuning.scoring.Evaluation.run", partialmethod(no_trial, score=float(better))),
        watched(epochs.append),
    ):
        result = search(data, two, settings=settings, resume=True)
    assert result.search["best_trial"] == int(better)
    assert len(epochs) == (3 if better else 1)
    assert len(load(result.artifact).history_) == 3
    assert not checkpoint.exists()


def test_force_discards_the_checkpoint_of_a_trial(data: Path) -> None:
    with stopped_after(2):
        search(data, settings={"max_epochs": 3})
    epochs: list[Any] = []
    with mock.patch("gatecell.tuning.scoring.Evaluation.run", no_trial), watched(epochs.append):
        search(data, settings={"max_epochs": 3}, force=True)
    assert len(epochs) == 3


def test_the_result_has_the_seconds_of_the_search(data: Path) -> None:
    result = search(data)
    assert result.seconds["search"] == pytest.approx(result.search["seconds"], abs=1e-3)
    assert load_artifact(result.artifact).metadata["notes"]["origin"]["seconds"] == result.seconds


def test_a_space_as_one_types_it() -> None:
    texts = ["a=1,2.5,x,none", "b=1..9", "c=1e-4..1e-2:log", "d=[1, [2, 3]]", "e=true"]
    assert parse_space(texts) == {
        "a": [1, 2.5, "x", None],
        "b": Range(1, 9),
        "c": Range(1e-4, 1e-2, log=True),
        "d": [1, [2, 3]],
        "e": [True],
    }
    assert parse_space([]) is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a"], "'a' is nothing to search. Write key=values"),
        (["a="], "'a=' is nothing to search"),
        (["a=1", "a=2"], "a is to be searched twice"),
        (["a=1..x"], "a=1..x is no range of numbers"),
        (["a=[1"], r"a=\[1 is no list in JSON"),
        (["a=[1..2]"], r"a=\[1\.\.2\] is no list in JSON"),
        (["a=3..2"], "A range rises, but 3 is not below 2"),
    ],
)
def test_a_space_that_cannot_be_read(texts: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_space(texts)


def test_a_plan_as_one_types_it() -> None:
    space = {"a": [1, "x"], "c": Range(1e-4, 1e-2, log=True)}
    words = SearchPlan(space=space, n_trials=7, cv=3, prune=False).words()
    assert words == [
        "--search",
        "a=1,x",
        "--search",
        "c=0.0001..0.01:log",
        "--n-trials",
        "7",
        "--cv",
        "3",
        "--no-prune",
    ]
    assert parse_space(words[1:4:2]) == space


def test_the_result_is_json(data: Path) -> None:
    assert json.loads(json.dumps(search(data).to_json()))["search"]["by"] == "Optuna"

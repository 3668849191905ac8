"""Reports of runs and of own fits: where they lie, what they say, and that they say what ``evaluate`` says."""

import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import DatasetError, InputError, OptionError
from gatecell.artifact.store import load_artifact
from gatecell.estimators.loading import load
from gatecell.estimators.persistence import save_estimator
from gatecell.recipes import run
from gatecell.recipes.model_report import report_model
from gatecell.recipes.own_data import evaluate_file, fit_file, look_at_file
from gatecell.recipes.reports import command_line, setting_texts
from gatecell.recipes.run import run_recipe
from gatecell.recipes.settings import parse_settings
from tests.recipes.conftest import stopped_after

pytestmark = pytest.mark.usefixtures("tiny_recipes")
QUICK: dict[str, Any] = {"max_epochs": 2, "hidden_size": 3}


class Numbers(HTMLParser):
    """The exact numbers of a page."""

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.found: set[float] = set()
        self.text = Path(path).read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "data":
            self.found.add(float(dict(attrs)["value"] or "nan"))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    y = np.arange(40) % 2
    np.savez(tmp_path / "d.npz", X=generator.normal(size=(40, 6, 2)) + y[:, None, None], y=y)
    return tmp_path / "d.npz"


def test_the_report_of_a_run_has_its_figures(tmp_path: Path) -> None:
    result = run_recipe("tiny", seed=3, output=tmp_path, settings={"max_epochs": 2})
    assert Path(result.report) == (tmp_path / "report.html").resolve()
    seen = Numbers(result.report)
    test = {value for name, value in result.metrics.items() if name.startswith("test_")}
    assert test <= seen.found
    assert "gatecell run tiny --seed 3 --set max_epochs=2" in seen.text
    for part, n_rows in (("train", 30), ("validation", 10), ("test", 20)):
        assert re.search(rf"<td>{part} part</td><td[^>]*>{n_rows} rows</td>", seen.text)
    assert json.loads((tmp_path / "result.json").read_text())["report"] == result.report


def test_the_report_of_a_run_is_made_anew_from_its_model(tmp_path: Path) -> None:
    result = run_recipe("tiny", output=tmp_path)
    first = Numbers(result.report).found
    Path(result.report).unlink()
    done = report_model(result.artifact, load(result.artifact))
    assert done.path == Path(result.report)
    assert {f"test_{name}": value for name, value in done.metrics.items()}.items() <= result.metrics.items()
    assert Numbers(done.path).found == first


def test_a_model_of_before_reports_is_named_after_its_recipe(tmp_path: Path) -> None:
    result = run_recipe("tiny", output=tmp_path)
    estimator = load(result.artifact)
    save_estimator(estimator, result.artifact, notes={"recipe": "tiny"})
    assert "<h1>tiny</h1>" in report_model(result.artifact, estimator).path.read_text()
    save_estimator(estimator, tmp_path / "m.safetensors")
    assert "<h1>m</h1>" in report_model(tmp_path / "m.safetensors", estimator).path.read_text()


def test_without_the_data_the_report_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_recipe("tiny", output=tmp_path)

    def absent(*_: object) -> None:
        raise DatasetError("The data are not here.")

    monkeypatch.setattr(run, "_data", absent)
    done = report_model(result.artifact, load(result.artifact))
    assert done.why_not == "No rows were judged: The data are not here."
    assert done.metrics == {}
    assert "No rows were judged: The data are not here." in done.path.read_text()


def test_the_report_of_own_data_says_what_evaluate_says(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    result = fit_file("classify", archive, output=model, settings=QUICK, seed=5)
    assert result.to_json()["report"] == str((tmp_path / "m.report.html").resolve())
    seen = Numbers(result.report)
    assert result.metrics["validation_accuracy"] in seen.found
    assert "rows held out for validation, 4 rows" in seen.text
    assert "--seed 5 --set max_epochs=2 --set hidden_size=3" in seen.text
    estimator = load(model)
    done = report_model(model, estimator, look_at_file(estimator, model, archive), output=tmp_path / "other.html")
    judgement = evaluate_file(model, archive)
    assert done.metrics == judgement.metrics()
    assert done.intervals == judgement.named_intervals()
    assert set(judgement.metrics().values()) <= Numbers(done.path).found
    again = report_model(model, estimator)
    assert again.why_not.startswith("The model is of no recipe, so its data are not known.")


def test_nothing_held_out(archive: Path, tmp_path: Path) -> None:
    settings = {**QUICK, "validation_fraction": None}
    result = fit_file("classify", archive, output=tmp_path / "m.safetensors", settings=settings)
    assert "No rows were held out at the fit" in Path(result.report).read_text()


def test_a_file_in_the_way_is_kept_before_anything_is_trained(archive: Path, tmp_path: Path) -> None:
    mine = tmp_path / "m.report.html"
    mine.write_text("mine")
    with pytest.raises(OptionError, match="is there already, and is no report of Gatecell"):
        fit_file("classify", archive, output=tmp_path / "m.safetensors", settings=QUICK)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "report.html").write_text("mine")
    with pytest.raises(OptionError, match="is there already, and is no report of Gatecell"):
        run_recipe("tiny", output=folder, force=True)
    assert (mine.read_text(), (folder / "report.html").read_text()) == ("mine", "mine")
    assert not (tmp_path / "m.safetensors").exists()


def test_data_that_do_not_fit_leave_the_report_as_it_was(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    result = fit_file("classify", archive, output=model, settings=QUICK)
    before = Path(result.report).read_bytes(), model.read_bytes()
    cases = {
        "features": ({"X": np.zeros((4, 6, 3)), "y": np.zeros(4, dtype=int)}, "X has 3 channels, but LSTMClassifier"),
        "labels": ({"X": np.zeros((4, 6, 2)), "y": np.full(4, 7)}, "The label 7 is none of the classes"),
        "none": ({"X": np.zeros((0, 6, 2)), "y": np.zeros(0, dtype=int)}, r"has no|empty|no rows"),
    }
    estimator = load(model)
    for name, (arrays, message) in cases.items():
        np.savez(tmp_path / f"{name}.npz", X=arrays["X"], y=arrays["y"])
        with pytest.raises(InputError, match=message):
            look_at_file(estimator, model, tmp_path / f"{name}.npz")
    assert (Path(result.report).read_bytes(), model.read_bytes()) == before


def test_a_report_that_cannot_be_written_costs_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "report.html"))

    monkeypatch.setattr(run, "write_report", full)
    with pytest.raises(OSError, match="No space left on device"):
        run_recipe("tiny", output=tmp_path)
    model = (tmp_path / "model.safetensors").read_bytes()
    assert not (tmp_path / "result.json").exists()
    monkeypatch.undo()
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")
    result = run_recipe("tiny", output=tmp_path, resume=True)
    assert result.epochs == 3
    assert load_artifact(tmp_path / "model.safetensors").tensors.keys()
    assert len(model) > 1000
    assert Path(result.report).exists()


def test_a_stopped_run_has_no_report_yet(tmp_path: Path) -> None:
    with stopped_after(1):
        run_recipe("tiny", output=tmp_path)
    assert not (tmp_path / "report.html").exists()


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(-1, 1, allow_nan=False),
    st.sampled_from(["sgd", "none", "5", "true", "a b", "x=y", "[1"]),
    st.lists(st.integers(0, 9), max_size=3),
)


@given(
    st.dictionaries(st.sampled_from(["max_epochs", "hidden_size", "pooling"]), VALUES),
    st.dictionaries(st.sampled_from(["optimizer", "l2"]), VALUES, max_size=2),
)
def test_settings_are_read_back(plain: dict[str, Any], nested: dict[str, Any]) -> None:
    settings = {**plain, **({"training_options": nested} if nested else {})}
    assert parse_settings(setting_texts(settings)) == settings
    words = shlex.split(command_line(["run", "a b"], settings, 4))
    assert words[:5] == ["gatecell", "run", "a b", "--seed", "4"]
    assert words[6::2] == setting_texts(settings)

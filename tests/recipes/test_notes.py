"""What travels with a model beside its estimator: whole notes are read, forged ones are refused where they are read."""

from pathlib import Path
from typing import Any

import pytest

from gatecell._core.errors import ArtifactError, GatecellError
from gatecell.data.csv_file import LongColumns
from gatecell.data.series_table import SeriesColumns
from gatecell.data.text_table import TextColumns
from gatecell.data.wide_table import WideColumns
from gatecell.estimators.loading import load
from gatecell.recipes.notes import Notes, notes_of
from gatecell.recipes.reading import Reading
from gatecell.recipes.run import judge_again
from tests.estimators.altered import DATA, KINDS, write
from tests.estimators.commanded import command_lines, noted, run


def forged(kind: str, path: Path, **notes: Any) -> Path:
    """Write a model of a kind with other notes."""
    artifact = noted(kind)
    artifact.metadata["notes"] |= notes
    return write(path, artifact.tensors, artifact.metadata)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("classifier", LongColumns(id="id", time="t", label="y", channels=("a", "b"))),
        ("regressor", WideColumns(steps=("s1", "s2", "s3", "s4", "s5"), header=True)),
        ("text", TextColumns(text="text", label="label")),
        ("language", TextColumns(text="text")),
        ("forecaster", SeriesColumns(time="when", target=("v",))),
    ],
)
def test_whole_ones(kind: str, columns: Any, tmp_path: Path) -> None:
    notes = notes_of(forged(kind, tmp_path / "m.safetensors"))
    assert notes.columns == columns
    assert notes.reading == Reading(day_first=True)
    assert notes.origin is not None
    assert notes.origin.parts == {"train": 2, "validation": 1}
    assert notes.tuning is not None
    assert notes.tuning.best_params == {"hidden_size": 2}
    assert notes.metrics == {"train_loss": 0.5}


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_was_saved_from_python_has_none(kind: str) -> None:
    found = notes_of(DATA / f"{kind}.safetensors")
    assert found == Notes(estimator=found.estimator, values={})


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("regressor", "text")])
def test_every_command_takes_whole_ones(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")
    model = forged(kind, tmp_path / "m.safetensors")
    for words in command_lines(kind, model, tmp_path):
        assert run(words)


@pytest.mark.parametrize(
    ("kind", "name", "value", "why"),
    [
        ("classifier", "columns", 1, "columns of notes of the description must be an object, but is 1"),
        ("classifier", "columns", {"id": "id"}, "lacks time"),
        ("classifier", "columns", {"id": "i", "time": "t", "label": "y", "channels": "ab"}, "channels of .* a list"),
        ("classifier", "columns", {"id": "i", "time": "t", "label": 2, "channels": ["a"]}, "label of .* must be text"),
        ("classifier", "columns", {"id": "i", "time": "t", "label": None, "channels": ["t"]}, "one is named twice"),
        (
            "classifier",
            "columns",
            {"id": "i", "time": "t", "channels": [], "path": "/"},
            "has 'path', which is none of",
        ),
        ("regressor", "columns", {"label": None, "steps": None, "header": "yes"}, "header of .* must be true or false"),
        ("text", "columns", {"label": "a"}, "lacks text"),
        ("text", "columns", {"text": ["a"]}, "text of columns .* must be text"),
        ("language", "columns", ["text"], "must be an object"),
        ("forecaster", "columns", {"time": "when", "target": "v"}, "target of .* must be a list"),
        ("forecaster", "columns", {"time": None, "target": ["v"]}, "time of .* must be text"),
        ("classifier", "metrics", [["a", 1]], "metrics of .* must be an object"),
        ("classifier", "metrics", {"a": "1"}, "a of metrics .* must be a finite number"),
        ("classifier", "reading", {"day_first": 1}, "day_first of reading .* must be true or false"),
        ("classifier", "reading", {"decimal": "'"}, "decimal of reading .* must be one of"),
        ("classifier", "origin", {}, "does not say rightly where it comes from: the origin lacks title"),
        ("classifier", "origin", {"title": "a", "parts": {"train": "2"}}, "train of parts .* must be a whole number"),
        ("classifier", "origin", {"title": "a", "seconds": {"fit": -1}}, "fit of seconds .* of at least 0"),
        ("classifier", "origin", {"title": "a", "departures": "abc"}, "departures of the origin must be a list"),
        ("classifier", "origin", {"title": "a", "seed": "0"}, "seed of the origin must be a whole number"),
        ("classifier", "search", {"trials": []}, "This is no result of a search"),
        ("classifier", "recipe", ["digits"], "recipe of .* must be text"),
        ("classifier", "settings", [1], "settings of .* must be an object"),
        ("forecaster", "known_until", {"v": "now"}, "the stamp up to which series 'v' is known is 'now'"),
        ("forecaster", "known_until", {"v": 1.5}, "the stamp up to which series 'v' is known is 1.5"),
    ],
)
def test_forged_ones_are_refused(kind: str, name: str, value: Any, why: str, tmp_path: Path) -> None:
    model = forged(kind, tmp_path / "m.safetensors", **{name: value})
    with pytest.raises(ArtifactError, match=f"is damaged: the notes that travel with it cannot be read .*({why})"):
        notes_of(model)
    with pytest.raises(ArtifactError, match="the notes that travel with it cannot be read"):
        run(["info", str(model)])


def test_targets_in_another_order_are_not_forecast(tmp_path: Path) -> None:
    model = forged("forecaster", tmp_path / "m.safetensors", columns={"time": "when", "target": ["w"]})
    data = tmp_path / "d.csv"
    data.write_text("when,w\n2026-02-01T00:00:00+01:00,1\n")
    with pytest.raises(ArtifactError, match="name the columns of target otherwise than its network has learned them"):
        run(["predict", str(model), str(data)])


def test_a_file_does_not_say_that_data_are_to_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        pytest.fail("went to the network")

    monkeypatch.setattr("gatecell.datasets.files._download", no_network)
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path / "nothing"))
    monkeypatch.setattr("gatecell.datasets.files.cache_folder", lambda: tmp_path / "cache")
    notes = {"recipe": "mnist", "settings": {"download": True}, "origin": None}
    model = forged("classifier", tmp_path / "m.safetensors", **notes)
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")
    run(["report", str(model), "--output", str(tmp_path / "r.html")])
    assert "No rows were judged" in (tmp_path / "r.html").read_text()


def test_a_model_is_not_judged_by_the_recipe_of_another_kind() -> None:
    with pytest.raises(ArtifactError, match="is a LSTMLanguageModel, but the recipe digits .* fits a LSTMClassifier"):
        judge_again("digits", {}, load(DATA / "language.safetensors"))


def test_names_that_would_steer_a_terminal_are_shown_escaped(tmp_path: Path) -> None:
    columns = {"id": "\x1b[2J", "time": "t", "label": None, "channels": ["a", "b"]}
    shown = run(["info", str(forged("classifier", tmp_path / "m.safetensors", columns=columns))])
    assert "\x1b" not in shown
    assert "\\x1b[2J" in shown
    data = tmp_path / "d.csv"
    data.write_text("id,t,a,b\n1,1,1,1\n")
    with pytest.raises(GatecellError):
        run(["predict", str(tmp_path / "m.safetensors"), str(data)])

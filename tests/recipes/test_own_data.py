from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatecell._core.errors import ArtifactError, InputError, NonFiniteLossError, OptionError, UnknownNameError
from gatecell.artifact.store import load_artifact, save_artifact
from gatecell.data.csv_file import LongColumns
from gatecell.estimators.loading import load
from gatecell.recipes.own_data import evaluate_file, fit_file, predict_file
from tests.recipes.conftest import stopped_after

QUICK: dict[str, Any] = {"max_epochs": 2, "hidden_size": 3}
COLUMNS = LongColumns(id="who", time="t", label="kind")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    path = tmp_path / "d.npz"
    y = np.arange(30) % 2
    np.savez(
        path, X=generator.normal(size=(30, 6, 2)) + 3 * y[:, None, None], y=y, lengths=generator.integers(1, 7, 30)
    )
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "d.csv"
    lines = ["who,t,a,kind,b,note"]
    lines += [
        f"p{row},{t},{t + 5 * (row % 2)},{'ud'[row % 2]},{row},x" for row in range(12) for t in range(1 + row % 3)
    ]
    path.write_text("\n".join(lines))
    return path


def test_classify_ragged_rows(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "models" / "m.safetensors"
    result = fit_file("classify", archive, output=model, settings={**QUICK, "max_epochs": 30, "learning_rate": 0.05})
    assert sorted(path.name for path in model.parent.iterdir()) == ["m.report.html", "m.safetensors"]
    assert result.data["rows"] == 30
    assert result.data["classes"] == [0, 1]
    assert result.data["steps"][0] < result.data["steps"][1]
    assert {"train_accuracy", "validation_accuracy"} <= result.metrics.keys()
    assert result.metrics["train_accuracy"] > 0.9
    prediction = predict_file(model, archive)
    assert prediction.rows == tuple(map(str, range(30)))
    assert prediction.probabilities is not None
    np.testing.assert_allclose(prediction.probabilities.sum(axis=1), 1)
    assert evaluate_file(model, archive).figures["accuracy"] == np.mean(prediction.values == np.arange(30) % 2)


def test_the_model_remembers_the_columns_of_a_table(table: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    result = fit_file("classify", table, output=model, columns=COLUMNS, settings=QUICK)
    assert result.data["channels"] == ["a", "b"]
    assert result.data["left_out"] == ["note"]
    expected = predict_file(model, table)
    assert expected.rows[:2] == ("p0", "p1")
    # Other order of columns, without labels, one column more.
    other = tmp_path / "other.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    other.write_text("\n".join(",".join((b, t, "9" if b != "b" else "more", a, who)) for who, t, a, _, b, _ in rows))
    found = predict_file(model, other)
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    assert {"accuracy", "log_loss"} <= evaluate_file(model, table).figures.keys()
    with pytest.raises(UnknownNameError, match=r"no column in .*other\.csv named 'kind'"):
        evaluate_file(model, other)


def test_naming_columns_keeps_the_channels_of_the_model(table: Path, tmp_path: Path) -> None:
    model, other = tmp_path / "m.safetensors", tmp_path / "other.csv"
    fit_file("classify", table, output=model, columns=COLUMNS, settings=QUICK)
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    lines = ["b,person,t,extra,a,sort", *(f"{b},{who},{t},9,{a},{kind}" for who, t, a, kind, b, _ in rows)]
    other.write_text("\n".join(lines))
    named = LongColumns(id="person", time="t", label="sort")
    found = predict_file(model, other, LongColumns(id="person", time="t"))
    np.testing.assert_array_equal(found.probabilities, predict_file(model, table).probabilities)
    assert evaluate_file(model, other, named).metrics() == evaluate_file(model, table).metrics()


def test_an_archive_may_have_csv_in_its_name(table: Path, archive: Path, tmp_path: Path) -> None:
    model, other = tmp_path / "m.safetensors", tmp_path / "d.csv.npz"
    fit_file("classify", table, output=model, columns=COLUMNS, settings=QUICK)
    other.write_bytes(archive.read_bytes())
    assert len(predict_file(model, other).rows) == 30


def test_regress(archive: Path, table: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    fit_file("regress", archive, output=model, settings=QUICK)
    assert {"mae", "rmse", "mae_mean"} <= evaluate_file(model, archive).metrics().keys()
    assert predict_file(model, archive).probabilities is None
    with pytest.raises(InputError, match=r"line 2: kind is 'u', but regression learns numbers\. Use `gatecell fit c"):
        fit_file("regress", table, output=tmp_path / "n.safetensors", columns=COLUMNS, settings=QUICK)


def test_class_weights_of_integer_labels(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    fit_file("classify", archive, output=model, settings={**QUICK, "class_weight": {"0": 1, "1": 2}})
    assert load(model).get_params()["class_weight"] == {0: 1, 1: 2}


def test_nothing_is_overwritten_unasked(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    fit_file("classify", archive, output=model, settings=QUICK)
    before = model.read_bytes()
    with pytest.raises(OptionError, match=r"m\.safetensors is there already\. Name another file.*--force"):
        fit_file("classify", archive, output=model, settings=QUICK, seed=1)
    assert model.read_bytes() == before
    fit_file("classify", archive, output=model, settings=QUICK, seed=1, force=True)
    assert model.read_bytes() != before


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("m.pt", r"The model's file must end in \.safetensors, got .*m\.pt\. Try .*m\.pt\.safetensors"),
        ("m", r"must end in \.safetensors"),
        ("d.safetensors", r"d\.safetensors is a folder\. Name a file"),
    ],
)
def test_bad_outputs(archive: Path, tmp_path: Path, output: str, message: str) -> None:
    (tmp_path / "d.safetensors").mkdir()
    with pytest.raises(OptionError, match=message):
        fit_file("classify", archive, output=tmp_path / output, settings=QUICK)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros((0, 3, 1)), "y": []}, r"no sequences"),
        ({"X": np.full((4, 3, 1), np.nan), "y": [0, 1, 0, 1]}, r"NaN at sequence 0, step 0, channel 0"),
        ({"X": np.full((4, 3, 1), np.inf), "y": [0, 1, 0, 1]}, r"infinity at sequence 0, step 0, channel 0"),
        (
            {"X": np.zeros((4, 3, 1)), "y": [1, 1, 1, 1]},
            r"All rows that count are of one class \(1\); a classifier needs",
        ),
        (
            {"X": np.zeros((4, 3, 1))},
            r"has no labels, so there is nothing to learn or to measure by\. Store them in y\.",
        ),
        ({"X": np.array([[["a"]]]), "y": [1]}, r"holds text, not real numbers"),
    ],
)
def test_bad_data_leave_nothing_behind(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    path, output = tmp_path / "d.npz", tmp_path / "out" / "m.safetensors"
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=message):
        fit_file("classify", path, output=output, settings=QUICK)
    assert not output.parent.exists()


def test_a_table_without_a_label_column(table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no labels.*Name their column with --label"):
        fit_file("classify", table, output=tmp_path / "m.safetensors", columns=LongColumns(id="who", time="t"))


def test_a_failed_training_writes_no_model(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    settings = {**QUICK, "learning_rate": 1e38, "training_options": {"optimizer": "sgd"}}
    with pytest.raises(NonFiniteLossError):
        fit_file("regress", archive, output=model, settings=settings)
    assert not model.exists()


def test_data_that_do_not_fit_the_model(archive: Path, tmp_path: Path) -> None:
    model, other = tmp_path / "m.safetensors", tmp_path / "other.npz"
    fit_file("classify", archive, output=model, settings=QUICK)
    np.savez(other, X=np.zeros((2, 4, 3)), y=[0, 1])
    with pytest.raises(InputError, match=r"X has 3 channels, but LSTMClassifier was fitted on sequences of 2 channels"):
        predict_file(model, other)
    np.savez(other, X=np.zeros((2, 4, 2)), y=["0", "1"])
    with pytest.raises(InputError, match=r"The label '0' is none of the classes that the model knows: \[0, 1\]"):
        evaluate_file(model, other)


def test_files_that_are_no_models(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"There is no model file at"):
        predict_file(tmp_path / "absent.safetensors", archive)
    with pytest.raises(ArtifactError, match=r"is no safetensors file"):
        predict_file(archive, archive)
    save_artifact(tmp_path / "c.safetensors", {}, {"kind": "checkpoint"})
    with pytest.raises(ArtifactError, match=r"holds no estimator"):
        predict_file(tmp_path / "c.safetensors", archive)


def test_a_stopped_fit_goes_on_and_ends_the_same(archive: Path, tmp_path: Path) -> None:
    model, whole = tmp_path / "m.safetensors", tmp_path / "whole.safetensors"
    with stopped_after(1):
        fit_file("classify", archive, output=model, settings=QUICK)
    assert not model.exists()
    with pytest.raises(
        OptionError, match=r"m\.safetensors\.checkpoint has the checkpoint of an unfinished run \(1 epoch"
    ):
        fit_file("classify", archive, output=model, settings=QUICK)
    fit_file("classify", archive, output=model, settings=QUICK, resume=True)
    fit_file("classify", archive, output=whole, settings=QUICK)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "d.npz",
        "m.report.html",
        "m.safetensors",
        "whole.report.html",
        "whole.safetensors",
    ]
    one, other = load_artifact(model).tensors, load_artifact(whole).tensors
    assert all(one[name].equal(other[name]) for name in one)


def test_a_stopped_fit_that_replaces_a_model_goes_on(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    fit_file("classify", archive, output=model, settings=QUICK)
    before = model.read_bytes()
    with stopped_after(1):
        fit_file("classify", archive, output=model, settings=QUICK, seed=1, force=True)
    assert model.read_bytes() == before
    fit_file("classify", archive, output=model, settings=QUICK, seed=1, resume=True)
    assert load(model).random_state == 1
    with pytest.raises(OptionError, match=r"m\.safetensors is there already"):
        fit_file("classify", archive, output=model, settings=QUICK, seed=1, resume=True)


def test_force_keeps_a_checkpoint_until_the_new_fit_begins(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    with stopped_after(1):
        fit_file("classify", archive, output=model, settings=QUICK)
    with pytest.raises(InputError, match="There is no file"):
        fit_file("classify", tmp_path / "typo.npz", output=model, settings=QUICK, force=True)
    assert (tmp_path / "m.safetensors.checkpoint" / "checkpoint.safetensors").exists()
    with pytest.raises(OptionError, match="max_epochs"):
        fit_file("classify", archive, output=model, settings={"max_epochs": 0}, force=True)
    assert [path.name for path in tmp_path.glob("*.checkpoint*")] == ["m.safetensors.checkpoint"]
    assert (tmp_path / "m.safetensors.checkpoint" / "checkpoint.safetensors").exists()
    # another seed, which could not go on from it
    fit_file("classify", archive, output=model, settings=QUICK, seed=1, force=True)
    assert not list(tmp_path.glob("*.checkpoint*"))


def test_a_checkpoint_that_a_killed_fit_was_to_replace_is_found(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    folder = tmp_path / "m.safetensors.checkpoint"
    with stopped_after(1):
        fit_file("classify", archive, output=model, settings=QUICK)
    folder.rename(tmp_path / "m.safetensors.checkpoint.replaced")
    folder.mkdir()
    with pytest.raises(OptionError, match="has the checkpoint of an unfinished run"):
        fit_file("classify", archive, output=model, settings=QUICK)
    fit_file("classify", archive, output=model, settings=QUICK, resume=True)
    assert not list(tmp_path.glob("*.checkpoint*"))


def test_a_forced_fit_that_is_stopped_has_a_checkpoint_of_its_own(archive: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    for seed in (0, 1):
        with stopped_after(1):
            fit_file("classify", archive, output=model, settings=QUICK, seed=seed, force=True)
    assert [path.name for path in tmp_path.glob("*.checkpoint*")] == ["m.safetensors.checkpoint"]
    fit_file("classify", archive, output=model, settings=QUICK, seed=1, resume=True)
    assert load(model).random_state == 1


def test_notes_travel_with_the_model(table: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    fit_file("classify", table, output=model, columns=COLUMNS, settings=QUICK)
    notes = load_artifact(model).metadata["notes"]
    assert notes["columns"] == {"id": "who", "time": "t", "label": "kind", "channels": ["a", "b"]}
    assert notes["task"] == "classify"
    assert len(load(model).history_) == 2

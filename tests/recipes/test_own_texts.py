"""The user's own tables of texts: fit, predict, evaluate."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.text_table import TextColumns
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.recipes.model_info import kind_of_model
from gatecell.recipes.own_texts import evaluate_texts, fit_texts, predict_texts

SETTINGS: dict[str, Any] = {"hidden_size": 8, "embedding_dim": 8, "max_epochs": 20, "learning_rate": 0.02}
COLUMNS = TextColumns(text="review", label="verdict")


def write(path: Path, count: int = 60, verdicts: tuple[str, str] = ("pos", "neg")) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "review", "verdict"])
        for index in range(count):
            words = f"a {('good', 'bad')[index % 2]} film, no. {index % 7}\nwatch it"
            writer.writerow([index, "" if index == 3 else words, verdicts[index % 2]])
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    fit_texts(write(folder / "train.csv"), COLUMNS, output=folder / "m.safetensors", settings=SETTINGS)
    return folder / "m.safetensors"


def test_a_fit_says_what_it_was_given(tmp_path: Path) -> None:
    settings = {**SETTINGS, "max_epochs": 1, "max_length": 5}
    result = fit_texts(write(tmp_path / "t.csv"), COLUMNS, output=tmp_path / "m.safetensors", settings=settings, seed=3)
    assert result.task == "text"
    # the validation part, a tenth, is not counted among the texts that were cut; the empty one has one step
    assert result.data == {"rows": 60, "classes": ["neg", "pos"], "empty": 1, "cut": 53, "vocabulary": 18}
    assert {"train_accuracy", "validation_accuracy"} <= result.metrics.keys()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.report.html", "m.safetensors", "t.csv"]
    assert json.loads(json.dumps(result.to_json()))["seed"] == 3
    assert LSTMTextClassifier.load(result.artifact).seed_ is not None


def test_a_prediction_keeps_all_columns_and_rows(model: Path, tmp_path: Path) -> None:
    assert kind_of_model(model) == "LSTMTextClassifier"
    names, rows = predict_texts(model, write(tmp_path / "new.csv", 9))
    assert names == ("id", "review", "verdict", "label", "probability")
    assert [row[0] for row in rows] == [str(index) for index in range(9)]
    assert [row[3] for row in rows if row[1]] == ["pos" if "good" in row[1] else "neg" for row in rows if row[1]]
    assert all(0.5 <= row[4] <= 1 for row in rows)
    assert len(rows) == 9
    assert rows[3][1] == ""


def test_names_that_are_taken_stay(model: Path, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"label": 7, "text": "a good film", "probability": 0}\n')
    names, rows = predict_texts(model, tmp_path / "t.jsonl", text="text")
    assert names == ("label", "text", "probability", "predicted_label", "predicted_probability")
    assert rows[0][:4] == (7, "a good film", 0, "pos")


def test_evaluation(model: Path, tmp_path: Path) -> None:
    figures = evaluate_texts(model, write(tmp_path / "new.csv", 8)).figures
    assert {"accuracy", "log_loss", "f1_macro"} <= figures.keys()
    assert figures["accuracy"] >= 7 / 8
    (tmp_path / "t.tsv").write_text("t\tl\ngood film\tneg\nbad film\tneg\n")
    assert evaluate_texts(model, tmp_path / "t.tsv", text="t", label="l").figures["accuracy"] == 0.5


def test_numbers_as_labels_are_the_same_in_every_format(tmp_path: Path) -> None:
    lines = [{"review": ("good", "bad")[index % 2], "verdict": index % 2} for index in range(40)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    fit_texts(tmp_path / "t.jsonl", COLUMNS, output=tmp_path / "m.safetensors", settings=SETTINGS)
    assert LSTMTextClassifier.load(tmp_path / "m.safetensors").classes_.tolist() == [0, 1]
    (tmp_path / "t.csv").write_text("review,verdict\ngood,0\nbad,1\n")
    assert evaluate_texts(tmp_path / "m.safetensors", tmp_path / "t.csv").figures["accuracy"] == 1.0


def test_what_cannot_be(model: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv")
    with pytest.raises(UnknownNameError, match=r"There is no column in .*t.csv named 'reviews'. Did you mean 'review'"):
        fit_texts(path, TextColumns(text="reviews", label="verdict"), output=tmp_path / "m.safetensors")
    with pytest.raises(OptionError, match=r"Say which column has the labels: --label COLUMN"):
        fit_texts(path, TextColumns(text="review"), output=tmp_path / "m.safetensors")
    with pytest.raises(InputError, match=r"All rows that count are of one class \('x'\)"):
        fit_texts(write(path, verdicts=("x", "x")), COLUMNS, output=tmp_path / "m.safetensors")
    with pytest.raises(
        InputError, match=r"t.csv, line 2: the label 'x' is none of the classes that the model knows: \["
    ):
        evaluate_texts(model, path)
    with pytest.raises(OptionError, match="vocabulary_size=4 has no room for a word"):
        fit_texts(write(path), COLUMNS, output=tmp_path / "m.safetensors", settings={"vocabulary_size": 4})
    with pytest.raises(UnknownNameError, match="Did you mean 'vocabulary_size'"):
        fit_texts(path, COLUMNS, output=tmp_path / "m.safetensors", settings={"vocabulary": 4})
    assert not (tmp_path / "m.safetensors").exists()
    trained = LSTMTextClassifier(**{**SETTINGS, "max_epochs": 1}).fit(["good", "bad"], ["pos", "neg"])
    other = trained.save(tmp_path / "other.safetensors")
    with pytest.raises(OptionError, match="was not fitted on a table, so say which columns to use: --text COLUMN"):
        predict_texts(other, path)
    assert len(predict_texts(other, path, text="review").rows) == 60

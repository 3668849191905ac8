from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import gatecell
from gatecell import LSTMClassifier, LSTMRegressor
from gatecell._core.errors import ArtifactError
from gatecell.artifact.store import load_artifact, save_artifact
from tests.estimators.rows import labels_of, numbers_of, ragged_rows

SMALL: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
FITTED: dict[str, Any] = {"class_weights": None, "multilabel": None}
rows = ragged_rows(20)


@pytest.mark.parametrize(
    "labels",
    [
        labels_of(rows),
        labels_of(rows) == "up",
        np.arange(20) % 3 + 5,
        (np.arange(20) % 3).astype(np.uint8),
        np.arange(20.0) % 2,
        labels_of(rows).astype(object),
        pd.Series(labels_of(rows)),
    ],
)
def test_a_classifier_comes_back_with_its_labels(labels: Any, tmp_path: Path) -> None:
    model = LSTMClassifier(**SMALL, class_weight="balanced", lstm_options={"peephole": True}).fit(rows, labels)
    path = model.save(tmp_path / "model.safetensors")
    back = gatecell.load(path)
    assert isinstance(back, LSTMClassifier)
    assert back.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(back.predict(rows), model.predict(rows))
    np.testing.assert_array_equal(back.predict_proba(rows), model.predict_proba(rows))
    assert back.get_params() == model.get_params()
    assert back.history_ == model.history_
    assert back.training_ == model.training_
    assert back.summary() == model.summary()


@pytest.mark.parametrize("n_outputs", [0, 1, 2])
def test_a_regressor_comes_back(n_outputs: int, tmp_path: Path) -> None:
    y = numbers_of(rows) if n_outputs == 0 else np.stack([numbers_of(rows)] * n_outputs, axis=1)
    model = LSTMRegressor(**SMALL).fit(rows, y)
    back = LSTMRegressor.load(model.save(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(back.predict(rows), model.predict(rows))


def test_partial_fit_goes_on_after_loading_as_if_nothing_had_been(tmp_path: Path) -> None:
    model = LSTMClassifier(**SMALL, class_weight={"up": 2.0}).fit(rows, labels_of(rows))
    back = LSTMClassifier.load(model.save(tmp_path / "model.safetensors"))
    model.partial_fit(rows, labels_of(rows))
    back.partial_fit(rows, labels_of(rows))
    np.testing.assert_array_equal(back.predict_proba(rows), model.predict_proba(rows))
    assert back.history_["train_loss"] == model.history_["train_loss"]


def test_a_table_comes_back_with_the_names_of_its_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(10, 3)), columns=list("abc"))
    model = LSTMRegressor(**SMALL).fit(frame, frame["a"])
    back = gatecell.load(model.save(tmp_path / "model.safetensors"))
    assert isinstance(back, LSTMRegressor)
    assert back.feature_names_in_.tolist() == list("abc")
    assert back.n_features_in_ == 3
    np.testing.assert_array_equal(back.predict(frame), model.predict(frame))


def test_what_belongs_to_the_machine_is_left_out(tmp_path: Path) -> None:
    model = LSTMRegressor(**SMALL, checkpoint_dir=tmp_path / "secret-place").fit(rows, numbers_of(rows))
    path = model.save(tmp_path / "model.safetensors")
    assert b"secret-place" not in path.read_bytes()
    assert gatecell.load(path).get_params()["checkpoint_dir"] is None
    drawn = LSTMRegressor(**{**SMALL, "random_state": np.random.RandomState(3)}).fit(rows, numbers_of(rows))
    back = gatecell.load(drawn.save(path))
    assert back.get_params()["random_state"] is None
    assert back.seed_ == drawn.seed_


def test_labels_that_json_cannot_hold_leave_no_file(tmp_path: Path) -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels_of(rows))
    model.classes_ = np.array([object(), object()])
    with pytest.raises(ArtifactError, match=r"metadata.fitted.classes\[0\] is of type object, which JSON cannot hold"):
        model.save(tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_an_unfitted_estimator_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="This LSTMClassifier instance is not fitted yet"):
        LSTMClassifier().save(tmp_path / "model.safetensors")


def test_the_wrong_class(tmp_path: Path) -> None:
    path = LSTMRegressor(**SMALL).fit(rows, numbers_of(rows)).save(tmp_path / "model.safetensors")
    with pytest.raises(ArtifactError, match="holds a LSTMRegressor, which is none of: LSTMClassifier"):
        LSTMClassifier.load(path)


def changed(path: Path, **changes: Any) -> Path:
    artifact = load_artifact(path)
    tensors = dict(artifact.tensors)
    for name in [name for name in changes if name.startswith("tensor:")]:
        tensors[name.removeprefix("tensor:")] = changes.pop(name)
    return save_artifact(path, tensors, {**artifact.metadata, **changes})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"kind": "checkpoint"}, "holds no estimator; it may be a training checkpoint"),
        ({"estimator": "Foreign"}, "holds a Foreign, which is none of"),
        ({"estimator": ["x"]}, "which is none of"),
        ({"parameters": {"hidden_sizes": 3}}, "is damaged: its parts do not fit together"),
        ({"network": {}}, "is damaged: its parts do not fit together"),
        ({"fitted": {**FITTED, "classes": ["a"], "classes_dtype": "<U1"}}, "1 classes for 1 outputs"),
        ({"fitted": {**FITTED, "classes": ["a", "b", "c"], "classes_dtype": "<U1"}}, "3 classes for 1 outputs"),
        ({"fitted": {**FITTED, "classes": [1, 2], "classes_dtype": "no"}}, "is damaged"),
        ({"tensor:network/head.bias": torch.zeros(3)}, "is damaged: its parts do not fit together"),
        ({"tensor:network/extra": torch.zeros(3)}, "is damaged: its parts do not fit together"),
        ({"tensor:foreign/extra": torch.zeros(3)}, "is damaged: its parts do not fit together"),
        (
            {"inputs": {"kind": "table", "n_features_in": 2, "feature_names_in": None, "scaler": {"shift": 3}}},
            "is damaged: its parts do not fit together",
        ),
    ],
)
def test_files_that_were_meddled_with(changes: dict[str, Any], text: str, tmp_path: Path) -> None:
    path = LSTMClassifier(**SMALL).fit(rows, labels_of(rows)).save(tmp_path / "model.safetensors")
    with pytest.raises(ArtifactError, match=text):
        gatecell.load(changed(path, **changes))


def test_a_file_that_asks_for_much_memory_gets_none(tmp_path: Path) -> None:
    path = LSTMClassifier(**SMALL).fit(rows, labels_of(rows)).save(tmp_path / "model.safetensors")
    network = load_artifact(path).metadata["network"]
    network["lstm"][0]["hidden_size"] = 10**6
    with pytest.raises(ArtifactError, match="is damaged: its parts do not fit together"):
        gatecell.load(changed(path, network=network))

import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from gatecell import LSTMClassifier
from gatecell._core.errors import InputError, NonFiniteLossError, OptionError, TrainingError, UnknownNameError
from gatecell.estimators import classes as classes_module
from gatecell.training.checkpoint import CheckpointFolder
from tests.estimators.rows import labels_of, ragged_rows
from tests.processes import running

SMALL: dict[str, Any] = {"hidden_size": 4, "max_epochs": 3, "random_state": 0}
rows = ragged_rows(40)
labels = labels_of(rows)


def weights_of(model: LSTMClassifier) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = model.network_.state_dict()
    return weights


def same_weights(one: LSTMClassifier, other: LSTMClassifier) -> bool:
    return all(torch.equal(tensor, weights_of(other)[name]) for name, tensor in weights_of(one).items())


def test_it_learns() -> None:
    model = LSTMClassifier(hidden_size=16, learning_rate=0.02, random_state=0).fit(rows, labels)
    assert model.score(rows, labels) > 0.9
    fresh = ragged_rows(100, seed=1)
    assert model.score(fresh, np.where([row[:, 0].mean() > 0 for row in fresh], "up", "down")) > 0.8


def test_probabilities() -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels)
    probabilities = model.predict_proba(rows)
    assert model.classes_.tolist() == ["down", "up"]
    assert probabilities.shape == (40, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.predict(rows), model.classes_[probabilities.argmax(axis=1)])


def test_the_seed_decides_everything() -> None:
    model = LSTMClassifier(**SMALL, recurrent_dropout=0.3, validation_fraction=0.2)
    one, same = model.fit(rows, labels), LSTMClassifier(**model.get_params()).fit(rows, labels)
    assert same_weights(one, same)
    other = LSTMClassifier(**{**model.get_params(), "random_state": 1}).fit(rows, labels)
    assert not same_weights(one, other)
    state = torch.get_rng_state()
    model.fit(rows, labels)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 5},
        {"num_layers": 2},
        {"bidirectional": True},
        {"num_layers": 2, "dropout": 0.5},
        {"input_dropout": 0.5},
        {"recurrent_dropout": 0.5},
        {"pooling": "mean"},
        {"pooling": "max"},
        {"lstm_options": {"layer_norm": True}},
        {"lstm_options": {"forget_bias": 2.0}},
        {"lstm_options": {"precision": "bfloat16"}},
        {"scaling": None},
        {"scaling": "minmax"},
        {"max_epochs": 2},
        {"batch_size": 7},
        {"learning_rate": 0.1},
        {"clip_norm": 1e-3},
        {"l2": 0.1},
        {"validation_fraction": 0.3},
        {"class_weight": {"up": 9.0}},
        {"training_options": {"optimizer": "sgd"}},
        {"training_options": {"l2_parameters": ["head.weight"]}, "l2": 0.1},
        {"random_state": 1},
    ],
)
def test_every_parameter_changes_the_outcome(change: dict[str, Any]) -> None:
    base = {"num_layers": 2} if "dropout" in change else {"l2": 0.1} if "l2" in change and len(change) > 1 else {}
    one = LSTMClassifier(**{**SMALL, **base}).fit(rows, labels)
    other = LSTMClassifier(**{**SMALL, **change}).fit(rows, labels)
    assert not np.allclose(one.predict_proba(rows), other.predict_proba(rows), atol=1e-7)


def test_early_stopping_by_the_validation_rows_that_are_given() -> None:
    fresh = ragged_rows(20, seed=5)
    model = LSTMClassifier(hidden_size=8, max_epochs=200, learning_rate=0.05, patience=3, random_state=0)
    model.fit(rows, labels, validation_data=(fresh, labels_of(fresh)))
    assert model.training_.stopped_early
    assert model.training_.best_epoch == len(model.history_) - 3
    best = model.history_["validation_loss"][model.training_.best_epoch - 1]
    probabilities = model.predict_proba(fresh)
    of_truth = probabilities[np.arange(20), (labels_of(fresh) == "up").astype(int)]
    assert -np.log(of_truth).mean() == pytest.approx(best, rel=1e-5)
    assert model.history_["validation_accuracy"][model.training_.best_epoch - 1] == model.score(fresh, labels_of(fresh))


def test_sample_weight_and_class_weight_turn_the_balance() -> None:
    noise = [np.random.default_rng(index).normal(size=(4, 1)) for index in range(60)]
    y = np.arange(60) % 2
    for extra in ({"sample_weight": np.where(y == 1, 20.0, 1.0)}, {}):
        model = LSTMClassifier(**SMALL, class_weight=None if extra else {1: 20.0})
        assert model.set_params(max_epochs=30, learning_rate=0.02).fit(noise, y, **extra).predict(noise).mean() > 0.9
    unbalanced = np.arange(60) < 50
    model = LSTMClassifier(**SMALL, class_weight="balanced").fit(noise, unbalanced)
    assert model._class_weights is not None
    assert model._class_weights.tolist() == [60 / (2 * 10), 60 / (2 * 50)]


def test_class_weight_and_sample_weight_are_multiplied() -> None:
    y = labels == "up"
    weight = np.linspace(1.0, 2.0, 40)
    settings: dict[str, Any] = {**SMALL, "scaling": None}  # class weights have no part in the scaling
    both = LSTMClassifier(**settings, class_weight={True: 3.0}).fit(rows, y, sample_weight=weight)
    product = LSTMClassifier(**settings).fit(rows, y, sample_weight=weight * np.where(y, 3.0, 1.0))
    np.testing.assert_allclose(both.history_["train_loss"], product.history_["train_loss"], rtol=1e-6)
    ones: list[dict[str, Any]] = [{"class_weight": {True: 3.0}}, {}]
    for one in ones:
        other = LSTMClassifier(**settings, **one).fit(rows, y, sample_weight=None if one else weight)
        assert abs(other.history_["train_loss"][0] - both.history_["train_loss"][0]) > 1e-4


def test_class_weight_may_come_and_go_between_calls() -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels)
    model.set_params(class_weight={"up": 3.0}).partial_fit(rows, labels)
    assert model._class_weights is not None
    assert model._class_weights.tolist() == [1.0, 3.0]
    model.set_params(class_weight={"up": 5.0}).partial_fit(rows, labels)
    assert model._class_weights.tolist() == [1.0, 5.0]
    assert model.set_params(class_weight=None).fit(rows, labels)._class_weights is None


def test_partial_fit_refuses_another_network() -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels).set_params(pooling="mean")
    with pytest.raises(OptionError, match="goes on with the network of the first call.*pooling was 'last' and is 'm"):
        model.partial_fit(rows, labels)
    model.set_params(pooling="last", max_epochs=9, learning_rate=0.1).partial_fit(rows, labels)


def test_partial_fit_has_no_schedule() -> None:
    plain = LSTMClassifier(**SMALL).partial_fit(rows, labels)
    for schedule in ("plateau", "exponential"):
        model = LSTMClassifier(**SMALL, training_options={"lr_schedule": schedule}).partial_fit(rows, labels)
        assert same_weights(plain, model)


def test_numpy_scalars_are_parameters() -> None:
    given: dict[str, Any] = {"batch_size": 8, "max_epochs": 2, "hidden_size": 4, "learning_rate": 0.01}
    given |= {"bidirectional": True, "random_state": 0}
    numpy: dict[str, Any] = {name: np.array(value)[()] for name, value in given.items()}
    assert same_weights(LSTMClassifier(**numpy).fit(rows, labels), LSTMClassifier(**given).fit(rows, labels))


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (pd.Series([0, 1] * 20, dtype="Int64"), np.array([0, 1])),
        (pd.Series([True, False] * 20, dtype="boolean"), np.array([False, True])),
        (np.array([1, 2] * 20, dtype=object), np.array([1, 2])),
    ],
)
def test_labels_keep_their_kind(y: Any, expected: Any) -> None:
    found = LSTMClassifier(**SMALL).fit(rows, y).classes_
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


def test_partial_fit_goes_on() -> None:
    model = LSTMClassifier(**SMALL).partial_fit(rows[:20], labels[:20], classes=["down", "level", "up"])
    assert model.classes_.tolist() == ["down", "level", "up"]
    assert model.predict_proba(rows).shape == (40, 3)
    before = {name: tensor.clone() for name, tensor in weights_of(model).items()}
    model.partial_fit(rows[20:], labels[20:])
    assert len(model.history_) == 2
    assert model.history_["epoch"] == [1, 2]
    assert any(not torch.equal(tensor, weights_of(model)[name]) for name, tensor in before.items())
    model.partial_fit(rows[:1], labels[:1])
    with pytest.raises(InputError, match="y has the label 'sideways', which is none of the classes"):
        model.partial_fit(rows[:1], ["sideways"])
    with pytest.raises(InputError, match="but the first call of partial_fit had"):
        model.partial_fit(rows, labels, classes=["a", "b"])


def test_epochs_of_partial_fit_are_epochs_of_fit() -> None:
    whole = LSTMClassifier(**SMALL).fit(rows, labels)
    pieces = LSTMClassifier(**SMALL)
    for _ in range(3):
        pieces.partial_fit(rows, labels)
    assert same_weights(whole, pieces)


KILLED_FIT = """
import sys
from gatecell import LSTMClassifier
from tests.estimators.rows import labels_of, ragged_rows
rows = ragged_rows(40)
LSTMClassifier(**eval(sys.argv[2]), checkpoint_dir=sys.argv[1]).fit(rows, labels_of(rows))
"""


def test_a_fit_whose_process_is_killed_goes_on_and_ends_with_the_same_weights(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"hidden_size": 32, "max_epochs": 150, "recurrent_dropout": 0.2, "random_state": 0}
    history = tmp_path / "history.csv"
    with running([sys.executable, "-c", KILLED_FIT, str(tmp_path), repr(settings)]) as process:
        while process.poll() is None and not (history.exists() and len(history.read_text().splitlines()) > 3):
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert 3 <= len(history.read_text().splitlines()) < 150
    with pytest.raises(TrainingError, match=r"belongs to another run.*config.learning_rate was 0.003 and is 0.5"):
        LSTMClassifier(**settings, learning_rate=0.5, checkpoint_dir=tmp_path).fit(rows, labels)
    with pytest.raises(TrainingError, match=r"belongs to another run.*run.train was"):
        LSTMClassifier(**settings, checkpoint_dir=tmp_path).fit(rows, labels[::-1])
    resumed = LSTMClassifier(**settings, checkpoint_dir=tmp_path).fit(rows, labels)
    whole = LSTMClassifier(**settings).fit(rows, labels)
    assert same_weights(whole, resumed)
    assert resumed.history_["train_loss"] == whole.history_["train_loss"]


def test_a_fit_broken_off_goes_on_and_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {**SMALL, "recurrent_dropout": 0.2, "patience": 3, "validation_fraction": 0.2}
    whole = LSTMClassifier(**settings).fit(rows, labels)
    save, calls = CheckpointFolder.save, []

    def breaking_off(self: CheckpointFolder, state: Any) -> None:
        save(self, state)
        calls.append(state.epochs_done)
        if len(calls) == 2:
            raise MemoryError("broken off")

    monkeypatch.setattr(CheckpointFolder, "save", breaking_off)
    with pytest.raises(MemoryError, match="broken off"):
        LSTMClassifier(**settings, checkpoint_dir=tmp_path).fit(rows, labels)
    resumed = LSTMClassifier(**settings, checkpoint_dir=tmp_path).fit(rows, labels)
    assert calls == [1, 2, 3]
    assert same_weights(whole, resumed)
    assert resumed.history_["train_loss"] == whole.history_["train_loss"]


def test_summary_and_explain() -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels)
    assert re.search(r"lstm.0 \(LSTM\) +\(batch, steps, 4\) +112\n", model.summary())
    assert "(batch, 7, 4)" in model.summary(steps=7)
    assert "(batch, 3, 4)" in LSTMClassifier(**SMALL).fit(np.eye(3), [0, 1, 1]).summary()
    assert "lstm.0, training:" in model.explain()
    assert "-> " in model.explain()


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (None, "LSTMClassifier requires y to be passed, but the target y is None"),
        (["a"] * 40, r"All rows that count are of one class \('a'\); a classifier needs rows of at least two classes"),
        (np.linspace(0, 1, 40), "Unknown label type: continuous"),
        (np.where(np.arange(40) == 3, np.nan, 1.0), "Input y contains NaN"),
        (np.array([1, "a"] * 20, dtype=object), r"y has labels of several kinds \(int, str\)"),
        ([1, "a"] * 20, r"y has labels of several kinds \(int, str\)"),
        ([float("nan"), "a"] * 20, r"y has no label in row 0"),
        (["a", None] * 20, r"y has no label in row 1 \(counted from 0\)"),
        ([object(), object()] * 20, "y has labels of type object; labels are text, numbers, or True and False"),
        (np.array(["2020-01-01", "2020-01-02"] * 20, dtype="M8[D]"), r"y has labels of type datetime64\[D\]"),
        (np.ma.masked_equal([0, 1, 2, 3] * 10, 3), "y is a masked array in which values are masked"),
        ({"a": 1}, "y is a dict, which should be a 1d array or a list"),
        (np.zeros((40, 2)), "All rows that count have the same labels; a classifier needs rows that differ"),
        (labels[:39], r"inconsistent numbers of samples: \[40, 39\]"),
    ],
)
def test_bad_targets(y: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        LSTMClassifier(**SMALL).fit(rows, y)


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        ({"hidden_size": 0}, OptionError, "hidden_size must be an integer of at least 1, got 0"),
        ({"pooling": "lst"}, UnknownNameError, "There is no pooling named 'lst'. Did you mean 'last'"),
        ({"scaling": "robust"}, UnknownNameError, "There is no scaling named 'robust'"),
        ({"max_epochs": 0}, OptionError, "max_epochs must be"),
        (
            {"patience": 2},
            OptionError,
            "patience=2 needs rows to validate on, since it watches validation_loss: set validation_fraction, or give",
        ),
        ({"random_state": -1}, OptionError, "random_state must be an integer of at least 0, got -1"),
        ({"random_state": 5_000_000_000}, OptionError, "random_state must be an integer of at most 4294967295, got 5"),
        ({"random_state": "x"}, OptionError, "random_state must be an integer, a numpy Generator"),
        ({"batch_size": 10**20}, OptionError, "batch_size must be an integer of at most 9223372036854775807"),
        ({"lstm_options": {"peepholes": True}}, UnknownNameError, "Did you mean 'peephole'"),
        ({"lstm_options": {"hidden_size": 3}}, OptionError, "lstm_options has 'hidden_size', but that is a parameter"),
        ({"training_options": {"seed": 3}}, OptionError, "training_options has 'seed'.*random_state=..."),
        ({"training_options": {"optimiser": "sgd"}}, UnknownNameError, "Did you mean 'optimizer'"),
        ({"training_options": 3}, OptionError, "training_options must be a dict of options of TrainingConfig, got 3"),
        ({"class_weight": {"side": 1.0}}, OptionError, "class_weight has the label 'side', which is none"),
        (
            {"class_weight": {"up": "x"}},
            OptionError,
            r"class_weight\['up'\] must be a finite number of at least 0, got 'x'",
        ),
        ({"class_weight": "even"}, OptionError, 'class_weight must be a dict of label to weight, "balanced" or None'),
        ({"checkpoint_dir": "x", "random_state": None}, OptionError, "checkpoint_dir needs random_state to be an int"),
        ({"lstm_options": {"engine": "aten", "layer_norm": True}}, RuntimeError, "PyTorch's LSTM has no layer_norm"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        LSTMClassifier(**{**SMALL, **parameters}).fit(rows, labels)


def test_validation_is_said_once() -> None:
    with pytest.raises(OptionError, match="Give validation_data or validation_fraction, not both"):
        LSTMClassifier(**SMALL, validation_fraction=0.2).fit(rows, labels, validation_data=(rows, labels))
    with pytest.raises(InputError, match=r"validation_data must be a tuple \(X, y\)"):
        LSTMClassifier(**SMALL).fit(rows, labels, validation_data=(rows,))
    with pytest.raises(InputError, match="y has the label 'side', which is none of the classes"):
        LSTMClassifier(**SMALL).fit(rows, labels, validation_data=(rows[:1], ["side"]))


def test_a_loss_that_is_not_finite_stops_the_fit_and_leaves_no_model() -> None:
    model = LSTMClassifier(**SMALL, learning_rate=1e38)
    with pytest.raises(NonFiniteLossError, match="at step 2 of 2 in epoch 1"):
        model.fit(rows, labels)
    assert not hasattr(model, "network_")


def interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("parameters", "loss", "error"),
    [
        ({"learning_rate": 1e38}, None, NonFiniteLossError),
        ({"hidden_size": 0}, None, OptionError),
        ({}, interrupt, KeyboardInterrupt),
    ],
)
def test_a_fit_that_fails_leaves_the_model_of_the_fit_before(
    parameters: dict[str, Any], loss: Any, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LSTMClassifier(**SMALL, class_weight={"up": 2.0}).fit(rows, labels)
    model.set_params(**parameters, class_weight=None)
    before, probabilities = dict(vars(model)), model.predict_proba(rows)
    if loss is not None:
        monkeypatch.setattr(classes_module, "_cross_entropy", loss)
    with pytest.raises(error):
        model.fit(np.ones((6, 3)) * np.arange(6)[:, None], [0, 1, 2, 0, 1, 2])
    assert vars(model).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(model).items())
    np.testing.assert_array_equal(model.predict_proba(rows), probabilities)


def test_a_partial_fit_that_is_broken_off_leaves_the_weights_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels)
    probabilities = model.predict_proba(rows)
    loss, calls = classes_module._binary_cross_entropy, []

    def broken_in_the_second_step(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return loss(output, target)

    monkeypatch.setattr(classes_module, "_binary_cross_entropy", broken_in_the_second_step)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(rows, labels)
    assert len(calls) == 2
    np.testing.assert_array_equal(model.predict_proba(rows), probabilities)
    assert len(model.history_) == 3


def test_the_epochs_before_a_loss_that_is_not_finite_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    loss, calls = classes_module._binary_cross_entropy, []

    def broken_in_the_third_epoch(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return loss(output, target) * (float("nan") if len(calls) > 4 else 1.0)

    monkeypatch.setattr(classes_module, "_binary_cross_entropy", broken_in_the_third_epoch)
    model = LSTMClassifier(**SMALL)
    with pytest.raises(NonFiniteLossError, match="at step 1 of 2 in epoch 3"):
        model.fit(rows, labels)
    assert len(model.history_) == 2
    monkeypatch.undo()
    assert same_weights(model, LSTMClassifier(**{**SMALL, "max_epochs": 2}).fit(rows, labels))


def test_two_classes_have_one_output_and_the_loss_of_both() -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels, validation_data=(rows, labels))
    assert model.network_.config.output_size == 1
    p = model.predict_proba(rows)[np.arange(40), np.searchsorted(model.classes_, labels)]
    assert model.history_["validation_loss"][-1] == pytest.approx(-np.log(p).mean(), rel=1e-5)
    assert model.history_["validation_accuracy"][-1] == model.score(rows, labels)


@pytest.mark.parametrize("scaling", ["standard", "minmax", None])
def test_values_beyond_what_can_be_computed_are_refused(scaling: str | None) -> None:
    model = LSTMClassifier(**SMALL, scaling=scaling).fit(rows, labels)
    with pytest.raises(InputError, match=r"X has values in sequence 1 \(counted from 0\) .* beyond 3\.4e\+38"):
        model.predict_proba([rows[0], 1e300 * rows[1]])
    too_large = "beyond 3.4e" if scaling is None else "X cannot be scaled: the values of channel 0 .* beyond float64"
    with pytest.raises(InputError, match=too_large):
        LSTMClassifier(**SMALL, scaling=scaling).fit([1e308 * np.sign(row) for row in rows], labels)


def test_outputs_that_are_not_finite_are_refused() -> None:
    model = LSTMClassifier(**SMALL).fit(rows, labels)
    with torch.no_grad():
        model.network_.head.bias.fill_(torch.inf)
    with pytest.raises(InputError, match=r"no finite output for row 0 of X \(counted from 0; 40 such in all\)"):
        model.predict_proba(rows)


def test_several_labels_a_row() -> None:
    y = np.stack([labels == "up", labels == "down", np.arange(40) % 2 == 0], axis=1)
    model = LSTMClassifier(**SMALL).fit(rows, y)
    assert model.predict(rows).shape == model.predict_proba(rows).shape == (40, 3)
    assert model.score(rows, y) == (model.predict(rows) == y).all(axis=1).mean()

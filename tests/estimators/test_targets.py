"""Targets mean what they look like, and where they may mean two things, both are said."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.model_selection import cross_val_score

import gatecell
from gatecell import AmbiguousInputWarning, LSTMClassifier, LSTMRegressor, LSTMTextClassifier
from gatecell._core.errors import InputError, OptionError
from gatecell.recipes.scoring import judge

SMALL: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
rng = np.random.default_rng(0)
X = rng.normal(size=(30, 6, 2))
ragged = [rng.normal(size=(length, 2)) for length in rng.permuted(np.repeat([2, 3, 4, 5, 6], 6))]
places = np.arange(30) % 3
one_hot = np.eye(3)[places]
texts = [" ".join(rng.choice(["good", "bad", "film"], length)) for length in range(2, 32)]
ONE_HOT = "exactly one 1 among its 3 columns. It is read as one-hot: each row is of one class"
STEPS = "A target a step is not supported: the estimators learn one answer a row"


def silenced(cls: Callable[..., Any], *data: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmbiguousInputWarning)
        return cls(**SMALL).fit(*data, **options)


@pytest.mark.parametrize(
    "y",
    [
        one_hot,
        one_hot.astype(int),
        one_hot.astype(bool),
        one_hot.astype(np.float32),
        pd.DataFrame(one_hot),
        torch.tensor(one_hot),
        sparse.csr_array(one_hot),
        sparse.csr_matrix(one_hot),
        one_hot.astype(int).tolist(),
        one_hot.tolist(),
        [tuple(row) for row in one_hot.astype(int).tolist()],
        list(one_hot),
        list(torch.tensor(one_hot)),
        pd.Series(one_hot.astype(int).tolist()),
    ],
)
def test_one_hot_rows_are_classes_and_it_is_said(y: Any) -> None:
    with pytest.warns(AmbiguousInputWarning, match=ONE_HOT):
        model = LSTMClassifier(**SMALL).fit(X, y)
    plain = LSTMClassifier(**SMALL).fit(X, places)
    assert model.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    assert model.score(X, y) == model.score(X, places) == plain.score(X, places)
    assert judge(model, X, y).figures == judge(plain, X, places).figures


def test_both_ways_out_that_the_warning_names() -> None:
    model = LSTMClassifier(**SMALL).fit(X, one_hot.argmax(axis=1))
    assert model.predict(X).shape == (30,)
    several = LSTMClassifier(**SMALL).fit(X, [tuple(np.flatnonzero(row)) for row in one_hot])
    assert several.multilabel_ == "collections"
    assert all(isinstance(row, tuple) for row in several.predict(X))


def test_the_warning_names_the_line_of_the_caller() -> None:
    with pytest.warns(AmbiguousInputWarning) as caught:
        LSTMClassifier(**SMALL).fit(X, one_hot)
    assert [Path(warning.filename) for warning in caught] == [Path(__file__)]


def test_several_labels_a_row_stay_so() -> None:
    y = (rng.random((30, 3)) > 0.5).astype(int)
    for form in (y, y.tolist(), sparse.csr_array(y), torch.tensor(y), list(y)):
        model = LSTMClassifier(**SMALL).fit(X, form)
        assert model.multilabel_ == "indicator"
        assert model.predict(X).shape == (30, 3)
        assert model.score(X, form) == model.score(X, y)
    # rows that have one label each by chance are read as the fit was
    model.partial_fit(X[:3], np.eye(3))
    assert model.predict(X).shape == (30, 3)


def test_names_of_one_hot_columns_are_the_classes(tmp_path: Path) -> None:
    frame = pd.DataFrame(one_hot, columns=["low", "high", "even"])
    model = silenced(LSTMClassifier, X, frame)
    assert model.classes_.tolist() == ["even", "high", "low"]
    names = np.array(["low", "high", "even"])[places]
    named = LSTMClassifier(**SMALL).fit(X, names)
    np.testing.assert_array_equal(model.predict(X), named.predict(X))
    loaded = gatecell.load(model.save(tmp_path / "model.safetensors"))
    for fitted in (model, loaded):
        assert isinstance(fitted, LSTMClassifier)
        # an array has the columns of the fit, a frame says which ones it has
        assert fitted.score(X, frame[["even", "low", "high"]]) == fitted.score(X, one_hot) == named.score(X, names)
        with pytest.raises(InputError, match=r"y has the columns \['low', 'high', 'odd'\], but the fit had \['low'"):
            fitted.score(X, frame.rename(columns={"even": "odd"}))
    assert silenced(LSTMClassifier, X, pd.get_dummies(pd.Series(places + 5))).classes_.tolist() == [5, 6, 7]


def test_one_hot_rows_in_other_parts() -> None:
    model = silenced(LSTMClassifier, X, one_hot, validation_data=(X, one_hot))
    assert model.history_["validation_accuracy"][-1] == model.score(X, one_hot)
    model.partial_fit(X[:2], one_hot[:2].tolist()).partial_fit(X[:2], places[:2])
    wrong = one_hot.copy()
    wrong[7, 0] = 1 - wrong[7, 0]
    with pytest.raises(InputError, match=r"y has not exactly one 1 in row 7 \(counted from 0\)"):
        model.partial_fit(X, wrong)
    with pytest.raises(InputError, match="y has 4 columns, but the fit had one-hot rows of 3 classes"):
        model.score(X, np.eye(4)[places])
    with pytest.raises(InputError, match=r"y has 3 columns, but it should be a 1d array.*y.argmax\(axis=1\)"):
        LSTMClassifier(**SMALL).fit(X, places, validation_data=(X, one_hot))
    with pytest.warns(AmbiguousInputWarning, match="one-hot"):
        assert cross_val_score(LSTMClassifier(**SMALL), X, one_hot, cv=3).shape == (3,)


def test_probabilities_of_classes_are_no_labels() -> None:
    with pytest.raises(InputError, match=r"must hold 0 and 1 alone. Its rows sum to 1, as probabilities of classes do"):
        LSTMClassifier(**SMALL).fit(X, 0.7 * one_hot + 0.1)


def test_lists_of_one_entry_are_one_target_a_row() -> None:
    with pytest.warns(
        AmbiguousInputWarning, match=r"Each row of y is a list of one entry.*a tuple for each row"
    ) as caught:
        model = LSTMClassifier(**SMALL).fit(X, [[name] for name in "abc" * 10])
    assert len(caught) == 1
    assert model.predict(X).shape == (30,)
    assert LSTMClassifier(**SMALL).fit(X, [(name,) for name in "abc" * 10]).multilabel_ == "collections"


def test_sets_of_whole_numbers_are_read_as_sets_later_too() -> None:
    model = LSTMClassifier(**SMALL).fit(X, [(0, 1), (1,), ()] * 10)
    model.partial_fit(X[:2], [[0, 1], [1, 0]]).partial_fit(X[:2], [[0], [1]])
    assert 0 <= model.score(X[:2], [[0, 1], [1, 0]]) <= 1
    with pytest.raises(InputError, match=r"y is an array of shape \(2, 2\), but the fit had tuples, lists or sets"):
        model.partial_fit(X[:2], np.eye(2))


@pytest.mark.parametrize(
    ("inputs", "y"),
    [
        (X, rng.integers(0, 3, (30, 6))),
        (X, rng.integers(0, 3, (30, 6)).tolist()),
        (X, rng.choice(["noun", "verb"], (30, 6))),
        (X, rng.choice(["noun", "verb"], (30, 6)).tolist()),
        (ragged, [rng.integers(0, 3, len(row)) for row in ragged]),
        (ragged, [rng.integers(0, 2, len(row)).tolist() for row in ragged]),
        (ragged, [["noun"] * len(row) for row in ragged]),
        (ragged, [np.eye(3)[rng.integers(0, 3, len(row))] for row in ragged]),
        (X, one_hot[:, None].repeat(6, axis=1)),
        (X, one_hot[:, None].repeat(6, axis=1).tolist()),
        (texts, [["noun"] * len(text.split()) for text in texts]),
        (texts, [["B", "I"] * (len(text) // 2) + ["B"] * (len(text) % 2) for text in texts]),
    ],
)
def test_a_label_for_each_step_is_refused(inputs: Any, y: Any) -> None:
    cls = LSTMTextClassifier if inputs is texts else LSTMClassifier
    with pytest.raises(InputError, match=STEPS):
        cls(**SMALL).fit(inputs, y)


def test_a_number_for_each_step_is_refused_where_it_can_mean_nothing_else() -> None:
    numbers = [row[:, 0] for row in ragged]
    for y in (numbers, [row.tolist() for row in numbers]):
        with pytest.raises(InputError, match=f"as many numbers as its row of X has steps. {STEPS}"):
            LSTMRegressor(**SMALL).fit(ragged, y)
    with pytest.raises(InputError, match=r"y has 3 dimensions, of shape \(30, 6, 1\).*y\[\.\.\., 0\] leaves it out"):
        LSTMRegressor(**SMALL).fit(X, X[:, :, :1])
    with pytest.raises(InputError, match=r"rows of unlike lengths.*the same number of them for all rows, \(n, k\)"):
        LSTMRegressor(**SMALL).fit(ragged, [[*row, 0.0] for row in numbers])


@pytest.mark.parametrize(
    ("cls", "y"),
    [
        (LSTMRegressor, X[:, :, 0]),
        (LSTMRegressor, X[:, :, 0].tolist()),
        (LSTMRegressor, pd.DataFrame(X[:, :, 0])),
        (LSTMClassifier, (X[:, :, 0] > 0).astype(int)),
        (LSTMClassifier, X[:, :, 0] > 0),
    ],
)
def test_as_many_targets_as_steps_may_be_meant_and_both_meanings_are_said(cls: Any, y: Any) -> None:
    with pytest.warns(AmbiguousInputWarning, match=f"of the whole row|whole row has.*silences this; if not: {STEPS}"):
        model = cls(**SMALL).fit(X, y)
    assert model.predict(X).shape == (30, 6)
    assert silenced(cls, X, y).predict(X).shape == (30, 6)


def test_another_number_of_targets_than_steps_is_nothing_to_warn_of() -> None:
    LSTMRegressor(**SMALL).fit(X, X[:, :5, 0])
    LSTMRegressor(**SMALL).fit(X[:, :2], X[:, :2, 0])
    LSTMClassifier(**SMALL).fit(X, (X[:, :5, 0] > 0).astype(int))
    LSTMClassifier(**SMALL).fit(ragged, [("a", "b", "b")[: 1 + index % 3] for index in range(30)])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([b"a", b"b"] * 15), r"labels of type bytes.*\[label.decode\(\) for label in y\]"),
        ([b"a", b"b"] * 15, "labels of type bytes"),
        ([True, 2] * 15, r"labels of several kinds \(bool, int\)"),
        ([Path("a"), Path("b")] * 15, r"labels of type PosixPath.*\[str\(label\) for label in y\]"),
        (np.array(["a", None] * 15, dtype=np.dtypes.StringDType(na_object=None)), "y has no label in row 1"),
        ([], "y has no targets: it is empty"),
        (3, "y is of type int, but it should be a 1d array or a list"),
        ("ab" * 15, "y is a str, which should be a 1d array or a list"),
        ({1, 2}, "y is a set, which should be a 1d array or a list"),
        ((label for label in "ab" * 15), "y is a generator, which can be read only once"),
        ([[1, [2]]] * 30, r"y\[0\] has lists in it, but a row has one target"),
    ],
)
def test_what_is_no_label(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        LSTMClassifier(**SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array(["up", "down"] * 15, dtype=np.dtypes.StringDType()), ["down", "up"]),
        (pd.Series(["up", "down"] * 15, dtype="string"), ["down", "up"]),
        (pd.Categorical(["up", "down"] * 15), ["down", "up"]),
        (np.array([np.str_("up"), "down"] * 15, dtype=object), ["down", "up"]),
        (np.array([np.int64(1), 2, np.int32(3)] * 10, dtype=object), [1, 2, 3]),
        (torch.tensor([1.0, 2.0] * 15, dtype=torch.bfloat16), [1.0, 2.0]),
    ],
)
def test_labels_of_every_kind_of_array(y: Any, classes: list[Any], tmp_path: Path) -> None:
    model = LSTMClassifier(**SMALL).fit(X, y)
    assert model.classes_.tolist() == classes
    assert {type(label) for label in model.classes_.tolist()} == {type(classes[0])}
    assert model.score(X, y) == model.score(X, y.tolist())
    loaded = gatecell.load(model.save(tmp_path / "model.safetensors"))
    assert isinstance(loaded, LSTMClassifier)
    assert loaded.predict(X).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.date_range("2020", periods=30), "y holds dates, but regression learns real numbers"),
        (np.arange(30).astype("m8[s]"), "y holds durations, but regression learns real numbers"),
        (np.arange(30) * 1j, "y holds complex numbers, but regression learns real numbers"),
        (np.array(["1", "up"] * 15), r"y holds text \('up'\), but regression learns numbers. To learn classes"),
        ([{1, 2}] * 30, "y has rows of unlike lengths, or without an order"),
    ],
)
def test_what_is_no_number(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        LSTMRegressor(**SMALL).fit(X, y)


def test_tensors_with_a_gradient_are_numbers() -> None:
    numbers = torch.arange(30.0)
    plain = LSTMRegressor(**SMALL).fit(X, numbers).predict(X)
    for y in (numbers.clone().requires_grad_(), numbers.bfloat16(), numbers.tolist()):
        np.testing.assert_array_equal(LSTMRegressor(**SMALL).fit(X, y).predict(X), plain)


def test_weights_mean_what_they_look_like() -> None:
    two = places % 2
    with pytest.raises(InputError, match="Weights of classes are the parameter class_weight"):
        LSTMClassifier(**SMALL).fit(X, two, sample_weight={0: 1.0, 1: 2.0})
    with pytest.raises(InputError, match="sample_weight is a masked array in which values are masked"):
        LSTMClassifier(**SMALL).fit(X, two, sample_weight=np.ma.masked_equal(np.arange(30.0), 3))
    with pytest.raises(InputError, match="Sample weights must be 1D array or scalar, got 2D array"):
        LSTMClassifier(**SMALL).fit(X, two, sample_weight=np.ones((30, 1)))
    weight = torch.linspace(1, 2, 30, requires_grad=True)
    given = LSTMClassifier(**SMALL).fit(X, two, sample_weight=weight)
    plain = LSTMClassifier(**SMALL).fit(X, two, sample_weight=weight.detach().numpy())
    np.testing.assert_array_equal(given.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize(
    ("y", "class_weight", "message"),
    [
        (places, {"1": 2.0}, r"class_weight has the label '1', which is none.*Write it as the int 1"),
        (places.astype(str), {1: 2.0}, r"class_weight has the label 1, which is none.*Write it as the str '1'"),
        (places, np.ones(3), 'class_weight must be a dict of label to weight, "balanced" or None'),
        (places, pd.Series([1.0, 2.0, 1.0]), 'class_weight must be a dict of label to weight, "balanced" or None'),
    ],
)
def test_class_weights_of_another_type(y: Any, class_weight: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        LSTMClassifier(**SMALL, class_weight=class_weight).fit(X, y)


@pytest.mark.parametrize("cls", [LSTMClassifier, LSTMRegressor])
def test_columns_of_a_frame_are_known_by_their_names(cls: Any, tmp_path: Path) -> None:
    frame = pd.DataFrame(X[:, :3, 0] > 0, columns=["up", "fast", "late"]).astype(int)
    model = cls(**SMALL).fit(X, frame, validation_data=(X, frame[["late", "up", "fast"]]))
    plain = cls(**SMALL).fit(X, frame.to_numpy(), validation_data=(X, frame.to_numpy()))
    assert model.history_["validation_loss"] == plain.history_["validation_loss"]
    loaded: Any = gatecell.load(model.save(tmp_path / "model.safetensors"))
    for fitted in (model, loaded):
        assert fitted.score(X, frame[["late", "fast", "up"]]) == fitted.score(X, frame) == plain.score(X, frame)
        with pytest.raises(InputError, match=r"y has the columns \['up', 'fast', 'old'\], but the fit had \['up'"):
            fitted.score(X, frame.rename(columns={"late": "old"}))


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "object", "Float64"])
def test_frames_of_nullable_columns_are_0_and_1(dtype: str) -> None:
    several = pd.DataFrame((X[:, :3, 0] > 0).astype(int)).astype(dtype)
    assert LSTMClassifier(**SMALL).fit(X, several).multilabel_ == "indicator"
    with pytest.warns(AmbiguousInputWarning, match="one-hot"):
        assert LSTMClassifier(**SMALL).fit(X, pd.DataFrame(one_hot).astype(dtype)).predict(X).shape == (30,)


def test_sets_of_labels_of_one_kind() -> None:
    with pytest.raises(InputError, match="A row has a label that is missing"):
        LSTMClassifier(**SMALL).fit(X, [("a", None), ("b",)] * 15)
    with pytest.raises(InputError, match="Some labels are True or False and some are not"):
        LSTMClassifier(**SMALL).fit(X, [(True, 2), (3,)] * 15)


def test_scores_refuse_what_they_cannot_mean() -> None:
    with pytest.raises(InputError, match="Mix of label input types"):
        LSTMClassifier(**SMALL).fit(X, places).score(X, places.astype(str))
    regressor = LSTMRegressor(**SMALL).fit(X, places)
    with pytest.raises(InputError, match="y has 3 dimensions"):
        regressor.score(X, X)
    assert regressor.score(X, torch.tensor(places * 1.0, requires_grad=True)) == regressor.score(X, places)


def test_a_few_rows_to_judge_by_may_have_many_classes() -> None:
    labels = np.arange(60) % 15
    model = LSTMClassifier(**SMALL).fit(np.tile(X, (2, 1, 1)), labels)
    assert 0 <= model.score(X[:24], labels[:24]) <= 1
    assert judge(model, X[:24], labels[:24]).figures["accuracy"] == model.score(X[:24], labels[:24])
    with pytest.warns(UserWarning, match="number of unique classes"):
        LSTMClassifier(**SMALL).fit(X, np.arange(30) // 1.5)

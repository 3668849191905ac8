from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from gatecell import AmbiguousInputWarning, LSTMClassifier
from gatecell._core.errors import InputError
from tests.estimators.rows import labels_of, ragged_rows

SMALL: dict[str, Any] = {"hidden_size": 3, "max_epochs": 1, "random_state": 0}
cube = np.random.default_rng(0).normal(size=(10, 5, 2))
table = cube[:, :, 0]
y = np.arange(10) % 2


def test_a_table_is_sequences_of_one_channel_whose_columns_are_its_features() -> None:
    model = LSTMClassifier(**SMALL).fit(table, y)
    assert model.n_features_in_ == 5
    as_sequences = LSTMClassifier(**SMALL).fit(table[:, :, None], y)
    assert as_sequences.n_features_in_ == 1
    np.testing.assert_array_equal(model.predict_proba(table), as_sequences.predict_proba(table))
    np.testing.assert_array_equal(model.predict_proba(table[:, :, None]), as_sequences.predict_proba(table))


@pytest.mark.parametrize(
    "X", [cube, cube.tolist(), list(cube), torch.from_numpy(cube), [pd.DataFrame(row) for row in cube]]
)
def test_sequences_in_every_form_give_the_same_model(X: Any) -> None:
    model = LSTMClassifier(**SMALL).fit(X, y)
    assert model.n_features_in_ == 2
    np.testing.assert_array_equal(model.predict_proba(X), LSTMClassifier(**SMALL).fit(cube, y).predict_proba(cube))


def test_frames_keep_the_names_of_their_columns() -> None:
    frame = pd.DataFrame(table, columns=list("abcde"))
    model = LSTMClassifier(**SMALL).fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(InputError, match="feature names should match those that were passed during fit"):
        model.predict(frame[list("edcba")])


def test_frames_as_sequences_keep_the_names_of_their_columns() -> None:
    frames = [pd.DataFrame(row, columns=["a", "b"]) for row in cube]
    model = LSTMClassifier(**SMALL).fit(frames, y)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(InputError, match="feature names should match those that were passed during fit"):
        model.predict([frame[["b", "a"]] for frame in frames])
    assert model.predict(frames).shape == (10,)


def test_sequences_of_any_length_can_be_predicted() -> None:
    rows = ragged_rows(12)
    model = LSTMClassifier(**SMALL).fit(rows, labels_of(rows))
    assert model.predict([np.zeros((1, 2)), np.zeros((50, 2))]).shape == (2,)


def test_a_row_is_predicted_alike_alone_and_among_others() -> None:
    rows = ragged_rows(40)
    model = LSTMClassifier(**SMALL).fit(rows, labels_of(rows))
    together = model.predict_proba(rows)
    for index in (0, 17, 39):
        np.testing.assert_allclose(model.predict_proba([rows[index]])[0], together[index], rtol=1e-5)


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (np.zeros((0, 5)), r"Found array with 0 sample\(s\)"),
        ([], "X has no sequences: it is empty"),
        (
            np.zeros((10, 5, 2, 1)),
            r"X is an array of shape \(10, 5, 2, 1\), but sequences are an array of shape \(n, T",
        ),
        (np.zeros(10), r"X is an array of shape \(10,\), but sequences are .*Reshape your data: X.reshape\(1, -1\)"),
        (None, "X is something of type NoneType, but sequences are an array of shape"),
        ((row for row in cube), r"X is a generator, which can be read only once. Give a list of its rows, list\(X\)"),
        (np.ma.masked_greater(table, 1.0), "X is a masked array in which values are masked"),
        (np.ma.masked_greater(cube, 1.0), "X is a masked array in which values are masked"),
        (
            [*(pd.DataFrame(row, columns=["a", "b"]) for row in cube[:9]), pd.DataFrame(cube[9], columns=["b", "a"])],
            r"X\[9\] has the columns \['b', 'a'\], but X\[0\] has \['a', 'b'\]",
        ),
        (np.where(table == table[3, 4], np.nan, table), r"X contains NaN at sequence 3, step 4, channel 0"),
        (np.where(cube == cube[3, 4, 1], np.inf, cube), r"X contains infinity at sequence 3, step 4, channel 1"),
        ([*cube[:9], cube[9, :, :1]], r"X\[9\] has 1 channels, but X\[0\] has 2"),
        (cube[:9], r"Found input variables with inconsistent numbers of samples: \[9, 10\]"),
    ],
)
def test_fit_refuses(X: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        LSTMClassifier(**SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("fitted_on", "X", "text"),
    [
        (cube, cube[:, :, :1], r"X has 1 channels, but LSTMClassifier was fitted on sequences of 2 channels"),
        (cube, table, r"X has one channel.* this LSTMClassifier was fitted on sequences of 2 channels. Give an array"),
        (table, cube, r"fitted on a table of shape \(n, 5\).*but X holds sequences of 2 channels or unlike lengths"),
        (table, table[:, :4], r"X has 4 features, but LSTMClassifier is expecting 5 features"),
        (table, [[1.0, 2.0], [1.0]], r"To predict sequences of any length, fit on an array of shape \(n, T, 1\)"),
        (cube, np.full((1, 5, 2), np.nan), r"X contains NaN at sequence 0, step 0, channel 0"),
        (cube, np.zeros((0, 5, 2)), r"X has no sequences"),
    ],
)
def test_predict_refuses(fitted_on: Any, X: Any, text: str) -> None:
    model = LSTMClassifier(**SMALL).fit(fitted_on, y)
    with pytest.raises(InputError, match=text):
        model.predict(X)


def test_channels_before_steps_are_noticed() -> None:
    walks = np.random.default_rng(0).normal(size=(10, 3, 60)).cumsum(axis=2)
    for X in (walks, list(walks), walks.tolist()):
        with pytest.warns(
            AmbiguousInputWarning, match=r"3 steps with 60 channels, but they look like 60 steps with 3 ch"
        ):
            model = LSTMClassifier(**SMALL).fit(X, y)
    assert model.predict(walks).shape == (10,)
    with pytest.warns(AmbiguousInputWarning, match=r"a single step with 60 channels.*np.swapaxes\(X, 1, 2\)"):
        LSTMClassifier(**SMALL).fit(walks[:, :1], y)
    model = LSTMClassifier(**SMALL).fit(np.swapaxes(walks, 1, 2), y)
    with pytest.raises(InputError, match=r"X has 60 channels.*if X is \(n, I, T\), as np.swapaxes\(X, 1, 2\)"):
        model.predict(walks)
    unlike = [walks[index][:, : 20 + index] for index in range(10)]
    with pytest.raises(InputError, match=r"If they are \(I, T_i\), give \[np.transpose\(row\) for row in X\]"):
        LSTMClassifier(**SMALL).fit(unlike, y)


@pytest.mark.parametrize("X", ["a text", ["a text"] * 10, np.array(["a text"] * 10), pd.Series(["a text"] * 10)])
def test_texts_are_for_another_estimator(X: Any) -> None:
    with pytest.raises(InputError, match="X holds text, but LSTMClassifier takes sequences of numbers. For texts use"):
        LSTMClassifier(**SMALL).fit(X, y)


@pytest.mark.parametrize("dates", [pd.date_range("2026", periods=4, tz="UTC"), pd.to_timedelta(range(4), unit="s")])
def test_dates_are_told_of_by_their_column(dates: Any) -> None:
    X = pd.DataFrame({"first": range(4), "when": dates})
    with pytest.raises(InputError, match="Column 'when' of X holds dates or durations, but LSTMClassifier takes"):
        LSTMClassifier().fit(X, [0, 1, 0, 1])


def test_nested_frames_are_told_how_to_become_arrays() -> None:
    frame = pd.DataFrame({name: [pd.Series(row[:, place]) for row in cube] for place, name in enumerate("ab")})
    with pytest.raises(InputError, match=r"X is a nested frame.*\[np.column_stack\(row\) for row in X.to_numpy\(\)\]"):
        LSTMClassifier(**SMALL).fit(frame, y)
    np.testing.assert_array_equal([np.column_stack(row) for row in frame.to_numpy()], cube)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_tensors_of_a_table_and_of_sequences(dtype: torch.dtype) -> None:
    for values in (table, cube):
        rounded = torch.tensor(values).to(dtype)
        given = LSTMClassifier(**SMALL).fit(rounded.requires_grad_(), y)
        plain = LSTMClassifier(**SMALL).fit(rounded.detach().double().numpy(), y)
        np.testing.assert_allclose(given.predict_proba(rounded), plain.predict_proba(rounded), rtol=1e-6)

"""What estimators take as ``X``: tables and sequences, read into ``Sequences`` and held to what was fitted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from pandas.api.types import is_object_dtype
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_feature_names, validate_data

from gatecell._core.ambiguity import warn_ambiguous
from gatecell._core.errors import InputError, InputTypeError
from gatecell.data.arrays import as_plain
from gatecell.data.axis_order import looks_channel_first
from gatecell.data.sequences import Sequences, check_finite, check_unmasked

InputKind = Literal["table", "sequences"]
"""``"table"``: ``(n, T)``, each row one sequence of one channel, each column a step; its columns must be the same ones
at prediction. ``"sequences"``: ``(n, T, I)`` or ragged; the channels must be the same, the lengths need not."""


def read_input(estimator: BaseEstimator, X: Any, *, reset: bool) -> tuple[Sequences, InputKind]:
    """Read ``X``, and note its features on the estimator or hold it to those noted.

    Parameters
    ----------
    estimator : BaseEstimator
        With ``reset``, gets ``n_features_in_`` (columns of a table, channels of sequences) and, from a frame with text
        headers, ``feature_names_in_``.
    X : array (n, T), array (n, T, I), data frame, or list of arrays (T_i, I) or (T_i,)
    reset : bool
        True in ``fit``, False where ``X`` must match what was fitted.

    Raises
    ------
    InputError
        Where ``X`` is empty, holds NaN, infinity or what is not a number, has a wrong shape, or does not match.
    """
    X = as_plain(X, "X")
    _check_not_nested(X)
    if isinstance(X, list | tuple) and not X:
        raise InputError("X has no sequences: it is empty.")
    kind = _kind(X)
    if not reset and kind != estimator.input_kind_:
        X, kind = _converted(estimator, X, kind)
    return (_read_table(estimator, X, reset) if kind == "table" else _read_sequences(estimator, X, reset)), kind


def _check_not_nested(X: Any) -> None:
    """Raise where the cells of a frame hold series, as those of sktime's nested frames do."""
    if hasattr(X, "columns") and len(X) and any(np.ndim(cell) > 0 for cell in X.iloc[0]):
        raise InputTypeError(
            "X is a nested frame, whose cells hold series. Give a list of arrays of shape (T_i, I), "
            "as [np.column_stack(row) for row in X.to_numpy()]."
        )


@contextmanager
def as_input_errors() -> Iterator[None]:
    """Turn scikit-learn's complaints about data into ``InputError``, with the text that they have."""
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from error
    except TypeError as error:
        raise InputTypeError(str(error)) from error


def _kind(X: Any) -> InputKind:
    if isinstance(X, Sequences):
        return "sequences"
    if isinstance(X, list | tuple):
        if any(hasattr(row, "__array__") or hasattr(row, "iloc") for row in X):
            return "sequences"
        try:
            return "table" if np.asarray(X).ndim < 3 else "sequences"
        except ValueError:
            return "sequences"
    if is_object_dtype(X) and np.ndim(X) == 1 and len(X) and np.ndim(np.asarray(X)[0]) > 0:
        return "sequences"
    return "sequences" if getattr(X, "ndim", None) == 3 else "table"


def _converted(estimator: BaseEstimator, X: Any, kind: InputKind) -> tuple[Any, InputKind]:
    """Read a table as one-channel sequences, or the other way round, where the estimator was fitted on the other."""
    name = type(estimator).__name__
    if estimator.input_kind_ == "sequences":
        if estimator.n_features_in_ == 1:
            return Sequences.from_input(X), "sequences"
        raise InputError(
            f"X has one channel, since it is an array of shape (n, T); this {name} was fitted on sequences of "
            f"{estimator.n_features_in_} channels. Give an array of shape (n, T, {estimator.n_features_in_}), "
            f"or a list of arrays of shape (T_i, {estimator.n_features_in_})."
        )
    sequences = Sequences.from_input(X)
    if sequences.offsets is None and sequences.n_features == 1:
        return torch.squeeze(sequences.values, 2).numpy(), "table"
    raise InputError(
        f"This {name} was fitted on a table of shape (n, {estimator.n_features_in_}), each row one sequence of one "
        f"channel, but X holds {kind} of {sequences.n_features} channels or unlike lengths. "
        "To predict sequences of any length, fit on an array of shape (n, T, 1) or on a list of arrays."
    )


def _read_table(estimator: BaseEstimator, X: Any, reset: bool) -> Sequences:
    check_unmasked(X, "X")
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    if _holds_text(X):
        raise InputTypeError(
            f"X holds text, but {type(estimator).__name__} takes sequences of numbers. "
            "For texts use LSTMTextClassifier."
        )
    if len(shape) != 2:
        what = f"an array of shape {tuple(shape)}" if shape else f"something of type {type(X).__name__}"
        raise InputError(
            f"X is {what}, but sequences are an array of shape (n, T, I) or (n, T), or a list of arrays of shape "
            "(T_i, I): n rows, T steps, I channels. Reshape your data: X.reshape(1, -1) is one row of one channel."
        )
    if hasattr(X, "columns"):
        dated = [name for name, dtype in X.dtypes.items() if dtype.kind in "mM"]
        if dated:
            raise InputTypeError(
                f"Column {dated[0]!r} of X holds dates or durations, but {type(estimator).__name__} takes sequences of "
                "numbers. Leave it out, or give what it says as numbers."
            )
    with as_input_errors():
        table = validate_data(estimator, X, reset=reset, dtype="numeric", ensure_all_finite=False)
        if table.dtype.kind == "f":
            check_finite(table[:, :, None], "X")
    return Sequences.from_input(table)


def _holds_text(X: Any) -> bool:
    return isinstance(X, str) or (len(np.shape(X)) == 1 and len(X) > 0 and isinstance(np.asarray(X)[0], str))


def _read_sequences(estimator: BaseEstimator, X: Any, reset: bool) -> Sequences:
    sequences = Sequences.from_input(X)
    if reset:
        estimator.n_features_in_ = sequences.n_features
        if looks_channel_first(sequences):
            _warn_channel_first(sequences)
    elif sequences.n_features != estimator.n_features_in_:
        turned = sequences.lengths is None and sequences.n_steps == estimator.n_features_in_
        raise InputError(
            f"X has {sequences.n_features} channels, but {type(estimator).__name__} was fitted on sequences of "
            f"{estimator.n_features_in_} channels. Give the channels of the fit, in their order"
            f"{': if X is (n, I, T), as np.swapaxes(X, 1, 2).' if turned else '.'}"
        )
    with as_input_errors():
        _check_feature_names(estimator, _first_frame(X), reset=reset)
    return sequences


def _warn_channel_first(sequences: Sequences) -> None:
    n_steps, n_channels = sequences.n_steps, sequences.n_features
    if n_steps == 1:
        looks = f"a single step with {n_channels} channels, which leaves nothing to remember from step to step"
        other = f"If they are {n_channels} steps of one channel"
    else:
        looks = (
            f"{n_steps} steps with {n_channels} channels, but they look like {n_channels} steps with {n_steps} channels"
        )
        other = "If they are, (n, I, T)"
    warn_ambiguous(
        f"X is read as (n, T, I): rows of {looks}. {other}, give np.swapaxes(X, 1, 2), here and to predict; if not, "
        'warnings.simplefilter("ignore", gatecell.AmbiguousInputWarning) silences this.'
    )


def _first_frame(X: Any) -> Any:
    """Return the first of a list of frames, whose columns all others must have too; all else as it is."""
    if not isinstance(X, list | tuple) or not all(hasattr(row, "columns") for row in X):
        return X
    columns = list(X[0].columns)
    for index, row in enumerate(X):
        if list(row.columns) != columns:
            raise InputError(
                f"X[{index}] has the columns {list(row.columns)}, but X[0] has {columns}. "
                "All sequences must have the same channels in the same order."
            )
    return X[0]

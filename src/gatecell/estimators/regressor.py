"""Sequences to numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils import Tags, check_array
from torch import Tensor

from gatecell._core.errors import ArtifactError, InputError
from gatecell._core.stated import Stated
from gatecell.data.scaling import ChannelScaler
from gatecell.estimators.inputs import as_input_errors
from gatecell.estimators.one_hot import in_order, own_names
from gatecell.estimators.rows import TrainingRows
from gatecell.estimators.target_arrays import COLLECTIONS, ONE_A_STEP, as_targets
from gatecell.estimators.values import ValueInputs
from gatecell.nn.config import LSTMConfig, NetworkConfig
from gatecell.training.config import TrainingConfig
from gatecell.training.prediction import Loss, Metric


class LSTMRegressor(RegressorMixin, ValueInputs):
    """Predict one or more numbers of each sequence with LSTM layers, by the mean squared error.

    The targets are scaled to mean 0 and variance 1 for training; predictions and the history's ``mae`` are in their
    own unit.

    Parameters
    ----------
    hidden_size, num_layers, bidirectional, dropout, input_dropout, recurrent_dropout
        The LSTM; see ``gatecell.nn.config.LSTMConfig``, whose defaults they have.
    pooling : "last", "mean", "max", "attention" or "self-attention"
        How the steps become one vector; see ``gatecell.nn.config.NetworkConfig``.
    lstm_options : dict, optional
        Any further field of ``LSTMConfig``, as ``{"layer_norm": True}``.
    scaling : "standard", "minmax" or None
        How each channel is scaled, fitted on the training rows alone. Standard by default: LSTMs learn badly from
        values far from 0.
    stateful : bool
        For long rows: a row is read from its first step as ever, but the gradient goes back over its last ``bptt``
        steps alone, and only they need memory for it; the state that they begin with is carried on without one. It
        does not change what is predicted, and needs ``bidirectional=False``.
    bptt : int
        Of ``stateful=True``, at least 1.
    max_epochs, batch_size, learning_rate, clip_norm, l2, patience, verbose
        The training; see ``gatecell.training.config.TrainingConfig``.
    validation_fraction : float in (0, 1), optional
        The share of the rows that is set aside for validation, at random. None: no validation part, unless ``fit`` is
        given one.
    training_options : dict, optional
        Any further field of ``TrainingConfig``, as ``{"lr_schedule": "cosine"}``.
    checkpoint_dir : path, optional
        A folder for a checkpoint at the end of every epoch. A ``fit`` of the same data with the same parameters goes on
        from it, and ends with the same weights as one that was never stopped.
    logger : "csv", "tensorboard", "mlflow", a logger of ``lightning.pytorch.loggers`` or None
        Where the parameters and each row of ``history_`` are logged besides; by default nowhere. ``fit`` begins a new
        log, ``partial_fit`` goes on with it. An object is used as it is, so that each fit wants one of its own.
    logger_dir : path, optional
        The folder that a logger with a name writes to: ``version_0``, ``version_1``, ... in it, one a fit; of MLflow
        the file ``mlflow.db``, unless the variable ``MLFLOW_TRACKING_URI`` names another place. None: the folder
        ``gatecell_logs`` in the working directory.
    random_state : int, Generator, RandomState or None
        Decides the initial weights, the order of the rows, dropout and the validation part. An integer gives the same
        result on every call, on one machine with one number of threads.

    Attributes
    ----------
    network_ : gatecell.nn.network.SequenceNetwork
    history_ : gatecell.training.history.History
        Loss (of scaled targets) and mean absolute error (in the unit of ``y``) of every epoch.
    training_ : gatecell.estimators.base.TrainingSummary
        Best epoch, whether it stopped early, seconds.
    n_features_in_ : int
        Channels of sequences, or columns of a table.
    n_outputs_ : int
        The number of targets a row.

    Examples
    --------
    >>> import numpy as np
    >>> from gatecell import LSTMRegressor
    >>> rows = np.random.default_rng(0).normal(size=(60, 12, 1))
    >>> total = rows.sum(axis=(1, 2))
    >>> model = LSTMRegressor(hidden_size=16, max_epochs=60, learning_rate=0.01, random_state=0).fit(rows, total)
    >>> model.score(rows, total) > 0.9
    True
    """

    learns_labels: ClassVar[bool] = False
    _target_names: list[Any] | None = None
    """Of several numbers a row in a frame the names of its columns."""

    def __init__(
        self,
        hidden_size: int = LSTMConfig.hidden_size,
        num_layers: int = LSTMConfig.num_layers,
        bidirectional: bool = LSTMConfig.bidirectional,
        dropout: float = LSTMConfig.dropout,
        input_dropout: float = LSTMConfig.input_dropout,
        recurrent_dropout: float = LSTMConfig.recurrent_dropout,
        pooling: str = NetworkConfig.pooling,
        lstm_options: Mapping[str, Any] | None = None,
        scaling: str | None = "standard",
        stateful: bool = TrainingConfig.stateful,
        bptt: int = TrainingConfig.bptt,
        max_epochs: int = TrainingConfig.max_epochs,
        batch_size: int = TrainingConfig.batch_size,
        learning_rate: float = TrainingConfig.learning_rate,
        clip_norm: float | None = TrainingConfig.clip_norm,
        l2: float = TrainingConfig.l2,
        validation_fraction: float | None = None,
        patience: int | None = TrainingConfig.patience,
        training_options: Mapping[str, Any] | None = None,
        checkpoint_dir: str | Path | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        verbose: int = TrainingConfig.verbose,
        logger: str | Logger | None = None,
        logger_dir: str | Path | None = None,
    ) -> None:
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.recurrent_dropout = recurrent_dropout
        self.pooling = pooling
        self.lstm_options = lstm_options
        self.scaling = scaling
        self.stateful = stateful
        self.bptt = bptt
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.l2 = l2
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.training_options = training_options
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.verbose = verbose
        self.logger = logger
        self.logger_dir = logger_dir

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the predicted numbers in the unit of ``y``, ``(n,)`` or ``(n, k)`` as ``y`` was.

        Raises
        ------
        InputError
            Where ``X`` cannot be used, or does not match what was fitted.
        """
        outputs = self._outputs(X)
        values: NDArray[np.float64] = self.target_scaler_.inverse(outputs).numpy()
        return values[:, 0] if self._single_column else values

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination, the mean over the columns of ``y``; 1 is best.

        Raises
        ------
        InputError
            Where ``X`` or ``y`` cannot be used, or do not match what was fitted.
        """
        with as_input_errors():
            true = _numbers(in_order(as_targets(y), self._target_names))
            return float(super().score(X, true, sample_weight))

    def _output_of(self, row: Any, label: Any) -> tuple[int, float]:
        place = 0 if label is None else label
        if place not in range(self.n_outputs_):
            raise InputError(f"There is no number {label!r}; the model predicts {self.n_outputs_}, counted from 0.")
        return place, self.target_scaler_.scale[place]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _note_targets(self, y: Any) -> None:
        shape = _numbers(y).shape
        self._target_names = own_names(y) if len(shape) == 2 and shape[1] > 1 else None
        self._single_column = len(shape) == 1
        self.n_outputs_ = 1 if self._single_column else shape[1]

    def _read_targets(self, y: Any) -> Tensor:
        numbers = _numbers(in_order(y, self._target_names))
        columns = numbers[:, None] if numbers.ndim == 1 else numbers
        if columns.shape[1] != self.n_outputs_:
            raise InputError(f"y has {columns.shape[1]} columns, but {self.n_outputs_} were fitted.")
        return torch.tensor(columns)

    def _prepare_targets(self, rows: TrainingRows, *, reset: bool) -> TrainingRows:
        if reset:
            self.target_scaler_ = ChannelScaler.fit(rows.target, "standard", rows.weight, name="y")
        return TrainingRows(rows.X, self.target_scaler_.transform(rows.target), rows.weight)

    def _fitted_to_json(self) -> dict[str, Any]:
        return {
            "target_scaler": self.target_scaler_.to_dict(),
            "single_column": self._single_column,
            "target_names": self._target_names,
        }

    def _fitted_from_json(self, values: Stated) -> None:
        self.n_outputs_ = self._n_network_outputs
        self.target_scaler_ = ChannelScaler.from_dict(values.value("target_scaler"), self.n_outputs_)
        self._single_column = values.flag("single_column")
        # files that were written before names of columns were kept lack them
        self._target_names = values.listed("target_names", self.n_outputs_) if values.has("target_names") else None
        if self._single_column and self.n_outputs_ != 1:
            raise ArtifactError(f"one column for {self.n_outputs_} outputs")

    @property
    def _n_outputs(self) -> int:
        return self.n_outputs_

    @property
    def _loss(self) -> Loss:
        return _squared_error

    @property
    def _metrics(self) -> dict[str, Metric]:
        scale = torch.tensor(self.target_scaler_.scale)
        return {"mae": lambda output, target: float(((output - target).abs() * scale).mean())}


def _numbers(y: Any) -> NDArray[np.float64]:
    """Return what ``as_targets`` returned as numbers, ``(n,)`` or ``(n, k)``."""
    if isinstance(y, list) and isinstance(y[0], COLLECTIONS) and not _is_rectangular(y):
        raise InputError(
            f"y has rows of unlike lengths, or without an order, but regression learns one number a row, (n,), or "
            f"the same number of them for all rows, (n, k). {ONE_A_STEP}"
        )
    kind = _NOT_NUMBERS.get(np.asarray(y).dtype.kind)
    if kind is not None:
        raise InputError(f"y holds {kind}, but regression learns real numbers. Give those.")
    try:
        with as_input_errors():
            numbers: NDArray[np.float64] = check_array(
                y, dtype=np.float64, ensure_2d=False, allow_nd=False, input_name="y", copy=True
            )
    except InputError as error:
        if "could not convert string to float" not in str(error):
            raise
        text = str(error).partition(": ")[2].removeprefix("np.str_(").rstrip(")")
        raise InputError(
            f"y holds text ({text}), but regression learns numbers. To learn classes use LSTMClassifier."
        ) from error
    return numbers


def _is_rectangular(rows: list[Any]) -> bool:
    return all(isinstance(row, tuple | list) and len(row) == len(rows[0]) for row in rows)


_NOT_NUMBERS = {"c": "complex numbers", "M": "dates", "m": "durations"}


def _squared_error(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).square()

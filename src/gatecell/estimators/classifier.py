"""Sequences to classes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from lightning.pytorch.loggers import Logger

from gatecell.estimators.classes import ClassTargets
from gatecell.estimators.values import ValueInputs
from gatecell.nn.config import LSTMConfig, NetworkConfig
from gatecell.training.config import TrainingConfig


class LSTMClassifier(ClassTargets, ValueInputs):
    """Classify sequences with LSTM layers, a pooling over time and a head for classes.

    Several classes get a softmax, two a single output with a sigmoid. ``y`` may also have several labels a row, as an
    array of 0 and 1 of ``(n, k)`` or as a list of tuples of labels: each label then gets a sigmoid of its own. An array
    whose every row has exactly one 1 is read as one-hot classes, with a warning; tuples never are.

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
        The share of the rows that is set aside for validation, in the proportions of the classes. None: no validation
        part, unless ``fit`` is given one.
    class_weight : dict or "balanced", optional
        How much the rows of each class count in the loss (of the validation part too), beside ``sample_weight``.
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
    classes_ : array (n_classes,)
        The labels, sorted.
    network_ : gatecell.nn.network.SequenceNetwork
    history_ : gatecell.training.history.History
        Loss and accuracy of every epoch.
    training_ : gatecell.estimators.base.TrainingSummary
        Best epoch, whether it stopped early, seconds.
    n_features_in_ : int
        Channels of sequences, or columns of a table.

    Examples
    --------
    >>> import numpy as np
    >>> from gatecell import LSTMClassifier
    >>> rows = np.random.default_rng(0).normal(size=(40, 12, 3))
    >>> labels = np.where(rows[:, :, 0].sum(axis=1) > 0, "up", "down")
    >>> model = LSTMClassifier(hidden_size=16, max_epochs=30, learning_rate=0.01, random_state=0).fit(rows, labels)
    >>> model.score(rows, labels) > 0.9
    True
    """

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
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
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
        self.class_weight = class_weight
        self.training_options = training_options
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.verbose = verbose
        self.logger = logger
        self.logger_dir = logger_dir

"""Sequences to classes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite
from torch import Tensor
from torch.nn.functional import cross_entropy

from gatecell._core.errors import ArtifactError, InputError, OptionError
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.inputs import as_input_errors
from gatecell.estimators.rows import TrainingRows
from gatecell.nn.config import LSTMConfig, NetworkConfig
from gatecell.training.config import TrainingConfig
from gatecell.training.prediction import Loss, Metric


class LSTMClassifier(ClassifierMixin, LSTMEstimator):
    """Classify sequences with LSTM layers, a pooling over time and a softmax over the classes.

    Parameters
    ----------
    hidden_size, num_layers, bidirectional, dropout, input_dropout, recurrent_dropout
        The LSTM; see ``gatecell.nn.config.LSTMConfig``, whose defaults they have.
    pooling : "last", "mean" or "max"
        How the steps become one vector; see ``gatecell.nn.config.NetworkConfig``.
    lstm_options : dict, optional
        Any further field of ``LSTMConfig``, as ``{"layer_norm": True}``.
    scaling : "standard", "minmax" or None
        How each channel is scaled, fitted on the training rows alone. Standard by default: LSTMs learn badly from
        values far from 0.
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
    random_state : int, RandomState or None
        Decides the initial weights, the order of the rows, dropout and the validation part. An integer gives the same
        result on every call.

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

    stratifies: ClassVar[bool] = True

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
        random_state: int | np.random.RandomState | None = None,
        verbose: int = TrainingConfig.verbose,
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

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these rows; the first call begins as ``fit`` does.

        Scaling stays as the first call fitted it, the optimiser keeps its moments, and each call adds a row to
        ``history_``. ``checkpoint_dir``, ``validation_fraction`` and ``patience`` have no part in it.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        classes : array, optional
            All labels that will ever come, at the first call; by default those of its ``y``.

        Raises
        ------
        InputError
            As in ``fit``, and where ``y`` has a label, or ``classes`` are others, than the first call said.
        """
        if (
            classes is not None
            and self.__sklearn_is_fitted__()
            and not np.array_equal(np.unique(classes), self.classes_)
        ):
            raise InputError(
                f"classes is {np.unique(classes).tolist()}, but the first call of partial_fit had "
                f"{self.classes_.tolist()}. Leave classes out, or fit anew."
            )
        return self._partial_fit(X, y, sample_weight, targets=y if classes is None else classes)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, ``(n, n_classes)`` in the order of ``classes_``; each row sums to 1.

        Raises
        ------
        InputError
            Where ``X`` cannot be used, or does not match what was fitted.
        """
        probabilities: NDArray[np.float64] = self._outputs(X).softmax(dim=1).numpy()
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row, ``(n,)``; errors as in ``predict_proba``."""
        best = self._outputs(X).argmax(dim=1).numpy()
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def _note_targets(self, y: Any) -> None:
        self.classes_ = np.unique(_labels(y))
        if len(self.classes_) < 2:
            raise _one_class(self.classes_.tolist()[0])

    def _read_targets(self, y: Any) -> Tensor:
        labels = _labels(y)
        known = np.isin(labels, self.classes_)
        if not known.all():
            raise InputError(
                f"y has the label {labels[~known].tolist()[0]!r}, which is none of the classes "
                f"{self.classes_.tolist()}. Give rows of known classes, or fit anew with all of them."
            )
        return torch.from_numpy(np.searchsorted(self.classes_, labels))

    def _check_learnable(self, rows: TrainingRows) -> None:
        target = rows.target if rows.weight is None else rows.target[rows.weight > 0]
        present = target.unique()
        if len(present) == 1:
            raise _one_class(self.classes_.tolist()[int(present)])

    def _prepare_targets(self, rows: TrainingRows, *, reset: bool) -> TrainingRows:
        if self.class_weight is None:
            return rows
        if reset:
            self._class_weights = self._computed_class_weights(rows)
        own = self._class_weights[rows.target]
        return TrainingRows(rows.X, rows.target, own if rows.weight is None else own * rows.weight)

    def _computed_class_weights(self, rows: TrainingRows) -> Tensor:
        classes = np.arange(len(self.classes_))
        given: Any = self.class_weight
        if isinstance(given, Mapping):
            unknown = [label for label in given if label not in self.classes_.tolist()]
            if unknown:
                raise OptionError(
                    f"class_weight has the label {unknown[0]!r}, which is none of the classes {self.classes_.tolist()}."
                )
            places = {label: index for index, label in enumerate(self.classes_.tolist())}
            given = {places[label]: weight for label, weight in given.items()}
        elif given != "balanced":
            raise OptionError(f'class_weight must be a dict of label to weight, "balanced" or None, got {given!r}.')
        target, weight = rows.target.numpy(), None if rows.weight is None else rows.weight.numpy()
        absent = np.setdiff1d(classes, target)
        if given == "balanced" and len(absent):
            raise InputError(
                f'class_weight="balanced" needs rows of every class, but there is none of '
                f"{self.classes_[absent].tolist()} in the first rows. Give the weights as a dict."
            )
        return torch.from_numpy(compute_class_weight(given, classes=classes, y=target, sample_weight=weight))

    def _fitted_to_json(self) -> dict[str, Any]:
        weights = getattr(self, "_class_weights", None)
        return {
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "class_weights": None if weights is None else weights.tolist(),
        }

    def _fitted_from_json(self, values: dict[str, Any]) -> None:
        self.classes_ = np.array(values["classes"], dtype=np.dtype(values["classes_dtype"]))
        if self.classes_.shape != (self._n_network_outputs,):
            raise ArtifactError(f"{len(self.classes_)} classes for {self._n_network_outputs} outputs")
        if values["class_weights"] is not None:
            self._class_weights = torch.tensor(values["class_weights"], dtype=torch.float64)

    @property
    def _n_outputs(self) -> int:
        return len(self.classes_)

    @property
    def _loss(self) -> Loss:
        return _cross_entropy

    @property
    def _metrics(self) -> dict[str, Metric]:
        return {"accuracy": _accuracy}


def _labels(y: Any) -> NDArray[Any]:
    with as_input_errors():
        labels = column_or_1d(y, warn=True)
        if labels.dtype.kind == "f":
            assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
    return np.asarray(labels)


def _one_class(label: Any) -> InputError:
    return InputError(
        f"All rows that count are of one class ({label!r}); a classifier needs rows of at least two classes to learn "
        "what tells them apart."
    )


def _cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return cross_entropy(output, target, reduction="none")


def _accuracy(output: Tensor, target: Tensor) -> float:
    return float((output.argmax(dim=1) == target).double().mean())

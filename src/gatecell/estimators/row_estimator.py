"""Estimators of rows: from ``X`` and ``y`` to a trained network, and from there to its outputs."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted
from torch import Tensor

from gatecell._core.errors import InputError, InputTypeError, OptionError
from gatecell._core.random import derive_seed
from gatecell.data.arrays import as_plain
from gatecell.data.holdout import split_off
from gatecell.data.sequences import check_unmasked
from gatecell.estimators.base import ONE_EPOCH, LSTMEstimator, TrainingRun, check_watched
from gatecell.estimators.exact import ExactHead
from gatecell.estimators.inputs import as_input_errors
from gatecell.estimators.inspected import Inspected
from gatecell.estimators.rows import Inputs, TrainingRows
from gatecell.estimators.settings import training_config
from gatecell.estimators.step_targets import check_not_of_steps
from gatecell.estimators.target_arrays import as_targets
from gatecell.training.batches import Rows, RowSource
from gatecell.training.loop import predict


class RowEstimator(Inspected, LSTMEstimator):
    """An estimator of rows: of each ``X`` has one sequence, and ``y`` one target.

    A subclass says what its inputs are: how they are read, what is fitted to them, and which network takes them; and
    what its targets are: how they are read, what is lost by a wrong output, and what is measured.
    """

    learns_labels: ClassVar[bool]
    """Whether targets are labels; otherwise they are numbers."""
    stratifies: ClassVar[bool] = False
    """Whether a validation part taken from the rows keeps the proportions of the targets."""
    validation_rows_: NDArray[np.int64] | None = None
    """Which rows the last ``fit`` set aside for validation, rising; None where none were, and after loading."""

    @abstractmethod
    def _read_inputs(self, X: Any, *, reset: bool) -> Inputs:
        """Return raw inputs; ``reset`` notes on the estimator what they are, else they are held to what was noted."""

    @abstractmethod
    def _fit_inputs(self, rows: TrainingRows) -> None:
        """Fit what inputs need before a network takes them, to the training rows alone."""

    @abstractmethod
    def _network_rows(self, X: Any, *, training: bool) -> Rows:
        """Return what the network takes, by index, from what ``_read_inputs`` returned."""

    @abstractmethod
    def takes(self) -> str:
        """Return in a few words what a fitted estimator takes as ``X``."""

    @abstractmethod
    def _note_targets(self, y: Any) -> None:
        """Note on the estimator what the targets are, as ``as_targets`` returns them."""

    @abstractmethod
    def _read_targets(self, y: Any) -> Tensor:
        """Return raw targets, ``(n, ...)``, held to what was noted; ``y`` is as ``as_targets`` returns it."""

    @abstractmethod
    def _prepare_targets(self, rows: TrainingRows, *, reset: bool) -> TrainingRows:
        """Return the rows with the targets and weights as the loss takes them; ``reset`` fits what that needs."""

    def _check_learnable(self, rows: TrainingRows) -> None:
        """Raise ``InputError`` where there is nothing to learn from these rows; by default they are fine."""

    @property
    def _has_sets(self) -> bool:
        """Whether the targets of the fit were sets of labels."""
        return False

    @property
    @abstractmethod
    def _n_outputs(self) -> int:
        """The number of outputs of the network."""

    def fit(self, X: Any, y: Any, *, validation_data: Any = None, sample_weight: Any = None) -> Self:
        """Fit, from new weights.

        Parameters
        ----------
        X : array (n, T, I), list of arrays (T_i, I), or table (n, T)
            The sequences. In a table each row is a sequence of one channel. Of a text estimator: a list of str.
        y : array (n,)
            The targets; of a regressor also (n, k). Of a classifier also rows of 0 and 1, (n, k): where every row has
            exactly one 1, they are read as one-hot classes, otherwise as several labels a row, as tuples of labels are.
        validation_data : tuple, optional
            ``(X, y)`` or ``(X, y, sample_weight)``: rows that are only measured, and that early stopping judges by.
        sample_weight : array (n,), optional
            How much each row counts, at least 0.

        Returns
        -------
        self

        Raises
        ------
        InputError
            Where the data cannot be used; the message says where and why.
        OptionError
            Where a parameter is out of its range, or parameters do not go together.
        NonFiniteLossError
            Where the loss became NaN or infinite. The estimator then holds the epochs before that, if there are any.
        TrainingError
            Where ``checkpoint_dir`` holds the checkpoint of another fit.

        Warns
        -----
        AmbiguousInputWarning
            Where one-hot rows are read as classes, where ``y`` has as many targets in each row as ``X`` has steps, and
            where ``X`` looks as if its channels came before its steps.

        Notes
        -----
        After every other error, or an interrupt, the estimator is as it was before the call.
        """
        with self._kept_unless_trained():
            self._fit(X, y, validation_data, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, validation_data: Any, sample_weight: Any) -> None:
        self._train(*self._training_run(X, y, validation_data=validation_data, sample_weight=sample_weight))

    def _training_run(self, X: Any, y: Any, *, validation_data: Any = None, sample_weight: Any = None) -> TrainingRun:
        seed = self._draw_seed()
        config = training_config(self.get_params(deep=False), seed, self._default_training)
        train, validation = self._read_parts(X, y, sample_weight, validation_data, seed)
        check_watched(config, validation)
        self._check_learnable(train)
        source, validation_source = self._prepared(train, validation, config.batch_size, reset=True)
        return TrainingRun(seed, config, source, validation_source, lambda: _identity(train, validation))

    def partial_fit(self, X: Any, y: Any, *, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these rows; the first call begins as ``fit`` does.

        Scaling or tokenizer stay as the first call fitted them, the optimiser keeps its moments, and each call adds a
        row to ``history_``. Parameters and errors are those of ``fit``; ``checkpoint_dir``, ``validation_fraction``,
        ``patience`` and ``lr_schedule`` have no part in it, and parameters of the network stay those of the first call.
        """
        return self._partial_fit(X, y, sample_weight, targets=y)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, *, targets: Any) -> Self:
        with self._kept_unless_trained():
            self._train_further(X, y, sample_weight, targets)
        return self

    def _train_further(self, X: Any, y: Any, sample_weight: Any, targets: Any) -> None:
        first = not self.__sklearn_is_fitted__()
        seed = self._draw_seed() if first else self.seed_
        config = training_config(self.get_params(deep=False), seed, self._default_training, **ONE_EPOCH)
        if not first:
            self._check_same_network()
        rows = self._read_rows(X, y, sample_weight, reset=first, targets=targets)
        source, _ = self._prepared(rows, None, config.batch_size, reset=first)
        if first:
            self._train_new(seed, config, source)
        else:
            self._train_on(config, source)

    def _read_parts(
        self, X: Any, y: Any, sample_weight: Any, validation_data: Any, seed: int
    ) -> tuple[TrainingRows, TrainingRows | None]:
        rows = self._read_rows(X, y, sample_weight, reset=True, targets=y)
        self.validation_rows_ = None
        if validation_data is None:
            if self.validation_fraction is None:
                return rows, None
            labels = rows.target if self.stratifies and rows.target.dim() == 1 else None
            parts = split_off(
                len(rows.X), self.validation_fraction, seed=derive_seed(seed, "validation"), labels=labels
            )
            self.validation_rows_ = parts[1].numpy()
            return rows.select(parts[0]), rows.select(parts[1])
        if self.validation_fraction is not None:
            raise OptionError(
                "Give validation_data or validation_fraction, not both: they are two ways to say which rows validate."
            )
        if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
            raise InputError("validation_data must be a tuple (X, y) or (X, y, sample_weight).")
        return rows, self._read_rows(*validation_data, reset=False)

    def _read_rows(
        self, X: Any, y: Any, sample_weight: Any = None, *, reset: bool, targets: Any = None
    ) -> TrainingRows:
        if y is None:
            raise InputError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        inputs = self._read_inputs(X, reset=reset)
        plain = as_targets(y, sets=not reset and self._has_sets)
        if reset:
            check_not_of_steps(inputs, plain, labels=self.learns_labels)
            self._note_targets(plain if targets is y else as_targets(targets))
        target = self._read_targets(plain)
        weight = None
        with as_input_errors():
            check_consistent_length(inputs, target)
            if sample_weight is not None:
                checked = _check_sample_weight(
                    _plain_weight(sample_weight), np.empty((len(inputs), 1)), dtype=np.float64, ensure_non_negative=True
                )
                weight = torch.tensor(checked)
        return TrainingRows(inputs, target, weight)

    def _prepared(
        self, train: TrainingRows, validation: TrainingRows | None, batch_size: int, *, reset: bool
    ) -> tuple[RowSource, RowSource | None]:
        train = train.normalised(batch_size)
        if reset:
            self._fit_inputs(train)
        source = self._source(self._prepare_targets(train, reset=reset), training=True)
        if validation is None:
            return source, None
        return source, self._source(self._prepare_targets(validation, reset=False), training=False)

    def _source(self, rows: TrainingRows, *, training: bool) -> RowSource:
        weight = None if rows.weight is None else rows.weight.float()
        return RowSource(self._network_rows(rows.X, training=training), rows.target, weight)

    def _one_row(self, row: Any) -> tuple[Tensor, Tensor | None]:
        check_is_fitted(self)
        rows = self._network_rows(self._read_inputs([row], reset=False), training=False)
        inputs, lengths = rows.take(torch.zeros(1, dtype=torch.int64))
        assert inputs is not None
        return inputs, lengths

    def _outputs(self, X: Any) -> Tensor:
        """Return the network's outputs, ``(n, n_outputs)`` float64."""
        check_is_fitted(self)
        inputs = self._read_inputs(X, reset=False)
        outputs = predict(ExactHead(self.network_), RowSource(self._network_rows(inputs, training=False)))
        lost = (~outputs.isfinite()).any(dim=1).nonzero()
        if len(lost):
            raise InputError(
                f"The network has no finite output for row {int(lost[0])} of X (counted from 0; {len(lost)} such in "
                "all): its values are too far from those that were fitted. Look for a wrong unit."
            )
        return outputs


def _plain_weight(weight: Any) -> Any:
    check_unmasked(weight, "sample_weight")
    if isinstance(weight, Mapping):
        raise InputTypeError(
            "sample_weight is a weight for each row. Weights of classes are the parameter class_weight."
        )
    return as_plain(weight, "sample_weight")


def _identity(train: TrainingRows, validation: TrainingRows | None) -> dict[str, str | None]:
    return {"train": train.fingerprint(), "validation": None if validation is None else validation.fingerprint()}

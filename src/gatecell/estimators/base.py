"""What the estimators share: from rows and targets to a trained network, and from there to its outputs."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted
from torch import Tensor

from gatecell._core.checks import check_integer
from gatecell._core.errors import InputError, NonFiniteLossError, OptionError
from gatecell._core.random import derive_seed
from gatecell.estimators.exact import ExactHead
from gatecell.estimators.holdout import split_off
from gatecell.estimators.inputs import as_input_errors
from gatecell.estimators.persistence import load_estimator, save_estimator
from gatecell.estimators.rows import Inputs, TrainingRows
from gatecell.estimators.settings import training_config
from gatecell.kernels.dispatch import Steps
from gatecell.nn.config import NetworkConfig
from gatecell.nn.lstm import LSTM
from gatecell.nn.network import SequenceNetwork
from gatecell.nn.summary import describe
from gatecell.training.batches import Rows, RowSource
from gatecell.training.config import TrainingConfig
from gatecell.training.loop import TrainingResult, fit, predict
from gatecell.training.prediction import Loss, Metric
from gatecell.training.state import TrainingState


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """How a fit went."""

    best_epoch: int | None
    """The epoch (from 1) with the best monitored value; None where nothing was monitored."""
    stopped_early: bool
    """Whether early stopping ended the run."""
    seconds: float
    """Wall time of the last ``fit`` or ``partial_fit``."""


_ONE_EPOCH: dict[str, Any] = {"max_epochs": 1, "patience": None, "lr_schedule": None}
"""What ``partial_fit`` changes in the training."""


class LSTMEstimator(BaseEstimator, ABC):
    """A network of LSTM layers behind scikit-learn's contract.

    A subclass has the constructor, which only stores. It says what its inputs are: how they are read, what is fitted to
    them, and which network takes them; and what its targets are: how they are read, what is lost by a wrong output, and
    what is measured.
    """

    DEFAULT_TRAINING: ClassVar[Mapping[str, Any]] = {}
    """Where the training of this estimator departs from the defaults of ``TrainingConfig``, in what is no parameter."""

    stratifies: ClassVar[bool] = False
    """Whether a validation part taken from the rows keeps the proportions of the targets."""

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
    def _network_config(self) -> NetworkConfig:
        """Return the network that the parameters and the fitted inputs and targets describe."""

    def _load_pretrained(self, network: SequenceNetwork) -> None:
        """Give a new network the weights that it does not begin to learn from nothing; by default there are none."""

    @abstractmethod
    def _inputs_to_json(self) -> dict[str, Any]:
        """Return what ``_read_inputs`` and ``_fit_inputs`` noted, as JSON values."""

    @abstractmethod
    def _inputs_from_json(self, values: dict[str, Any]) -> None:
        """Note again what ``_inputs_to_json`` returned."""

    @property
    @abstractmethod
    def _engine_steps(self) -> Steps:
        """Which kind of rows the engines get."""

    @property
    def _n_steps(self) -> int | None:
        """The number of steps of every row; None where it is not fixed."""
        return None

    @abstractmethod
    def takes(self) -> str:
        """Return in a few words what a fitted estimator takes as ``X``."""

    @abstractmethod
    def _note_targets(self, y: Any) -> None:
        """Note on the estimator what the targets are."""

    @abstractmethod
    def _read_targets(self, y: Any) -> Tensor:
        """Return raw targets, ``(n, ...)``, held to what was noted."""

    @abstractmethod
    def _prepare_targets(self, rows: TrainingRows, *, reset: bool) -> TrainingRows:
        """Return the rows with the targets and weights as the loss takes them; ``reset`` fits what that needs."""

    def _check_learnable(self, rows: TrainingRows) -> None:
        """Raise ``InputError`` where there is nothing to learn from these rows; by default they are fine."""

    @abstractmethod
    def _fitted_to_json(self) -> dict[str, Any]:
        """Return what ``_note_targets`` and ``_prepare_targets`` noted, as JSON values."""

    @abstractmethod
    def _fitted_from_json(self, values: dict[str, Any]) -> None:
        """Note again what ``_fitted_to_json`` returned."""

    @property
    @abstractmethod
    def _n_outputs(self) -> int:
        """The number of outputs of the network."""

    @property
    @abstractmethod
    def _loss(self) -> Loss:
        """The loss of each row."""

    @property
    @abstractmethod
    def _metrics(self) -> dict[str, Metric]:
        """What the history has beside the loss."""

    def fit(self, X: Any, y: Any, *, validation_data: Any = None, sample_weight: Any = None) -> Self:
        """Fit, from new weights.

        Parameters
        ----------
        X : array (n, T, I), list of arrays (T_i, I), or table (n, T)
            The sequences. In a table each row is a sequence of one channel. Of a text estimator: a list of str.
        y : array (n,)
            The targets; of a regressor also (n, k).
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

        Notes
        -----
        After every other error, or an interrupt, the estimator is as it was before the call.
        """
        with self._kept_unless_trained():
            self._fit(X, y, validation_data, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, validation_data: Any, sample_weight: Any) -> None:
        seed = self._draw_seed()
        config = training_config(self.get_params(deep=False), seed, self.DEFAULT_TRAINING)
        train, validation = self._read_parts(X, y, sample_weight, validation_data, seed)
        self._check_watched(config, validation)
        self._check_learnable(train)
        source, validation_source = self._prepared(train, validation, config.batch_size, reset=True)
        network = self._new_network(seed)
        folder = self.checkpoint_dir
        self.seed_ = seed
        try:
            result = fit(
                network,
                self._loss,
                source,
                validation_source,
                config,
                metrics=self._metrics,
                checkpoint_dir=folder,
                resume=folder is not None,
                identity=_identity(train, validation) if folder is not None else None,
            )
        except NonFiniteLossError as error:
            if error.result is not None:
                self._keep(network, error.result)
            raise
        self._keep(network, result)

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
        config = training_config(self.get_params(deep=False), seed, self.DEFAULT_TRAINING, **_ONE_EPOCH)
        if not first:
            self._check_same_network()
        rows = self._read_rows(X, y, sample_weight, reset=first, targets=targets)
        source, _ = self._prepared(rows, None, config.batch_size, reset=first)
        self.seed_ = seed
        # a copy, so that an epoch that is broken off leaves the weights that were there
        network = self._new_network(seed) if first else deepcopy(self.network_)
        start = None if first else self._training_state
        self._keep(network, fit(network, self._loss, source, None, config, metrics=self._metrics, start=start))

    @contextmanager
    def _kept_unless_trained(self) -> Iterator[None]:
        """Put every attribute back when the block raises, unless it came as far as ``_keep``."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            if vars(self).get("network_") is before.get("network_"):
                self.__dict__ = before
            raise

    def _check_same_network(self) -> None:
        """Raise where parameters no longer describe the network, but for its front, which fitted inputs decide."""
        fitted = self.network_.config
        asked = replace(self._network_config(), front=fitted.front)
        if asked != fitted:
            old, new = fitted.to_dict(), asked.to_dict()
            changed = [f"{name} was {old[name]!r} and is {new[name]!r}" for name in old if old[name] != new[name]]
            raise OptionError(
                f"partial_fit goes on with the network of the first call, which parameters no longer describe: "
                f"{'; '.join(changed)}. Set them back, or call fit for a new network."
            )

    def _check_watched(self, config: TrainingConfig, validation: TrainingRows | None) -> None:
        if config.patience is not None and validation is None and config.monitor.startswith("validation_"):
            raise OptionError(
                f"patience={config.patience} needs rows to validate on, since it watches {config.monitor}: "
                "set validation_fraction, or give fit validation_data."
            )

    def _draw_seed(self) -> int:
        integer = isinstance(self.random_state, int | np.integer)
        if self.checkpoint_dir is not None and not integer:
            raise OptionError(
                f"checkpoint_dir needs random_state to be an integer, so that a later fit can go on with the same run; "
                f"got {self.random_state!r}."
            )
        if integer:
            check_integer("random_state", self.random_state, minimum=0, maximum=2**32 - 1)
        try:
            generator = check_random_state(self.random_state)
        except ValueError as error:
            raise OptionError(
                f"random_state must be an integer, a numpy RandomState or None, got {self.random_state!r}."
            ) from error
        return int(generator.randint(2**31))

    def _read_parts(
        self, X: Any, y: Any, sample_weight: Any, validation_data: Any, seed: int
    ) -> tuple[TrainingRows, TrainingRows | None]:
        rows = self._read_rows(X, y, sample_weight, reset=True, targets=y)
        if validation_data is None:
            if self.validation_fraction is None:
                return rows, None
            labels = rows.target if self.stratifies and rows.target.dim() == 1 else None
            parts = split_off(
                len(rows.X), self.validation_fraction, seed=derive_seed(seed, "validation"), labels=labels
            )
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
        if reset:
            self._note_targets(targets)
        target = self._read_targets(y)
        weight = None
        with as_input_errors():
            check_consistent_length(inputs, target)
            if sample_weight is not None:
                checked = _check_sample_weight(
                    sample_weight, np.empty((len(inputs), 1)), dtype=np.float64, ensure_non_negative=True
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

    def _new_network(self, seed: int) -> SequenceNetwork:
        config = self._network_config()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(seed, "initial weights"))
            network = SequenceNetwork(config)
        self._load_pretrained(network)
        return network

    def _keep(self, network: SequenceNetwork, result: TrainingResult) -> None:
        self.network_ = network
        # the network has the weights; what partial_fit goes on from is the rest
        self._restore_training(
            replace(result.state, weights={}, best_weights={}),
            {"best_epoch": result.best_epoch, "stopped_early": result.stopped_early, "seconds": result.seconds},
        )

    @property
    def _n_network_outputs(self) -> int:
        return self.network_.config.output_size

    def _restore_training(self, state: TrainingState, summary: dict[str, Any]) -> None:
        self._training_state = state
        self.history_ = state.history
        self.training_ = TrainingSummary(**summary)

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

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def summary(self, steps: int | None = None) -> str:
        """Return the network as a table: layers, output shapes, numbers of parameters.

        Parameters
        ----------
        steps : int, optional
            T, to be shown in the shapes; by default the columns of the table that was fitted, or the word ``steps``.
        """
        check_is_fitted(self)
        return describe(self.network_, self._n_steps if steps is None else steps)

    def explain(self) -> str:
        """Return which engine runs each LSTM, in training and in prediction, and why the others do not."""
        check_is_fitted(self)
        parts = []
        for index, lstm in enumerate(self.network_.lstm):
            assert isinstance(lstm, LSTM)
            for use, training in (("training", True), ("prediction", False)):
                parts.append(f"lstm.{index}, {use}:\n{lstm.explain(training=training, steps=self._engine_steps)}")
        return "\n".join(parts)

    def save(self, path: str | Path) -> Path:
        """Write the fitted estimator to one ``.safetensors`` file, whole or not at all.

        ``gatecell.load`` reads it back, to predict or to go on with ``partial_fit``. Of the parameters,
        ``checkpoint_dir`` is left out, and a ``random_state`` that is no integer; ``seed_`` says what it gave.

        Raises
        ------
        ArtifactError
            Where something on the estimator cannot be written as JSON, such as labels that are neither numbers nor
            text; nothing is written then.
        """
        check_is_fitted(self)
        return save_estimator(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an estimator of this class from a file that ``save`` wrote.

        Raises
        ------
        ArtifactError
            Where the file is missing, damaged, of another program, or holds another kind of estimator.
        """
        return load_estimator(path, {cls.__name__: cls})


def _identity(train: TrainingRows, validation: TrainingRows | None) -> dict[str, str | None]:
    return {"train": train.fingerprint(), "validation": None if validation is None else validation.fingerprint()}

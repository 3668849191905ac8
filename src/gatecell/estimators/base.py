"""What every estimator shares: seeds, training, checkpoints, the network's description, the file."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from gatecell._core.checks import check_integer
from gatecell._core.errors import NonFiniteLossError, OptionError, unknown_name
from gatecell._core.random import derive_seed
from gatecell._core.stated import Stated
from gatecell.estimators.logs import log_going_on, new_log, without_log
from gatecell.estimators.persistence import load_estimator, save_estimator
from gatecell.estimators.settings import training_config
from gatecell.kernels.dispatch import Steps
from gatecell.nn.building import building
from gatecell.nn.config import NetworkConfig
from gatecell.nn.lstm import LSTM
from gatecell.nn.network import SequenceNetwork
from gatecell.nn.summary import describe
from gatecell.training.batches import BatchSource
from gatecell.training.config import TrainingConfig
from gatecell.training.loggers import check_logger
from gatecell.training.loop import TrainingResult, fit
from gatecell.training.prediction import Loss, Metric
from gatecell.training.state import TrainingState
from gatecell.tuning.learning_rate import HIGHEST_RATE, LOWEST_RATE, N_STEPS, LearningRateCurve, learning_rate_curve


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """How a fit went."""

    best_epoch: int | None
    """The epoch (from 1) with the best monitored value; None where nothing was monitored."""
    stopped_early: bool
    """Whether early stopping ended the run."""
    seconds: float
    """Wall time of the last ``fit`` or ``partial_fit``."""


class TrainingRun(NamedTuple):
    """A training that may begin: the data are read, the parameters are checked."""

    seed: int
    config: TrainingConfig
    source: BatchSource
    validation: BatchSource | None
    identity: Callable[[], Mapping[str, Any]]
    """What a checkpoint must agree on, where there is one."""


ONE_EPOCH: dict[str, Any] = {"max_epochs": 1, "patience": None, "lr_schedule": None}
"""What ``partial_fit`` changes in the training."""


class LSTMEstimator(BaseEstimator, ABC):
    """A network of LSTM layers behind scikit-learn's contract.

    A subclass has the constructor, which only stores. It reads data into sources of batches, says which network takes
    them, what is lost by a wrong output and what is measured; here are the training, its seeds and checkpoints, and the
    file.
    """

    NETWORK: ClassVar[Any] = SequenceNetwork
    """The class of the network, which is built from a record of the class ``CONFIG``."""
    CONFIG: ClassVar[Any] = NetworkConfig

    def set_params(self, **params: Any) -> Self:
        """Set parameters by their names, and return the estimator.

        Raises
        ------
        UnknownNameError
            For a name that is not a parameter; suggests the nearest.
        """
        known = self.get_params(deep=False)
        for name in params:
            if name not in known and "__" not in name:
                raise unknown_name(f"parameter of {type(self).__name__}", name, known)
        super().set_params(**params)
        return self

    @property
    def _default_training(self) -> Mapping[str, Any]:
        """Where the training departs from the defaults of ``TrainingConfig``, in what is not a parameter."""
        return {}

    @abstractmethod
    def _network_config(self) -> Any:
        """Return the network that the parameters and the fitted inputs and targets describe."""

    def _load_pretrained(self, network: SequenceNetwork) -> None:
        """Give a new network the weights that it does not begin to learn from nothing; by default there are none."""

    @abstractmethod
    def _inputs_to_json(self) -> dict[str, Any]:
        """Return what ``_read_inputs`` and ``_fit_inputs`` noted, as JSON values."""

    @abstractmethod
    def _inputs_from_json(self, values: Stated) -> None:
        """Note again what ``_inputs_to_json`` returned, held to the network, which is there already."""

    @property
    @abstractmethod
    def _engine_steps(self) -> Steps:
        """Which kind of rows the engines get."""

    @property
    def _n_steps(self) -> int | None:
        """The number of steps of every row; None where it is not fixed."""
        return None

    @abstractmethod
    def _fitted_to_json(self) -> dict[str, Any]:
        """Return what ``_note_targets`` and ``_prepare_targets`` noted, as JSON values."""

    @abstractmethod
    def _fitted_from_json(self, values: Stated) -> None:
        """Note again what ``_fitted_to_json`` returned, held to the network and the inputs, which are there already."""

    def _check_parameters(self) -> None:
        """Raise where parameters, as a file has them, are not such as a fit takes."""
        parameters = self.get_params(deep=False)
        for name in ("encoder", "vectors"):
            if not isinstance(parameters.get(name), str | None):
                raise OptionError(f"{name} must be text or None, got {parameters[name]!r}.")
        if self.random_state is not None:
            check_integer("random_state", self.random_state, minimum=0, maximum=2**32 - 1)
        training_config(parameters, self.seed_, self._default_training, **ONE_EPOCH)
        self._network_config()

    def _fitted_tensors(self) -> dict[str, Tensor]:
        """Return what was noted as tensors, where it is too much for JSON; by default nothing."""
        return {}

    def _fitted_from_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Note again what ``_fitted_tensors`` returned, before ``_fitted_from_json`` is called."""

    @property
    @abstractmethod
    def _loss(self) -> Loss:
        """The loss of each row."""

    @property
    @abstractmethod
    def _metrics(self) -> dict[str, Metric]:
        """What the history has beside the loss."""

    @abstractmethod
    def _training_run(self, *data: Any, **options: Any) -> TrainingRun:
        """Read what ``fit`` takes, note on the estimator what it is, and return the training that follows."""

    def learning_rate_curve(
        self,
        *data: Any,
        low: float = LOWEST_RATE,
        high: float = HIGHEST_RATE,
        n_steps: int = N_STEPS,
        **options: Any,
    ) -> LearningRateCurve:
        """Return the loss under a learning rate that rises from step to step, to choose ``learning_rate`` by.

        The estimator is not changed: a network of its parameters is trained aside and thrown away.

        Parameters
        ----------
        *data, **options
            What ``fit`` takes.
        low, high, n_steps
            See ``gatecell.tuning.learning_rate.learning_rate_curve``.

        Returns
        -------
        LearningRateCurve
            ``gatecell.plotting.LearningRateDisplay`` draws it.

        Raises
        ------
        InputError, OptionError
            As ``fit``.
        """
        probe = clone(self).set_params(checkpoint_dir=None)
        run = probe._training_run(*data, **options)
        network = probe._new_network(run.seed)
        return learning_rate_curve(network, probe._loss, run.source, run.config, low=low, high=high, n_steps=n_steps)

    def _train(
        self,
        seed: int,
        config: TrainingConfig,
        source: BatchSource,
        validation: BatchSource | None,
        identity: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Train a new network, and keep it.

        ``identity`` says what a checkpoint must agree on, where there is one.
        """
        network = self._new_network(seed)
        folder = self.checkpoint_dir
        self.seed_ = seed
        try:
            result = fit(
                network,
                self._loss,
                source,
                validation,
                config,
                metrics=self._metrics,
                checkpoint_dir=folder,
                resume=folder is not None,
                identity=identity() if folder is not None else None,
                log=new_log(self),
            )
        except NonFiniteLossError as error:
            if error.result is not None:
                self._keep(network, error.result)
            raise
        self._keep(network, result)

    def _train_new(self, seed: int, config: TrainingConfig, source: BatchSource) -> None:
        """Train a new network, without validation part and checkpoint, and keep it."""
        network = self._new_network(seed)
        self.seed_ = seed
        self._keep(network, fit(network, self._loss, source, None, config, metrics=self._metrics, log=new_log(self)))

    def _train_on(self, config: TrainingConfig, source: BatchSource) -> None:
        """Go on with the training of the network that is there."""
        # a copy, so that an epoch that is broken off leaves the weights that were there
        network = deepcopy(self.network_)
        start = self._training_state
        log = log_going_on(self)
        self._keep(network, fit(network, self._loss, source, None, config, metrics=self._metrics, start=start, log=log))

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

    def _as_fitted(self, asked: Any) -> Any:
        """Return a config with that of the fitted network in it which fitted inputs decide."""
        return replace(asked, front=self.network_.config.front)

    def _check_same_network(self) -> None:
        """Raise where parameters no longer describe the network, but for its front, which fitted inputs decide."""
        fitted = self.network_.config
        asked = self._as_fitted(self._network_config())
        if asked != fitted:
            old, new = fitted.to_dict(), asked.to_dict()
            changed = [f"{name} was {old[name]!r} and is {new[name]!r}" for name in old if old[name] != new[name]]
            raise OptionError(
                f"partial_fit goes on with the network of the first call, which parameters no longer describe: "
                f"{'; '.join(changed)}. Set them back, or call fit for a new network."
            )

    def _draw_seed(self) -> int:
        # first of all: what is missing should not be found out after the data have been read
        check_logger(self.logger)
        integer = isinstance(self.random_state, int | np.integer)
        if self.checkpoint_dir is not None and not integer:
            raise OptionError(
                f"checkpoint_dir needs random_state to be an integer, so that a later fit can go on with the same run; "
                f"got {self.random_state!r}."
            )
        if integer:
            check_integer("random_state", self.random_state, minimum=0, maximum=2**32 - 1)
        if isinstance(self.random_state, np.random.Generator):
            return int(self.random_state.integers(2**31))
        try:
            generator = check_random_state(self.random_state)
        except ValueError as error:
            raise OptionError(
                "random_state must be an integer, a numpy Generator, a numpy RandomState or None, "
                f"got {_named(self.random_state)}"
            ) from error
        return int(generator.randint(2**31))

    def _new_network(self, seed: int) -> Any:
        config = self._network_config()
        with building(torch.Generator().manual_seed(derive_seed(seed, "initial weights"))):
            network = self.NETWORK(config)
        self._load_pretrained(network)
        return network

    def _keep(self, network: Any, result: TrainingResult) -> None:
        self.network_ = network
        # the network has the weights; what partial_fit goes on from is the rest
        self._restore_training(
            replace(result.state, weights={}, best_weights={}),
            {"best_epoch": result.best_epoch, "stopped_early": result.stopped_early, "seconds": result.seconds},
        )

    @property
    def _n_network_outputs(self) -> int:
        size: int = self.network_.config.output_size
        return size

    def _restore_training(self, state: TrainingState, summary: dict[str, Any]) -> None:
        self._training_state = state
        self.history_ = state.history
        self.training_ = TrainingSummary(**summary)

    def __getstate__(self) -> dict[str, Any]:
        return without_log(super().__getstate__())

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
        ``checkpoint_dir``, ``logger`` and ``logger_dir`` are left out, and a ``random_state`` that is not an integer;
        ``seed_`` says what it gave.

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


def _named(random_state: object) -> str:
    """Return what was given, and what to write for something that generators are made of."""
    if isinstance(random_state, np.random.SeedSequence | np.random.BitGenerator):
        return f"a {type(random_state).__name__}. Write random_state=numpy.random.default_rng(...) around it."
    if isinstance(random_state, torch.Generator):
        return "a generator of PyTorch. Give a number, such as random_state=0."
    return f"{random_state!r}."


def check_watched(config: TrainingConfig, validation: object) -> None:
    """Raise where early stopping watches a validation part that is not there."""
    if config.patience is not None and validation is None and config.monitor.startswith("validation_"):
        raise OptionError(
            f"patience={config.patience} needs rows to validate on, since it watches {config.monitor}: "
            "set validation_fraction, or give them to fit."
        )

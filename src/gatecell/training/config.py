"""How a network is trained: one frozen record, each default stated here and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from gatecell._core.checks import check_choice, check_flag, check_integer, check_number
from gatecell._core.errors import OptionError
from gatecell._core.records import plain, record_from_dict, record_to_dict

OptimizerName = Literal["adam", "adamw", "sgd", "rmsprop"]
ScheduleName = Literal["cosine", "step", "exponential", "plateau"]

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop")
SCHEDULES = ("cosine", "step", "exponential", "plateau")
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
NOT_IN_RESULT = frozenset({"accelerator", "verbose"})
"""Fields that do not decide which weights come out, so that a run may be resumed under other values of them."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a network is trained.

    Raises
    ------
    OptionError
        Where a value is out of its range, or options do not go together.
    """

    max_epochs: int = 50
    """Passes over the rows, at least 1; early stopping may end the run before. Enough for some hundred rows, where an
    epoch has few steps; with many rows, fewer do."""
    batch_size: int = 32
    """Rows an optimiser step, at least 1; the last batch of an epoch may be smaller. Keras's default."""
    shuffle: bool = True
    """Whether each epoch has an order of its own, derived from ``(seed, epoch)`` alone; False: the rows as they lie.
    Streams are read in their order in any case."""
    length_window: int = 1
    """Of rows of unlike lengths: how many batches are drawn together and then divided by length, so that the rows of
    a batch are alike and hardly any step is padding; at least 1, which leaves every batch to chance."""
    stateful: bool = False
    """Truncated back-propagation through time (Williams & Peng 1990): the state is carried on where the gradient is
    not. Of rows with one target each, all of a row is read, and the gradient goes back over its last ``bptt`` steps. Of
    streams, pieces of ``bptt`` steps are read, each with the state in which the one before ended; a sequence begins
    with zero. False: the gradient goes back over a whole row; a piece of a stream begins with a state of zero."""
    bptt: int = 35
    """Steps over which the gradient goes back, at least 1, where sequences are read in pieces; as Zaremba et al. (2014)
    have it in their larger networks."""
    optimizer: OptimizerName = "adam"
    """``"adam"`` (Kingma & Ba 2015), ``"adamw"`` (Loshchilov & Hutter 2019), ``"sgd"`` or ``"rmsprop"``."""
    learning_rate: float = 3e-3
    """Above 0. In the middle of what Greff et al. (2017) found good for LSTMs, 1e-3 to 1e-2; Adam's paper has 1e-3."""
    momentum: float = 0.0
    """In [0, 1); for ``"sgd"`` and ``"rmsprop"``."""
    weight_decay: float = 0.0
    """Decoupled decay of the weights, at least 0; for ``"adamw"``. The other optimisers take ``l2``."""
    lr_schedule: ScheduleName | None = None
    """How the rate moves from epoch to epoch: ``"cosine"`` to ``lr_minimum`` over ``max_epochs``; ``"step"`` times
    ``lr_factor`` every ``lr_every`` epochs; ``"exponential"`` times ``lr_factor`` every epoch; ``"plateau"`` times
    ``lr_factor`` after ``lr_patience`` epochs without a better ``monitor``. None: it stays."""
    lr_factor: float = 0.5
    """What the rate is multiplied with, in (0, 1)."""
    lr_every: int = 10
    """Epochs between two cuts of ``"step"``, at least 1."""
    lr_hold: int = 0
    """Epochs at the full rate before ``"cosine"``, ``"step"`` or ``"exponential"`` begins, at least 0."""
    lr_patience: int = 2
    """Epochs that ``"plateau"`` waits, at least 1."""
    lr_minimum: float = 0.0
    """The rate never falls below this, at least 0."""
    clip_norm: float | None = None
    """Largest Euclidean norm of all gradients together, above 0 (Pascanu et al. 2013); None: not clipped."""
    clip_value: float | None = None
    """Largest absolute value of an element of a gradient, above 0; applied before ``clip_norm``; None: not clipped."""
    l2: float = 0.0
    """The penalty ``l2 * sum(w ** 2)`` is added to the loss that is minimised, as in Keras, not to the one shown."""
    l2_parameters: tuple[str, ...] = ("*weight*",)
    """Glob patterns: the names of the parameters that ``l2`` is for; by default the weights, not the biases."""
    patience: int | None = None
    """Early stopping: epochs without a better ``monitor`` before the run ends, at least 1. The network then has the
    best weights, and also when ``max_epochs`` came first. None: no early stopping, the last weights stay."""
    monitor: str = "validation_loss"
    """The column of the history that early stopping and ``"plateau"`` watch."""
    monitor_mode: Literal["min", "max"] = "min"
    """Whether less or more of ``monitor`` is better."""
    min_delta: float = 0.0
    """What counts as better: more than this, at least 0."""
    seed: int = 0
    """Of the order of the rows and of dropout, at least 0. Same seed, same machine, same number of threads
    (``torch.get_num_threads()``): same weights, bit for bit. With another number PyTorch adds up in another order."""
    accelerator: str = "auto"
    """Where to train: ``"cpu"``, ``"gpu"`` (or ``"cuda"``), ``"mps"``; ``"auto"`` takes a GPU if there is one."""
    verbose: int = 0
    """0: silent; 1: a progress bar where standard error is a terminal, and elsewhere, as in a notebook or a file, one
    line an epoch; 2: one line an epoch on standard error."""

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, plain(getattr(self, field.name)))
        for name, minimum in _INTEGERS.items():
            check_integer(name, getattr(self, name), minimum=minimum, maximum=_LARGEST)
        for name in ("weight_decay", "lr_minimum", "l2", "min_delta"):
            check_number(name, getattr(self, name), minimum=0.0)
        for name in ("learning_rate", "clip_norm", "clip_value"):
            if getattr(self, name) is not None or name == "learning_rate":
                check_number(name, getattr(self, name), minimum=0.0, open_minimum=True)
        check_number("momentum", self.momentum, minimum=0.0, maximum=1.0, open_maximum=True)
        check_number("lr_factor", self.lr_factor, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        if self.patience is not None:
            check_integer("patience", self.patience, minimum=1)
        check_flag("shuffle", self.shuffle)
        check_flag("stateful", self.stateful)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        if self.lr_schedule is not None:
            check_choice("lr_schedule", self.lr_schedule, SCHEDULES)
        check_choice("monitor_mode", self.monitor_mode, ("min", "max"))
        check_choice("accelerator", self.accelerator, ACCELERATORS)
        self._check_combinations()

    def _check_combinations(self) -> None:
        if self.verbose > 2:
            raise OptionError(f"verbose must be 0, 1 or 2, got {self.verbose!r}.")
        if not isinstance(self.monitor, str):
            raise OptionError(f"monitor must be the name of a column of the history, got {self.monitor!r}.")
        patterns = self.l2_parameters
        if not isinstance(patterns, tuple) or not patterns or not all(isinstance(item, str) for item in patterns):
            raise OptionError(
                f'l2_parameters must be a tuple of patterns of parameter names, as ("*weight*",), got {patterns!r}.'
            )
        if self.momentum and self.optimizer not in ("sgd", "rmsprop"):
            raise OptionError(
                f"momentum={self.momentum:g} has no effect with optimizer={self.optimizer!r}, which has moments. "
                'Use optimizer="sgd" or "rmsprop", or leave momentum at 0.'
            )
        if self.weight_decay and self.optimizer != "adamw":
            raise OptionError(
                f"weight_decay={self.weight_decay:g} has no effect with optimizer={self.optimizer!r}. "
                'Use optimizer="adamw", or l2 for a penalty in the loss.'
            )
        if self.lr_minimum > self.learning_rate:
            raise OptionError(
                f"lr_minimum={self.lr_minimum:g} is above learning_rate={self.learning_rate:g}; it only falls."
            )

    @property
    def restores_best(self) -> bool:
        """Whether the network ends with the weights of its best epoch."""
        return self.patience is not None

    @property
    def watches_monitor(self) -> bool:
        """Whether the run needs the column ``monitor``."""
        return self.patience is not None or self.lr_schedule == "plateau"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return record_to_dict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainingConfig":
        """Build from ``to_dict``'s result, or from some fields; the error for an unknown name suggests the nearest."""
        return record_from_dict(cls, values)


_LARGEST = 2**63 - 1
"""What PyTorch can count."""

_INTEGERS = {
    "max_epochs": 1,
    "batch_size": 1,
    "length_window": 1,
    "bptt": 1,
    "lr_every": 1,
    "lr_hold": 0,
    "lr_patience": 1,
    "seed": 0,
    "verbose": 0,
}

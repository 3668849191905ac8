"""All that a run needs to go on from the end of an epoch as if it had never stopped."""

from dataclasses import dataclass, field

from torch import Tensor, nn

from gatecell.training.history import History
from gatecell.training.schedule import Watch

Tensors = dict[str, Tensor]


@dataclass
class TrainingState:
    """The state of a run at the end of an epoch.

    No generator state is in it: the order of the rows and the dropout of an epoch derive from the seed and the epoch.
    """

    epochs_done: int = 0
    """Finished epochs, those of earlier calls included."""
    first_epoch: int = 0
    """``epochs_done`` when this run began: above 0 after ``partial_fit``."""
    stopped_early: bool = False
    """Whether early stopping has ended the run."""
    weights: Tensors = field(default_factory=dict)
    """The network's state dict at the end of the last finished epoch."""
    best_weights: Tensors = field(default_factory=dict)
    """That of the best epoch; empty unless early stopping is asked for."""
    optimizer: Tensors = field(default_factory=dict)
    """The optimiser's moments, see ``optimizer_tensors``."""
    history: History = field(default_factory=History)
    """All finished epochs."""
    watch: Watch = field(default_factory=Watch)
    """The best value of the monitored column."""


def copy_weights(network: nn.Module) -> Tensors:
    """Return a copy of a network's state dict, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}

"""What is minimised: the loss of rows, or that of streams whose state is carried from batch to batch."""

import math
from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor, nn

from gatecell.training.batches import Batch
from gatecell.training.prediction import Loss, required_target, weighted_mean

State = tuple[Tensor, ...]
"""Tensors ``(1, B, ...)``, such as the h and c of each layer."""


class Outcome(NamedTuple):
    """What came of a batch."""

    minimised: Tensor
    """The number whose gradient is taken."""
    loss: Tensor
    """The mean loss that the history shows, without gradient."""
    weight: Tensor | int
    """How much ``loss`` counts in the mean over the batches."""
    prediction: Tensor | None
    """What metrics take, without gradient; None: there is nothing for them."""


@runtime_checkable
class Objective(Protocol):
    """What is done with a batch, and what is kept from one batch to the next."""

    def begin(self) -> None:
        """Forget what was kept: a pass over the batches begins."""

    def __call__(self, network: nn.Module, batch: Batch) -> Outcome:
        """Run the network on a batch."""

    def figures(self, loss: float) -> dict[str, float]:
        """Return what the history has beside the mean loss of an epoch."""


class RowObjective:
    """Rows, each by itself: the weighted mean of their losses.

    Parameters
    ----------
    loss : callable
        See ``gatecell.training.loop.fit``.
    bptt : int, optional
        What the network is given in training as the argument of this name: of how many steps, at the end of each row,
        there is a gradient. None: it is not given.
    """

    def __init__(self, loss: Loss, bptt: int | None = None) -> None:
        self._loss, self._bptt = loss, bptt

    def begin(self) -> None:
        """Forget nothing: nothing is kept."""

    def __call__(self, network: nn.Module, batch: Batch) -> Outcome:
        """Run the network on rows; for the arguments see ``gatecell.training.loop.fit``."""
        options = {} if self._bptt is None or not network.training else {"bptt": self._bptt}
        prediction: Tensor = network(*batch.inputs, **options)
        loss, weight = weighted_mean(self._loss(prediction, required_target(batch.target)), batch.weight)
        return Outcome(loss, loss.detach(), weight, prediction.detach())

    def figures(self, loss: float) -> dict[str, float]:
        """Return nothing: the metrics have it all."""
        return {}


class StreamNetwork(Protocol):
    """A network for streams; ``gatecell.nn.language.LanguageNetwork`` is one."""

    def __call__(
        self, tokens: Tensor, lengths: Tensor | None = None, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Return features ``(B, T, P)`` and the state after each lane's last step."""

    def loss(self, features: Tensor, target: Tensor, scale: float = 1.0) -> Tensor:
        """Return the sum of the losses of features ``(N, P)``, times ``scale``."""


class StreamObjective:
    """Truncated back-propagation through time (Williams & Peng 1990): the state goes on, its gradient does not.

    Takes batches of inputs (tokens ``(B, T)``, lengths ``(B,)`` or None, fresh ``(B,)``) and targets ``(B, T)``, of
    which those below 0 do not count. The state with which a lane ends a batch is the one with which it begins the next,
    detached; where ``fresh`` says that a sequence begins, it is zero.

    What is minimised is the sum over the steps of a batch, averaged over its lanes, as Zaremba et al. (2014) have it:
    their learning rate and their bound on the norm of the gradients are for this. What is shown is the mean over all
    steps, and its exponential, the perplexity.

    Parameters
    ----------
    stateful : bool
        False: every batch begins with a state of zero.
    """

    def __init__(self, *, stateful: bool = True) -> None:
        self._stateful = stateful
        self._state: State | None = None

    def begin(self) -> None:
        """Begin with a state of zero."""
        self._state = None

    def __call__(self, network: nn.Module, batch: Batch) -> Outcome:
        """Run the network on the next steps of every lane."""
        tokens, lengths, fresh = batch.inputs
        target = required_target(batch.target)
        assert tokens is not None
        assert fresh is not None
        features, state = network(tokens, lengths, zeroed(self._state, fresh))
        self._state = tuple(part.detach() for part in state) if self._stateful else None
        if lengths is None:
            features, target = features.flatten(0, 1), target.flatten()
        else:
            counts = target >= 0
            features, target = features[counts], target[counts]
        lanes, count = len(tokens), len(target)
        minimised = network.loss(features, target, 1 / lanes)  # type: ignore[operator]
        return Outcome(minimised, minimised.detach() * (lanes / count), count, None)

    def figures(self, loss: float) -> dict[str, float]:
        """Return the perplexity, ``exp(loss)``."""
        return {"perplexity": math.exp(min(loss, _LARGEST_EXPONENT))}


def zeroed(state: State | None, fresh: Tensor) -> State | None:
    """Return a state that is zero in the lanes where a sequence begins, ``fresh`` ``(B,)`` bool."""
    if state is None or not bool(fresh.any()):
        return state
    return tuple(part.masked_fill(fresh[None, :, None], 0.0) for part in state)


_LARGEST_EXPONENT = 700.0
"""Beyond this a perplexity is more than a float64 can hold."""

"""What happens inside: the gates and states of every step."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class LayerTrace:
    """The values of every step of one layer and direction, each (B, T, H), ``h`` (B, T, P).

    Step ``t`` stands at index ``t``, in a reverse direction too. At a step that does not count, ``c`` and ``h`` are
    carried, and the gates are those that had no effect.
    """

    layer: int
    """Index of the layer, 0 being next to the input."""
    reverse: bool
    """Whether this is the reverse direction."""
    i: Tensor
    """Input gate, in (0, 1)."""
    f: Tensor
    """Forget gate, in (0, 1)."""
    g: Tensor
    """Candidate, in (-1, 1)."""
    o: Tensor
    """Output gate, in (0, 1)."""
    c: Tensor
    """Cell state after the step."""
    h: Tensor
    """Hidden state after the step."""

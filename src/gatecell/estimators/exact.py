"""Predictions that do not depend on which rows are predicted together."""

from torch import Tensor, nn
from torch.nn.functional import linear

from gatecell.nn.network import SequenceNetwork


class ExactHead(nn.Module):
    """A fitted network whose head computes in float64 on the CPU.

    The native engine gives a row the same bits in every batch; a float32 matrix product does not, since its sums are
    taken in another order for another number of rows. In float64 the difference is below what float32 shows.
    """

    def __init__(self, network: SequenceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor | None) -> Tensor:
        """Return the outputs, ``(B, n_outputs)`` float64; arguments as of the network."""
        values, *lengths = inputs
        assert values is not None
        pooled = self.network.encode(values, *lengths).cpu()
        head = self.network.head
        return linear(pooled.double(), head.weight.cpu().double(), head.bias.cpu().double())

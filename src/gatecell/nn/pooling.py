"""How the steps of a row become one vector; a row without a valid step gives zeros."""

import torch
from torch import Tensor, nn

from gatecell.nn.attention import AdditiveAttentionPooling, SelfAttentionPooling
from gatecell.nn.config import NetworkConfig
from gatecell.nn.lstm import States


class LastPooling(nn.Module):
    """The final hidden state: after each row's last valid step, in the reverse direction after its first."""

    def forward(self, output: Tensor, states: States, lengths: Tensor | None) -> Tensor:
        """Pool; see ``build_pooling``."""
        return states[0].transpose(0, 1).flatten(1)


class MeanPooling(nn.Module):
    """The mean of the output over the valid steps."""

    def forward(self, output: Tensor, states: States, lengths: Tensor | None) -> Tensor:
        """Pool; see ``build_pooling``."""
        # the LSTM's output is 0 at steps that do not count
        if lengths is None:
            return output.sum(1) / max(output.shape[1], 1)
        return output.sum(1) / lengths.to(output.device).clamp(min=1)[:, None]


class MaxPooling(nn.Module):
    """The largest output of each feature over the valid steps."""

    def forward(self, output: Tensor, states: States, lengths: Tensor | None) -> Tensor:
        """Pool; see ``build_pooling``."""
        if output.shape[1] == 0:
            return output.sum(1)
        if lengths is None:
            return output.amax(1)
        count = lengths.to(output.device)[:, None]
        steps = torch.arange(output.shape[1], device=output.device)
        largest = output.masked_fill((steps >= count)[..., None], -torch.inf).amax(1)
        return largest.masked_fill(count == 0, 0.0)


def build_pooling(config: NetworkConfig) -> nn.Module:
    """Build the module of a network's pooling.

    It is called with the output of the last LSTM, ``(B, T, F)`` with zeros at steps that do not count; its final
    states (h, c) of the top layer, ``(directions, B, ...)``; and the lengths ``(B,)`` or None; and gives ``(B, F)``.
    """
    size = config.lstm[-1].output_size
    match config.pooling:
        case "last":
            return LastPooling()
        case "mean":
            return MeanPooling()
        case "max":
            return MaxPooling()
        case "attention":
            return AdditiveAttentionPooling(size)
        case "self-attention":
            return SelfAttentionPooling(size, config.attention_heads)

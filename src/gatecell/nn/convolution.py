"""Convolution over the steps before the LSTM: local patterns, and fewer steps to run."""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool1d, pad

from gatecell.kernels.reference import valid_steps
from gatecell.nn.config import ConvolutionConfig


class Convolution(nn.Module):
    """Convolution with zeros at both ends of each row (Keras's ``padding="same"``), ReLU, largest of every few steps.

    What lies behind a row's end has no part in it: a row has the same result whatever it is padded with.
    """

    def __init__(self, input_size: int, config: ConvolutionConfig) -> None:
        super().__init__()
        self.config = config
        self.filter = nn.Conv1d(input_size, config.filters, config.kernel_size)
        # as Keras has it; PyTorch's own start is smaller
        nn.init.xavier_uniform_(self.filter.weight)
        assert self.filter.bias is not None
        nn.init.zeros_(self.filter.bias)

    def forward(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return the shortened features and lengths.

        Parameters
        ----------
        x : (B, T, F)
        lengths : (B,) int64 or None

        Returns
        -------
        features : (B, ceil(T / pool_size), filters)
        lengths : (B,), or None where there were none
            ``ceil(length / pool_size)``.
        """
        kernel, pool = self.config.kernel_size, self.config.pool_size
        if x.shape[1] == 0:
            return x.new_zeros(len(x), 0, self.config.filters), lengths
        behind = None if lengths is None else ~valid_steps(x, lengths)[:, None]
        columns = x.transpose(1, 2)
        if behind is not None:
            columns = columns.masked_fill(behind, 0.0)
        # an even kernel has its longer arm ahead, as Keras's
        values = torch.relu(self.filter(pad(columns, ((kernel - 1) // 2, kernel // 2))))
        if behind is not None:
            # after ReLU nothing is below 0, so that 0 is never chosen over a step that counts
            values = values.masked_fill(behind, 0.0)
        # what is left over at the end is a pool of its own, so that a row of one step keeps it
        values = max_pool1d(values, pool, ceil_mode=True)
        return values.transpose(1, 2), None if lengths is None else -(-lengths // pool)

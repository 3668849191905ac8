"""Pooling by attention: the network says itself which steps count how much. Padding is never attended to."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from gatecell.kernels.reference import valid_steps
from gatecell.nn.lstm import States


class AdditiveAttentionPooling(nn.Module):
    """The mean of the steps, weighted by additive attention (Bahdanau, Cho & Bengio 2015; Yang et al. 2016, eq. 5-7).

    ``u_t = tanh(W h_t + b)``, ``a = softmax over steps of v . u_t``, pooled = ``sum_t a_t h_t``.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.key = nn.Linear(size, size)
        self.query = nn.Linear(size, 1, bias=False)
        for layer in (self.key, self.query):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.key.bias)

    def weights(self, output: Tensor, lengths: Tensor | None) -> Tensor:
        """Return how much each step counts, ``(B, T)``: each row sums to 1, or is all 0 where no step is valid."""
        scores = self.query(torch.tanh(self.key(output))).squeeze(2)
        return _softmax_over_valid(scores, _valid(output, lengths))

    def forward(self, output: Tensor, states: States, lengths: Tensor | None) -> Tensor:
        """Pool; see ``gatecell.nn.pooling.build_pooling``."""
        return torch.einsum("bt,btf->bf", self.weights(output, lengths), output)


class SelfAttentionPooling(nn.Module):
    """Every step looks at all steps by multi-head attention (Vaswani et al. 2017), then the mean over the steps.

    ``x_t + MultiHead(x)_t`` with the residual of section 3.1, heads of size F / heads, and no position encoding: the
    LSTM has put the order into the states.
    """

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.projection = nn.Linear(size, 3 * size)
        self.output = nn.Linear(size, size)
        for layer in (self.projection, self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def weights(self, output: Tensor, lengths: Tensor | None) -> Tensor:
        """Return how much each step looks at each, ``(B, heads, T, T)``: queries, then keys.

        The weights of a valid query sum to 1; those of a query that is no valid step are 0.
        """
        query, key, _ = self._projected(output)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        valid = _valid(output, lengths)
        weights = _softmax_over_valid(scores, valid[:, None, None])
        return weights.masked_fill(~valid[:, None, :, None], 0.0)

    def forward(self, output: Tensor, states: States, lengths: Tensor | None) -> Tensor:
        """Pool; see ``gatecell.nn.pooling.build_pooling``."""
        valid = _valid(output, lengths)
        mask = None
        if lengths is not None:
            # a row without a valid step looks at its first one, and is not counted below
            mask = _valid(output, lengths.clamp(min=1))[:, None, None]
        mixed = scaled_dot_product_attention(*self._projected(output), attn_mask=mask)
        steps = output + self.output(mixed.transpose(1, 2).flatten(2))
        count = valid.sum(1, keepdim=True).clamp(min=1)
        pooled: Tensor = steps.masked_fill(~valid[..., None], 0.0).sum(1) / count
        return pooled

    def _projected(self, output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.projection(output).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]


def _valid(output: Tensor, lengths: Tensor | None) -> Tensor:
    if lengths is None:
        return torch.ones(output.shape[:2], dtype=torch.bool, device=output.device)
    return valid_steps(output, lengths)


def _softmax_over_valid(scores: Tensor, valid: Tensor) -> Tensor:
    """Return the softmax over the last dimension where it is valid, 0 elsewhere, also where nothing is valid."""
    if scores.shape[-1] == 0:
        return scores
    masked = scores.masked_fill(~valid, -torch.inf)
    # exp(-inf - finite) is 0; a row of -inf alone would be 0/0, so that its largest is put to 0
    largest = masked.amax(-1, keepdim=True).detach()
    powers = (masked - largest.masked_fill(largest == -torch.inf, 0.0)).exp()
    return powers / powers.sum(-1, keepdim=True).clamp_min(torch.finfo(powers.dtype).tiny)

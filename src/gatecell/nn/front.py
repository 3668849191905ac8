"""What stands before the LSTM: each front turns its input into features ``(B, T, F)``.

A front is called with its input and the lengths ``(B,)`` of the rows, or None. What it gives for steps behind the end
of a row has no meaning.
"""

from typing import assert_never

import torch
from torch import Tensor, nn

from gatecell._core.errors import InputError
from gatecell.nn.config import EmbeddingFront, EncoderFront, Front, ValuesFront
from gatecell.nn.dropout import dropout, dropout_together
from gatecell.nn.encoder import Encoder
from gatecell.nn.masking import check_tokens

EMBEDDING_BOUND = 0.05
"""Embeddings start uniform in +- this, as Keras has them: small beside what they learn, also for rare tokens."""


class Values(nn.Module):
    """Values ``(B, T, I)`` as they are."""

    def __init__(self, config: ValuesFront) -> None:
        super().__init__()
        self.input_size = config.input_size

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the values ``(B, T, I)``.

        Raises
        ------
        InputError
            Where the shape is another.
        """
        if values.dim() != 3:
            raise InputError(
                f"The values must have shape (batch, steps, {self.input_size}), got {values.dim()} dimensions: "
                f"{tuple(values.shape)}."
            )
        if values.shape[2] != self.input_size:
            raise InputError(
                f"The network reads {self.input_size} features a step, but the values have {values.shape[2]}: "
                f"their shape is {tuple(values.shape)}."
            )
        return values

    def extra_repr(self) -> str:
        """Return the input size."""
        return str(self.input_size)


class Embedding(nn.Module):
    """Tokens ``(B, T)`` looked up in a table; in training values, features of a row, or steps may be dropped."""

    generator: torch.Generator | None = None
    """What decides what is dropped; None: PyTorch's default generator."""

    def __init__(self, config: EmbeddingFront) -> None:
        super().__init__()
        self.table = nn.Embedding(config.num_embeddings, config.embedding_dim, config.padding_index)
        self.table.weight.requires_grad_(not config.frozen)
        self.dropout = float(config.dropout)
        self.spatial_dropout = float(config.spatial_dropout)
        self.token_dropout = float(config.token_dropout)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the table anew, from PyTorch's default generator."""
        nn.init.uniform_(self.table.weight, -EMBEDDING_BOUND, EMBEDDING_BOUND)
        if self.table.padding_idx is not None:
            self.table.weight[self.table.padding_idx].zero_()

    def forward(self, tokens: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the values of the tokens ``(B, T)``, whole numbers, as ``(B, T, F)``.

        The values of a tensor on a GPU, or under ``torch.compile``, are not looked at, as with lengths.

        Raises
        ------
        InputError
            Where the shape is another, or a token is not in the table.
        """
        check_tokens(tokens)
        self._check_range(tokens)
        values: Tensor = self.table(tokens.long())
        if self.training and self.spatial_dropout:
            values = dropout_together(
                values, self.spatial_dropout, len(values), 1, values.shape[2], generator=self.generator
            )
        if self.training and self.token_dropout:
            values = dropout_together(values, self.token_dropout, *values.shape[:2], 1, generator=self.generator)
        return dropout(values, self.dropout, self.training, self.generator)

    def _check_range(self, tokens: Tensor) -> None:
        if tokens.device.type != "cpu" or torch.compiler.is_compiling() or not tokens.numel():
            return
        low, high = (int(bound) for bound in tokens.aminmax())
        if low < 0 or high >= self.table.num_embeddings:
            row, step = (tokens < 0).logical_or(tokens >= self.table.num_embeddings).nonzero()[0].tolist()
            raise InputError(
                f"The tokens must lie in 0..{self.table.num_embeddings - 1} (num_embeddings - 1), "
                f"but row {row} has {int(tokens[row, step])} at step {step}."
            )

    def extra_repr(self) -> str:
        """Return the dropouts, where there are some."""
        shown = {name: getattr(self, name) for name in ("dropout", "spatial_dropout", "token_dropout")}
        return ", ".join(f"{name}={value}" for name, value in shown.items() if value)


def build_front(config: Front) -> Values | Embedding | Encoder:
    """Build the module of a front.

    Raises
    ------
    MissingDependencyError
        Where an encoder is asked for, and ``transformers`` is not installed.
    """
    match config:
        case ValuesFront():
            return Values(config)
        case EmbeddingFront():
            return Embedding(config)
        case EncoderFront():
            return Encoder(config)
        case _:
            assert_never(config)

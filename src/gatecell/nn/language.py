"""A network that reads tokens and says, at each step, how probable each next token is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gatecell._core.checks import check_choice, check_flag, check_integer, check_number, check_probability
from gatecell._core.errors import InputError, OptionError
from gatecell._core.records import plain, record_from_dict, record_to_dict
from gatecell.kernels.options import PRECISIONS, Precision
from gatecell.nn.config import LSTMConfig
from gatecell.nn.dropout import dropout, dropout_together
from gatecell.nn.lstm import LSTM
from gatecell.nn.masking import check_tokens
from gatecell.nn.softmax import linear_cross_entropy

EMBEDDING_BOUND = 0.1
"""Embeddings, and the weights of the softmax, start uniform in +- this, as Zaremba et al. (2014) and those after them
have it."""

_CLUSTER_SHARE = 4
"""Of an adaptive softmax: how many times fewer features each cluster has than the one before, as in the paper."""


@dataclass(frozen=True, kw_only=True)
class LanguageConfig:
    """A language model: embedding, LSTM layers, softmax over the vocabulary.

    Raises
    ------
    OptionError
        Where a value is out of its range, or options do not go together.
    """

    vocabulary_size: int
    """V, the number of different tokens, at least 1; they are 0, 1, ..., V - 1."""
    embedding_dim: int
    """The number of values that stand for a token, at least 1."""
    lstm: LSTMConfig
    """The LSTM layers, all alike; in one direction. Its ``recurrent_dropout`` is variational, one mask a chunk; its
    ``dropout`` drops values of each step by themselves wherever one part feeds the next, before the first layer and
    behind the last one too (Zaremba et al. 2014); its ``input_dropout`` is to be 0, the three below stand for it."""
    tied: bool = False
    """Whether the softmax has the embedding as its weights (Press & Wolf 2017, Inan et al. 2017); the top layer must be
    as large as the embedding."""
    cutoffs: tuple[int, ...] = ()
    """Of an adaptive softmax (Grave et al. 2017): the numbers at which one cluster of tokens ends and the next, of less
    frequent tokens with fewer features, begins, rising, below V. Empty: every token has its own output."""
    embedding_dropout: float = 0.0
    """Probability in [0, 1) that a token is dropped wherever it stands in a chunk (Gal & Ghahramani 2016)."""
    input_dropout: float = 0.0
    """Probability in [0, 1) to drop a feature of the embedding for a whole lane of a chunk."""
    hidden_dropout: float = 0.0
    """Probability in [0, 1) to drop a feature between two layers for a whole lane of a chunk."""
    output_dropout: float = 0.0
    """Probability in [0, 1) to drop a feature of the top layer for a whole lane of a chunk."""
    softmax_precision: Precision = "full"
    """``"full"``, or ``"bfloat16"`` for the products of the softmax in training; see
    ``gatecell.nn.softmax.linear_cross_entropy``. An adaptive softmax has the first alone. For the LSTM layers there is
    ``lstm.precision``."""
    init_range: float | None = None
    """Every parameter starts uniform in +- this, above 0; None: as ``lstm.initialisation`` says, and embedding and
    softmax uniform in +- 0.1 with zero bias."""

    def __post_init__(self) -> None:
        check_integer("vocabulary_size", self.vocabulary_size, minimum=1)
        check_integer("embedding_dim", self.embedding_dim, minimum=1)
        check_flag("tied", self.tied)
        for name in ("embedding_dropout", "input_dropout", "hidden_dropout", "output_dropout"):
            check_probability(name, getattr(self, name))
        check_choice("softmax_precision", self.softmax_precision, PRECISIONS)
        if self.init_range is not None:
            check_number("init_range", self.init_range, minimum=0.0, open_minimum=True)
        if self.lstm.bidirectional:
            raise OptionError(
                "A language model reads in one direction: one that sees what follows has nothing to guess. "
                "Set bidirectional to False."
            )
        if self.lstm.input_dropout:
            raise OptionError("The dropout of what enters the layers is said by input_dropout and hidden_dropout.")
        if self.tied and self.embedding_dim != self.lstm.output_size:
            raise OptionError(
                f"tied=True needs an embedding as large as the top layer, but embedding_dim={self.embedding_dim} and "
                f"the layer has {self.lstm.output_size} features. Make them equal."
            )
        self._check_cutoffs()

    def _check_cutoffs(self) -> None:
        given: Any = self.cutoffs
        if not isinstance(given, Sequence | np.ndarray) or isinstance(given, str):
            raise OptionError(f"cutoffs must be a sequence of numbers, got {given!r}.")
        object.__setattr__(self, "cutoffs", tuple(map(plain, given)))
        if not self.cutoffs:
            return
        if self.tied:
            raise OptionError(
                "tied=True and an adaptive softmax (cutoffs) do not go together: its clusters have weights of other "
                "shapes than the embedding. Leave one of them out."
            )
        if self.softmax_precision != "full":
            raise OptionError(
                f"softmax_precision={self.softmax_precision!r} is not there for an adaptive softmax (cutoffs). "
                'Set it to "full".'
            )
        for cutoff in self.cutoffs:
            check_integer("a cutoff", cutoff, minimum=1)
        rising = all(a < b for a, b in zip(self.cutoffs, self.cutoffs[1:], strict=False))
        if not rising or self.cutoffs[-1] >= self.vocabulary_size:
            raise OptionError(
                f"cutoffs must rise and stay below the {self.vocabulary_size} tokens of the vocabulary, "
                f"got {list(self.cutoffs)}."
            )
        size, smallest = self.lstm.output_size, _CLUSTER_SHARE ** len(self.cutoffs)
        if size < smallest:
            raise OptionError(
                f"the top layer has {size} features, too few for {len(self.cutoffs)} cutoffs: of the rarest tokens "
                f"{size} / {smallest} would be left. Give fewer cutoffs, or a larger layer."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return record_to_dict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from ``to_dict``'s result, or from some fields; the error for an unknown name suggests the nearest."""
        if isinstance(values, Mapping) and isinstance(values.get("lstm"), Mapping):
            values = {**values, "lstm": LSTMConfig.from_dict(values["lstm"])}
        return record_from_dict(cls, values)


class TiedSoftmax(nn.Module):
    """What a softmax has of its own whose weights are the embedding: a bias."""

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))


class LanguageNetwork(nn.Module):
    """Tokens in, features that the softmax reads out, state from chunk to chunk.

    Examples
    --------
    >>> config = LanguageConfig(vocabulary_size=10, embedding_dim=4, lstm=LSTMConfig(hidden_size=8, num_layers=2))
    >>> network = LanguageNetwork(config)
    >>> features, state = network(torch.tensor([[1, 2, 3]]))
    >>> features, state = network(torch.tensor([[4]]), state=state)
    >>> network.log_probabilities(features).shape
    torch.Size([1, 1, 10])
    """

    generator: torch.Generator | None = None
    """What decides what is dropped outside the layers; None: PyTorch's default generator."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_dim)
        size = config.lstm.output_size
        sizes = (config.embedding_dim, *[size] * (config.lstm.num_layers - 1))
        self.lstm = nn.ModuleList(
            LSTM(each, batch_first=True, **_layer(config, index).layer_arguments()) for index, each in enumerate(sizes)
        )
        self.softmax: nn.Linear | nn.AdaptiveLogSoftmaxWithLoss | TiedSoftmax
        if config.cutoffs:
            self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
                size, config.vocabulary_size, list(config.cutoffs), div_value=_CLUSTER_SHARE
            )
        elif config.tied:
            self.softmax = TiedSoftmax(config.vocabulary_size)
        else:
            self.softmax = nn.Linear(size, config.vocabulary_size)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw embedding and softmax anew, and with ``init_range`` all parameters, from PyTorch's default generator."""
        bound = self.config.init_range
        if bound is not None:
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -bound, bound)
            return
        nn.init.uniform_(self.embedding.weight, -EMBEDDING_BOUND, EMBEDDING_BOUND)
        if isinstance(self.softmax, nn.Linear):
            nn.init.uniform_(self.softmax.weight, -EMBEDDING_BOUND, EMBEDDING_BOUND)
        if not isinstance(self.softmax, nn.AdaptiveLogSoftmaxWithLoss):
            nn.init.zeros_(self.softmax.bias)

    def forward(
        self, tokens: Tensor, lengths: Tensor | None = None, state: tuple[Tensor, ...] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read tokens.

        Parameters
        ----------
        tokens : (B, T) whole numbers in 0..V - 1
        lengths : (B,) whole numbers in 0..T, optional
            How many steps of each lane count.
        state : tuple of 2 L tensors, optional
            h ``(1, B, P)`` and c ``(1, B, H)`` of one layer after the other, as an earlier call returned them; zero by
            default.

        Returns
        -------
        features : (B, T, P)
            What ``losses`` and ``log_probabilities`` take; 0 at steps that do not count.
        state : the states after each lane's last step that counts

        Raises
        ------
        InputError
            Where tokens, lengths or state have another shape, or a token is not in the vocabulary.
        """
        check_tokens(tokens)
        x = self._embedded(tokens)
        each = self.config.lstm.dropout if self.training else 0.0
        final: tuple[Tensor, ...] = ()
        for index, layer in enumerate(self.lstm):
            x = dropout(x, each, generator=self.generator)
            x, own = layer(x, None if state is None else state[2 * index : 2 * index + 2], lengths=lengths)
            final += own
        if self.training and self.config.output_dropout:
            x = dropout_together(x, self.config.output_dropout, len(x), 1, x.shape[2], generator=self.generator)
        return dropout(x, each, generator=self.generator), final

    def loss(self, features: Tensor, target: Tensor, scale: float = 1.0) -> Tensor:
        """Return the sum of ``-log p(target)`` in nats, of features ``(N, P)`` and tokens ``(N,)``, times ``scale``."""
        if isinstance(self.softmax, nn.AdaptiveLogSoftmaxWithLoss):
            output: Tensor = self.softmax(features, target).output
            return -output.sum() * scale
        precision = self.config.softmax_precision if self.training else "full"
        bias, weight = self.softmax.bias, self._softmax_weight
        return linear_cross_entropy(features, weight, bias, target, scale=scale, precision=precision)

    def scores(self, features: Tensor) -> Tensor:
        """Return the log-probability of each next token up to a constant, ``(..., V)``, from features ``(..., P)``."""
        if isinstance(self.softmax, nn.AdaptiveLogSoftmaxWithLoss):
            return self.log_probabilities(features)
        return functional.linear(features, self._softmax_weight, self.softmax.bias)

    def log_probabilities(self, features: Tensor) -> Tensor:
        """Return the log-probability of each next token, ``(..., V)``, from features ``(..., P)``."""
        if isinstance(self.softmax, nn.AdaptiveLogSoftmaxWithLoss):
            flat: Tensor = self.softmax.log_prob(features.reshape(-1, features.shape[-1]))
            return flat.reshape(*features.shape[:-1], -1)
        return self.scores(features).log_softmax(-1)

    @property
    def _softmax_weight(self) -> Tensor:
        return self.softmax.weight if isinstance(self.softmax, nn.Linear) else self.embedding.weight

    def _embedded(self, tokens: Tensor) -> Tensor:
        n_tokens = self.config.vocabulary_size
        try:
            values = functional.embedding(tokens.long(), self.embedding.weight)
        except IndexError as error:
            low, high = (int(bound) for bound in tokens.aminmax())
            raise InputError(f"The tokens must lie in 0..{n_tokens - 1}, but they go from {low} to {high}.") from error
        if self.training and self.config.embedding_dropout:
            ones = values.new_ones(n_tokens, 1)
            kept = dropout_together(ones, self.config.embedding_dropout, n_tokens, 1, generator=self.generator)
            values = values * kept[tokens]
        return values


def _layer(config: LanguageConfig, index: int) -> LSTMConfig:
    entering = config.hidden_dropout if index else config.input_dropout
    return replace(config.lstm, num_layers=1, dropout=0.0, input_dropout=entering)

"""A network for sequences, built from its configuration: front, convolution, LSTMs, pooling, head."""

import torch
from torch import Tensor, nn

from gatecell._core.errors import InputError, OptionError
from gatecell.nn.attention import AdditiveAttentionPooling, SelfAttentionPooling
from gatecell.nn.config import NetworkConfig
from gatecell.nn.convolution import Convolution
from gatecell.nn.dropout import dropout, dropout_together
from gatecell.nn.front import build_front
from gatecell.nn.lstm import LSTM, States
from gatecell.nn.masking import LengthsLike, check_lengths
from gatecell.nn.normalisation import build_norm
from gatecell.nn.pooling import build_pooling
from gatecell.nn.truncation import truncated


class SequenceNetwork(nn.Module):
    """Sequences in, ``output_size`` numbers a row out.

    Parameters
    ----------
    config : NetworkConfig

    Raises
    ------
    EngineError
        Where an engine asked for by name does not cover the options of its LSTM.

    Examples
    --------
    >>> import torch
    >>> from gatecell.nn.config import LSTMConfig, NetworkConfig, ValuesFront
    >>> network = SequenceNetwork(
    ...     NetworkConfig(front=ValuesFront(input_size=3), lstm=(LSTMConfig(hidden_size=8),), output_size=2)
    ... )
    >>> network(torch.zeros(4, 10, 3), lengths=[10, 7, 1, 0]).shape
    torch.Size([4, 2])
    """

    generator: torch.Generator | None = None
    """What decides what is dropped between LSTMs and before the head; None: PyTorch's default generator."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.front = build_front(config.front)
        first_size = config.front.output_size
        self.convolution = None
        if config.convolution is not None:
            self.convolution = Convolution(first_size, config.convolution)
            first_size = config.convolution.filters
        input_sizes = (first_size, *(part.output_size for part in config.lstm))
        self.lstm = nn.ModuleList(
            LSTM(size, batch_first=True, **part.layer_arguments())
            for size, part in zip(input_sizes, config.lstm, strict=False)
        )
        self.norms = nn.ModuleList()
        if config.norm is not None:
            self.norms.extend(build_norm(config.norm, part.output_size) for part in config.lstm[:-1])
        self.pooling = build_pooling(config)
        n_pooled = config.lstm[-1].output_size
        self.head = nn.Linear(n_pooled + config.context_size, config.output_size)
        # Glorot-uniform with zero bias, as Keras has its dense layers and as our LSTMs start by default; a context
        # begins without a voice
        nn.init.zeros_(self.head.weight)
        nn.init.xavier_uniform_(self.head.weight[:, :n_pooled])
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        inputs: Tensor,
        lengths: LengthsLike | None = None,
        context: Tensor | None = None,
        *,
        bptt: int | None = None,
    ) -> Tensor:
        """Return the outputs.

        Parameters
        ----------
        inputs : (B, T, I) values, or (B, T) whole-number tokens, as the front takes
        lengths : (B,) whole numbers in 0..T, optional
            How many steps of each row count; what lies behind them has no effect (but a token there must be one).
        context : (B, context_size) values, for a network that takes one
        bptt : int, optional
            Of how many steps, at the end of each row, there is a gradient; None: of all. It does not change the values.

        Returns
        -------
        Tensor
            ``(B, output_size)``.

        Raises
        ------
        InputError
            Where shapes, tokens or lengths do not fit.
        OptionError
            Where ``bptt`` is given to a network that reads in both directions.
        """
        output: Tensor = self.head(self.encode(inputs, lengths, context, bptt=bptt))
        return output

    def encode(
        self,
        inputs: Tensor,
        lengths: LengthsLike | None = None,
        context: Tensor | None = None,
        *,
        bptt: int | None = None,
    ) -> Tensor:
        """Return what the head gets: the pooled steps with the context behind them, ``(B, F + context_size)``.

        In training, pooled values are dropped as ``head_dropout`` says. Arguments and errors as in ``forward``.
        """
        pooled: Tensor = self.pooling(*self._steps(inputs, lengths, bptt))
        if self.training and self.config.head_dropout:
            pooled = dropout_together(pooled, self.config.head_dropout, *pooled.shape, generator=self.generator)
        size = self.config.context_size
        if (0 if context is None else context.shape[-1]) != size or (context is not None and context.dim() != 2):
            given = "none" if context is None else f"one of shape {tuple(context.shape)}"
            raise InputError(f"The network takes a context of shape (batch, {size}), but got {given}.")
        return pooled if context is None else torch.cat([pooled, context], dim=1)

    def attention(self, inputs: Tensor, lengths: LengthsLike | None = None) -> Tensor:
        """Return the weights of a pooling by attention. Arguments and errors as in ``forward``.

        Returns
        -------
        Tensor
            With ``"attention"`` ``(B, T)``, how much each step counts; with ``"self-attention"`` ``(B, heads, T, T)``,
            how much each step looks at each. 0 at steps that do not count. After a convolution T is what it leaves.

        Raises
        ------
        OptionError
            Where the pooling has no weights.
        """
        if not isinstance(self.pooling, AdditiveAttentionPooling | SelfAttentionPooling):
            raise OptionError(
                f'pooling="{self.config.pooling}" has no attention weights. Use "attention" or "self-attention".'
            )
        x, _, checked = self._steps(inputs, lengths)
        return self.pooling.weights(x, checked)

    def _steps(
        self, inputs: Tensor, lengths: LengthsLike | None, bptt: int | None = None
    ) -> tuple[Tensor, States, Tensor | None]:
        """Return what a pooling takes: the top layer's output and final states, and the lengths."""
        checked = None
        if lengths is not None and inputs.dim() > 1:
            checked = check_lengths(lengths, inputs.shape[0], inputs.shape[1])
        x: Tensor = self.front(inputs, checked)
        if self.convolution is not None:
            x, checked = self.convolution(x, checked)
        for index, lstm in enumerate(self.lstm):
            if index:
                x = self.norms[index - 1](x, checked) if self.norms else x
                x = dropout(x, self.config.lstm[index - 1].dropout, self.training, self.generator)
            x, (h, c) = lstm(x, lengths=checked) if bptt is None else truncated(lstm, x, checked, bptt)
        top = slice(-2 if self.config.lstm[-1].bidirectional else -1, None)
        return x, (h[top], c[top]), checked

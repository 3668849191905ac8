"""A network for sequences, built from its configuration: front, LSTMs, pooling, head."""

from torch import Tensor, nn
from torch.nn.functional import dropout

from gatecell.nn.config import NetworkConfig
from gatecell.nn.front import build_front
from gatecell.nn.lstm import LSTM
from gatecell.nn.masking import LengthsLike, check_lengths
from gatecell.nn.pooling import build_pooling


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

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.front = build_front(config.front)
        input_sizes = (config.front.output_size, *(part.output_size for part in config.lstm))
        self.lstm = nn.ModuleList(
            LSTM(size, batch_first=True, **part.to_dict()) for size, part in zip(input_sizes, config.lstm, strict=False)
        )
        self.pooling = build_pooling(config.pooling)
        self.head = nn.Linear(config.lstm[-1].output_size, config.output_size)
        # Glorot-uniform with zero bias, as Keras has its dense layers and as our LSTMs start by default
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, inputs: Tensor, lengths: LengthsLike | None = None) -> Tensor:
        """Return the outputs.

        Parameters
        ----------
        inputs : (B, T, I) values, or (B, T) whole-number tokens, as the front takes
        lengths : (B,) whole numbers in 0..T, optional
            How many steps of each row count; what lies behind them has no effect (but a token there must be one).

        Returns
        -------
        Tensor
            ``(B, output_size)``.

        Raises
        ------
        InputError
            Where shapes, tokens or lengths do not fit.
        """
        pooled = dropout(self.encode(inputs, lengths), self.config.head_dropout, self.training)
        output: Tensor = self.head(pooled)
        return output

    def encode(self, inputs: Tensor, lengths: LengthsLike | None = None) -> Tensor:
        """Return what the head gets: the pooled steps, ``(B, F)``. Arguments and errors as in ``forward``."""
        x: Tensor = self.front(inputs)
        lengths = None if lengths is None else check_lengths(lengths, x.shape[0], x.shape[1])
        for lstm in self.lstm:
            x, (h, c) = lstm(x, lengths=lengths)
        top = slice(-2 if self.config.lstm[-1].bidirectional else -1, None)
        pooled: Tensor = self.pooling(x, (h[top], c[top]), lengths)
        return pooled

"""PyTorch modules: the LSTM, its cell, and networks built from them."""

from gatecell.nn.cell import LSTMCell
from gatecell.nn.config import EmbeddingFront, LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.lstm import LSTM
from gatecell.nn.network import SequenceNetwork

__all__ = [
    "LSTM",
    "EmbeddingFront",
    "LSTMCell",
    "LSTMConfig",
    "NetworkConfig",
    "SequenceNetwork",
    "ValuesFront",
]

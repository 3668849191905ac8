"""A network as a table: its layers, their output shapes, their parameters."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import nn

from gatecell._core.checks import check_integer
from gatecell.nn.config import LSTMConfig
from gatecell.nn.language import LanguageNetwork
from gatecell.nn.network import SequenceNetwork

HEADINGS = ("Layer (type)", "Output shape", "Parameters")


class Layer(NamedTuple):
    """A part of a network."""

    name: str
    """Where it stands among the modules, as ``lstm.0``."""
    kind: str
    """What it is, as ``LSTM, 2 directions``."""
    shape: tuple[int | str, ...]
    """Of its output, without the batch; the number of steps may be a word."""
    parameters: int
    """How many numbers it has."""

    @property
    def title(self) -> str:
        """Name and kind."""
        return f"{self.name} ({self.kind})"

    @property
    def shape_text(self) -> str:
        """The shape as text, with the batch."""
        return f"(batch, {', '.join(map(str, self.shape))})"


_Part = tuple[str, str, tuple[int | str, ...], nn.Module]


def describe(network: SequenceNetwork | LanguageNetwork, steps: int | None = None) -> str:
    """Describe a network layer by layer.

    Parameters
    ----------
    network : SequenceNetwork or LanguageNetwork
    steps : int, optional
        T, the number of steps to show in the shapes, at least 1; by default the word ``steps``.

    Returns
    -------
    str
        A table of several lines, ready to print. A shape is ``(batch, steps, features)``.

    Raises
    ------
    OptionError
        Where ``steps`` is out of its range.

    Examples
    --------
    >>> from gatecell.nn.config import EmbeddingFront, LSTMConfig, NetworkConfig
    >>> front = EmbeddingFront(num_embeddings=10_000, embedding_dim=32)
    >>> lstm = LSTMConfig(hidden_size=100)
    >>> network = SequenceNetwork(NetworkConfig(front=front, lstm=(lstm,), output_size=1))
    >>> print(describe(network, steps=80))
    Layer (type)       Output shape      Parameters
    -----------------------------------------------
    front (Embedding)  (batch, 80, 32)      320,000
    lstm.0 (LSTM)      (batch, 80, 100)      53,200
    pooling (last)     (batch, 100)               0
    head (Linear)      (batch, 1)               101
    -----------------------------------------------
    Total parameters: 373,301 (1.42 MiB)
    Trainable:        373,301
    Fixed:            0
    """
    table = [(layer.title, layer.shape_text, f"{layer.parameters:,}") for layer in layers_of(network, steps)]
    parameters = list(network.parameters())
    total = sum(parameter.numel() for parameter in parameters)
    trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    size = sum(parameter.numel() * parameter.element_size() for parameter in parameters)
    return "\n".join(
        [
            *_aligned(table),
            f"Total parameters: {total:,} ({_bytes_text(size)})",
            f"Trainable:        {trainable:,}",
            f"Fixed:            {total - trainable:,}",
        ]
    )


def layers_of(network: SequenceNetwork | LanguageNetwork, steps: int | None = None) -> list[Layer]:
    """Return the parts of a network, from input to output; arguments and errors as ``describe``."""
    if steps is not None:
        check_integer("steps", steps, minimum=1)
    parts = _parts(network, steps) if isinstance(network, SequenceNetwork) else _language_parts(network, steps)
    return [
        Layer(name, kind, shape, sum(parameter.numel() for parameter in module.parameters()))
        for name, kind, shape, module in parts
    ]


def _parts(network: SequenceNetwork, steps: int | None) -> Iterator[_Part]:
    config = network.config
    shown: int | str = "steps" if steps is None else steps
    yield "front", type(network.front).__name__, (shown, config.front.output_size), network.front
    if config.convolution is not None and network.convolution is not None:
        pool = config.convolution.pool_size
        if pool > 1:
            shown = f"steps/{pool}" if steps is None else -(-steps // pool)
        yield "convolution", "Conv1d, max", (shown, config.convolution.filters), network.convolution
    for index, (lstm, part) in enumerate(zip(network.lstm, config.lstm, strict=True)):
        if index and network.norms:
            norm = network.norms[index - 1]
            yield f"norms.{index - 1}", type(norm).__name__, (shown, config.lstm[index - 1].output_size), norm
        yield f"lstm.{index}", _kind(part), (shown, part.output_size), lstm
    yield "pooling", config.pooling, (config.lstm[-1].output_size,), network.pooling
    yield "head", type(network.head).__name__, (config.output_size,), network.head


def _language_parts(network: LanguageNetwork, steps: int | None) -> Iterator[_Part]:
    config = network.config
    shown: int | str = "steps" if steps is None else steps
    yield "embedding", "Embedding", (shown, config.embedding_dim), network.embedding
    for index, lstm in enumerate(network.lstm):
        yield f"lstm.{index}", "LSTM", (shown, config.lstm.output_size), lstm
    yield "softmax", type(network.softmax).__name__, (shown, config.vocabulary_size), network.softmax


def _kind(config: LSTMConfig) -> str:
    layers = f"{config.num_layers} layers" if config.num_layers > 1 else ""
    directions = "2 directions" if config.bidirectional else ""
    return ", ".join(filter(None, ("LSTM", layers, directions)))


def _aligned(table: list[tuple[str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (HEADINGS, *table)) for column in range(3)]
    rows = [
        f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}" for name, shape, count in (HEADINGS, *table)
    ]
    rule = "-" * len(rows[0])
    return [rows[0], rule, *rows[1:], rule]


def _bytes_text(size: int) -> str:
    value, unit = float(size), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{size} bytes" if unit == "bytes" else f"{value:.2f} {unit}"

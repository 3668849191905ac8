"""A network as a table: its layers, their output shapes, their parameters."""

from collections.abc import Iterator

from torch import nn

from gatecell._core.checks import check_integer
from gatecell.nn.config import LSTMConfig
from gatecell.nn.network import SequenceNetwork

HEADINGS = ("Layer (type)", "Output shape", "Parameters")


def describe(network: SequenceNetwork, steps: int | None = None) -> str:
    """Describe a network layer by layer.

    Parameters
    ----------
    network : SequenceNetwork
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
    if steps is not None:
        check_integer("steps", steps, minimum=1)
    table = [
        (name, f"(batch, {', '.join(map(str, shape))})", f"{sum(p.numel() for p in module.parameters()):,}")
        for name, shape, module in _lines(network, steps)
    ]
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


def _lines(network: SequenceNetwork, steps: int | None) -> Iterator[tuple[str, tuple[int | str, ...], nn.Module]]:
    config = network.config
    shown: int | str = "steps" if steps is None else steps
    yield f"front ({type(network.front).__name__})", (shown, config.front.output_size), network.front
    if config.convolution is not None and network.convolution is not None:
        pool = config.convolution.pool_size
        if pool > 1:
            shown = f"steps/{pool}" if steps is None else -(-steps // pool)
        yield "convolution (Conv1d, max)", (shown, config.convolution.filters), network.convolution
    for index, (lstm, part) in enumerate(zip(network.lstm, config.lstm, strict=True)):
        if index and network.norms:
            norm = network.norms[index - 1]
            yield f"norms.{index - 1} ({type(norm).__name__})", (shown, config.lstm[index - 1].output_size), norm
        yield f"lstm.{index} ({_kind(part)})", (shown, part.output_size), lstm
    yield f"pooling ({config.pooling})", (config.lstm[-1].output_size,), network.pooling
    yield f"head ({type(network.head).__name__})", (config.output_size,), network.head


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

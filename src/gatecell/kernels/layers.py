"""One layer, its directions side by side, by an engine that runs one direction at a time."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights


class RunDirection(Protocol):
    """What an engine does; ``reference.run_direction`` says what the arguments are."""

    def __call__(
        self,
        x: Tensor,
        h: Tensor,
        c: Tensor,
        weights: LayerWeights,
        options: LSTMOptions,
        *,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        reverse: bool = False,
        training: bool = False,
        seed: Tensor | None = None,
        stream: int = 0,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run one direction of one layer."""
        ...


class RunLayer(Protocol):
    """What runs all directions of one layer; ``by_directions`` says what the arguments are."""

    def __call__(
        self,
        x: Tensor,
        h: Tensor | None,
        c: Tensor | None,
        weights: Sequence[LayerWeights],
        options: LSTMOptions,
        *,
        lengths: Tensor | None,
        mask: Tensor | None,
        reverse: tuple[bool, ...],
        training: bool,
        seed: Tensor | None,
        stream: int,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run one layer."""
        ...


def by_directions(
    run: RunDirection,
    x: Tensor,
    h: Tensor | None,
    c: Tensor | None,
    weights: Sequence[LayerWeights],
    options: LSTMOptions,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    reverse: tuple[bool, ...] = (False,),
    training: bool = False,
    seed: Tensor | None = None,
    stream: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the D directions of one layer, one after the other.

    Parameters
    ----------
    run : RunDirection
    x : (B, T, I)
    h, c : (D, B, P) and (D, B, H), or None: zero
    weights : the parameters of each direction
    options : LSTMOptions
    lengths, mask, training, seed
        As ``reference.run_direction`` takes them.
    reverse : D times whether the direction runs backwards
    stream : int
        Of the first direction; the others count on from it.

    Returns
    -------
    output : (B, T, D * P)
    h_n, c_n : (D, B, P) and (D, B, H)
    """
    rows, dtype = x.shape[0], weights[0].recurrent.dtype
    h = x.new_zeros(len(reverse), rows, options.output_size, dtype=dtype) if h is None else h
    c = x.new_zeros(len(reverse), rows, options.hidden_size, dtype=dtype) if c is None else c
    results = [
        run(
            x,
            h[index],
            c[index],
            weights[index],
            options,
            lengths=lengths,
            mask=mask,
            reverse=backwards,
            training=training,
            seed=seed,
            stream=stream + index,
        )
        for index, backwards in enumerate(reverse)
    ]
    outputs, h_n, c_n = zip(*results, strict=True)
    output = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
    return output, torch.stack(h_n), torch.stack(c_n)

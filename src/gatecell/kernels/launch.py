"""Calls of the C++ core on checked tensors: one forward pass, one backward pass."""

from collections.abc import Sequence
from ctypes import byref
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from gatecell.kernels import core
from gatecell.kernels.memory import lend
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights

DTYPES = {torch.float32: core.FLOAT32, torch.float64: core.FLOAT64}


class Call(NamedTuple):
    """What the core is asked to run, apart from the tensors of numbers."""

    options: LSTMOptions
    lengths: Tensor | None
    mask: Tensor | None
    reverse: tuple[bool, ...]
    """Of each of the D directions, whether it runs backwards."""
    training: bool
    seed: Tensor | None
    stream: int
    """Of the first direction; the others count on from it."""


class Results(NamedTuple):
    """What the forward pass returns."""

    output: Tensor
    """(B, T, D * P)"""
    h: Tensor
    """(D, B, P)"""
    c: Tensor
    """(D, B, H)"""
    saved: tuple[Tensor, ...]
    """What the backward pass needs of each direction, as bytes; empty in inference."""


def forward(
    call: Call,
    x: Tensor,
    h: Tensor | None,
    c: Tensor | None,
    weights: Sequence[LayerWeights],
    *,
    save: bool,
    saved_bytes: int | None = None,
) -> Results:
    """Run the directions of one layer.

    Parameters
    ----------
    call, x, h, c, weights
        As in ``layers.by_directions``, checked; all but ``x`` contiguous, ``x`` in its last dimension.
    save : bool
        Whether to keep what the backward pass needs.
    saved_bytes : int, optional
        How much room to give to what is kept, zero where it is not used; by default what lengths or mask need.
    """
    core_forward, size_saved = core.library().gatecell_forward, core.library().gatecell_saved_bytes
    problem = _problem(call, x)
    directions, rows = len(call.reverse), x.shape[0]
    output = _like(x, directions * call.options.output_size)
    # new_empty takes less time than torch.empty, which has its keywords to read
    h_n = x.new_empty(directions, rows, call.options.output_size)
    c_n = x.new_empty(directions, rows, call.options.hidden_size)
    x_at, output_at = _sequence(x), _sequence(output)
    saved: list[Tensor] = []
    kept = (0, 0)
    for index, parameters in enumerate(weights):
        problem.reverse, problem.stream = call.reverse[index], call.stream + index
        if save:
            if saved_bytes is None:
                saved.append(lend(size_saved(byref(problem), _counted(call, x))))
            else:
                saved.append(lend(saved_bytes).zero_())
            kept = saved[-1].data_ptr(), saved[-1].numel()
        run = core.pack_run(
            *x_at,
            *(_direction(h, index), _direction(c, index)),
            *_features(output_at, output, index, directions),
            *(_direction(h_n, index), _direction(c_n, index)),
            *kept,
        )
        core.check(core_forward(byref(problem), addresses(parameters), None, run))
    return Results(output, h_n, c_n, tuple(saved))


class InputGradients(NamedTuple):
    """What the backward pass returns."""

    x: Tensor | None
    h: Tensor | None
    c: Tensor | None
    weights: tuple[LayerWeights, ...]


def backward(
    call: Call,
    x: Tensor,
    h: Tensor | None,
    c: Tensor | None,
    weights: Sequence[LayerWeights],
    output: Tensor,
    saved: Sequence[Tensor],
    d_output: Tensor | None,
    d_h: Tensor | None,
    d_c: Tensor | None,
    *,
    need_x: bool,
    need_h: bool,
    need_c: bool,
) -> InputGradients:
    """Return the gradients of the arguments of ``forward`` for those of its results; ``None`` stands for zero."""
    core_backward = core.library().gatecell_backward
    problem = _problem(call, x)
    directions = len(call.reverse)
    # held until the core returns
    d_output = None if d_output is None else _dense_features(d_output)
    d_h = None if d_h is None else d_h.contiguous()
    d_c = None if d_c is None else d_c.contiguous()
    x_gradients = [_like(x, x.shape[2]) for _ in range(directions if need_x else 0)]
    h_gradient = torch.empty_like(h) if need_h and h is not None else None
    c_gradient = torch.empty_like(c) if need_c and c is not None else None
    x_at, output_at = _sequence(x), _sequence(output)
    d_output_at = (0, 0, 0) if d_output is None else _sequence(d_output)
    found = []
    for index, parameters in enumerate(weights):
        problem.reverse, problem.stream = call.reverse[index], call.stream + index
        found.append(LayerWeights(*[None if weight is None else torch.empty_like(weight) for weight in parameters]))  # type: ignore[arg-type]
        run = core.pack_run(
            *x_at,
            *(_direction(h, index), _direction(c, index)),
            *_features(output_at, output, index, directions),
            *(0, 0),
            *(saved[index].data_ptr(), saved[index].numel()),
        )
        gradients = core.pack_gradients(
            *(d_output_at if d_output is None else _features(d_output_at, d_output, index, directions)),
            *(_direction(d_h, index), _direction(d_c, index)),
            *(_sequence(x_gradients[index]) if need_x else (0, 0, 0)),
            *(_direction(h_gradient, index), _direction(c_gradient, index)),
            *_addresses(found[index]),
        )
        core.check(core_backward(byref(problem), addresses(parameters), run, gradients))
    x_gradient = x_gradients[0] if need_x else None
    for further in x_gradients[1:]:
        x_gradients[0].add_(further)
    return InputGradients(x_gradient, h_gradient, c_gradient, tuple(found))


def most_saved_bytes(options: LSTMOptions, dtype: torch.dtype, steps: int) -> int:
    """Return room for what the forward pass keeps of this many steps, summed over rows; ``steps`` may be symbolic."""
    # 64 steps fill whole cache lines, so that only the rounding of the (at most five) arrays is missing
    for_64: int = core.library().gatecell_saved_bytes(byref(_template(options, dtype)), 64)
    return for_64 // 64 * steps + 5 * 64


@lru_cache(maxsize=256)
def _template(options: LSTMOptions, dtype: torch.dtype) -> core.Problem:
    return core.Problem(
        input_size=options.input_size,
        hidden_size=options.hidden_size,
        output_size=options.output_size,
        dtype=DTYPES[dtype] if options.precision == "full" else core.BFLOAT16,
        peephole=options.peephole,
        coupled_gates=options.coupled_gates,
        layer_norm=options.layer_norm,
        projection=bool(options.proj_size),
        input_dropout=options.input_dropout,
        recurrent_dropout=options.recurrent_dropout,
        zoneout_h=options.zoneout_h,
        zoneout_c=options.zoneout_c,
        parallel_for=core.parallel_for(),
    )


def new_problem(options: LSTMOptions, dtype: torch.dtype) -> core.Problem:
    """Return a description for the core with what options and numbers say filled in, and the rest 0."""
    return core.Problem.from_buffer_copy(_template(options, dtype))


def _problem(call: Call, x: Tensor) -> core.Problem:
    problem = new_problem(call.options, x.dtype)
    problem.rows, problem.steps, _ = x.shape
    problem.training = call.training
    problem.threads = torch.get_num_threads()
    if call.seed is not None:
        problem.seed = int(call.seed)
    if call.lengths is not None:
        problem.lengths = call.lengths.data_ptr()
    if call.mask is not None:
        problem.mask = call.mask.data_ptr()
    return problem


def _sequence(x: Tensor) -> tuple[int, int, int]:
    return x.data_ptr(), x.stride(0), x.stride(1)


def _features(at: tuple[int, int, int], x: Tensor, index: int, directions: int) -> tuple[int, int, int]:
    """Return where the features of one direction lie in a sequence that holds those of all, side by side."""
    address, row_stride, step_stride = at
    return address + index * (x.shape[2] // directions) * x.element_size(), row_stride, step_stride


def _direction(states: Tensor | None, index: int) -> int:
    """Return where the states of one direction lie; 0 where there are none."""
    return 0 if states is None else states.data_ptr() + index * states.stride(0) * states.element_size()


def addresses(weights: LayerWeights) -> bytes:
    """Return where the parameters lie, as the core reads it; they must be contiguous."""
    return core.pack_weights(*_addresses(weights))


def _addresses(weights: LayerWeights) -> list[int]:
    return [0 if weight is None else weight.data_ptr() for weight in weights]


def _like(x: Tensor, size: int) -> Tensor:
    """Return an empty (B, T, size), time first in memory where ``x`` is."""
    rows, steps, _ = x.shape
    if x.stride(0) < x.stride(1):
        return x.new_empty(steps, rows, size).transpose(0, 1)
    return x.new_empty(rows, steps, size)


def _dense_features(x: Tensor) -> Tensor:
    return x if x.stride(2) == 1 or x.shape[2] == 1 else x.contiguous()


def _counted(call: Call, x: Tensor) -> int:
    if call.lengths is not None:
        return int(call.lengths.sum())
    if call.mask is not None:
        return int(call.mask.sum())
    return x.shape[0] * x.shape[1]

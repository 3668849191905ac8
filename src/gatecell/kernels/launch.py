"""Calls of the C++ core on checked tensors: one forward pass, one backward pass."""

from ctypes import byref
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from gatecell.kernels import core
from gatecell.kernels.memory import lend
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights

DTYPES = {torch.float32: core.FLOAT32, torch.float64: core.FLOAT64}


@dataclass(frozen=True)
class Call:
    """What the core is asked to run, apart from the tensors of numbers."""

    options: LSTMOptions
    lengths: Tensor | None
    mask: Tensor | None
    reverse: bool
    training: bool
    seed: Tensor | None
    stream: int


class Results(NamedTuple):
    """What the forward pass returns."""

    output: Tensor
    h: Tensor
    c: Tensor
    saved: Tensor | None
    """What the backward pass needs, as bytes; ``None`` in inference."""


def forward(
    call: Call,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: LayerWeights,
    *,
    save: bool,
    saved_bytes: int | None = None,
) -> Results:
    """Run one direction of one layer.

    Parameters
    ----------
    call, x, h, c, weights
        As in ``reference.run_direction``, checked; all but ``x`` contiguous, ``x`` in its last dimension.
    save : bool
        Whether to keep what the backward pass needs.
    saved_bytes : int, optional
        How much room to give to what is kept, zero where it is not used; by default what lengths or mask need.
    """
    problem = _problem(call, x)
    output = _like(x, call.options.output_size)
    h_n, c_n = torch.empty_like(h), torch.empty_like(c)
    saved = None
    if save:
        if saved_bytes is None:
            saved = lend(core.library().gatecell_saved_bytes(byref(problem), _counted(call, x)))
        else:
            saved = lend(saved_bytes).zero_()
    run = _run(x, h, c, output, saved)
    run.h_n, run.c_n = h_n.data_ptr(), c_n.data_ptr()
    core.check(core.library().gatecell_forward(byref(problem), byref(addresses(weights)), None, byref(run)))
    return Results(output, h_n, c_n, saved)


class InputGradients(NamedTuple):
    """What the backward pass returns."""

    x: Tensor | None
    h: Tensor
    c: Tensor
    weights: LayerWeights


def backward(
    call: Call,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: LayerWeights,
    results: Results,
    d_output: Tensor | None,
    d_h: Tensor | None,
    d_c: Tensor | None,
    *,
    need_x: bool,
) -> InputGradients:
    """Return the gradients of the arguments of ``forward`` for those of its results; ``None`` stands for zero."""
    problem = _problem(call, x)
    assert results.saved is not None
    run = _run(x, h, c, results.output, results.saved)
    found = InputGradients(
        _like(x, x.shape[2]) if need_x else None,
        torch.empty_like(h),
        torch.empty_like(c),
        LayerWeights(*(None if weight is None else torch.empty_like(weight) for weight in weights)),  # type: ignore[arg-type]
    )
    # held until the core returns
    d_output = None if d_output is None else _dense_features(d_output)
    d_h = None if d_h is None else d_h.contiguous()
    d_c = None if d_c is None else d_c.contiguous()
    gradients = core.Gradients(
        core.Sequence() if d_output is None else _sequence(d_output),
        None if d_h is None else d_h.data_ptr(),
        None if d_c is None else d_c.data_ptr(),
        core.Sequence() if found.x is None else _sequence(found.x),
        found.h.data_ptr(),
        found.c.data_ptr(),
        addresses(found.weights),
    )
    core.check(
        core.library().gatecell_backward(byref(problem), byref(addresses(weights)), byref(run), byref(gradients))
    )
    return found


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
        bias=options.bias,
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
    problem.rows, problem.steps = x.shape[0], x.shape[1]
    problem.reverse, problem.training, problem.stream = call.reverse, call.training, call.stream
    problem.threads = torch.get_num_threads()
    if call.seed is not None:
        problem.seed = int(call.seed)
    if call.lengths is not None:
        problem.lengths = call.lengths.data_ptr()
    if call.mask is not None:
        problem.mask = call.mask.data_ptr()
    return problem


def _run(x: Tensor, h: Tensor, c: Tensor, output: Tensor, saved: Tensor | None) -> core.Run:
    run = core.Run(_sequence(x), h.data_ptr(), c.data_ptr(), _sequence(output))
    if saved is not None:
        run.saved, run.saved_bytes = saved.data_ptr(), saved.numel()
    return run


def _sequence(x: Tensor) -> core.Sequence:
    return core.Sequence(x.data_ptr(), x.stride(0), x.stride(1))


def addresses(weights: LayerWeights) -> core.Weights:
    """Return where the parameters, or room for their gradients, lie; they must be contiguous."""
    return core.Weights(*[None if weight is None else weight.data_ptr() for weight in weights])


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

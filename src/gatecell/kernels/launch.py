"""Calls of the C++ core on checked tensors: one forward pass, one backward pass."""

from collections.abc import Sequence
from ctypes import byref
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from gatecell._core.errors import TensorError
from gatecell.kernels import core
from gatecell.kernels.memory import lend
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import of_direction

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
    parameters: Sequence[Tensor | None],
    *,
    save: bool,
    saved_bytes: int | None = None,
) -> Results:
    """Run the directions of one layer.

    Parameters
    ----------
    call, x, h, c
        As in ``layers.by_directions``, checked; all but ``x`` contiguous, ``x`` in its last dimension.
    parameters : the fields of the ``LayerWeights`` of each direction, in one row; contiguous
    save : bool
        Whether to keep what the backward pass needs.
    saved_bytes : int, optional
        How much room to give to what is kept, zero where it is not used; by default what lengths or mask need.
    """
    core_forward = core.library().gatecell_forward
    problems, dense_bytes = _asked(call, x)
    directions, rows, hidden, size = len(problems), x.shape[0], call.options.hidden_size, call.options.output_size
    output = _like(x, directions * size)
    # new_empty takes less time than torch.empty, which has its keywords to read
    h_n, c_n = x.new_empty(directions, rows, size), x.new_empty(directions, rows, hidden)
    x_at, (output_at, *output_strides) = _sequence(x), _sequence(output)
    h_at, c_at, h_n_at, c_n_at = _address(h), _address(c), h_n.data_ptr(), c_n.data_ptr()
    item = x.element_size()
    saved: list[Tensor] = []
    kept = (0, 0)
    if save:
        room = _fitting_bytes(call, problems[0], dense_bytes) if saved_bytes is None else saved_bytes
        saved = [lend(room) if saved_bytes is None else lend(room).zero_() for _ in problems]
    for index, problem in enumerate(problems):
        if save:
            kept = saved[index].data_ptr(), room
        from_h, from_c = index * rows * size * item, index * rows * hidden * item
        run = core.pack_run(
            *x_at,
            *(_further(h_at, from_h), _further(c_at, from_c)),
            *(output_at + index * size * item, *output_strides),
            *(h_n_at + from_h, c_n_at + from_c),
            *kept,
        )
        core.check(core_forward(byref(problem), addresses(of_direction(parameters, index)), None, run))
    return Results(output, h_n, c_n, tuple(saved))


class InputGradients(NamedTuple):
    """What the backward pass returns."""

    x: Tensor | None
    h: Tensor | None
    c: Tensor | None
    parameters: tuple[Tensor | None, ...]
    """Of each parameter that was given, in their order; ``None`` where there is none."""


def backward(
    call: Call,
    x: Tensor,
    h: Tensor | None,
    c: Tensor | None,
    parameters: Sequence[Tensor | None],
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
    problems, _ = _asked(call, x)
    directions, rows, hidden, size = len(problems), x.shape[0], call.options.hidden_size, call.options.output_size
    # held until the core returns
    d_output = None if d_output is None else _dense_features(d_output)
    d_h = None if d_h is None else d_h.contiguous()
    d_c = None if d_c is None else d_c.contiguous()
    x_gradients = [_like(x, x.shape[2]) for _ in range(directions if need_x else 0)]
    h_gradient = torch.empty_like(h) if need_h and h is not None else None
    c_gradient = torch.empty_like(c) if need_c and c is not None else None
    x_at, (output_at, *output_strides) = _sequence(x), _sequence(output)
    d_output_at, *d_output_strides = (0, 0, 0) if d_output is None else _sequence(d_output)
    h_at, c_at, d_h_at, d_c_at = _address(h), _address(c), _address(d_h), _address(d_c)
    h_gradient_at, c_gradient_at = _address(h_gradient), _address(c_gradient)
    item = x.element_size()
    found = [None if parameter is None else torch.empty_like(parameter) for parameter in parameters]
    for index, problem in enumerate(problems):
        from_h, from_c = index * rows * size * item, index * rows * hidden * item
        run = core.pack_run(
            *x_at,
            *(_further(h_at, from_h), _further(c_at, from_c)),
            *(output_at + index * size * item, *output_strides),
            *(0, 0),
            *(saved[index].data_ptr(), saved[index].numel()),
        )
        gradients = core.pack_gradients(
            *(_further(d_output_at, index * size * item), *d_output_strides),
            *(_further(d_h_at, from_h), _further(d_c_at, from_c)),
            *(_sequence(x_gradients[index]) if need_x else (0, 0, 0)),
            *(_further(h_gradient_at, from_h), _further(c_gradient_at, from_c)),
            *_addresses(of_direction(found, index)),
        )
        core.check(core_backward(byref(problem), addresses(of_direction(parameters, index)), run, gradients))
    x_gradient = x_gradients[0] if need_x else None
    for further in x_gradients[1:]:
        x_gradients[0].add_(further)
    return InputGradients(x_gradient, h_gradient, c_gradient, tuple(found))


def most_saved_bytes(options: LSTMOptions, dtype: torch.dtype, steps: int) -> int:
    """Return room for what the forward pass keeps of this many steps, summed over rows; ``steps`` may be symbolic.

    It is room on any processor (``Saved`` in ``csrc/layout.h`` with the widest vectors), because compiled and exported
    programs have the number in them, and are kept in caches and files that other processors read.
    """
    lanes = 64 // dtype.itemsize
    gates, units = len(options.gates), -(-options.hidden_size // lanes) * lanes
    values = gates * units + units
    if options.layer_norm:
        values += 2 * (-(-gates * options.hidden_size // lanes) * lanes) + 2
    # each of the (at most five) arrays begins a cache line
    return values * dtype.itemsize * steps + 5 * 64


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


def _asked(call: Call, x: Tensor) -> tuple[tuple[core.Problem, ...], int]:
    """Return what the core is asked of each direction, and how many bytes it saves of one if all steps count."""
    rows, steps, _ = x.shape
    problems, dense_bytes = _asked_of_all_steps(
        call.options, x.dtype, call.reverse, call.training, call.stream, rows, steps, torch.get_num_threads()
    )
    if call.lengths is None and call.mask is None and call.seed is None:
        return problems, dense_bytes
    problems = tuple(core.Problem.from_buffer_copy(problem) for problem in problems)
    seed = 0 if call.seed is None else int(call.seed)
    for problem in problems:
        problem.seed = seed
        if call.lengths is not None:
            problem.lengths = call.lengths.data_ptr()
        if call.mask is not None:
            problem.mask = call.mask.data_ptr()
    return problems, dense_bytes


@lru_cache(maxsize=256)
def _asked_of_all_steps(
    options: LSTMOptions,
    dtype: torch.dtype,
    reverse: tuple[bool, ...],
    training: bool,
    stream: int,
    rows: int,
    steps: int,
    threads: int,
) -> tuple[tuple[core.Problem, ...], int]:
    problems = tuple(new_problem(options, dtype) for _ in reverse)
    for index, problem in enumerate(problems):
        problem.rows, problem.steps, problem.threads = rows, steps, threads
        problem.training, problem.reverse, problem.stream = training, reverse[index], stream + index
    return problems, _saved_bytes(problems[0], rows * steps)


def _fitting_bytes(call: Call, problem: core.Problem, dense_bytes: int) -> int:
    counted = call.lengths if call.lengths is not None else call.mask
    return dense_bytes if counted is None else _saved_bytes(problem, int(counted.sum()))


def _saved_bytes(problem: core.Problem, counted: int) -> int:
    found: int = core.library().gatecell_saved_bytes(byref(problem), counted)
    return found


def _sequence(x: Tensor) -> tuple[int, int, int]:
    return x.data_ptr(), x.stride(0), x.stride(1)


def _address(values: Tensor | None) -> int:
    return 0 if values is None else values.data_ptr()


def _further(address: int, n_bytes: int) -> int:
    """Return a later address; 0, which stands for nothing given, stays 0."""
    return address and address + n_bytes


def addresses(weights: Sequence[Tensor | None]) -> bytes:
    """Return where the fields of a ``LayerWeights`` lie, as the core reads it; they must be contiguous."""
    return core.pack_weights(*_addresses(weights))


def _addresses(weights: Sequence[Tensor | None]) -> list[int]:
    found = [0 if weight is None else weight.data_ptr() for weight in weights]
    for weight, address in zip(weights, found, strict=True):
        # no weight is empty, and 0 stands for one that is not there
        if weight is not None and (not address or weight.is_neg()):
            raise TensorError(
                "A weight has no numbers at its address: its storage was freed, as sharded training does, "
                "or it is a view that PyTorch negates when it is read. Restore it, or replace it by a copy."
            )
    return found


def _like(x: Tensor, size: int) -> Tensor:
    """Return an empty (B, T, size), time first in memory where ``x`` is."""
    rows, steps, _ = x.shape
    if x.stride(0) < x.stride(1):
        return x.new_empty(steps, rows, size).transpose(0, 1)
    return x.new_empty(rows, steps, size)


def _dense_features(x: Tensor) -> Tensor:
    return x if x.stride(2) == 1 or x.shape[2] == 1 else x.contiguous()

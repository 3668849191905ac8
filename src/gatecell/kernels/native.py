"""The native engine: our C++ core, for every option, dense or ragged, in training and inference, on a CPU."""

from typing import Any

import torch
from torch import Tensor

from gatecell._core.errors import InputError
from gatecell.kernels import core, launch, ops, reference
from gatecell.kernels.launch import Call
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights, weight_shapes

_ROUNDS_FLOAT32 = "the C++ core rounds to bfloat16 from float32 only"


def refusals(options: LSTMOptions, device: torch.device, dtype: torch.dtype) -> tuple[str, ...]:
    """Return why the core cannot run these options on this device with these numbers; nothing where it can."""
    if device.type != "cpu":
        return (f"the C++ core runs on a CPU, not on {device.type}",)
    if dtype not in launch.DTYPES:
        return (f"the C++ core computes in float32 and float64, not in {str(dtype).removeprefix('torch.')}",)
    if options.precision == "bfloat16" and dtype != torch.float32:
        return (_ROUNDS_FLOAT32,)
    absence = core.missing()
    return () if absence is None else (absence,)


def run_direction(
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
    """Run one direction of one layer; see ``reference.run_direction`` for the contract.

    Raises
    ------
    InputError
        Where shapes, kinds of numbers or devices do not fit: the core itself trusts what it is given.
    """
    check(x, h, c, weights, options, lengths, mask, seed, training)
    if torch.compiler.is_compiling():
        return ops.run_direction(
            x, h, c, weights, options, lengths, mask, reverse=reverse, training=training, seed=seed, stream=stream
        )
    x = x if x.stride(2) == 1 else x.contiguous()
    h, c = h.contiguous(), c.contiguous()
    weights = LayerWeights(*(None if weight is None else weight.contiguous() for weight in weights))  # type: ignore[arg-type]
    call = Call(
        options,
        None if lengths is None else lengths.contiguous(),
        None if mask is None else mask.contiguous(),
        reverse,
        training,
        seed,
        stream,
    )
    if torch.is_grad_enabled() and any(value is not None and value.requires_grad for value in (x, h, c, *weights)):
        results: tuple[Tensor, Tensor, Tensor] = _Direction.apply(call, x, h, c, *weights)  # type: ignore[no-untyped-call]
        return results
    return launch.forward(call, x, h, c, weights, save=False)[:3]


def check(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: LayerWeights,
    options: LSTMOptions,
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    training: bool,
) -> None:
    """Raise ``InputError`` unless the core may be called with these arguments."""
    if x.dim() != 3 or x.shape[2] != options.input_size:
        raise InputError(f"x must have shape (batch, time, {options.input_size}), got {tuple(x.shape)}.")
    if x.dtype not in launch.DTYPES:
        raise InputError(f"The native engine computes in float32 and float64, but x is {x.dtype}.")
    if options.precision == "bfloat16" and x.dtype != torch.float32:
        raise InputError(f"x is {x.dtype}, but {_ROUNDS_FLOAT32}.")
    rows, steps, _ = x.shape
    shapes = weight_shapes(options)
    given = {name: value for name, value in weights._asdict().items() if value is not None}
    if given.keys() != shapes.keys():
        raise InputError(f"These options use the weights {', '.join(shapes)}, but given are {', '.join(given)}.")
    shapes |= {"h": (rows, options.output_size), "c": (rows, options.hidden_size)}
    for name, value in (*given.items(), ("h", h), ("c", c)):
        if value.shape != shapes[name] or value.dtype != x.dtype or value.device != x.device:
            raise InputError(
                f"{name} must have shape {shapes[name]}, {x.dtype} on {x.device} like x; "
                f"got {tuple(value.shape)}, {value.dtype} on {value.device}."
            )
    if lengths is not None and (lengths.shape != (rows,) or lengths.dtype != torch.int64 or lengths.device != x.device):
        raise InputError(
            f"lengths must have shape ({rows},), torch.int64 on {x.device}; "
            f"got {tuple(lengths.shape)}, {lengths.dtype} on {lengths.device}."
        )
    if mask is not None and (mask.shape != (rows, steps) or mask.dtype != torch.bool or mask.device != x.device):
        raise InputError(
            f"mask must have shape ({rows}, {steps}), torch.bool on {x.device}; "
            f"got {tuple(mask.shape)}, {mask.dtype} on {mask.device}."
        )
    draws = options.input_dropout or options.recurrent_dropout or options.zoneout_c or options.zoneout_h
    if training and draws and seed is None:
        raise InputError("In training, dropout and zoneout need a seed: a 0-d int64 tensor, as from random.new_seed().")


class _Direction(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, call: Call, x: Tensor, h: Tensor, c: Tensor, *weights: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        results = launch.forward(call, x, h, c, LayerWeights(*weights), save=True)  # type: ignore[arg-type]
        ctx.call = call
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, h, c, *weights, *results)
        return results[:3]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        x, h, c, *rest = ctx.saved_tensors
        weights, results = LayerWeights(*rest[:-4]), launch.Results(*rest[-4:])
        if torch.is_grad_enabled():
            return (None, *_differentiable_gradients(ctx.call, (x, h, c), weights, gradients))
        found = launch.backward(
            ctx.call,
            x,
            h,
            c,
            weights,
            results,
            *gradients,
            need_x=ctx.needs_input_grad[1],
        )
        return (None, found.x, found.h, found.c, *found.weights)


def _differentiable_gradients(
    call: Call, inputs: tuple[Tensor, Tensor, Tensor], weights: LayerWeights, gradients: tuple[Tensor | None, ...]
) -> tuple[Tensor | None, ...]:
    """Return the gradients as functions of the arguments, for derivatives of a higher order: the reference has them."""
    values = (*inputs, *weights)
    results = reference.run_direction(
        *inputs,
        weights,
        call.options,
        lengths=call.lengths,
        mask=call.mask,
        reverse=call.reverse,
        training=call.training,
        seed=call.seed,
        stream=call.stream,
    )
    used = [(result, gradient) for result, gradient in zip(results, gradients, strict=True) if gradient is not None]
    wanted = [value for value in values if value is not None and value.requires_grad]
    found = iter(
        torch.autograd.grad(
            [result for result, _ in used],
            wanted,
            [gradient for _, gradient in used],
            create_graph=True,
            allow_unused=True,
        )
    )
    return tuple(next(found) if value is not None and value.requires_grad else None for value in values)

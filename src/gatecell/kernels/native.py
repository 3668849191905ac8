"""The native engine: our C++ core, for every option, dense or ragged, in training and inference, on a CPU."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gatecell._core.errors import EngineError, TensorError
from gatecell.kernels import aten, core, launch, ops, reference
from gatecell.kernels.interception import Detour, detour
from gatecell.kernels.launch import Call
from gatecell.kernels.layers import RunDirection, by_directions
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights, expected_shapes, of_direction, weight_shapes

_ROUNDS_FLOAT32 = "the C++ core rounds to bfloat16 from float32 only"


def refusals(options: LSTMOptions, device: torch.device, dtype: torch.dtype) -> tuple[str, ...]:
    """Return why the core cannot run these options on this device with these numbers; nothing where it can.

    On the device "meta", which has no numbers, its operators say which shapes the results have.
    """
    if device.type not in ("cpu", "meta"):
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
    TensorError
        Where shapes, kinds of numbers or devices do not fit: the core itself trusts what it is given.
    """
    check(x, h, c, [weights], options, lengths, mask, seed, training, (x.shape[0],))
    way = detour((x, h, c, lengths, mask), (weights,))
    if way is not None:
        run = _round(way, options, lengths=lengths, mask=mask, training=training)
        return run(
            *(x, h, c, weights, options),
            lengths=lengths,
            mask=mask,
            reverse=reverse,
            training=training,
            seed=seed,
            stream=stream,
        )
    call = Call(options, lengths, mask, (reverse,), training, seed, stream)
    output, h_n, c_n = _run(call, x, h[None], c[None], [weights])
    return output, h_n[0], c_n[0]


def run_layer(
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
    """Run all directions of one layer; see ``layers.by_directions`` for the contract.

    Raises
    ------
    TensorError
        As ``run_direction``, and where there are not as many weights as directions.
    """
    if len(weights) != len(reverse):
        raise TensorError(f"reverse names {len(reverse)} directions, but there are weights of {len(weights)}.")
    check(x, h, c, weights, options, lengths, mask, seed, training, (len(reverse), x.shape[0]))
    way = detour((x, h, c, lengths, mask), weights)
    if way is not None:
        return by_directions(
            _round(way, options, lengths=lengths, mask=mask, training=training),
            *(x, h, c, weights, options),
            lengths=lengths,
            mask=mask,
            reverse=reverse,
            training=training,
            seed=seed,
            stream=stream,
        )
    return _run(Call(options, lengths, mask, reverse, training, seed, stream), x, h, c, weights)


def check(
    x: Tensor,
    h: Tensor | None,
    c: Tensor | None,
    weights: Sequence[LayerWeights],
    options: LSTMOptions,
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    training: bool,
    states: tuple[int, ...],
) -> None:
    """Raise ``TensorError`` unless the core may be called; ``states`` are the sizes of h and c before the last."""
    if x.dim() != 3 or x.shape[2] != options.input_size:
        raise TensorError(f"x must have shape (batch, time, {options.input_size}), got {tuple(x.shape)}.")
    dtype, device = x.dtype, x.device
    if dtype not in launch.DTYPES:
        raise TensorError(f"The native engine computes in float32 and float64, but x is {dtype}.")
    if options.precision == "bfloat16" and dtype != torch.float32:
        raise TensorError(f"x is {dtype}, but {_ROUNDS_FLOAT32}.")
    # torch.compile warns of a cache in what it follows
    shapes = (expected_shapes.__wrapped__ if torch.compiler.is_compiling() else expected_shapes)(options)
    for direction in weights:
        for field, (weight, shape) in enumerate(zip(direction, shapes, strict=True)):
            if weight is None or shape is None:
                if (weight is None) != (shape is None):
                    raise _wrong_weights(direction, options)
            elif weight.shape != shape or weight.dtype != dtype or weight.device != device:
                raise _unlike(x, LayerWeights._fields[field], weight, shape)
    for name, state, size in (("h", h, options.output_size), ("c", c, options.hidden_size)):
        if state is not None and (state.shape != (*states, size) or state.dtype != dtype or state.device != device):
            raise _unlike(x, name, state, (*states, size))
    if lengths is not None or mask is not None:
        _check_steps(x, lengths, mask)
    if training and seed is None and options.draws:
        raise TensorError(
            "In training, dropout and zoneout need a seed: a 0-d int64 tensor, as from random.new_seed()."
        )


def _check_steps(x: Tensor, lengths: Tensor | None, mask: Tensor | None) -> None:
    rows, steps, _ = x.shape
    if lengths is not None and (lengths.shape != (rows,) or lengths.dtype != torch.int64 or lengths.device != x.device):
        raise TensorError(
            f"lengths must have shape ({rows},), torch.int64 on {x.device}; "
            f"got {tuple(lengths.shape)}, {lengths.dtype} on {lengths.device}."
        )
    if mask is not None and (mask.shape != (rows, steps) or mask.dtype != torch.bool or mask.device != x.device):
        raise TensorError(
            f"mask must have shape ({rows}, {steps}), torch.bool on {x.device}; "
            f"got {tuple(mask.shape)}, {mask.dtype} on {mask.device}."
        )
    reference.check_not_both(lengths, mask)


def _wrong_weights(given: LayerWeights, options: LSTMOptions) -> TensorError:
    return TensorError(
        f"These options use the weights {', '.join(weight_shapes(options))}, but given are "
        f"{', '.join(name for name, value in given._asdict().items() if value is not None)}."
    )


def _unlike(x: Tensor, name: str, value: Tensor, shape: tuple[int, ...]) -> TensorError:
    return TensorError(
        f"{name} must have shape {shape}, {x.dtype} on {x.device} like x; "
        f"got {tuple(value.shape)}, {value.dtype} on {value.device}."
    )


def _run(
    call: Call, x: Tensor, h: Tensor | None, c: Tensor | None, weights: Sequence[LayerWeights]
) -> tuple[Tensor, Tensor, Tensor]:
    """Run a layer on checked arguments, with a gradient where one is asked for."""
    x = x if x.stride(2) == 1 else x.contiguous()
    h, c = _contiguous(h), _contiguous(c)
    parameters = [_contiguous(weight) for direction in weights for weight in direction]
    if call.lengths is not None or call.mask is not None:
        call = call._replace(lengths=_contiguous(call.lengths), mask=_contiguous(call.mask))
    if torch.is_grad_enabled() and any(value is not None and value.requires_grad for value in (x, h, c, *parameters)):
        output, h_n, c_n = _Layer.apply(call, x, h, c, *parameters)  # type: ignore[no-untyped-call]
        # as with PyTorch's, the caller may change an output of two directions in place, which backward still needs
        return output.clone() if len(call.reverse) == 2 else output, h_n, c_n
    return launch.forward(call, x, h, c, parameters, save=False)[:3]


def _round(
    way: Detour, options: LSTMOptions, *, lengths: Tensor | None, mask: Tensor | None, training: bool
) -> RunDirection:
    """Return what runs one direction where the core may not be called."""
    if way == "operators":
        return ops.run_direction
    if way == "reference":
        return reference.run_direction
    steps = "mask" if mask is not None else "lengths" if lengths is not None else "dense"
    lacking = aten.refusals(options, training=training, steps=steps)
    if not torch.jit.is_tracing():  # type: ignore[attr-defined,no-untyped-call]
        # torch.export holds the number of steps fast where each is written out, and knows no packed rows
        return reference.run_direction if lacking or steps != "dense" else aten.run_direction
    if lacking:
        raise EngineError(
            f"torch.onnx.export with dynamo=False writes PyTorch's LSTM alone: {'; '.join(lacking)}. "
            "Leave that out, call eval() first, or use dynamo=True, which writes out each step of the example: its "
            "graph is for sequences of that length."
        )
    return aten.run_direction


def _contiguous(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.contiguous()


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, call: Call, x: Tensor, h: Tensor | None, c: Tensor | None, *parameters: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        results = launch.forward(call, x, h, c, parameters, save=True)
        ctx.call = call
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, h, c, results.output, *results.saved, *parameters)
        return results[:3]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        x, h, c, output, *rest = ctx.saved_tensors
        directions = len(ctx.call.reverse)
        saved, parameters = rest[:directions], rest[directions:]
        if torch.is_grad_enabled() or detour(gradients, ()) is not None:
            return (None, *_differentiable_gradients(ctx.call, (x, h, c, *parameters), gradients))
        _, need_x, need_h, need_c, *_ = ctx.needs_input_grad
        found = launch.backward(
            ctx.call,
            *(x, h, c, parameters, output, saved),
            *gradients,
            need_x=need_x,
            need_h=need_h,
            need_c=need_c,
        )
        return (None, found.x, found.h, found.c, *found.parameters)


def _differentiable_gradients(
    call: Call, values: tuple[Tensor | None, ...], gradients: tuple[Tensor | None, ...]
) -> tuple[Tensor | None, ...]:
    """Return the gradients by the reference: functions of the arguments, where they are to have derivatives themselves.

    PyTorch's own functions also take gradients that do not lie at their addresses, such as many at once.
    """
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # an alias for each argument: a tensor may be given twice, and has a gradient for each of its places
        values = tuple(None if value is None else value.view_as(value) for value in values)
        x, h, c, *parameters = values
        assert x is not None
        weights = [LayerWeights(*of_direction(parameters, index)) for index in range(len(call.reverse))]  # type: ignore[arg-type]
        results = by_directions(
            reference.run_direction,
            *(x, h, c, weights),
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
            create_graph=create_graph,
            allow_unused=True,
        )
    )
    return tuple(next(found) if value is not None and value.requires_grad else None for value in values)

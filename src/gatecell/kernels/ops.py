"""The native engine as operators of PyTorch, for ``torch.compile`` and ``torch.export``.

Both see an operator as one node: its shapes come from the fake kernels, its gradient from the autograd formula.
Outside of them the engine is called directly (``native.py``): passing through PyTorch's dispatcher takes longer than a
small LSTM.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from gatecell._core.errors import EngineError
from gatecell.kernels import launch, reference
from gatecell.kernels.launch import Call
from gatecell.kernels.options import PRECISIONS, LSTMOptions
from gatecell.kernels.weights import LayerWeights, weight_shapes

_FLAGS = ("bias", "peephole", "coupled_gates", "layer_norm")
_SIZES = ("input_size", "hidden_size", "proj_size")
_RATES = ("input_dropout", "recurrent_dropout", "zoneout_h", "zoneout_c")


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
    """Run one direction of one layer as an operator; see ``reference.run_direction``."""
    output, h_n, c_n, _ = torch.ops.gatecell.lstm_direction(
        x,
        h,
        c,
        [weight for weight in weights if weight is not None],
        lengths,
        mask,
        seed,
        *encode(options),
        reverse,
        training,
        stream,
    )
    return output, h_n, c_n


@torch.library.custom_op("gatecell::lstm_direction", mutates_args=(), device_types="cpu")
def _forward(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if any(forward_ad.unpack_dual(value).tangent is not None for value in (x, h, c, *weights)):
        raise EngineError(
            "A recorded LSTM has no forward-mode derivatives. Ask for them of the module itself, or use backward ones."
        )
    options = _options(integers, rates)
    call = Call(options, lengths, mask, (reverse,), training, seed, stream)
    results = launch.forward(
        call,
        x.contiguous(),
        h.contiguous()[None],
        c.contiguous()[None],
        _named(options, weights),
        save=True,
        saved_bytes=launch.most_saved_bytes(options, x.dtype, x.shape[0] * x.shape[1]),
    )
    return results.output, results.h[0], results.c[0], results.saved[0]


@_forward.register_fake
def _forward_fake(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    options = _options(integers, rates)
    rows, steps, _ = x.shape
    saved = launch.most_saved_bytes(options, x.dtype, rows * steps)
    return (
        x.new_empty(rows, steps, options.output_size),
        torch.empty_like(h, memory_format=torch.contiguous_format),
        torch.empty_like(c, memory_format=torch.contiguous_format),
        x.new_empty(saved, dtype=torch.uint8),
    )


@torch.library.custom_op("gatecell::lstm_direction_backward", mutates_args=(), device_types="cpu")
def _backward(
    d_output: Tensor,
    d_h: Tensor,
    d_c: Tensor,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    output: Tensor,
    saved: Tensor,
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> list[Tensor]:
    options = _options(integers, rates)
    call = Call(options, lengths, mask, (reverse,), training, seed, stream)
    x, h, c = x.contiguous(), h.contiguous(), c.contiguous()
    found = launch.backward(
        call,
        x,
        h[None],
        c[None],
        _named(options, weights),
        output,
        [saved],
        d_output,
        d_h[None],
        d_c[None],
        need_x=True,
        need_h=True,
        need_c=True,
    )
    assert found.x is not None
    assert found.h is not None
    assert found.c is not None
    return [found.x, found.h[0], found.c[0], *(weight for weight in found.parameters if weight is not None)]


@_backward.register_fake
def _backward_fake(
    d_output: Tensor,
    d_h: Tensor,
    d_c: Tensor,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: list[Tensor],
    output: Tensor,
    saved: Tensor,
    lengths: Tensor | None,
    mask: Tensor | None,
    seed: Tensor | None,
    integers: list[int],
    rates: list[float],
    reverse: bool,
    training: bool,
    stream: int,
) -> list[Tensor]:
    return [torch.empty_like(value, memory_format=torch.contiguous_format) for value in (x, h, c, *weights)]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, h, c, weights, lengths, mask, seed, *ctx.rest = inputs
    ctx.save_for_backward(x, h, c, lengths, mask, seed, output[0], output[3], *weights)


def _gradients(ctx: Any, d_output: Tensor, d_h: Tensor, d_c: Tensor, _: Tensor) -> tuple[Any, ...]:
    x, h, c, lengths, mask, seed, output, saved, *weights = ctx.saved_tensors
    d_x, d_h, d_c, *d_weights = torch.ops.gatecell.lstm_direction_backward(
        d_output, d_h, d_c, x, h, c, weights, output, saved, lengths, mask, seed, *ctx.rest
    )
    return (d_x, d_h, d_c, d_weights, *[None] * 8)


_forward.register_autograd(_gradients, setup_context=_setup_context)


def _setup_second_context(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    *gradients, x, h, c, weights, _, _, lengths, mask, seed, integers, rates, reverse, training, stream = inputs
    ctx.save_for_backward(lengths, mask, seed, *gradients, x, h, c, *weights)
    ctx.options = _options(integers, rates)
    ctx.keywords = {"reverse": reverse, "training": training, "stream": stream}


def _second_gradients(ctx: Any, found: list[Tensor | None]) -> tuple[Any, ...]:
    """Return the gradients of the gradients, by the reference, which has derivatives of every order."""
    lengths, mask, seed, *values = ctx.saved_tensors
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # an alias for each argument: a tensor may be given twice; without a graph that is to be had, cut off from it
        values = [
            value.view_as(value) if create_graph and value.requires_grad else value.detach().requires_grad_()
            for value in values
        ]
        gradients, (x, h, c, *weights) = values[:3], values[3:]
        results = reference.run_direction(
            *(x, h, c, _named(ctx.options, weights), ctx.options),
            lengths=lengths,
            mask=mask,
            seed=seed,
            **ctx.keywords,
        )
        firsts = torch.autograd.grad(results, values[3:], gradients, create_graph=True, materialize_grads=True)
    used = [(first, second) for first, second in zip(firsts, found, strict=True) if second is not None]
    seconds = torch.autograd.grad(
        [first for first, _ in used],
        values,
        [second for _, second in used],
        create_graph=create_graph,
        materialize_grads=True,
    )
    return (*seconds[:6], list(seconds[6:]), *[None] * 10)


_backward.register_autograd(_second_gradients, setup_context=_setup_second_context)


def encode(options: LSTMOptions) -> tuple[list[int], list[float]]:
    """Return the options as lists of numbers, which is what an operator takes."""
    flags = [int(getattr(options, name)) for name in _FLAGS]
    integers = [*(getattr(options, name) for name in _SIZES), *flags, PRECISIONS.index(options.precision)]
    return integers, [float(getattr(options, name)) for name in _RATES]


def _options(integers: list[int], rates: list[float]) -> LSTMOptions:
    *numbers, precision = integers
    values: dict[str, Any] = dict(zip((*_SIZES, *_FLAGS, *_RATES), (*numbers, *rates), strict=True))
    values |= {name: bool(values[name]) for name in _FLAGS} | {"precision": PRECISIONS[precision]}
    return LSTMOptions(**values)


def _named(options: LSTMOptions, weights: list[Tensor]) -> LayerWeights:
    values = (weight.contiguous() for weight in weights)
    return LayerWeights(**dict(zip(weight_shapes(options), values, strict=True)))

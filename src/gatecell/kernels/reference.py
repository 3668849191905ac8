"""The reference engine: the normative equations, one time step a loop turn.

For one layer and direction, row b, step t (a reverse direction runs the row's own valid steps backwards)::

    x~  = x_t * m_x                     input dropout: one mask per sequence (Gal & Ghahramani 2016)
    h~  = h_{t-1} * m_h                 recurrent dropout: one mask per sequence
    z   = W x~ + U h~ + b               gates i f g o, H values each
                                        layer_norm: z = LN_x(W x~) + LN_h(U h~) + b     (Ba, Kiros & Hinton 2016)
    i   = sigmoid(z_i + p_i * c_{t-1})  p_*: peepholes, diagonal                        (Gers & Schmidhuber 2000)
    f   = sigmoid(z_f + p_f * c_{t-1})
                                        coupled: i = 1 - f, z holds f g o only          (Greff et al. 2017)
    g   = tanh(z_g)
    c   = f * c_{t-1} + i * g
    o   = sigmoid(z_o + p_o * c)
    h   = o * tanh(c)                   layer_norm: h = o * tanh(LN_c(c))
                                        projection: h = R h                             (Sak, Senior & Beaufays 2014)

Zoneout (Krueger et al. 2017, eq. 5): in training, elements of c_t and h_t keep their old value with
probability z_c, z_h; in evaluation the expectation. As in the paper, h_t is made from the cell state before zoneout.
A masked step carries c and h unchanged, and its output row is 0.

With ``precision="bfloat16"`` the two sides of the products W x~, U h~ and R h are rounded to bfloat16, and so are, in
the backward pass, both sides of the products that their gradients are made of. Rounding itself has the derivative 1.

Every other engine is tested against this one, values and gradients.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, linear

from gatecell._core.errors import InputError
from gatecell.kernels.options import LAYER_NORM_EPSILON, LSTMOptions
from gatecell.kernels.random import Kind, dropout_mask, zoneout_masks
from gatecell.kernels.weights import LayerWeights


class Step(NamedTuple):
    """The values of one time step, each (B, H), h (B, P); at a masked step the gates have no effect."""

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor


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
    """Run one direction of one layer; the contract of every engine.

    Parameters
    ----------
    x : (B, T, I)
    h, c : (B, P), (B, H)
        Initial states; P is H without a projection.
    weights, options
        The parameters and which LSTM they belong to.
    lengths : (B,) int64, optional
        Each row counts its first ``lengths[b]`` steps, 0 allowed.
    mask : (B, T) bool, optional
        Which steps count, any pattern. At most one of ``lengths`` and ``mask`` is given.
    reverse : bool
        Whether to run the valid steps from the last to the first.
    training : bool
        Whether dropout and zoneout draw at random.
    seed, stream
        Where their random numbers come from (see ``random.py``): a 0-d int64 tensor, needed in training where an option
        draws, and the index of this layer and direction.

    Returns
    -------
    output : (B, T, P), 0 at steps that do not count
    h, c : (B, P), (B, H), the final states
    """
    mask = valid_steps(x, lengths) if lengths is not None else mask
    outputs = list(x.new_zeros(x.shape[1], x.shape[0], options.output_size))
    for t, step in unroll(
        x, h, c, weights, options, mask=mask, reverse=reverse, training=training, seed=seed, stream=stream
    ):
        h, c = step.h, step.c
        outputs[t] = h if mask is None else h * mask[:, t, None]
    output = torch.stack(outputs, dim=1) if outputs else x.new_zeros(x.shape[0], 0, options.output_size)
    return output, h, c


def unroll(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: LayerWeights,
    options: LSTMOptions,
    *,
    mask: Tensor | None = None,
    reverse: bool = False,
    training: bool = False,
    seed: Tensor | None = None,
    stream: int = 0,
) -> Iterator[tuple[int, Step]]:
    """Yield ``(t, values)`` for each time step in the order of the direction; arguments as in ``run_direction``."""
    if mask is not None:
        # whatever stands in padding, NaN too, must not reach a gradient
        x = x.masked_fill(~mask[..., None], 0.0)
    if training and options.input_dropout:
        assert seed is not None
        x = x * dropout_mask(
            x, options.input_dropout, units=x.shape[2], seed=seed, stream=stream, kind=Kind.INPUT_DROPOUT
        ).unsqueeze(1)
    recurrent_mask = None
    if training and options.recurrent_dropout:
        assert seed is not None
        recurrent_mask = dropout_mask(
            x,
            options.recurrent_dropout,
            units=options.output_size,
            seed=seed,
            stream=stream,
            kind=Kind.RECURRENT_DROPOUT,
        )
    # W x~ needs no earlier step, so all steps are one product
    input_part = _normalised(_product(x, weights.input, options), weights.norm_input).unbind(1)
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        h_masked = h if recurrent_mask is None else h * recurrent_mask
        z = input_part[t] + _normalised(_product(h_masked, weights.recurrent, options), weights.norm_recurrent)
        new = _cell(z if weights.bias is None else z + weights.bias, c, weights, options)
        if options.zoneout_c or options.zoneout_h:
            new = _zoneout(new, h, c, options, t, seed if training else None, stream)
        if mask is not None:
            counts = mask[:, t, None]
            new = new._replace(c=torch.where(counts, new.c, c), h=torch.where(counts, new.h, h))
        h, c = new.h, new.c
        yield t, new


def check_not_both(lengths: object, mask: object) -> None:
    """Raise ``InputError`` where both are given."""
    if lengths is not None and mask is not None:
        raise InputError("Give lengths or mask, not both: a mask says all that lengths say.")


def valid_steps(x: Tensor, lengths: Tensor) -> Tensor:
    """Return the mask (B, T) of the first ``lengths[b]`` steps of each row of ``x`` (B, T, ...)."""
    return torch.arange(x.shape[1], device=x.device)[None, :] < lengths.to(x.device)[:, None]


def _cell(z: Tensor, c_old: Tensor, weights: LayerWeights, options: LSTMOptions) -> Step:
    pre = dict(zip(options.gates, z.chunk(len(options.gates), dim=1), strict=True))
    peephole = {}
    if weights.peephole is not None:
        peephole = dict(zip(options.peephole_gates, weights.peephole, strict=True))

    f = torch.sigmoid(pre["f"] + peephole["f"] * c_old if peephole else pre["f"])
    if options.coupled_gates:
        i = 1 - f
    else:
        i = torch.sigmoid(pre["i"] + peephole["i"] * c_old if peephole else pre["i"])
    g = torch.tanh(pre["g"])
    c = f * c_old + i * g
    o = torch.sigmoid(pre["o"] + peephole["o"] * c if peephole else pre["o"])
    if weights.norm_cell is not None:
        gain, shift = weights.norm_cell
        h = o * torch.tanh(layer_norm(c, c.shape[1:], gain, shift, LAYER_NORM_EPSILON))
    else:
        h = o * torch.tanh(c)
    if weights.projection is not None:
        h = _product(h, weights.projection, options)
    return Step(i, f, g, o, c, h)


def _product(values: Tensor, weight: Tensor, options: LSTMOptions) -> Tensor:
    if options.precision == "full":
        return linear(values, weight)
    product: Tensor = _RoundedGradient.apply(linear(_rounded(values), _rounded(weight)))  # type: ignore[no-untyped-call]
    return product


def _rounded(values: Tensor) -> Tensor:
    rounded: Tensor = _Rounded.apply(values)  # type: ignore[no-untyped-call]
    return rounded


class _Elementwise(torch.autograd.Function):
    """A function of each value for itself, with the derivative 1, which transforms of ``torch.func`` can go through."""

    # one rule serves every transform, those of each other included
    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor) -> Tensor:
        # PyTorch refuses a tangent that is returned as it is
        return tangent.clone()


class _Rounded(_Elementwise):
    """The nearest bfloat16."""

    @staticmethod
    def forward(values: Tensor) -> Tensor:
        return values.to(torch.bfloat16).to(values.dtype)


class _RoundedGradient(_Elementwise):
    """Nothing in the forward pass; in the backward pass what comes out is rounded, before it meets the two sides."""

    @staticmethod
    def forward(values: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _rounded(gradient)


def _normalised(values: Tensor, gain: Tensor | None) -> Tensor:
    return values if gain is None else layer_norm(values, gain.shape, gain, None, LAYER_NORM_EPSILON)


def _zoneout(new: Step, h: Tensor, c: Tensor, options: LSTMOptions, t: int, seed: Tensor | None, stream: int) -> Step:
    if seed is None:
        return new._replace(
            c=options.zoneout_c * c + (1 - options.zoneout_c) * new.c,
            h=options.zoneout_h * h + (1 - options.zoneout_h) * new.h,
        )
    keep_c, keep_h = zoneout_masks(
        c, options.zoneout_c, options.zoneout_h, units=options.hidden_size, step=t, seed=seed, stream=stream
    )
    keep_h = keep_h[:, : options.output_size]
    return new._replace(c=torch.where(keep_c, c, new.c), h=torch.where(keep_h, h, new.h))

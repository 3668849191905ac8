"""The reference engine against a NumPy loop that shares no code with it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.random import Kind, dropout_mask, zoneout_masks
from gatecell.kernels.reference import run_direction, unroll
from gatecell.kernels.weights import LayerWeights
from tests.kernels.draws import SIZES, lstm_options, random_input, random_weights
from tests.kernels.numpy_lstm import Array, run_row

SEED = torch.tensor(2**62 + 12345)


def numpy_run(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weights: LayerWeights,
    options: LSTMOptions,
    counts: Tensor,
    reverse: bool,
    input_mask: Tensor | None = None,
    recurrent_mask: Tensor | None = None,
) -> tuple[Array, Array, Array]:
    arrays = {name: value.numpy() for name, value in weights._asdict().items() if value is not None}
    rows = [
        run_row(
            x[b].numpy(),
            h[b].numpy(),
            c[b].numpy(),
            arrays,
            counts=counts[b].numpy(),
            reverse=reverse,
            zoneout_h=options.zoneout_h,
            zoneout_c=options.zoneout_c,
            coupled=options.coupled_gates,
            input_mask=1.0 if input_mask is None else input_mask[b].numpy(),
            recurrent_mask=1.0 if recurrent_mask is None else recurrent_mask[b].numpy(),
        )
        for b in range(x.shape[0])
    ]
    output, h_n, c_n = (np.stack(parts) for parts in zip(*rows, strict=True))
    return output, h_n, c_n


@settings(max_examples=60, deadline=None)
@given(
    options=lstm_options(),
    rows=st.sampled_from(SIZES),
    steps=st.sampled_from(SIZES),
    reverse=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_equals_numpy_in_evaluation_for_any_mask(
    options: LSTMOptions, rows: int, steps: int, reverse: bool, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = random_weights(options, generator)
    x, h, c = random_input(options, rows, steps, generator)
    mask = torch.rand(rows, steps, generator=generator) < 0.7
    mask[0] = False
    got = run_direction(x, h, c, weights, options, mask=mask, reverse=reverse)
    expected = numpy_run(x, h, c, weights, options, mask, reverse)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_dropout_masks_are_constant_over_a_sequence_and_equal_numpy(reverse: bool) -> None:
    options = LSTMOptions(input_size=5, hidden_size=7, input_dropout=0.4, recurrent_dropout=0.3)
    generator = torch.Generator().manual_seed(0)
    weights = random_weights(options, generator)
    x, h, c = random_input(options, 3, 6, generator)
    got = run_direction(x, h, c, weights, options, reverse=reverse, training=True, seed=SEED, stream=2)
    masks = [
        dropout_mask(x, p, units=units, seed=SEED, stream=2, kind=kind)
        for p, units, kind in ((0.4, 5, Kind.INPUT_DROPOUT), (0.3, 7, Kind.RECURRENT_DROPOUT))
    ]
    expected = numpy_run(x, h, c, weights, options, torch.ones(3, 6, dtype=torch.bool), reverse, *masks)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-10, atol=1e-12)


def test_zoneout_in_training_keeps_exactly_the_drawn_elements() -> None:
    options = LSTMOptions(input_size=3, hidden_size=50, zoneout_h=0.4, zoneout_c=0.2)
    plain = LSTMOptions(input_size=3, hidden_size=50)
    generator = torch.Generator().manual_seed(0)
    weights = random_weights(options, generator)
    x, h, c = random_input(options, 4, 5, generator)
    for t, step in unroll(x, h, c, weights, options, training=True, seed=SEED, stream=1):
        keep_c, keep_h = zoneout_masks(c, 0.2, 0.4, units=50, step=t, seed=SEED, stream=1)
        ((_, new),) = unroll(x[:, t : t + 1], h, c, weights, plain)
        torch.testing.assert_close(step.c, torch.where(keep_c, c, new.c))
        torch.testing.assert_close(step.h, torch.where(keep_h, h, new.h))
        h, c = step.h, step.c


def test_lengths_are_a_mask_of_the_first_steps() -> None:
    options = LSTMOptions(input_size=3, hidden_size=4)
    generator = torch.Generator().manual_seed(0)
    weights = random_weights(options, generator)
    x, h, c = random_input(options, 3, 6, generator)
    mask = torch.tensor([[False] * 6, [True] * 2 + [False] * 4, [True] * 6])
    for reverse in (False, True):
        by_lengths = run_direction(x, h, c, weights, options, lengths=torch.tensor([0, 2, 6]), reverse=reverse)
        by_mask = run_direction(x, h, c, weights, options, mask=mask, reverse=reverse)
        for ours, theirs in zip(by_lengths, by_mask, strict=True):
            assert torch.equal(ours, theirs)
        assert torch.equal(by_lengths[1][0], h[0])
        assert torch.equal(by_lengths[2][0], c[0])


def test_nothing_in_padding_reaches_a_result_or_a_gradient() -> None:
    options = LSTMOptions(input_size=3, hidden_size=4, peephole=True, layer_norm=True, zoneout_c=0.1)
    generator = torch.Generator().manual_seed(0)
    weights = random_weights(options, generator)
    x, h, c = random_input(options, 2, 5, generator)
    lengths = torch.tensor([2, 5])
    poisoned = x.clone()
    poisoned[0, 2:] = torch.nan
    results = []
    for values in (x, poisoned):
        leaves = [tensor.clone().requires_grad_() for tensor in (values, *(w for w in weights if w is not None))]
        used = LayerWeights(
            **dict(zip([k for k, w in weights._asdict().items() if w is not None], leaves[1:], strict=True))
        )
        output, h_n, c_n = run_direction(leaves[0], h, c, used, options, lengths=lengths)
        (output.sum() + h_n.square().sum() + c_n.sum()).backward()
        results.append([output.detach(), h_n.detach(), c_n.detach(), *(leaf.grad for leaf in leaves)])
    for clean, dirty in zip(*results, strict=True):
        assert clean is not None
        assert dirty is not None
        assert torch.equal(clean, dirty)
    x_gradient = results[1][3]
    assert x_gradient is not None
    assert not x_gradient[0, 2:].any()


@settings(max_examples=12, deadline=None)
@given(options=lstm_options(), reverse=st.booleans())
def test_gradients_are_those_of_the_values(options: LSTMOptions, reverse: bool) -> None:
    if options.hidden_size > 2 or options.input_size > 7:
        options = LSTMOptions(
            **vars(options) | {"hidden_size": 2, "proj_size": min(options.proj_size, 1), "input_size": 3}
        )
    generator = torch.Generator().manual_seed(1)
    weights = random_weights(options, generator)
    names = [name for name, value in weights._asdict().items() if value is not None]
    inputs = [*random_input(options, 2, 3, generator), *(value for value in weights if value is not None)]

    def run(x: Tensor, h: Tensor, c: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        used = LayerWeights(**dict(zip(names, values, strict=True)))
        return run_direction(
            x, h, c, used, options, lengths=torch.tensor([3, 1]), reverse=reverse, training=True, seed=SEED
        )

    assert torch.autograd.gradcheck(run, [value.requires_grad_() for value in inputs])


def test_no_steps_and_no_rows_give_empty_outputs_and_the_given_states() -> None:
    options = LSTMOptions(input_size=3, hidden_size=4, proj_size=2)
    generator = torch.Generator().manual_seed(0)
    weights = random_weights(options, generator)
    for rows, steps in ((2, 0), (0, 3), (0, 0)):
        x, h, c = random_input(options, rows, steps, generator)
        output, h_n, c_n = run_direction(x, h, c, weights, options)
        assert output.shape == (rows, steps, 2)
        assert torch.equal(h_n, h)
        assert torch.equal(c_n, c)

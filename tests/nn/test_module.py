"""What any module of PyTorch can do, done to ours and to PyTorch's side by side."""

import copy
import io
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import (
    clip_grad_norm_,
    parameters_to_vector,
    parametrizations,
    prune,
    vector_to_parameters,
)
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence

from gatecell._core.errors import TensorError
from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM
from tests.nn.pairs import KINDS, assert_equal, example, pair, scalar, tensors

WEIGHT = {"layer": "weight_hh_l0", "cell": "weight_hh"}


@given(
    num_layers=st.integers(1, 3),
    bias=st.booleans(),
    batch_first=st.booleans(),
    bidirectional=st.booleans(),
    proj_size=st.sampled_from([0, 2]),
    rows=st.integers(0, 4),
    steps=st.integers(1, 5),
    states=st.booleans(),
    evaluation=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_any_layer_equals_torch(rows: int, steps: int, states: bool, evaluation: bool, seed: int, **shape: Any) -> None:
    torch.manual_seed(seed)
    theirs = nn.LSTM(3, 4, **shape, dtype=torch.float64).train(not evaluation)
    ours = LSTM.from_torch(theirs)
    # 0 rows: unbatched
    batch = (rows,) if rows else ()
    x = torch.randn(*((*batch, steps) if shape["batch_first"] else (steps, *batch)), 3, dtype=torch.float64)
    layers = shape["num_layers"] * (2 if shape["bidirectional"] else 1)
    h = torch.randn(layers, *batch, shape["proj_size"] or 4, dtype=torch.float64)
    hx = (h, torch.randn(layers, *batch, 4, dtype=torch.float64)) if states else None
    leaves = [x.clone().requires_grad_() for _ in range(2)]
    results = [module(leaf, hx) for module, leaf in zip((ours, theirs), leaves, strict=True)]
    assert_equal(*results)
    for result in results:
        scalar(result).backward()
    assert_equal(leaves[0].grad, leaves[1].grad)
    with torch.no_grad():
        assert_equal(ours(x, hx), theirs(x, hx))


@given(rows=st.integers(0, 4), bias=st.booleans(), states=st.booleans(), seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_any_cell_equals_torch(rows: int, bias: bool, states: bool, seed: int) -> None:
    torch.manual_seed(seed)
    theirs = nn.LSTMCell(3, 4, bias, dtype=torch.float64)
    ours = LSTMCell.from_torch(theirs)
    batch = (rows,) if rows else ()
    x = torch.randn(*batch, 3, dtype=torch.float64)
    hx = tuple(torch.randn(2, *batch, 4, dtype=torch.float64)) if states else None
    assert_equal(ours(x, hx), theirs(x, hx))
    with torch.no_grad():
        assert_equal(ours(x, hx), theirs(x, hx))


@pytest.mark.parametrize("evaluation", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_views_of_any_strides(kind: str, evaluation: bool) -> None:
    ours, theirs = pair(kind)
    x = example(kind, rows=4, steps=4)
    views = [
        x[:1].expand_as(x),
        x[..., :1].expand_as(x),
        x[::2],
        x.flip(0),
        torch.stack([x, x], dim=-1)[..., 1],
        torch.as_strided(x, x.shape, (1,) * x.dim()),
    ]
    if kind == "layer":
        views += [x.transpose(0, 1), x[:, :1].expand_as(x)]
    for view in views:
        with torch.set_grad_enabled(not evaluation):
            assert_equal(ours(view), theirs(view))
        if view.untyped_storage().data_ptr() == x.untyped_storage().data_ptr():
            leaf = x.clone().requires_grad_()
            again = torch.as_strided(leaf, view.shape, view.stride(), view.storage_offset())
            found, expected = (torch.autograd.grad(scalar(module(again)), leaf)[0] for module in (ours, theirs))
            assert_equal(found, expected)


def reparametrised(module: nn.Module, name: str, how: str) -> nn.Module:
    torch.manual_seed(3)
    if how == "weight norm":
        parametrizations.weight_norm(module, name)
    elif how == "spectral norm":
        # in training each look at the weight is a step of the power method, and PyTorch's layer looks more than once
        parametrizations.spectral_norm(module, name).eval()
    elif how == "orthogonal":
        parametrizations.orthogonal(module, name)
    elif how == "pruned":
        prune.l1_unstructured(module, name, amount=0.3)
    elif how == "weight norm by a hook":
        nn.utils.weight_norm(module, name)
    else:
        nn.utils.spectral_norm(module, name)
    return module


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.(weight|spectral)_norm` is deprecated")
@pytest.mark.parametrize(
    "how",
    ["weight norm", "spectral norm", "orthogonal", "pruned", "weight norm by a hook", "spectral norm by a hook"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_weights_made_of_others(kind: str, how: str) -> None:
    x = example(kind)
    modules = [reparametrised(module, WEIGHT[kind], how) for module in pair(kind)]
    gradients = []
    for module in modules:
        leaf = x.clone().requires_grad_()
        scalar(module(leaf)).backward()
        gradients.append([leaf.grad, *(p.grad for name, p in module.named_parameters() if WEIGHT[kind] in name)])
    assert len(gradients[0]) >= 2
    assert_equal(*gradients)
    with torch.no_grad():
        assert_equal(modules[0].eval()(x), modules[1].eval()(x))


def doubled(module: nn.Module, gradients: Any) -> Any:
    return (2 * gradients[0], *gradients[1:])


def hooked(module: nn.Module, x: Tensor) -> list[Any]:
    seen: list[Any] = []
    module.register_forward_pre_hook(lambda _, args: (2 * args[0], *args[1:]))
    module.register_forward_hook(lambda _, args, output: (3 * output[0], *output[1:]))
    module.register_full_backward_pre_hook(doubled)
    module.register_full_backward_hook(lambda _, given, gradients: seen.extend(tensors([given, gradients])))
    leaf = x.clone().requires_grad_()
    result = module(leaf)
    result[0].square().sum().backward()
    return [result, leaf.grad, seen]


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_see_and_change_what_goes_through(kind: str) -> None:
    ours, theirs = pair(kind)
    assert_equal(hooked(ours, example(kind)), hooked(theirs, example(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_as_one_vector_and_clipped_gradients(kind: str) -> None:
    ours, _ = pair(kind)
    x = example(kind)
    with torch.no_grad():
        before = tensors(ours.eval()(x))
        vector_to_parameters(2 * parameters_to_vector(ours.parameters()), ours.parameters())
        doubled = copy.deepcopy(ours)
        assert_equal(ours(x), doubled(x))
        assert not torch.equal(tensors(ours(x))[0], before[0])
    scalar(ours(x)).backward()
    assert clip_grad_norm_(ours.parameters(), 0.5) > 0.5
    assert parameters_to_vector([p.grad for p in ours.parameters() if p.grad is not None]).norm() < 0.501


@pytest.mark.parametrize("kind", KINDS)
def test_saved_shared_and_replicated(kind: str) -> None:
    ours, _ = pair(kind)
    x = example(kind)
    expected = ours(x)
    file = io.BytesIO()
    torch.save(ours.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(ours)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
        other.eval()(x)
    other.load_state_dict(torch.load(file, weights_only=True))
    with torch.no_grad():
        assert_equal(other(x), expected)
        assert_equal(ours.share_memory()(x), expected)
        assert_equal(nn.DataParallel(ours)(x), expected)
        ours.float().eval()(x.float())
        assert_equal(ours.double()(x), copy.deepcopy(ours)(x))


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_may_be_changed_in_place(kind: str) -> None:
    gradients = []
    for module in pair(kind):
        leaf = example(kind).requires_grad_()
        output = module(leaf)[0]
        output.mul_(2).relu_()
        (output.sum() + output.square().sum()).backward()
        gradients.append(leaf.grad)
    assert_equal(*gradients)


@pytest.mark.parametrize("batch_first", [False, True])
def test_packed_rows_of_all_kinds(batch_first: bool) -> None:
    ours, theirs = pair("layer", num_layers=2, batch_first=batch_first)
    x = example("layer", rows=4, steps=6)
    x = x if batch_first else x.transpose(0, 1)
    packs = [
        pack_padded_sequence(x, [3, 6, 1, 2], batch_first=batch_first, enforce_sorted=False),
        pack_padded_sequence(x, [6, 3, 3, 1], batch_first=batch_first),
        pack_sequence([torch.randn(n, 5, dtype=torch.float64) for n in (5, 2, 2)]),
        pack_sequence([torch.randn(n, 5, dtype=torch.float64) for n in (1, 4)], enforce_sorted=False),
    ]
    for packed in packs:
        for mode in (torch.enable_grad, torch.no_grad):
            with mode():
                found, expected = ours(packed), theirs(packed)
            assert_equal(found[0].data, expected[0].data)
            assert_equal(found[1], expected[1])
            for field in ("batch_sizes", "sorted_indices", "unsorted_indices"):
                mine, other = getattr(found[0], field), getattr(expected[0], field)
                assert (mine is None) == (other is None)
                assert mine is None or torch.equal(mine, other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_without_rows(kind: str) -> None:
    ours, theirs = pair(kind)
    x = example(kind)[:0]
    for value, other in zip(tensors(ours(x)), tensors(theirs(x)), strict=True):
        assert value.shape == other.shape


def test_a_state_of_other_numbers_is_refused_but_under_autocast() -> None:
    lstm, cell = LSTM(5, 7), LSTMCell(5, 7)
    x, wide = torch.randn(3, 2, 5), torch.zeros(1, 2, 7, dtype=torch.float64)
    with pytest.raises(TensorError, match=r"state h_0 is torch\.float64, but the input is torch\.float32: convert one"):
        lstm(x, (wide, wide))
    with pytest.raises(TensorError, match=r"state c is torch\.float64, but the input is torch\.float32: convert one"):
        cell(x[0], (torch.zeros(2, 7), wide[0]))
    with torch.autocast("cpu", torch.bfloat16):
        assert lstm(x, (wide.bfloat16(), wide.bfloat16()))[0].dtype == torch.bfloat16
        assert cell(x[0], (wide[0].bfloat16(), wide[0].bfloat16()))[0].dtype == torch.bfloat16

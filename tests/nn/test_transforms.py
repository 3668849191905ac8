"""Derivatives of every kind and transforms of ``torch.func``: values as PyTorch's layers give them, one by one."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad, functional
from torch.func import functional_call, functionalize, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vjp, vmap

from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM
from tests.nn.pairs import KINDS, assert_equal, example, pair, scalar, stacked, tensors

# forward-mode derivatives import parts of PyTorch that PyTorch itself calls deprecated
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

Transform = Callable[[Callable[[Tensor], Any], Tensor], Any]

TRANSFORMS: dict[str, Transform] = {
    "grad": lambda f, x: grad(lambda y: scalar(f(y)))(x),
    "vjp": lambda f, x: vjp(lambda y: f(y)[0], x)[1](torch.ones_like(f(x)[0])),
    "jvp": lambda f, x: jvp(lambda y: f(y)[0], (x,), (x.sin(),)),
    "jacrev": lambda f, x: jacrev(lambda y: f(y)[0])(x),
    "jacfwd": lambda f, x: jacfwd(lambda y: f(y)[0])(x),
    "hessian": lambda f, x: hessian(lambda y: scalar(f(y)))(x),
    "grad of grad": lambda f, x: grad(lambda y: grad(lambda z: scalar(f(z)))(y).square().sum())(x),
    "functionalize": lambda f, x: functionalize(f)(x),
    "jacobian": lambda f, x: functional.jacobian(lambda y: f(y)[0], x),
    "jacobian, all rows at once": lambda f, x: functional.jacobian(lambda y: f(y)[0], x, vectorize=True),
    "Hessian": lambda f, x: functional.hessian(lambda y: scalar(f(y)), x),
    "Hessian, all rows at once": lambda f, x: functional.hessian(lambda y: scalar(f(y)), x, vectorize=True),
    "Hessian times vector": lambda f, x: functional.hvp(lambda y: scalar(f(y)), x, x.cos()),
    "jvp by two backward passes": lambda f, x: functional.jvp(lambda y: f(y)[0], x, x.cos()),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_equals_torch(name: str, kind: str) -> None:
    ours, theirs = pair(kind)
    x = example(kind, rows=2, steps=3)
    assert_equal(TRANSFORMS[name](ours, x), TRANSFORMS[name](theirs, x))


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad])
@pytest.mark.parametrize("kind", KINDS)
def test_a_forward_derivative_equals_torch(kind: str, mode: Any) -> None:
    x, found = example(kind), []
    for module in pair(kind):
        with forward_ad.dual_level(), mode():
            result = module(forward_ad.make_dual(x, x.sin()))[0]
            found.append(tuple(forward_ad.unpack_dual(result)))
    assert found[0][1] is not None
    assert_equal(found[0], found[1])


@pytest.mark.parametrize("kind", KINDS)
def test_vmap_equals_one_by_one(kind: str) -> None:
    ours, theirs = pair(kind)
    batches = torch.stack([example(kind), -example(kind), 2 * example(kind)], dim=1)
    with torch.no_grad():
        found = vmap(ours, in_dims=1)(batches)
        assert_equal(found, stacked(map(theirs, batches.unbind(1))))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_each_row_equal_one_by_one(kind: str) -> None:
    ours, theirs = pair(kind)
    x = example(kind)
    weights = {name: value.detach() for name, value in ours.named_parameters()}

    def loss(weights: dict[str, Tensor], row: Tensor) -> Tensor:
        return scalar(functional_call(ours, weights, (row[None],)))

    found = vmap(grad(loss), in_dims=(None, 0))(weights, x)
    for index, row in enumerate(x):
        theirs.zero_grad()
        scalar(theirs(row[None])).backward()
        for name, value in found.items():
            expected = theirs.get_parameter(name.replace("bias", "bias_ih")).grad
            assert_equal(value[index], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_many_gradients_at_once_equal_one_by_one(kind: str) -> None:
    ours, _ = pair(kind)
    x = example(kind).requires_grad_()
    outputs = tensors(ours(x))
    directions = [torch.randn(4, *output.shape, dtype=torch.float64) for output in outputs]
    arguments = [x, *ours.parameters()]
    found = torch.autograd.grad(outputs, arguments, directions, is_grads_batched=True, retain_graph=True)
    each = [
        torch.autograd.grad(outputs, arguments, [direction[index] for direction in directions], retain_graph=True)
        for index in range(4)
    ]
    assert_equal(found, stacked(each))


@pytest.mark.parametrize("kind", KINDS)
def test_an_ensemble_equals_its_members(kind: str) -> None:
    ours, _ = pair(kind)
    members = [copy.deepcopy(ours) for _ in range(3)]
    with torch.no_grad():
        for index, member in enumerate(members):
            for parameter in member.parameters():
                parameter.mul_(1 + index)
    weights, buffers = stack_module_state(members)
    x, base = example(kind), copy.deepcopy(ours).to("meta")
    found = vmap(lambda w, b: functional_call(base, (w, b), (x,)))(weights, buffers)
    assert_equal(found, stacked(member(x) for member in members))


@pytest.mark.parametrize("kind", KINDS)
def test_a_functional_call_has_gradients_of_the_weights_it_is_given(kind: str) -> None:
    ours, _ = pair(kind)
    x = example(kind)
    weights = {name: (2 * value).detach().requires_grad_() for name, value in ours.named_parameters()}
    scalar(functional_call(ours, weights, (x,))).backward()
    doubled = copy.deepcopy(ours)
    with torch.no_grad():
        for parameter in doubled.parameters():
            parameter.mul_(2)
    scalar(doubled(x)).backward()
    for name, parameter in doubled.named_parameters():
        assert_equal(weights[name].grad, parameter.grad)


OPTIONS: list[dict[str, Any]] = [
    {"peephole": True, "coupled_gates": True},
    {"layer_norm": True, "proj_size": 3},
    {"recurrent_dropout": 0.4, "input_dropout": 0.3, "zoneout_c": 0.2},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("steps", ["lengths", "mask"])
def test_options_and_ragged_rows_go_through_transforms(options: dict[str, Any], steps: str) -> None:
    lstm = LSTM(5, 7, 2, batch_first=True, bidirectional=True, dtype=torch.float64, **options)
    x = example("layer")
    counted: Any = {"lengths": torch.tensor([4, 0, 2])} if steps == "lengths" else {"mask": torch.rand(3, 4) < 0.5}

    def value(y: Tensor) -> Tensor:
        torch.manual_seed(3)
        return scalar(lstm(y, **counted))

    leaf = x.clone().requires_grad_()
    value(leaf).backward()
    assert_equal(grad(value)(x), leaf.grad)
    if steps == "lengths":
        lstm.eval()
        found = vmap(lambda y, n: lstm(y[None], lengths=n[None])[0][0])(x, counted["lengths"])
        assert_equal(found, lstm(x, **counted)[0])


def test_rounded_products_go_through_transforms() -> None:
    lstm = LSTM(5, 7, batch_first=True, precision="bfloat16")
    x = torch.randn(3, 4, 5)
    leaf = x.clone().requires_grad_()
    scalar(lstm(leaf)).backward()
    torch.testing.assert_close(grad(lambda y: scalar(lstm(y)))(x), leaf.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(vmap(lambda y: lstm(y[None])[0][0])(x), lstm(x)[0], rtol=1e-4, atol=1e-5)
    tangent = jvp(lambda y: lstm(y)[0], (x,), (x,))[1]
    assert tangent.isfinite().all()
    assert tangent.any()


@pytest.mark.parametrize("randomness", ["different", "same"])
def test_dropout_under_vmap_follows_its_randomness(randomness: str) -> None:
    lstm = LSTM(5, 7, 2, batch_first=True, recurrent_dropout=0.5, dropout=0.5)
    same = torch.ones(4, 2, 3, 5)
    found = vmap(lambda y: lstm(y)[0], randomness=randomness)(same)
    assert torch.equal(found[0], found[1]) == (randomness == "same")
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(lambda y: lstm(y)[0])(same)


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives_are_those_of_finite_differences(kind: str) -> None:
    ours, _ = pair(kind)
    x = example(kind, rows=2, steps=2).requires_grad_()
    weights = [value.detach().clone().requires_grad_() for value in ours.parameters()]
    names = [name for name, _ in ours.named_parameters()]

    def run(x: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensors(functional_call(ours, dict(zip(names, values, strict=True)), (x,))))

    assert torch.autograd.gradcheck(run, (x, *weights))
    assert torch.autograd.gradgradcheck(run, (x, *weights), fast_mode=True)


class Negated(nn.Module):
    """A gradient that PyTorch hands back as a view to be negated when it is read."""

    def forward(self, output: Tensor) -> Tensor:
        number = torch.complex(torch.zeros_like(output), output)
        return (number.conj() * number * (1 + 2j)).imag.sum()


@pytest.mark.parametrize("kind", KINDS)
def test_negated_views_are_read_as_their_values(kind: str) -> None:
    x = example(kind)
    view = torch.imag(torch.complex(x, x).conj())
    assert view.is_neg()
    ours, theirs = pair(kind)
    assert_equal(ours(view), theirs(view))
    with torch.no_grad():
        assert_equal(ours(view), theirs(view))
    gradients = []
    for module in (ours, theirs):
        leaf = x.clone().requires_grad_()
        Negated()(module(leaf)[0]).backward()
        gradients.append(leaf.grad)
    assert_equal(*gradients)


def test_a_default_device_does_not_move_what_the_layer_makes() -> None:
    lstm = LSTM(5, 7, 2, recurrent_dropout=0.3, zoneout_h=0.1)
    cell = LSTMCell(5, 7, zoneout_h=0.5)
    x = torch.randn(3, 2, 5)
    with torch.device("meta"):
        scalar(lstm(x)).backward()
        scalar(cell(x[0])).backward()
        with torch.no_grad():
            assert lstm.eval()(x)[0].device.type == "cpu"
    assert all(parameter.grad is not None for parameter in (*lstm.parameters(), *cell.parameters()))

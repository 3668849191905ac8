"""Which way a call goes: straight to the C++ core, or round it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.utils.flop_counter import FlopCounterMode

from gatecell._core.errors import TensorError
from gatecell.kernels import core, native
from gatecell.kernels.interception import detour, has_numbers, is_intercepted
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights
from gatecell.nn.lstm import LSTM
from tests.kernels.draws import random_input, random_weights

absent = core.missing()
OPTIONS = LSTMOptions(input_size=3, hidden_size=5)


class Labelled(Tensor):
    """A subclass."""


class Silent(torch.overrides.TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


@contextmanager
def default_device() -> Iterator[None]:
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@pytest.mark.parametrize(
    ("context", "way"),
    [
        (nullcontext(), None),
        (torch.no_grad(), None),
        (torch.inference_mode(), None),
        (torch.autocast("cpu", torch.bfloat16), None),
        (torch.device("meta"), None),
        (default_device(), None),
        (torch.autograd.graph.save_on_cpu(), None),
        (Silent(), "operators"),
        (FlopCounterMode(display=False), "operators"),
        (FakeTensorMode(allow_non_fake_inputs=True), "operators"),
        (forward_ad.dual_level(), "reference"),
    ],
)
def test_modes(context: AbstractContextManager[Any], way: str | None) -> None:
    x, weights = torch.zeros(2, 4, 3), [LayerWeights(torch.nn.Parameter(torch.zeros(20, 3)), torch.zeros(20, 5))]
    with context:
        assert detour((x, None), weights) == way
        assert is_intercepted() == (way is not None)
    assert detour((x, None), weights) is None


TENSORS = {
    "plain": (lambda x: x, None),
    "a view": (lambda x: x[::2, 1:].t(), None),
    "expanded": (lambda x: x[:1].expand(7, 3), None),
    "empty": (lambda x: x[:0], None),
    "a parameter": (torch.nn.Parameter, None),
    "one of inference": (lambda x: x, None),
    "fake": (lambda x: FakeTensorMode().from_tensor(x), "operators"),
    "without numbers": (lambda x: x.to("meta"), "operators"),
    "a subclass": (lambda x: x.as_subclass(Labelled), "reference"),
    "negated when read": (lambda x: torch.imag(torch.complex(x, x).conj()), "reference"),
    "zero without memory": (lambda x: torch._efficientzerotensor(x.shape), "reference"),
    "of functionalisation": (torch._to_functional_tensor, "reference"),
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors(name: str) -> None:
    make, way = TENSORS[name]
    with torch.inference_mode(name == "one of inference"):
        value: Tensor = make(torch.randn(4, 3))  # type: ignore[no-untyped-call]
    assert detour((value,), ()) == way
    assert has_numbers(value) == (way is None)
    if name not in ("without numbers", "negated when read", "zero without memory", "of functionalisation"):
        # weights are known by their kind; an address that holds nothing is refused where it is taken
        assert detour((), (LayerWeights(torch.zeros(1), value),)) == way


@pytest.mark.parametrize("transform", [torch.func.grad, torch.func.vmap, torch.func.functionalize])
def test_transforms(transform: Any) -> None:
    ways = []

    def noted(x: Tensor) -> Tensor:
        ways.append(detour((x,), ()))
        return x.sum()

    transform(noted)(torch.zeros(3))
    assert ways == ["reference"]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_trace() -> None:
    ways = []

    def noted(x: Tensor) -> Tensor:
        ways.append(detour((x,), ()))
        return 2 * x

    torch.jit.trace(noted, (torch.zeros(3),), check_trace=False)
    assert ways == ["operators"]


@pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")
@pytest.mark.parametrize("training", [False, True])
def test_weights_whose_memory_was_freed_are_refused(training: bool) -> None:
    lstm = LSTM(3, 5)
    x = torch.randn(4, 2, 3)
    lstm.get_parameter("weight_hh_l0").untyped_storage().resize_(0)
    with (
        torch.set_grad_enabled(training),
        pytest.raises(TensorError, match="no numbers at its address: its storage was"),
    ):
        lstm.train(training)(x)
    x.untyped_storage().resize_(0)
    whole = LSTM(3, 5)
    with pytest.raises(RuntimeError, match="not allocated|out of bounds"):
        whole(x)


@pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")
def test_the_engine_itself_goes_round_the_core() -> None:
    generator = torch.Generator().manual_seed(0)
    x, h, c = random_input(OPTIONS, 2, 4, generator, torch.float64)
    weights = random_weights(OPTIONS, generator, torch.float64)
    direct = native.run_direction(x, h, c, weights, OPTIONS)
    with FlopCounterMode(display=False):
        operator = native.run_direction(x, h, c, weights, OPTIONS)
        layer = native.run_layer(x, h[None], c[None], [weights], OPTIONS)
    for found, expected in zip(operator, direct, strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(layer[0], direct[0])
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert native.run_layer(x, None, None, [weights], OPTIONS)[0].shape == (2, 4, 5)

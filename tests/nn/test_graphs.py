"""Where PyTorch records instead of computing: the graph computes what the module does, for other inputs too."""

import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from gatecell._core.errors import EngineError
from gatecell.kernels import core
from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM
from tests.nn.pairs import KINDS, assert_equal, example, pair, scalar, tensors

# what records graphs is deprecated in part, or imports deprecated parts of PyTorch
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),
    # PyTorch's own layers make it say the same of their comparisons of shapes
    pytest.mark.filterwarnings("ignore:Converting a tensor to a Python boolean:torch.jit.TracerWarning"),
]
absent = core.missing()
native = pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")


def build(kind: str, training: bool, **options: Any) -> nn.Module:
    """Return a layer of two layers and both directions with an option beyond PyTorch's, or such a cell."""
    torch.manual_seed(0)
    if kind == "cell":
        return LSTMCell(5, 7, peephole=True, dtype=torch.float64, **options).train(training)
    layers = {"num_layers": 2, "bidirectional": True, "batch_first": True}
    return LSTM(5, 7, **layers, peephole=True, dtype=torch.float64, **options).train(training)  # type: ignore[arg-type]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad])
@pytest.mark.parametrize("kind", KINDS)
@native
def test_a_trace_computes_the_same_for_other_inputs(kind: str, mode: Any, training: bool) -> None:
    module = build(kind, training)
    other = torch.cat([example(kind, rows=6, steps=9)] * 2)
    with mode():
        traced: Any = torch.jit.trace(module, (example(kind),))
        assert_equal(traced(other), module(other))
    leaves = [other.clone().requires_grad_() for _ in range(2)]
    for leaf, call in zip(leaves, (traced, module), strict=True):
        scalar(call(leaf)).backward()
    assert_equal(leaves[0].grad, leaves[1].grad)


@native
def test_a_saved_trace_reads_packed_rows_of_other_lengths() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = LSTM(5, 7, batch_first=True, bidirectional=True, dtype=torch.float64)

        def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            h: Tensor = self.lstm(packed)[1][0]
            return h

    reader = Reader().eval()
    with torch.no_grad():
        traced: Any = torch.jit.trace(reader, (example("layer"), torch.tensor([4, 1, 2])))
        file = io.BytesIO()
        torch.jit.save(traced, file)
        file.seek(0)
        loaded = torch.jit.load(file)
        x, lengths = example("layer", rows=5, steps=8), torch.tensor([3, 8, 1, 2, 7])
        assert_equal(loaded(x, lengths), reader(x, lengths))


@pytest.mark.parametrize("pre_dispatch", [False, True])
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad])
@pytest.mark.parametrize("kind", KINDS)
def test_make_fx_records_the_module(kind: str, mode: Any, pre_dispatch: bool) -> None:
    module = build(kind, training=False)
    x = example(kind)
    with mode():
        graph = make_fx(module, pre_dispatch=pre_dispatch)(x)
        assert_equal(graph(2 * x), module(2 * x))


@pytest.mark.parametrize("kind", KINDS)
def test_make_fx_records_the_gradient(kind: str) -> None:
    module = build(kind, training=True)
    x = example(kind).requires_grad_()
    graph = make_fx(lambda y: torch.autograd.grad(scalar(module(y)), y))(x)
    other = (2 * x).detach().requires_grad_()
    assert_equal(graph(other), torch.autograd.grad(scalar(module(other)), other))


@native
def test_recorded_layers_have_second_derivatives_and_refuse_forward_ones() -> None:
    lstm = build("layer", training=True)
    x = example("layer").requires_grad_()

    def second(call: Callable[..., Any], y: Tensor) -> tuple[Tensor, ...]:
        arguments = [y, *lstm.parameters()]
        first = torch.autograd.grad(scalar(call(y)), arguments, create_graph=True)
        return torch.autograd.grad(scalar(first), arguments)

    expected = second(lstm, x)
    assert_equal(make_fx(lambda y: second(lstm, y))(x)(x), expected)
    traced: Any = torch.jit.trace(lstm, (x.detach(),))
    assert_equal(second(traced, x), expected)
    with (
        torch.autograd.forward_ad.dual_level(),
        torch.no_grad(),
        pytest.raises(
            RuntimeError, match="A recorded LSTM has no forward-mode derivatives. Ask for them of the module"
        ),
    ):
        traced(torch.autograd.forward_ad.make_dual(x.detach(), x.detach()))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_fake_tensors_give_shapes(kind: str, training: bool) -> None:
    expected = [value.shape for value in tensors(build(kind, training)(example(kind)))]
    with FakeTensorMode():
        module, x = build(kind, training), torch.empty(example(kind).shape, dtype=torch.float64)
        with torch.set_grad_enabled(training):
            found = tensors(module(x))
        if training:
            scalar(found).backward()
    assert all(isinstance(value, FakeTensor) for value in found)
    assert [value.shape for value in found] == expected
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    # outside of the mode: the tensor alone says that it is one
    found = tensors(copy.deepcopy(build(kind, training))(mode.from_tensor(example(kind))))
    assert [value.shape for value in found] == expected


@pytest.mark.parametrize("options", [{}, {"peephole": True}])
@pytest.mark.parametrize("kind", KINDS)
def test_without_numbers_there_are_shapes_and_later_weights(kind: str, options: dict[str, Any]) -> None:
    build_one: Any = LSTM if kind == "layer" else LSTMCell
    module = build_one(5, 7, device="meta", **options)
    x = torch.randn(4, 3, 5) if kind == "layer" else torch.randn(3, 5)
    on_meta = tensors(module(x.to("meta")))
    scalar(on_meta).backward()
    with torch.no_grad():
        tensors(module.eval()(x.to("meta")))
    assert all(value.device.type == "meta" for value in on_meta)
    module.to_empty(device="cpu")
    module.reset_parameters()
    assert [value.shape for value in tensors(module(x))] == [value.shape for value in on_meta]
    with torch.device("meta"):
        deferred = build_one(5, 7, **options)
    deferred.load_state_dict(module.state_dict(), assign=True)
    assert_equal(deferred(x), module(x))
    assert torch.nn.utils.skip_init(build_one, 5, 7, **options)(x)[0].shape == on_meta[0].shape


class Labelled(Tensor):
    """A subclass that says nothing of functions: PyTorch hands it through."""


class Wrapped(Tensor):
    """A subclass without memory of its own, which unwraps itself for each operation."""

    held: Tensor

    @staticmethod
    def __new__(cls: "type[Wrapped]", inner: Tensor) -> "Wrapped":
        made: Wrapped = Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), dtype=inner.dtype, device=inner.device
        )
        made.held = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        def unwrapped(value: Any) -> Any:
            return value.held if isinstance(value, Wrapped) else value

        def wrapped(value: Any) -> Any:
            return Wrapped(value) if isinstance(value, Tensor) else value

        args, kwargs = torch.utils._pytree.tree_map(unwrapped, (args, kwargs or {}))
        return torch.utils._pytree.tree_map(wrapped, func(*args, **kwargs))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_subclasses_of_tensors(kind: str, training: bool) -> None:
    module = build(kind, training)
    x = example(kind)
    expected = tensors(module(x))
    with torch.set_grad_enabled(training):
        labelled = tensors(module(x.as_subclass(Labelled)))
        wrapped = tensors(module(Wrapped(x)))
    assert all(type(value) is Labelled for value in labelled)
    assert_equal([value.as_subclass(Tensor) for value in labelled], expected)
    assert all(type(value) is Wrapped for value in wrapped)
    assert_equal([value.held for value in wrapped if isinstance(value, Wrapped)], expected)
    # weights may be such, too
    weights: dict[str, Tensor] = {name: Wrapped(value.detach()) for name, value in module.named_parameters()}
    with torch.no_grad():
        of_weights = tensors(torch.func.functional_call(module, weights, (x,)))
    assert_equal([value.held for value in of_weights if isinstance(value, Wrapped)], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_modes_that_watch_see_the_layer(kind: str) -> None:
    module = build(kind, training=False)
    x = example(kind)
    seen: list[str] = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    with torch.no_grad():
        expected = module(x)
        with Watch():
            assert_equal(module(x), expected)
        with FlopCounterMode(display=False):
            assert_equal(module(x), expected)
    if absent is None:
        assert any("lstm_direction" in name for name in seen)
    leaf = x.clone().requires_grad_()
    scalar(checkpoint(module, leaf, use_reentrant=False)).backward()
    other = x.clone().requires_grad_()
    scalar(module(other)).backward()
    assert_equal(leaf.grad, other.grad)


def compiled(module: nn.Module, backend: str, **options: Any) -> Callable[..., Any]:
    call: Callable[..., Any] = torch.compile(module, fullgraph=True, backend=backend, **options)
    return call


@pytest.fixture(autouse=True)
def _nothing_compiled_before() -> None:
    torch._dynamo.reset()


@pytest.mark.parametrize(("dynamic", "training"), [(None, False), (True, True)])
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_without_a_graph_break(kind: str, dynamic: bool | None, training: bool) -> None:
    module = build(kind, training)
    call = compiled(module, "aot_eager", dynamic=dynamic)
    for rows, steps in ((3, 4), (2, 6)):
        found, expected = (example(kind, rows, steps).requires_grad_() for _ in range(2))
        assert_equal(call(found), module(expected))
        scalar(call(found)).backward()
        scalar(module(expected)).backward()
        assert_equal(found.grad, expected.grad)
        with torch.no_grad():
            assert_equal(call(found), module(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_a_transform_is_compiled(kind: str) -> None:
    module = build(kind, training=False)
    x = example(kind)
    per_row = torch.func.vmap(torch.func.grad(lambda row: scalar(module(row[None]))))
    assert_equal(torch.compile(per_row, fullgraph=True, backend="aot_eager")(x), per_row(x))


def test_a_compiled_cell_draws_zoneout_from_the_seed() -> None:
    cell = LSTMCell(5, 7, zoneout_h=0.5)
    call = compiled(cell, "aot_eager")
    x, outputs = torch.randn(3, 5), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(call(x)[0])
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@native
def test_exported_programs_take_other_sizes(kind: str, strict: bool) -> None:
    module = build(kind, training=False)
    sizes = {0: torch.export.Dim("rows", max=99)}
    if kind == "layer":
        sizes[1] = torch.export.Dim("steps", max=99)
    program = torch.export.export(module, (example(kind),), dynamic_shapes=(sizes,), strict=strict)
    other = example(kind, rows=5, steps=7)
    assert_equal(program.module()(other), module(other))


class Model(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.head = nn.Linear(inner.hidden_size * (2 if isinstance(inner, LSTM) else 1), 3, dtype=torch.float64)  # type: ignore[arg-type,operator]

    def forward(self, x: Tensor) -> Tensor:
        head: Tensor = self.head(self.inner(x)[0])
        return torch.relu(head)


@pytest.mark.parametrize("kind", KINDS)
def test_symbolic_traces_keep_the_layer_as_one_node(kind: str) -> None:
    model = Model(build(kind, training=False))
    # what a hook does is done when the node runs, once
    model.inner.register_forward_hook(lambda module, args, output: (2 * output[0], output[1]))
    graph = fx.symbolic_trace(model)
    assert [node.target for node in graph.graph.nodes if node.op == "call_module"] == ["inner", "head"]
    x = example(kind)
    assert_equal(graph(x), model(x))
    assert type(model.inner).__module__.startswith("gatecell.")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@native
def test_traced_onnx_has_pytorchs_lstm_or_says_what_to_do(kind: str, tmp_path: Path) -> None:
    ours, _ = pair(kind)
    file = tmp_path / "model.onnx"
    try:
        torch.onnx.export(ours.eval().float(), (example(kind).float(),), file, dynamo=False)
    except torch.onnx.errors.OnnxExporterError as error:
        # only what writes the finished graph needs the package
        if "onnx is not installed" not in str(error):
            raise
    else:
        assert file.stat().st_size > 100
    with pytest.raises(EngineError, match=r"PyTorch's LSTM has no peephole. Leave that out, .* or use dynamo=True"):
        torch.onnx.export(build(kind, training=False), (example(kind),), file, dynamo=False)

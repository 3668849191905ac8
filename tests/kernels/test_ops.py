"""The native engine as operators: PyTorch's own checks, compilation without a graph break, export."""

import os
import shutil
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from gatecell.kernels import core, launch, ops
from gatecell.kernels.options import LSTMOptions
from gatecell.nn.lstm import LSTM
from tests.kernels.draws import random_input, random_weights

absent = core.missing()
pytestmark = pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")

COMPILER = shutil.which("g++") or shutil.which("clang++")
OPTIONS = LSTMOptions(input_size=5, hidden_size=7, peephole=True, layer_norm=True, recurrent_dropout=0.3, zoneout_c=0.1)


def arguments(kind: str) -> tuple[Any, ...]:
    generator = torch.Generator().manual_seed(0)
    x, h, c = (value.requires_grad_() for value in random_input(OPTIONS, 3, 4, generator, torch.float32))
    weights = [w.requires_grad_() for w in random_weights(OPTIONS, generator, torch.float32) if w is not None]
    lengths = torch.tensor([4, 0, 2]) if kind == "lengths" else None
    mask = torch.rand(3, 4, generator=generator) < 0.5 if kind == "mask" else None
    return x, h, c, weights, lengths, mask, torch.tensor(5), *ops.encode(OPTIONS), kind == "mask", True, 1


@pytest.mark.parametrize("kind", ["dense", "lengths", "mask"])
def test_opcheck(kind: str) -> None:
    given = arguments(kind)
    torch.library.opcheck(torch.ops.gatecell.lstm_direction, given)
    x, h, c, weights, *rest = given
    plain = [value.detach() for value in (x, h, c)]
    weights = [weight.detach() for weight in weights]
    output, h_n, c_n, saved = torch.ops.gatecell.lstm_direction(*plain, weights, *rest)
    gradients = [torch.randn_like(value) for value in (output, h_n, c_n)]
    torch.library.opcheck(
        torch.ops.gatecell.lstm_direction_backward, (*gradients, *plain, weights, output, saved, *rest)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("steps", [0, 1, 7, 100])
def test_there_is_always_room_for_what_is_saved(dtype: torch.dtype, steps: int) -> None:
    for options in (OPTIONS, LSTMOptions(input_size=1, hidden_size=1, coupled_gates=True)):
        needed = core.library().gatecell_saved_bytes(launch.new_problem(options, dtype), steps)
        assert needed <= launch.most_saved_bytes(options, dtype, steps)


def stack() -> tuple[LSTM, Tensor, Tensor]:
    torch.manual_seed(0)
    return (
        LSTM(5, 7, 2, bidirectional=True, batch_first=True, peephole=True),
        torch.randn(3, 6, 5),
        torch.tensor([6, 0, 4]),
    )


def values_and_gradients(lstm: LSTM, call: Any, x: Tensor, lengths: Tensor) -> list[Tensor | None]:
    leaf = x.clone().requires_grad_()
    output, (h, c) = call(leaf, lengths=lengths)
    (output.square().sum() + h.sum() + c.square().sum()).backward()
    found = [output.detach(), h.detach(), c.detach(), leaf.grad, *(p.grad for p in lstm.parameters())]
    lstm.zero_grad()
    return found


# inductor imports parts of PyTorch that PyTorch itself calls deprecated
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    "backend",
    [
        "aot_eager",
        pytest.param(
            "inductor", marks=pytest.mark.skipif(COMPILER is None, reason="inductor needs a C++ compiler, none is here")
        ),
    ],
)
def test_compiled_without_a_graph_break_the_numbers_are_the_same(backend: str) -> None:
    lstm, x, lengths = stack()
    compiled = torch.compile(lstm, fullgraph=True, backend=backend)
    for ours, theirs in zip(
        values_and_gradients(lstm, lstm, x, lengths), values_and_gradients(lstm, compiled, x, lengths), strict=True
    ):
        assert ours is not None
        assert theirs is not None
        # inductor fuses what lies between the layers, and may round once more or less there
        torch.testing.assert_close(theirs, ours, rtol=0, atol=0 if backend == "aot_eager" else 1e-6)


def test_compiled_dropout_follows_the_seed() -> None:
    lstm = LSTM(5, 7, batch_first=True, recurrent_dropout=0.5)
    x = torch.randn(3, 6, 5)
    compiled = torch.compile(lstm, fullgraph=True, backend="aot_eager")
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(compiled(x)[0])
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_export_with_a_dynamic_time_axis() -> None:
    lstm, x, lengths = stack()
    time = torch.export.Dim("time", min=2, max=1000)
    program = torch.export.export(
        lstm.eval(), (x,), {"lengths": lengths}, dynamic_shapes={"input": {1: time}, "lengths": None}
    )
    longer = torch.randn(3, 11, 5)
    assert torch.equal(program.module()(longer, lengths=lengths)[0], lstm(longer, lengths=lengths)[0])


def test_a_compiled_program_may_be_run_on_another_processor() -> None:
    # what inductor made on one is in its cache, and the size of what is saved in that
    program = (
        "import torch; from gatecell.kernels import launch; from gatecell.kernels.options import LSTMOptions;"
        "print([launch.most_saved_bytes(LSTMOptions(input_size=3, hidden_size=size, layer_norm=norm), dtype, 7)"
        " for size in (1, 5, 9, 17) for norm in (False, True) for dtype in (torch.float32, torch.float64)])"
    )
    sizes = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "GATECELL_ISA": isa},
        ).stdout
        for isa in ("", "baseline")
    }
    assert len(sizes) == 1

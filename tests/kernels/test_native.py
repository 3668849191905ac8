"""The native engine against the reference, and what it promises beyond: bits, memory, errors."""

import os
import subprocess
import sys
from collections.abc import Iterator
from ctypes import byref
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gatecell._core.errors import EngineError, InputError
from gatecell.kernels import core, launch, memory, native, reference
from gatecell.kernels.dispatch import choose_engine
from gatecell.kernels.layers import by_directions
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights
from gatecell.nn import LSTM
from tests.kernels.draws import lstm_options, random_input, random_weights

absent = core.missing()
pytestmark = pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")

SIZES = (1, 2, 7, 17, 63, 130)
SEED = torch.tensor(2**61 + 7)
EVERYTHING = LSTMOptions(
    input_size=5,
    hidden_size=19,
    proj_size=7,
    peephole=True,
    coupled_gates=True,
    layer_norm=True,
    input_dropout=0.3,
    recurrent_dropout=0.4,
    zoneout_h=0.2,
    zoneout_c=0.1,
)
CASES = [
    pytest.param(LSTMOptions(input_size=5, hidden_size=19), id="plain"),
    pytest.param(LSTMOptions(input_size=7, hidden_size=160), id="large"),
    pytest.param(EVERYTHING, id="everything"),
]


@pytest.fixture(autouse=True)
def _poisoned_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fill fresh memory with NaN: PyTorch's (its deterministic mode does so), the kept buffers, the core's scratch."""
    monkeypatch.setattr(launch, "lend", lambda n_bytes: memory.lend(n_bytes).fill_(255))
    core.library().gatecell_poison(1)
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)
    core.library().gatecell_poison(0)


def draw(
    options: LSTMOptions, rows: int, steps: int, dtype: torch.dtype = torch.float64, seed: int = 0
) -> list[Tensor]:
    """Return x, h, c and the weights that the options use."""
    generator = torch.Generator().manual_seed(seed)
    # small enough that a long sum over a large layer stays in the gates' range
    weights = [w * options.hidden_size**-0.5 for w in random_weights(options, generator, dtype) if w is not None]
    return [*random_input(options, rows, steps, generator, dtype), *weights]


def run(engine: Any, options: LSTMOptions, leaves: list[Tensor], **steps: Any) -> tuple[Tensor, Tensor, Tensor]:
    names = list(random_names(options))
    weights = LayerWeights(**dict(zip(names, leaves[3:], strict=True)))
    x, h, c = leaves[:3]
    results: tuple[Tensor, Tensor, Tensor] = engine.run_direction(
        x, h, c, weights, options, **{"seed": SEED, "stream": 2, "training": True} | steps
    )
    return results


def random_names(options: LSTMOptions) -> list[str]:
    weights = random_weights(options, torch.Generator())
    return [name for name, value in weights._asdict().items() if value is not None]


def values_and_gradients(engine: Any, options: LSTMOptions, given_: list[Tensor], **steps: Any) -> dict[str, Tensor]:
    leaves = [leaf.detach().clone().requires_grad_() for leaf in given_]
    results = run(engine, options, leaves, **steps)
    generator = torch.Generator().manual_seed(4)
    loss = torch.stack([(r * torch.randn(r.shape, generator=generator).to(r.dtype)).sum() for r in results]).sum()
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    names = ["output", "h_n", "c_n", "x", "h", "c", *random_names(options)]
    return dict(zip(names, [*(r.detach() for r in results), *gradients], strict=True))


def assert_equal(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_values_states_and_gradients_equal_the_reference(data: st.DataObject) -> None:
    options = data.draw(lstm_options(SIZES))
    rows, steps = data.draw(st.sampled_from(SIZES)), data.draw(st.sampled_from((1, 2, 7, 17)))
    dtype = data.draw(st.sampled_from((torch.float32, torch.float64)))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31)))
    kind = data.draw(st.sampled_from(("dense", "lengths", "mask")))
    how: dict[str, Any] = {
        "lengths": torch.randint(0, steps + 1, (rows,), generator=generator) if kind == "lengths" else None,
        "mask": torch.rand(rows, steps, generator=generator) < 0.6 if kind == "mask" else None,
        "reverse": data.draw(st.booleans()),
        "training": data.draw(st.booleans()),
    }
    leaves = draw(options, rows, steps, dtype, seed=data.draw(st.integers(0, 2**31)))
    if kind != "dense":
        counts = how["mask"] if kind == "mask" else reference.valid_steps(leaves[0], how["lengths"])
        leaves[0][~counts] = torch.nan
    ours = values_and_gradients(native, options, leaves, **how)
    theirs = values_and_gradients(reference, options, [leaf.double() for leaf in leaves], **how)
    # layer normalisation of few values divides by what may be almost nothing
    tolerance = 1e-9 if dtype == torch.float64 else 2e-3 if options.layer_norm else 2e-5
    for name, value in ours.items():
        scale = max(float(theirs[name].abs().max()), 1.0) if value.numel() else 1.0
        torch.testing.assert_close(value.double() / scale, theirs[name] / scale, rtol=0, atol=tolerance, msg=name)


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("ragged", [False, True])
def test_any_number_of_threads_gives_the_same_bits(options: LSTMOptions, ragged: bool) -> None:
    leaves = draw(options, 23, 11)
    lengths = torch.randint(0, 12, (23,), generator=torch.Generator().manual_seed(1)) if ragged else None
    found = []
    for threads in (1, 2, 3, 7):
        torch.set_num_threads(threads)
        found.append(values_and_gradients(native, options, leaves, lengths=lengths))
    torch.set_num_threads(1)
    for other in found[1:]:
        assert_equal(found[0], other)


@pytest.mark.parametrize(
    ("sizes", "rows", "steps"),
    [
        pytest.param((100, 150), 16, 150, id="two groups of rows"),
        pytest.param((100, 420), 64, 12, id="two groups of rows that share large weights"),
        pytest.param((100, 420), 40, 12, id="one group, because weights are large"),
    ],
)
@pytest.mark.parametrize("ragged", [False, True])
def test_more_threads_than_groups_of_rows_give_the_same_bits(
    sizes: tuple[int, int], rows: int, steps: int, ragged: bool
) -> None:
    # groups each on its own thread, or four threads that share in each; sums over many chunks of steps
    options = LSTMOptions(input_size=sizes[0], hidden_size=sizes[1])
    leaves = draw(options, rows, steps, torch.float32)
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(2 * steps // 5, steps + 1, (rows,), generator=generator) if ragged else None
    found = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        found.append(values_and_gradients(native, options, leaves, lengths=lengths))
    torch.set_num_threads(1)
    for other in found[1:]:
        assert_equal(found[0], other)
    theirs = values_and_gradients(reference, options, [leaf.double() for leaf in leaves], lengths=lengths)
    for name, value in found[0].items():
        scale = max(float(theirs[name].abs().max()), 1.0)
        torch.testing.assert_close(value.double() / scale, theirs[name] / scale, rtol=0, atol=2e-5, msg=name)


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_row_does_not_depend_on_the_rows_beside_it_nor_on_padding(options: LSTMOptions, dtype: torch.dtype) -> None:
    leaves = draw(options, 13, 9, dtype)
    lengths = torch.tensor([9, 3, 0, 5, 9, 1, 7, 7, 2, 9, 4, 6, 8])
    together = run(native, options, leaves, lengths=lengths)
    x = torch.nn.functional.pad(leaves[0], (0, 0, 0, 5), value=torch.nan)
    with_padding = run(native, options, [x, *leaves[1:]], lengths=lengths)
    assert torch.equal(with_padding[0][:, :9], together[0])
    assert not with_padding[0][:, 9:].any()
    for k in (1, 2):
        assert torch.equal(with_padding[k], together[k])
    for rows in (1, 4, 7):
        part = run(native, options, [*(leaf[:rows] for leaf in leaves[:3]), *leaves[3:]], lengths=lengths[:rows])
        for mine, whole in zip(part, together, strict=True):
            assert torch.equal(mine, whole[:rows])
    dense = run(native, options, [leaf[:1] if k < 3 else leaf for k, leaf in enumerate(leaves)])
    for mine, whole in zip(dense, together, strict=True):
        assert torch.equal(mine, whole[:1])


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_a_sequence_in_pieces_with_carried_state_equals_the_whole(options: LSTMOptions, chunk: int) -> None:
    # masks of zoneout belong to places in a call, so that its expectation is what can be carried
    leaves = draw(options, 5, 9, torch.float32)
    output, h, c = run(native, options, leaves, training=False)
    states, pieces = leaves[1:3], []
    for first in range(0, 9, chunk):
        piece, *states = run(
            native, options, [leaves[0][:, first : first + chunk], *states, *leaves[3:]], training=False
        )
        pieces.append(piece)
    assert torch.equal(torch.cat(pieces, 1), output)
    assert torch.equal(states[0], h)
    assert torch.equal(states[1], c)


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_inference_gives_the_bits_of_training_and_finds_its_packed_weights(
    options: LSTMOptions, dtype: torch.dtype
) -> None:
    leaves = draw(options, 5, 4, dtype)
    expected = run(native, options, [leaf.clone().requires_grad_() for leaf in leaves])
    for _ in range(2):
        with torch.no_grad():
            assert all(torch.equal(a, b) for a, b in zip(run(native, options, leaves), expected, strict=True))


@pytest.mark.parametrize("reverse", [False, True])
def test_gradcheck_and_gradgradcheck(reverse: bool) -> None:
    options = LSTMOptions(**vars(EVERYTHING) | {"input_size": 2, "hidden_size": 3, "proj_size": 2})
    leaves = [leaf.requires_grad_() for leaf in draw(options, 3, 3)]

    def call(*values: Tensor) -> tuple[Tensor, ...]:
        return run(native, options, list(values), lengths=torch.tensor([3, 0, 2]), reverse=reverse)

    assert torch.autograd.gradcheck(call, leaves)
    assert torch.autograd.gradgradcheck(call, leaves)


def test_the_second_derivative_is_that_of_the_reference() -> None:
    found = []
    for engine in (native, reference):
        leaves = [leaf.requires_grad_() for leaf in draw(EVERYTHING, 4, 5)]
        (gradient,) = torch.autograd.grad(
            run(engine, EVERYTHING, leaves)[0].square().sum(), leaves[0], create_graph=True
        )
        found.append(torch.autograd.grad(gradient.square().sum(), leaves, allow_unused=True, materialize_grads=True))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


def test_backward_twice_and_under_checkpoint() -> None:
    options = LSTMOptions(input_size=5, hidden_size=90)
    leaves = [leaf.requires_grad_() for leaf in draw(options, 16, 30)]
    loss = run(native, options, leaves)[0].square().sum()
    first = torch.autograd.grad(loss, leaves, retain_graph=True)
    again = torch.autograd.grad(loss, leaves)

    def whole(*values: Tensor) -> Tensor:
        return run(native, options, list(values))[0].square().sum()

    recomputed = torch.autograd.grad(checkpoint(whole, *leaves, use_reentrant=False), leaves)
    for a, b, c in zip(first, again, recomputed, strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c)


def test_an_output_changed_in_place_is_noticed() -> None:
    options = LSTMOptions(input_size=5, hidden_size=7)
    output, _, _ = run(native, options, [leaf.requires_grad_() for leaf in draw(options, 3, 4)])
    loss = output.sum()
    output.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("layout", ["time first", "every second feature", "rows that overlap"])
def test_any_strides_are_read_as_they_are(layout: str) -> None:
    options = LSTMOptions(input_size=5, hidden_size=7)
    leaves = draw(options, 4, 6)
    x = leaves[0]
    if layout == "time first":
        x = x.transpose(0, 1).contiguous().transpose(0, 1)
    elif layout == "every second feature":
        x = torch.stack([x, torch.full_like(x, torch.nan)], dim=3).flatten(2)[:, :, ::2]
    else:
        leaves[0] = x = x[:1].expand(4, 6, 5)
    expected = values_and_gradients(native, options, leaves)
    x = x.requires_grad_()
    output, h, c = run(native, options, [x, *leaves[1:]])
    assert torch.equal(output, expected["output"])
    if layout == "time first":
        assert output.stride(0) < output.stride(1)
    # the gradient of a sum is one number with strides of 0
    (of_sum,) = torch.autograd.grad(output.sum() + h.sum() + c.sum(), x, retain_graph=True)
    (of_ones,) = torch.autograd.grad([output, h, c], x, [torch.ones_like(value) for value in (output, h, c)])
    assert torch.equal(of_sum, of_ones)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_inputs(dtype: torch.dtype) -> None:
    options = LSTMOptions(input_size=6, hidden_size=9, peephole=True)
    leaves = draw(options, 3, 4, dtype)
    leaves[0][0], leaves[0][1] = 1e4, -1e4
    leaves[0][2] = torch.tensor([1e-40, -0.0, 1e-310, 0.0, -1e-42, 3e-39]).to(dtype)
    leaves[1][2], leaves[2][2] = -0.0, 1e-40
    ours = values_and_gradients(native, options, leaves)
    theirs = values_and_gradients(reference, options, [leaf.double() for leaf in leaves])
    tolerance = 2e-5 if dtype == torch.float32 else 1e-9
    for name, value in ours.items():
        scale = max(float(theirs[name].abs().max()), 1.0)
        torch.testing.assert_close(value.double() / scale, theirs[name] / scale, rtol=0, atol=tolerance)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_what_is_not_finite_shows_in_the_results_of_its_row_alone(value: float) -> None:
    options = LSTMOptions(input_size=6, hidden_size=9)
    leaves = draw(options, 3, 4)
    leaves[3][:, 0] = 0.0  # inf * 0 is NaN, as in the reference
    clean = run(native, options, leaves)[0]
    leaves[0][1, 2, 0] = value
    output = run(native, options, leaves)[0]
    assert torch.equal(output[[0, 2]], clean[[0, 2]])
    assert torch.equal(output[1, :2], clean[1, :2])
    assert output[1, 2:].isnan().all()


def test_denormal_numbers_outside_the_engine_stay() -> None:
    options = LSTMOptions(input_size=5, hidden_size=64)
    tiny = torch.full((100,), 1e-40)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        values_and_gradients(native, options, draw(options, 64, 9, torch.float32))
        assert bool((tiny * 1.0).all())
    torch.set_num_threads(1)


@pytest.mark.parametrize(("layer_norm", "steps", "limit"), [(False, 300, 16 << 20), (True, 60, 8 << 20)])
def test_what_is_saved_of_a_large_batch_passes_by_the_caches_and_is_the_same(
    layer_norm: bool, steps: int, limit: int
) -> None:
    options = LSTMOptions(input_size=3, hidden_size=64, layer_norm=layer_norm)
    leaves = draw(options, 64, steps, torch.float32)
    needed = [
        core.library().gatecell_saved_bytes(launch.new_problem(options, torch.float32), n * steps) for n in (64, 32)
    ]
    assert needed[0] > limit > needed[1]  # the core's own limit
    whole = values_and_gradients(native, options, leaves)
    generator = torch.Generator().manual_seed(4)
    weights = torch.randn(64, steps, 64, generator=generator)
    x = leaves[0][:32].clone().requires_grad_()
    half = run(native, options, [x, *(leaf[:32] for leaf in leaves[1:3]), *leaves[3:]])
    (half[0] * weights[:32]).sum().backward()
    assert torch.equal(half[0], whole["output"][:32])
    # the final states weigh on the last steps' gradients in the whole, and fade
    early = 2 * steps // 3
    torch.testing.assert_close(x.grad[:, :early], whole["x"][:32, :early], rtol=1e-3, atol=1e-4)  # type: ignore[index]


def test_no_rows_and_no_steps() -> None:
    for rows, steps in ((2, 0), (0, 3), (0, 0)):
        leaves = draw(EVERYTHING, rows, steps)
        found = values_and_gradients(native, EVERYTHING, leaves)
        assert found["output"].shape == (rows, steps, 7)
        assert torch.equal(found["h_n"], leaves[1])
        assert not found["recurrent"].any()


SCRIPT = """
import torch
from gatecell.kernels import core, native, reference
from gatecell.kernels.options import LSTMOptions
from tests.kernels.test_native import EVERYTHING, draw, values_and_gradients
torch.set_num_threads(1)
for options in (EVERYTHING, LSTMOptions(input_size=5, hidden_size=19), LSTMOptions(input_size=17, hidden_size=130)):
    for dtype, tolerance in ((torch.float32, 1e-3), (torch.float64, 1e-9)):
        leaves = draw(options, 7, 5, dtype)
        how = {"lengths": torch.tensor([5, 3, 0, 5, 1, 2, 4])}
        ours = values_and_gradients(native, options, leaves, **how)
        theirs = values_and_gradients(reference, options, [leaf.double() for leaf in leaves], **how)
        for name, value in ours.items():
            scale = max(float(theirs[name].abs().max()), 1.0)
            assert float((value.double() - theirs[name]).abs().max()) < tolerance * scale, (name, options, dtype)
print(core.isa())
"""


@cache
def widest() -> str:
    """Return the instruction set that runs where none is forced."""
    return run_in_a_process("", "from gatecell.kernels import core; print(core.isa())").strip()


@pytest.mark.parametrize("name", core.INSTRUCTION_SETS)
def test_each_instruction_set(name: str) -> None:
    run_with(name, SCRIPT)


def run_with(name: str, script: str) -> None:
    """Run a script that prints the instruction set in a process that is made to use this one."""
    if core.INSTRUCTION_SETS.index(name) < core.INSTRUCTION_SETS.index(widest()):
        pytest.skip(f"this processor has no {name}")
    assert run_in_a_process(name, script).split() == [name]


def run_in_a_process(isa: str, script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"GATECELL_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_the_default_on_a_cpu() -> None:
    for options in (LSTMOptions(input_size=3, hidden_size=4), EVERYTHING):
        for dtype in (torch.float32, torch.float64):
            assert choose_engine(options, dtype=dtype, training=True).name == "native"


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({"device": "cuda"}, "the C\\+\\+ core runs on a CPU, not on cuda"),
        ({"dtype": torch.bfloat16}, "the C\\+\\+ core computes in float32 and float64, not in bfloat16"),
    ],
)
def test_it_refuses_what_it_lacks_and_says_so(where: Any, text: str) -> None:
    options = LSTMOptions(input_size=3, hidden_size=4)
    assert choose_engine(options, **where).name == "aten"
    with pytest.raises(EngineError, match=f"'native' cannot run this LSTM: {text}"):
        choose_engine(options, engine="native", **where)


def test_without_a_compiler_another_engine_runs_and_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "_LIBRARY", Path("/nowhere/libgatecell.so"))
    core.missing.cache_clear()
    choose_engine.cache_clear()
    try:
        choice = choose_engine(LSTMOptions(input_size=3, hidden_size=4))
    finally:
        monkeypatch.undo()
        core.missing.cache_clear()
        choose_engine.cache_clear()
    assert choice.name == "aten"
    assert "there was no GCC or Clang when Gatecell was installed" in dict(choice.reasons)["native"]


@pytest.mark.parametrize(
    "options", [*CASES, pytest.param(LSTMOptions(input_size=5, hidden_size=19, precision="bfloat16"), id="bfloat16")]
)
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_no_state_has_the_bits_of_a_state_of_zeros(options: LSTMOptions, threads: int) -> None:
    # four groups of rows, whose sums are added in pairs; many chunks of steps, in which the first step counts for less
    x, h, c, *weights = draw(options, 33, 40, torch.float32)
    lengths = torch.randint(0, 41, (33,), generator=torch.Generator().manual_seed(1))
    found = []
    torch.set_num_threads(threads)
    for h_0, c_0 in ((None, None), (torch.zeros_like(h)[None], torch.zeros_like(c)[None])):
        leaves = [value.clone().requires_grad_() for value in (x, *weights)]
        named = LayerWeights(**dict(zip(random_names(options), leaves[1:], strict=True)))
        results = native.run_layer(
            leaves[0], h_0, c_0, [named], options, lengths=lengths, training=True, seed=SEED, stream=2
        )
        generator = torch.Generator().manual_seed(4)
        downstream = [torch.randn(result.shape, generator=generator) for result in results]
        found.append([*results, *torch.autograd.grad(results, leaves, downstream)])
    torch.set_num_threads(1)
    for none, zeros in zip(*found, strict=True):
        assert torch.equal(none, zeros)


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("reverse", [(False,), (False, True)])
@pytest.mark.parametrize("given", [True, False])
def test_a_layer_equals_its_directions_one_by_one(options: LSTMOptions, reverse: tuple[bool, ...], given: bool) -> None:
    x, h, c, *first = draw(options, 9, 4)
    second = draw(options, 9, 4, seed=1)[3:]
    lengths = torch.tensor([4, 0, 1, 2, 3, 4, 4, 2, 1])
    found = []
    engines: tuple[Any, ...] = (native.run_layer, partial(by_directions, reference.run_direction))
    for run_layer in engines:
        leaves = [value.clone().requires_grad_() for value in (x, h, c, *first, *second)]
        states = [torch.stack([value, -value])[: len(reverse)] if given else None for value in leaves[1:3]]
        weights = [leaves[3 : 3 + len(first)], leaves[3 + len(first) :]]
        names = random_names(options)
        results = run_layer(
            leaves[0],
            *states,
            [LayerWeights(**dict(zip(names, direction, strict=True))) for direction in weights[: len(reverse)]],
            options,
            lengths=lengths,
            reverse=reverse,
            training=True,
            seed=SEED,
            stream=4,
        )
        generator = torch.Generator().manual_seed(4)
        loss = torch.stack([(r * torch.randn(r.shape, generator=generator)).sum() for r in results]).sum()
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        assert (gradients[1] is not None) is given
        assert (gradients[-1] is not None) is (len(reverse) == 2)
        found.append([value for value in (*results, *gradients) if value is not None])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_second_derivatives_of_a_layer_with_both_directions_and_no_states() -> None:
    x, _, _, *weights = draw(PLAIN, 2, 3)

    def run_both(x: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        return native.run_layer(x, None, None, [LayerWeights(*weights)] * 2, PLAIN, reverse=(False, True))

    leaves = [value.requires_grad_() for value in (x, *weights)]
    assert torch.autograd.gradcheck(run_both, leaves)
    assert torch.autograd.gradgradcheck(run_both, leaves)


def test_weights_that_both_directions_share_have_the_same_gradient_with_and_without_a_graph() -> None:
    x, _, _, *weights = draw(PLAIN, 2, 3)
    leaves = [value.requires_grad_() for value in weights]
    shared = [LayerWeights(*leaves)] * 2
    found = []
    for create_graph in (False, True):
        output = native.run_layer(x, None, None, shared, PLAIN, reverse=(False, True))[0]
        found.append(torch.autograd.grad(output.square().sum(), leaves, create_graph=create_graph))
    for plain, differentiable in zip(*found, strict=True):
        torch.testing.assert_close(plain, differentiable.detach())


@pytest.mark.parametrize("batch_first", [True, False])
def test_the_output_of_both_directions_may_be_changed_in_place(batch_first: bool) -> None:
    lstm = LSTM(5, 7, bidirectional=True, batch_first=batch_first)
    x = torch.randn(4, 3, 5)
    parameters = tuple(lstm.parameters())
    copied = torch.autograd.grad((lstm(x)[0] * 2.0).sum(), parameters)
    changed = torch.autograd.grad(lstm(x)[0].mul_(2.0).sum(), parameters)
    for theirs, ours in zip(copied, changed, strict=True):
        assert torch.equal(theirs, ours)


def test_a_default_device_does_not_move_the_memory_of_the_core() -> None:
    lstm, x = LSTM(5, 7), torch.randn(4, 3, 5)
    expected = torch.autograd.grad(lstm(x)[0].sum(), tuple(lstm.parameters()))
    with torch.no_grad():
        evaluated = lstm.eval()(x)[0]
    fresh = LSTM(5, 7)
    fresh.load_state_dict(lstm.state_dict())
    with torch.device("meta"):
        found = torch.autograd.grad(fresh(x)[0].sum(), tuple(fresh.parameters()))
        with torch.no_grad():
            assert torch.equal(fresh.eval()(x)[0], evaluated)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours, theirs)


def test_tiny_gradients_do_not_depend_on_threads() -> None:
    options = LSTMOptions(input_size=4, hidden_size=32, proj_size=16)
    x, h, c, *weights = (value.detach() for value in draw(options, 16, 60, torch.float32))
    leaves = [value.requires_grad_() for value in weights]
    parameters = [LayerWeights(**dict(zip(random_names(options), leaves, strict=True)))]
    d_output = torch.randn(16, 60, 16, generator=torch.Generator().manual_seed(1)) * 3e-38
    before, found = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        output = native.run_layer(x, h[None], c[None], parameters, options)[0]
        found.append(torch.autograd.grad(output, leaves, d_output))
    torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)


PLAIN = LSTMOptions(input_size=5, hidden_size=7)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"x": torch.zeros(3, 4)}, r"x must have shape \(batch, time, 5\), got \(3, 4\)"),
        ({"x": torch.zeros(3, 4, 6)}, r"x must have shape \(batch, time, 5\), got \(3, 4, 6\)"),
        ({"x": torch.zeros(3, 4, 5).long()}, "computes in float32 and float64, but x is torch.int64"),
        ({"x": torch.zeros(3, 4, 5).half()}, "computes in float32 and float64, but x is torch.float16"),
        ({"h": torch.zeros(3, 8)}, r"h must have shape \(3, 7\), torch.float32 on cpu like x; got \(3, 8\)"),
        ({"c": torch.zeros(2, 7)}, r"c must have shape \(3, 7\), .*; got \(2, 7\)"),
        ({"c": torch.zeros(3, 7).double()}, r"c must have .*; got \(3, 7\), torch.float64 on cpu"),
        ({"h": torch.zeros(3, 7, device="meta")}, r"h must have .*; got \(3, 7\), torch.float32 on meta"),
        ({"input": torch.zeros(28, 4)}, r"input must have shape \(28, 5\), .*; got \(28, 4\)"),
        ({"recurrent": torch.zeros(21, 7)}, r"recurrent must have shape \(28, 7\), .*; got \(21, 7\)"),
        ({"bias": None}, "use the weights input, recurrent, bias, but given are input, recurrent"),
        ({"peephole": torch.zeros(3, 7)}, "use the weights input, recurrent, bias, but given are .*peephole"),
        ({"lengths": torch.zeros(2).long()}, r"lengths must have shape \(3,\), torch.int64 on cpu; got \(2,\)"),
        ({"lengths": torch.zeros(3)}, "lengths must have .*; got .*torch.float32"),
        ({"lengths": torch.zeros(3, device="meta").long()}, "lengths must have .*; got .* on meta"),
        ({"mask": torch.zeros(4, 3).bool()}, r"mask must have shape \(3, 4\), torch.bool on cpu; got \(4, 3\)"),
        ({"mask": torch.zeros(3, 4)}, "mask must have .*; got .*torch.float32"),
        ({"mask": torch.ones(3, 4).bool(), "lengths": torch.ones(3).long()}, "Give lengths or mask, not both"),
    ],
)
def test_bad_input_never_reaches_the_core(changes: dict[str, Any], text: str) -> None:
    values = dict(zip(["x", "h", "c", "input", "recurrent", "bias"], draw(PLAIN, 3, 4, torch.float32), strict=True))
    values |= changes
    steps: dict[str, Any] = {name: values.pop(name) for name in ("lengths", "mask") if name in values}
    x, h, c = (values.pop(name) for name in "xhc")
    with pytest.raises(InputError, match=text):
        native.run_direction(x, h, c, LayerWeights(**values), PLAIN, **steps)


@pytest.mark.parametrize("count", [1, 3])
def test_weights_of_other_than_the_directions_are_refused(count: int) -> None:
    x, _, _, *weights = draw(PLAIN, 3, 4)
    with pytest.raises(InputError, match=f"reverse names 2 directions, but there are weights of {count}"):
        native.run_layer(x, None, None, [LayerWeights(*weights)] * count, PLAIN, reverse=(False, True))


@pytest.mark.parametrize(
    ("status", "text"), [(1, "it ran out of memory"), (5, "both lengths and a mask"), (9, "status 9")]
)
def test_what_the_core_returns_is_told(status: int, text: str) -> None:
    with pytest.raises(EngineError, match=f"The native engine could not run: .*{text}"):
        core.check(status)


def test_the_core_itself_refuses_lengths_beside_a_mask() -> None:
    problem = launch.new_problem(PLAIN, torch.float32)
    problem.lengths = problem.mask = 64  # never read
    assert core.library().gatecell_forward(byref(problem), None, None, None) == 5


def test_drawing_without_a_seed_is_refused() -> None:
    with pytest.raises(InputError, match="dropout and zoneout need a seed"):
        run(native, EVERYTHING, draw(EVERYTHING, 3, 4), seed=None)


def test_lengths_out_of_range_are_never_read_past() -> None:
    leaves = draw(PLAIN, 3, 4)
    found = run(native, PLAIN, leaves, lengths=torch.tensor([-5, 2**40, 2]))
    expected = run(native, PLAIN, leaves, lengths=torch.tensor([0, 4, 2]))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))

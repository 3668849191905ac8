"""Weights packed once: the same bits as the training path, and no result from weights that are no longer there."""

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gatecell._core.errors import InputError
from gatecell.kernels import core
from gatecell.nn.cell import LSTMCell
from gatecell.nn.lstm import LSTM

absent = core.missing()
pytestmark = pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")


def both(lstm: LSTM, x: Tensor, *states: Any, **steps: Any) -> tuple[list[Tensor], list[Tensor]]:
    """Return output and states by the prepared weights, and by the path that training takes."""
    with torch.no_grad():
        output, (h, c) = lstm(x, *states, **steps)
    expected, (h_expected, c_expected) = lstm(x, *states, **steps)
    assert expected.requires_grad
    return [output, h, c], [expected, h_expected, c_expected]


def assert_same_bits(found: tuple[list[Tensor], list[Tensor]]) -> None:
    for ours, expected in zip(*found, strict=True):
        assert ours.shape == expected.shape
        assert torch.equal(ours, expected)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"proj_size": 3, "layer_norm": True}, {"coupled_gates": True, "zoneout_h": 0.2}]
)
@pytest.mark.parametrize("kind", ["dense", "lengths", "mask"])
def test_a_stack_gives_the_bits_of_the_training_path(batch_first: bool, options: dict[str, Any], kind: str) -> None:
    lstm = LSTM(5, 19, 2, bidirectional=True, batch_first=batch_first, **options).eval()
    steps: dict[str, Any] = {}
    if kind == "lengths":
        steps["lengths"] = torch.tensor([3, 0, 6, 1])
    if kind == "mask":
        steps["mask"] = torch.rand(4, 6) < 0.5
    for shape in ((4, 6), (4, 6), (4, 9)):
        if kind == "mask" and shape == (4, 9):
            steps["mask"] = torch.rand(4, 9) < 0.5
        x = torch.randn(*shape, 5) if batch_first else torch.randn(*shape, 5).transpose(0, 1)
        assert_same_bits(both(lstm, x, **steps))
        states = torch.randn(4, 4, options.get("proj_size", 19)), torch.randn(4, 4, 19)
        assert_same_bits(both(lstm, x, states, **steps))


@pytest.mark.parametrize("change", ["optimiser", "one value", "data", "replaced", "loaded"])
def test_changed_weights_are_packed_anew(change: str) -> None:
    lstm = LSTM(5, 7, 2).eval()
    x = torch.randn(4, 2, 5)
    before, _ = both(lstm, x)
    if change == "optimiser":
        optimiser = torch.optim.SGD(lstm.parameters(), 0.1)
        lstm(x)[0].sum().backward()
        optimiser.step()
    elif change == "one value":
        with torch.no_grad():
            lstm.get_parameter("weight_ih_l0")[0, 1] += 1.0
    elif change == "data":
        for parameter in lstm.parameters():
            parameter.data.mul_(0.5)
    elif change == "replaced":
        lstm.weight_hh_l1 = torch.nn.Parameter(lstm.get_parameter("weight_hh_l1") * 2)
    else:
        lstm.load_state_dict(LSTM(5, 7, 2).state_dict())
    after = both(lstm, x)
    assert_same_bits(after)
    assert not torch.equal(before[0], after[0][0])


EVERY_WEIGHT: dict[str, Any] = {"peephole": True, "layer_norm": True, "proj_size": 3}


@pytest.mark.parametrize(
    ("dtype", "options"),
    [
        (torch.float32, {}),
        (torch.float32, EVERY_WEIGHT),
        (torch.float64, EVERY_WEIGHT),
        (torch.float32, {"precision": "bfloat16"}),
    ],
)
def test_a_bit_that_is_changed_in_any_weight_shows(dtype: torch.dtype, options: dict[str, Any]) -> None:
    lstm = LSTM(5, 7, dtype=dtype, **options).eval()
    stack = lstm._prepared
    x = torch.randn(1, 2, 5, dtype=dtype)
    with torch.no_grad():
        lstm(x)
        for parameter in lstm.parameters():
            values = parameter.detach().numpy().reshape(-1).view(np.uint32)
            for place in range(len(values)):
                for bit in (0, 15, 31):
                    before = stack._kept[0]
                    values[place] ^= np.uint32(1 << bit)
                    lstm(x)
                    assert stack._kept[0] is not before, f"value {place}, bit {bit}"
        before = stack._kept[0]
        lstm(x)
        assert stack._kept[0] is before


def test_other_numbers_in_the_same_memory_show() -> None:
    lstm = LSTM(5, 7, dtype=torch.float64).eval()
    # the parameters let go of memory that is then used again: so does one that is halved and doubled
    memory = [parameter.data for parameter in lstm.parameters()]
    both(lstm, torch.randn(4, 2, 5, dtype=torch.float64))
    for parameter, values in zip(lstm.parameters(), memory, strict=True):
        parameter.data = values.view(-1).view(torch.float32)[: values.numel()].view(values.shape).uniform_(-1, 1)
        assert parameter.data_ptr() == values.data_ptr()
    assert_same_bits(both(lstm, torch.randn(4, 2, 5)))


def test_weights_that_change_again_and_again_are_read_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    lstm = LSTM(5, 7).eval()
    x = torch.randn(4, 2, 5)
    pack = core.pack

    def pack_and_write(problem: core.Problem, weights: bytes) -> Tensor:
        packed = pack(problem, weights)
        # what a thread that learns does at this moment
        lstm.get_parameter("weight_hh_l0").data.mul_(0.5)
        return packed

    monkeypatch.setattr(core, "pack", pack_and_write)
    assert_same_bits(both(lstm, x))


def ablate(weight: Tensor) -> None:
    weight.data[:, 3] = 0


def swap_rows(weight: Tensor) -> None:
    weight.data[[0, 5]] = weight.data[[5, 0]]


def swap_columns(weight: Tensor) -> None:
    weight.data[:, [0, 4]] = weight.data[:, [4, 0]]


def negate_column(weight: Tensor) -> None:
    weight.data[:, 1] *= -1


def write_by_numpy(weight: Tensor) -> None:
    weight.detach().numpy()[2, 2] += 0.5


def write_by_another_view(weight: Tensor) -> None:
    weight.data.view(-1)[7:9].fill_(0.25)


def repeat_a_row(weight: Tensor) -> None:
    # the same address and shape
    weight.data = weight.data[:1].expand(weight.shape)


def lay_out_by_columns(weight: Tensor) -> None:
    weight.data = weight.data.t().contiguous().t()
    weight.data[1, 1] += 0.5


@pytest.mark.parametrize(
    "edit",
    [
        ablate,
        swap_rows,
        swap_columns,
        negate_column,
        write_by_numpy,
        write_by_another_view,
        repeat_a_row,
        lay_out_by_columns,
    ],
)
@pytest.mark.parametrize("hidden_size", [5, 67])
def test_an_edit_that_counts_no_version_shows(edit: Callable[[Tensor], None], hidden_size: int) -> None:
    lstm = LSTM(5, hidden_size, 2, bidirectional=True).eval()
    x = torch.randn(4, 2, 5)
    both(lstm, x)
    edit(lstm.get_parameter("weight_ih_l0"))
    assert_same_bits(both(lstm, x))
    edit(lstm.get_parameter("weight_hh_l1_reverse"))
    assert_same_bits(both(lstm, x))


def test_an_edit_of_weights_that_are_not_contiguous_shows() -> None:
    lstm = LSTM(5, 7).eval()
    weight = lstm.get_parameter("weight_ih_l0")
    weight.data = weight.data.t().contiguous().t()
    x = torch.randn(4, 2, 5)
    both(lstm, x)
    weight.detach().numpy()[3, 3] = 9.0
    assert_same_bits(both(lstm, x))


def test_an_edit_of_weights_that_threads_share_in_hashing_shows() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        lstm = LSTM(3, 331).eval()
        x = torch.randn(2, 1, 3)
        both(lstm, x)
        weight = lstm.get_parameter("weight_hh_l0")
        assert weight.nbytes > 3 * 192 * 1024
        for place in (0, weight.numel() // 3, weight.numel() // 2, weight.numel() - 1):
            weight.data.view(-1)[place] += 1.0
            assert_same_bits(both(lstm, x))
    finally:
        torch.set_num_threads(threads)


def test_in_inference_mode_from_weights_made_there() -> None:
    with torch.inference_mode():
        lstm = LSTM(5, 7).eval()
        x = torch.randn(4, 2, 5)
        first = lstm(x)[0]
        lstm.get_parameter("weight_ih_l0").mul_(0.5)
        assert not torch.equal(lstm(x)[0], first)


def test_copies_pack_their_own_weights() -> None:
    lstm = LSTM(5, 7).eval()
    x = torch.randn(4, 2, 5)
    both(lstm, x)
    for other in (copy.deepcopy(lstm), pickle.loads(pickle.dumps(lstm))):
        assert_same_bits(both(other, x))
        with torch.no_grad():
            other.get_parameter("weight_ih_l0").mul_(0.5)
        assert_same_bits(both(other, x))
    assert_same_bits(both(lstm, x))


def test_a_parametrised_weight() -> None:
    lstm = LSTM(5, 7).eval()
    torch.nn.utils.parametrizations.weight_norm(lstm, "weight_hh_l0")
    assert_same_bits(both(lstm, torch.randn(4, 2, 5)))


def test_many_threads_may_call_one_module() -> None:
    lstm = LSTM(5, 40, 2, bidirectional=True, batch_first=True).eval()
    inputs = [torch.randn(1 + k % 3, 2 + k % 5, 5) for k in range(60)]
    expected = [lstm(x)[0].detach() for x in inputs]

    def run(x: Tensor) -> Tensor:
        with torch.no_grad():
            output: Tensor = lstm(x)[0]
        return output

    with ThreadPoolExecutor(4) as pool:
        for ours, theirs in zip(pool.map(run, inputs), expected, strict=True):
            assert torch.equal(ours, theirs)


def test_a_weight_of_another_shape_is_refused() -> None:
    lstm = LSTM(5, 7).eval()
    lstm.weight_hh_l0 = torch.nn.Parameter(torch.zeros(28, 6))
    with torch.no_grad(), pytest.raises(InputError, match=r"The weight recurrent must have shape \(28, 7\)"):
        lstm(torch.randn(4, 2, 5))


@pytest.mark.parametrize(
    "options", [{}, EVERY_WEIGHT, {"coupled_gates": True, "zoneout_c": 0.2}, {"precision": "bfloat16"}]
)
@pytest.mark.parametrize("rows", [1, 3, 40])
@pytest.mark.parametrize("given", ["nothing", "states", "a step of a sequence"])
def test_a_cell_gives_the_bits_of_the_training_path(options: dict[str, Any], rows: int, given: str) -> None:
    cell = LSTMCell(5, 19, **options).eval()
    x = torch.randn(rows, 5) if given != "a step of a sequence" else torch.randn(5, rows, 2).transpose(0, 2)[1]
    states = None if given == "nothing" else (torch.randn(rows, options.get("proj_size", 19)), torch.randn(rows, 19))
    for _ in range(2):
        with torch.no_grad():
            found = cell(x, states)
        expected = cell(x, states)
        assert expected[0].requires_grad
        for ours, theirs in zip(found, expected, strict=True):
            assert torch.equal(ours, theirs)
            assert ours.shape == theirs.shape
        ablate(cell.get_parameter("weight_ih"))


def test_a_cell_keeps_what_it_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = LSTMCell(5, 7).eval()
    packed, pack = [], core.pack

    def counted(problem: core.Problem, weights: bytes) -> Tensor:
        packed.append(weights)
        return pack(problem, weights)

    monkeypatch.setattr(core, "pack", counted)
    with torch.no_grad():
        state = cell(torch.randn(2, 5))
        for _ in range(3):
            state = cell(torch.randn(2, 5), state)
    assert len(packed) == 1

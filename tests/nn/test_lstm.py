"""``gatecell.nn.lstm.LSTM`` against ``torch.nn.LSTM``, and what it adds."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gatecell._core.errors import EngineError, InputError, OptionError, UnknownNameError
from gatecell.nn.lstm import LSTM

SHAPES = [
    pytest.param({"num_layers": 1}, id="one layer"),
    pytest.param({"num_layers": 3}, id="three layers"),
    pytest.param({"num_layers": 2, "bidirectional": True}, id="two layers, both directions"),
    pytest.param({"num_layers": 2, "bidirectional": True, "proj_size": 3}, id="projected"),
    pytest.param({"num_layers": 2, "bias": False}, id="no bias"),
]
ENGINES = ["auto", "reference"]
OPTIONS: list[dict[str, Any]] = [
    {"peephole": True},
    {"coupled_gates": True},
    {"layer_norm": True},
    {"input_dropout": 0.5},
    {"recurrent_dropout": 0.5},
    {"zoneout_h": 0.5},
    {"zoneout_c": 0.5},
    {"proj_size": 3},
    {"forget_bias": 3.0},
    {"initialisation": "torch"},
    {"precision": "bfloat16"},
]


def pair(engine: str, **shape: Any) -> tuple[LSTM, torch.nn.LSTM]:
    theirs = torch.nn.LSTM(5, 7, **shape)
    return LSTM.from_torch(theirs, engine=engine), theirs


def assert_close(ours: Tensor, theirs: Tensor) -> None:
    """Within 1e-5 of the largest value."""
    scale = max(float(theirs.detach().abs().max()), 1e-30) if theirs.numel() else 1.0
    torch.testing.assert_close(ours / scale, theirs / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_values_states_and_gradients_equal_torch(engine: str, ragged: bool, shape: dict[str, Any]) -> None:
    torch.manual_seed(0)
    ours, theirs = pair(engine, **shape)
    directions = 2 if shape.get("bidirectional") else 1
    x = torch.randn(11, 4, 5)
    h_0 = torch.randn(shape["num_layers"] * directions, 4, shape.get("proj_size") or 7)
    c_0 = torch.randn(shape["num_layers"] * directions, 4, 7)
    lengths = torch.tensor([3, 11, 1, 7]) if ragged else None
    results = []
    for module in (ours, theirs):
        leaves = [value.clone().requires_grad_() for value in (x, h_0, c_0)]
        if isinstance(module, LSTM):
            output, (h, c) = module(leaves[0], (leaves[1], leaves[2]), lengths=lengths)
        elif lengths is not None:
            packed = pack_padded_sequence(leaves[0], lengths, enforce_sorted=False)
            packed, (h, c) = module(packed, (leaves[1], leaves[2]))
            output, _ = pad_packed_sequence(packed, total_length=11)
        else:
            output, (h, c) = module(leaves[0], (leaves[1], leaves[2]))
        torch.manual_seed(1)
        sum((value * torch.randn(value.shape)).sum() for value in (output, h, c)).backward()
        gradients = {name: parameter.grad for name, parameter in module.named_parameters()}
        results.append(([output, h, c, *(leaf.grad for leaf in leaves)], gradients))
    (values, gradients), (expected, expected_gradients) = results
    for value, other in zip(values, expected, strict=True):
        assert_close(value, other)
    for name, gradient in gradients.items():
        other = expected_gradients[name.replace("bias_l", "bias_ih_l")]
        assert gradient is not None
        assert other is not None
        assert_close(gradient, other)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_packed_sequences_in_and_out(batch_first: bool, enforce_sorted: bool) -> None:
    ours, theirs = pair("auto", num_layers=2, bidirectional=True, batch_first=batch_first)
    lengths = [6, 5, 2] if enforce_sorted else [2, 6, 5]
    packed = pack_padded_sequence(torch.randn(3, 6, 5), lengths, batch_first=True, enforce_sorted=enforce_sorted)
    states = (torch.randn(4, 3, 7), torch.randn(4, 3, 7))
    output, (h, c) = ours(packed, states)
    expected, (h_expected, c_expected) = theirs(packed, states)
    for value, other in ((output.data, expected.data), (h, h_expected), (c, c_expected)):
        assert_close(value, other)
    assert torch.equal(output.batch_sizes, expected.batch_sizes)
    with pytest.raises(InputError, match="A PackedSequence has its own lengths"):
        ours(packed, lengths=[1, 1, 1])


@pytest.mark.parametrize("engine", ENGINES)
def test_unbatched_input(engine: str) -> None:
    ours, theirs = pair(engine, num_layers=2, bidirectional=True)
    x, states = torch.randn(6, 5), (torch.randn(4, 7), torch.randn(4, 7))
    for hx in (None, states):
        output, (h, c) = ours(x, hx)
        expected, (h_expected, c_expected) = theirs(x, hx)
        for value, other in ((output, expected), (h, h_expected), (c, c_expected)):
            assert value.shape == other.shape
            assert_close(value, other)
    assert torch.equal(ours(x, lengths=4)[0][4:], torch.zeros(2, 14))
    assert_close(ours(x, mask=torch.arange(6) < 4)[0], ours(x, lengths=[4])[0])


def test_the_same_seed_gives_the_network_of_torch() -> None:
    torch.manual_seed(3)
    theirs = torch.nn.LSTM(5, 7, 2, bidirectional=True, proj_size=2)
    torch.manual_seed(3)
    ours = LSTM(5, 7, 2, bidirectional=True, proj_size=2, initialisation="torch")
    x = torch.randn(4, 2, 5)
    assert_close(ours(x)[0], theirs(x)[0])


def test_glorot_initialisation() -> None:
    state = LSTM(30, 50, proj_size=20).state_dict()
    assert state["weight_ih_l0"].abs().max().item() == pytest.approx((6 / 230) ** 0.5, rel=0.01)
    recurrent = state["weight_hh_l0"]
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(20), atol=1e-5, rtol=0)
    assert state["bias_l0"].tolist() == [0.0] * 50 + [1.0] * 50 + [0.0] * 100
    coupled = LSTM(3, 2, coupled_gates=True, forget_bias=2).state_dict()
    assert coupled["bias_l0"].tolist() == [2.0] * 2 + [0.0] * 4


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_drawn_orthogonal_and_runs(dtype: torch.dtype) -> None:
    lstm = LSTM(3, 4, dtype=dtype)
    recurrent = lstm.state_dict()["weight_hh_l0"].float()
    torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(4), atol=0.02, rtol=0)
    assert lstm(torch.randn(5, 2, 3, dtype=dtype))[0].dtype == dtype


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: next(iter(option)))
def test_every_option_changes_the_result(option: dict[str, Any]) -> None:
    x = torch.randn(4, 3, 5)
    results = []
    for options in ({}, option):
        torch.manual_seed(0)
        lstm = LSTM(5, 7, **options)
        with torch.no_grad():
            for name, parameter in lstm.named_parameters():
                if "peephole" in name:
                    parameter.fill_(0.5)
        results.append(lstm(x)[0])
    assert results[0].shape != results[1].shape or not torch.allclose(*results)


def test_dropout_acts_between_layers_in_training_only() -> None:
    lstm = LSTM(5, 7, 2, dropout=0.5)
    x = torch.randn(4, 3, 5)
    assert not torch.equal(lstm(x)[0], lstm(x)[0])
    lstm.eval()
    assert torch.equal(lstm(x)[0], lstm(x)[0])
    # PyTorch's words, and PyTorch's layer says the same
    for layer in (LSTM, torch.nn.LSTM):
        with pytest.warns(
            UserWarning, match=r"non-zero dropout expects num_layers greater than 1, but got dropout=0\.5"
        ):
            last_only = layer(5, 7, 1, dropout=0.5)
        assert torch.equal(last_only(x)[0], last_only(x)[0])


def test_dropout_of_everything_leaves_the_layer_above_its_biases() -> None:
    ours, theirs = LSTM(5, 7, 2, dropout=1.0), torch.nn.LSTM(5, 7, 2, dropout=1.0)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(4, 3, 5)
    assert_close(ours(x)[0], theirs(x)[0])
    assert torch.equal(ours(x)[0], ours(-x)[0])
    assert not torch.equal(ours.eval()(x)[0], ours(-x)[0])


@pytest.mark.parametrize(
    "options", [{"input_dropout": 0.5, "recurrent_dropout": 0.3}, {"zoneout_h": 0.2, "zoneout_c": 0.5}]
)
def test_the_same_seed_draws_the_same_masks(options: dict[str, Any]) -> None:
    lstm = LSTM(5, 7, 2, bidirectional=True, **options)
    x = torch.randn(4, 3, 5)
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(lstm(x)[0])
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@pytest.mark.parametrize("engine", ENGINES)
def test_masks_with_gaps_skip_steps(engine: str) -> None:
    lstm = LSTM(5, 7, batch_first=True, bidirectional=True, engine=engine)
    x = torch.randn(2, 6, 5)
    mask = torch.tensor([[False, True, False, True, True, False], [True] * 6])
    output, (h, c) = lstm(x, mask=mask)
    dense, (h_dense, c_dense) = lstm(x[:1, mask[0]])
    assert_close(output[0, mask[0]], dense[0])
    assert_close(h[:, 0], h_dense[:, 0])
    assert_close(c[:, 0], c_dense[:, 0])
    assert not output[0, ~mask[0]].any()


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor, lambda v: torch.tensor(v, dtype=torch.int32)])
def test_lengths_may_be_a_list_an_array_or_a_tensor(kind: Any) -> None:
    lstm = LSTM(5, 7, batch_first=True)
    output, (h, _) = lstm(torch.randn(3, 4, 5), lengths=kind([4, 0, 2]))
    assert not output[1].any()
    assert not h[0, 1].any()
    assert not output[2, 2:].any()
    assert output[2, :2].all()


def test_to_torch_and_back() -> None:
    lstm = LSTM(5, 7, 2, bidirectional=True, batch_first=True).eval()
    theirs = lstm.to_torch()
    x = torch.randn(3, 4, 5)
    assert not theirs.training
    assert_close(lstm(x)[0], theirs(x)[0])
    assert_close(LSTM.from_torch(theirs)(x)[0], theirs(x)[0])
    with pytest.raises(OptionError, match=r"torch\.nn\.LSTM has no peephole, zoneout_h"):
        LSTM(5, 7, peephole=True, zoneout_h=0.1).to_torch()


def test_a_state_dict_of_torch_loads_inside_a_model_and_is_left_as_it_was() -> None:
    theirs = torch.nn.Sequential(torch.nn.LSTM(5, 7))
    state = theirs.state_dict()
    ours = torch.nn.Sequential(LSTM(5, 7))
    assert ours.load_state_dict(state).missing_keys == []
    assert "0.bias_ih_l0" in state
    x = torch.randn(3, 2, 5)
    assert_close(ours(x)[0], theirs(x)[0])


def test_copies_and_pickles_compute_the_same() -> None:
    lstm = LSTM(5, 7, peephole=True, layer_norm=True)
    x = torch.randn(3, 2, 5)
    for other in (copy.deepcopy(lstm), pickle.loads(pickle.dumps(lstm))):
        assert torch.equal(other(x)[0], lstm(x)[0])


@pytest.mark.parametrize("options", [{}, {"peephole": True}, {"engine": "reference"}])
@pytest.mark.parametrize("lengths", [None, [4, 2]])
def test_autocast_gives_its_dtype_and_close_values(options: dict[str, Any], lengths: list[int] | None) -> None:
    lstm = LSTM(5, 7, 2, batch_first=True, **options)
    x = torch.randn(2, 4, 5)
    expected = lstm(x, lengths=lengths)[0]
    with torch.autocast("cpu", torch.bfloat16):
        output, (h, c) = lstm(x.bfloat16(), lengths=lengths)
    assert output.dtype == h.dtype == c.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), expected, atol=0.02, rtol=0)
    output.float().sum().backward()
    assert all(parameter.grad is not None for parameter in lstm.parameters())


DISTRIBUTED = """
import os, sys, torch
from gatecell.nn import LSTM
torch.distributed.init_process_group("gloo", init_method=sys.argv[1], rank=0, world_size=1)
lstm = LSTM(5, 7, 2, peephole=True)
parallel = torch.nn.parallel.DistributedDataParallel(lstm)
parallel(torch.randn(3, 2, 5))[0].sum().backward()
print(all(parameter.grad is not None for parameter in lstm.parameters()), flush=True)
os._exit(0)
"""


def test_distributed_data_parallel(tmp_path: Path) -> None:
    # in a process that ends at once: gloo's thread and Python's may wait for each other where the group is destroyed
    command = [sys.executable, "-c", DISTRIBUTED, f"file://{tmp_path}/store"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.stdout == "True\n", run.stderr


def test_explain_says_which_engine_and_why() -> None:
    lstm = LSTM(5, 7, recurrent_dropout=0.5, engine="reference")
    text = str(lstm.explain())
    assert "-> reference: runs: asked for by name" in text
    assert "aten: PyTorch's LSTM has no recurrent_dropout in training" in text
    assert "has no recurrent_dropout" not in str(lstm.eval().explain())


def test_an_engine_that_cannot_run_is_refused_at_construction_and_never_replaced() -> None:
    with pytest.raises(EngineError, match="'aten' cannot run this LSTM: PyTorch's LSTM has no peephole"):
        LSTM(5, 7, peephole=True, engine="aten")
    lstm = LSTM(5, 7, engine="aten")
    with pytest.raises(EngineError, match="no a mask other than lengths"):
        lstm(torch.randn(3, 2, 5), mask=torch.ones(2, 3, dtype=torch.bool))


@pytest.mark.parametrize("lengths", [None, [6, 3]])
def test_trace_agrees_with_forward(lengths: list[int] | None) -> None:
    lstm = LSTM(5, 7, 2, bidirectional=True, batch_first=True, peephole=True, input_dropout=0.3).eval()
    x = torch.randn(2, 6, 5)
    output, (h, c) = lstm(x, lengths=lengths)
    traces = lstm.trace(x, lengths=lengths)
    assert [(t.layer, t.reverse) for t in traces] == [(0, False), (0, True), (1, False), (1, True)]
    for index, trace in enumerate(traces):
        end = 0 if trace.reverse else -1
        assert_close(trace.h[:, end], h[index])
        assert_close(trace.c[:, end], c[index])
        assert all(value.shape == (2, 6, 7) for value in (trace.i, trace.f, trace.g, trace.o))
    top = torch.cat([traces[2].h, traces[3].h], dim=2)
    assert_close(top[0], output[0])
    for gate in (traces[0].i, traces[0].f, traces[0].o):
        assert (gate > 0).all()
        assert (gate < 1).all()


@pytest.mark.parametrize("batch_first", [False, True])
def test_trace_follows_the_layout_of_the_input(batch_first: bool) -> None:
    lstm = LSTM(5, 7, batch_first=batch_first)
    assert lstm.trace(torch.randn(6, 2, 5))[0].c.shape == (6, 2, 7)
    assert lstm.trace(torch.randn(6, 5))[0].c.shape == (6, 7)


X = torch.zeros(3, 2, 5)


@pytest.mark.parametrize(
    ("arguments", "keywords", "text"),
    [
        ((torch.zeros(3),), {}, r"must have 3 dimensions, or 2 if unbatched, got shape \(3,\)"),
        (
            (torch.zeros(3, 2, 4),),
            {},
            r"must have 5 features \(input_size\) in its last dimension, got shape \(3, 2, 4\)",
        ),
        ((X.long(),), {}, "must hold real numbers on cpu, like the weights; got torch.int64"),
        ((X.double(),), {}, r"is torch.float64, but the weights are torch.float32: .*x.to\(torch.float32\)"),
        ((X,), {"lengths": [1, 2], "mask": torch.ones(2, 3, dtype=torch.bool)}, "Give lengths or mask, not both"),
        ((X,), {"lengths": [1, 2, 3]}, r"lengths must have shape \(2,\), one for each row, got \(3,\)"),
        ((X,), {"lengths": [1.0, 2.0]}, "lengths must be whole numbers, got torch.float32"),
        ((X,), {"lengths": [1, 4]}, r"lengths must lie in 0..3 .*, but row 1 has 4"),
        ((X,), {"lengths": [-1, 3]}, r"lengths must lie in 0..3 .*, but row 0 has -1"),
        ((X,), {"lengths": [3, -2]}, r"lengths must lie in 0..3 .*, but row 1 has -2"),
        ((X,), {"lengths": [4, -1]}, r"lengths must lie in 0..3 .*, but row 0 has 4"),
        ((X,), {"lengths": [-1, 4]}, r"lengths must lie in 0..3 .*, but row 0 has -1"),
        ((X,), {"lengths": [0, 4]}, r"lengths must lie in 0..3 .*, but row 1 has 4"),
        ((X,), {"lengths": [3, 4]}, r"lengths must lie in 0..3 .*, but row 1 has 4"),
        ((X,), {"mask": torch.ones(2, 3)}, "mask must be a bool tensor, True where a step counts, got torch.float32"),
        ((X,), {"mask": torch.ones(3, 2).bool()}, r"mask must have shape \(batch, time\) = \(2, 3\), got \(3, 2\)"),
        ((X.numpy(),), {}, r"The input must be a tensor, got ndarray. Convert it with torch.as_tensor"),
        ((X,), {"lengths": "ab"}, "lengths must be a tensor, an array or a list of whole numbers, got 'ab'"),
        ((X[:, 0],), {"lengths": "ab"}, "lengths must be a tensor, an array or a list of whole numbers, got 'ab'"),
        ((X,), {"mask": np.ones((2, 3), dtype=bool)}, "mask must be a tensor, got ndarray"),
        ((X[:, 0],), {"mask": [True] * 3}, "mask must be a tensor, got list"),
        ((X, (None, None)), {}, "The initial state h_0 must be a tensor, got NoneType"),
        ((X, torch.zeros(1, 2, 7)), {}, r"must be a pair \(h_0, c_0\)"),
        ((X, (torch.zeros(2, 7), torch.zeros(2, 7))), {}, r"h_0 must have shape \(1, 2, 7\), got \(2, 7\)"),
        ((X, (torch.zeros(1, 2, 7), torch.zeros(1, 2, 7).long())), {}, "c_0 must hold real numbers on cpu"),
        ((X, (torch.zeros(1, 2, 7, device="meta"), torch.zeros(1, 2, 7))), {}, "h_0 must hold real numbers on cpu"),
        ((X, (torch.zeros(1, 2, 7).to_sparse(), torch.zeros(1, 2, 7))), {}, "h_0 has the layout torch.sparse_coo"),
        ((X, (torch.zeros(1, 2, 7), torch.zeros(1, 2, 7).double())), {}, "c_0 is torch.float64, but the input is"),
    ],
)
def test_bad_input_is_refused_with_the_reason(arguments: Any, keywords: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        LSTM(5, 7)(*arguments, **keywords)


def test_trace_refuses_what_it_cannot_follow() -> None:
    lstm = LSTM(5, 7)
    with pytest.raises(InputError, match=r"A trace needs at least one step, got an input of shape \(0, 2, 5\)"):
        lstm.trace(X[:0])
    packed: Any = pack_padded_sequence(X, [3, 2])
    with pytest.raises(InputError, match="trace takes no PackedSequence: give what pad_packed_sequence makes of it"):
        lstm.trace(packed)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_layers": 0}, "num_layers must be an integer of at least 1"),
        ({"dropout": 1.1}, r"dropout must be a number in \[0, 1\], got 1.1"),
        ({"recurrent_dropout": 1.0}, r"recurrent_dropout must be a number in \[0, 1\)"),
        ({"proj_size": 7}, r"proj_size must be smaller than hidden_size \(7\), got 7"),
        ({"proj_size": "2"}, "proj_size must be an integer of at least 0, got '2'"),
        ({"bias": False, "forget_bias": 1.0}, "forget_bias needs bias=True"),
        ({"forget_bias": float("inf")}, "forget_bias must be a finite number"),
        ({"bidirectional": "yes"}, "bidirectional must be True or False"),
    ],
)
def test_bad_options_are_refused_with_the_reason(options: Any, text: str) -> None:
    with pytest.raises(OptionError, match=text):
        LSTM(5, 7, **options)


def test_an_unknown_initialisation_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no initialisation named 'gloro'. Did you mean 'glorot'"):
        LSTM(5, 7, initialisation="gloro")


def test_repr_shows_what_differs_from_the_defaults() -> None:
    text = repr(LSTM(5, 7, 2, batch_first=True, zoneout_h=0.1))
    assert text == "LSTM(5, 7, num_layers=2, batch_first=True, zoneout_h=0.1)"

"""The benchmark: it refuses wrong numbers, counts products as they are, and waits for the machine."""

import json
import time
from dataclasses import replace

import pytest
import torch
from benchmarks import __main__ as program
from benchmarks import cpu
from benchmarks.cases import OPTIONS, Case
from benchmarks.machine import Machine
from benchmarks.peers import Contender, contenders
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gatecell.kernels import core

TINY = Case("tiny", rows=3, steps=4, input_size=2, hidden_size=5)
TINY_CASES = [
    TINY,
    replace(TINY, name="tiny, ragged", shortest=1),
    replace(TINY, name="tiny, stacked", num_layers=2, bidirectional=True),
    replace(TINY, name="tiny, bfloat16", options={"precision": "bfloat16"}, tolerance=3e-2),
    *(
        replace(TINY, name=case.name, options={"proj_size": 2} if "proj" in case.name else case.options)
        for case in OPTIONS
    ),
]


@pytest.mark.parametrize("case", TINY_CASES, ids=lambda case: case.name)
def test_every_kind_of_case_runs_and_agrees_with_its_peers(case: Case) -> None:
    rows = list(cpu.measure(case, Machine(), seconds=0.0))
    assert {row.mode for row in rows} == {"train", "infer"}
    for row in rows:
        assert row.ratio > 0
        assert (row.peak_fraction is None) == (core.missing() is not None)


def test_a_contender_with_other_numbers_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_wrong(case: Case, lengths: Tensor | None, mode: str) -> list[Contender]:
        ours, *_ = contenders(case, lengths, mode)
        return [ours, Contender("wrong", ours.module, lambda x: 1.1 * ours.forward(x), comparable=True)]

    monkeypatch.setattr(cpu, "contenders", one_wrong)
    with pytest.raises(cpu.WrongResultError, match=r"tiny, train: wrong differs from ours by 0\.1 of the scale\."):
        list(cpu.measure(TINY, Machine(), seconds=0.0))


def test_nothing_is_told_of_a_case_that_is_wrong_in_one_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong_in_inference(case: Case, lengths: Tensor | None, mode: str) -> list[Contender]:
        ours, peer, *_ = contenders(case, lengths, mode)
        factor = 1.1 if mode == "infer" else 1.0
        return [ours, Contender("wrong", peer.module, lambda x: factor * peer.forward(x), comparable=True)]

    monkeypatch.setattr(cpu, "contenders", wrong_in_inference)
    found: list[cpu.Row] = []
    with pytest.raises(cpu.WrongResultError, match="tiny, infer: wrong differs"):
        found.extend(cpu.measure(TINY, Machine(), seconds=0.0))
    assert not found


def test_gradients_of_biases_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong_bias(case: Case, lengths: Tensor | None, mode: str) -> list[Contender]:
        ours, peer, *_ = contenders(case, lengths, mode)
        peer.module.get_parameter("bias_ih_l0").register_hook(lambda gradient: 5 * gradient)
        return [ours, peer]

    monkeypatch.setattr(cpu, "contenders", wrong_bias)
    with pytest.raises(cpu.WrongResultError, match=r"tiny, train: nn\.LSTM differs"):
        list(cpu.measure(TINY, Machine(), seconds=0.0))


def only_these(monkeypatch: pytest.MonkeyPatch, *cases: Case) -> None:
    for name, value in {"SHAPES": cases, "BFLOAT16": (), "OPTIONS": ()}.items():
        monkeypatch.setattr(program, name, value)


def test_the_command_prints_what_it_measured_and_fails_where_a_number_was_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these(monkeypatch, TINY, replace(TINY, name="tiny, wrong", tolerance=0.0))
    assert program.main(["cpu", "--quick", "--json", "--case", "tiny"]) == 1
    printed = capsys.readouterr()
    rows = json.loads(printed.out)
    assert {row["case"] for row in rows} == {"tiny"}
    assert {"case", "mode", "engine", "peer", "ms", "peer_ms", "ratio", "peak_fraction"} <= rows[0].keys()
    assert printed.err.startswith("No time for a wrong result. tiny, wrong, train: nn.LSTM differs from ours by ")


def test_the_table_has_a_cell_for_each_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these(monkeypatch, TINY)
    before = torch.get_num_threads()
    assert program.main(["cpu", "--quick", "--threads", "1", "--patience", "0"]) == 0
    torch.set_num_threads(before)
    title, _, *table = capsys.readouterr().out.splitlines()
    assert title.startswith("1 threads, float32, PyTorch ")
    assert len(table) >= 6
    assert {line.count("|") for line in table} == {11}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--case", "digts"], "--case: no case has 'digts' in its name. There are: digits, reviews, "),
        (["--threads", "0"], "--threads must be at least 1, got 0."),
    ],
)
def test_a_mistake_on_the_command_line_is_told(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        program.main(["cpu", *arguments])
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("case", [TINY, replace(TINY, num_layers=2, bidirectional=True)], ids=["one", "stacked"])
def test_products_are_counted_as_pytorch_counts_them(case: Case) -> None:
    # in float64 PyTorch makes single products; those with the first h, which is 0, it makes for nothing
    x = torch.randn(case.rows, case.steps, case.input_size, dtype=torch.float64)
    first = 4 * case.hidden_size**2 * case.rows
    directions = 2 if case.bidirectional else 1
    lstm = nn.LSTM(case.input_size, case.hidden_size, case.num_layers, batch_first=True, bidirectional=directions == 2)
    counted = []
    for training in (False, True):
        with FlopCounterMode(display=False) as counter:
            output = lstm.double()(x)[0]
            if training:
                output.sum().backward()
        for_nothing = case.num_layers * directions * first * (2 if training else 1)
        counted.append(counter.get_total_flops() // 2 - for_nothing)
    steps = case.rows * case.steps
    assert [case.multiply_adds(steps, training=training) for training in (False, True)] == counted


def test_turns_without_a_core_for_each_thread_are_left_out_until_patience_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if core.missing() is not None:
        pytest.skip("the core measures the processor")
    machine = Machine(patience=0.25)
    assert machine.whole(0.9 * torch.get_num_threads())
    assert not machine.whole(0.5 * torch.get_num_threads())
    monkeypatch.setattr(machine, "cores", lambda: 0.5 * torch.get_num_threads())
    start = time.perf_counter()
    times, cores = cpu._interleaved([lambda: torch.zeros(1)], "infer", 1.0, machine)
    assert machine.patience <= 0
    assert len(times[0]) == len(cores) >= 5
    # what was waited does not count as measuring
    assert time.perf_counter() - start >= 1.25

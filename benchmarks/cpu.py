"""Gatecell's LSTM on the CPU against its peers, interleaved in one run."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.cases import Case
from benchmarks.machine import Machine
from benchmarks.peers import Contender, contenders
from gatecell.kernels import core


class WrongResultError(Exception):
    """A contender's numbers differ from ours: its time means nothing."""


@dataclass(frozen=True)
class Row:
    """Ours against one peer."""

    case: str
    mode: str
    """``train`` (forward and backward) or ``infer``."""
    engine: str
    """The engine that ran ours."""
    peer: str
    ms: float
    """Median of ours."""
    peer_ms: float
    ratio: float
    """How many times as fast as the peer ours is: the median of the ratios of runs that lie side by side."""
    spread: float
    """Half the distance between the ratios' quartiles, as a fraction of the median."""
    peak_fraction: float | None
    """Ours, as a fraction of the multiply-adds that the same run reached in registers on one thread, times the threads;
    ``None`` without the core."""
    cores: float | None
    """How many cores' worth of multiply-adds the threads had meanwhile, a median; ``None`` without the core."""


def measure(case: Case, machine: Machine, *, seconds: float) -> Iterator[Row]:
    """Measure one case.

    Parameters
    ----------
    case : Case
    machine : Machine
        As the whole run sees it.
    seconds : float
        How long to repeat each mode of it.

    Raises
    ------
    WrongResultError
        Where the contenders disagree.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(case.rows, case.steps, case.input_size, generator=generator)
    lengths = None
    if case.shortest is not None:
        lengths = torch.randint(case.shortest, case.steps + 1, (case.rows,), generator=generator)
    counted = case.rows * case.steps if lengths is None else int(lengths.sum())
    prepared = []
    with torch.random.fork_rng():
        torch.manual_seed(0)  # of weights
        for mode in case.modes:
            found = contenders(case, lengths, mode)
            calls = [contender.call(mode, x) for contender in found]
            _check(case, mode, found, calls)
            prepared.append((mode, found, calls))
    for mode, (ours, *peers), calls in prepared:
        times, cores = _interleaved(calls, mode, seconds, machine)
        median = statistics.median(times[0])
        engine = ours.module.explain(training=mode == "train").name  # type: ignore[operator]
        multiply_adds = case.multiply_adds(counted, training=mode == "train")
        best = machine.peak(core.BFLOAT16 if case.bfloat16 else core.FLOAT32)
        for peer, theirs in zip(peers, times[1:], strict=True):
            ratios = [b / a for a, b in zip(times[0], theirs, strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            yield Row(
                case.name,
                mode,
                engine,
                peer.name,
                1e3 * median,
                1e3 * statistics.median(theirs),
                middle,
                (high - low) / 2 / middle,
                None if best is None else 2 * multiply_adds / median / best,
                statistics.median(cores) if cores else None,
            )


def _interleaved(
    calls: list[Callable[[], Tensor]], mode: str, seconds: float, machine: Machine
) -> tuple[list[list[float]], list[float]]:
    """Return the seconds of a step in each turn of each call, and the cores that there were."""
    times: list[list[float]] = [[] for _ in calls]
    cores: list[float] = []
    for call in calls:
        _seconds(call, 1, mode)
    repeats = [max(1, int(_TURN / _seconds(call, 1, mode))) for call in calls]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < _FEWEST_TURNS:
        start = time.perf_counter()
        before = machine.cores()
        turn = [_turn(call, n, mode) for call, n in zip(calls, repeats, strict=True)]
        after = machine.cores()
        if not (machine.whole(before) and machine.whole(after)):
            machine.lost(time.perf_counter() - start)
            end += time.perf_counter() - start
            continue
        for found, of_turn in zip(times, turn, strict=True):
            found.append(of_turn)
        if before is not None and after is not None:
            cores.append(min(before, after))
    return times, cores


_TURN = 0.02
"""Seconds, at least: as in training, most steps follow one of their own kind, and find their data in the caches."""
_FEWEST_TURNS = 5


def _turn(call: Callable[[], object], repeats: int, mode: str) -> float:
    if repeats > 1:
        # what the others have left in the caches is not this one's cost
        _seconds(call, 1, mode)
    return _seconds(call, repeats, mode)


def _seconds(call: Callable[[], object], repeats: int, mode: str) -> float:
    with torch.inference_mode(mode == "infer"):
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        return (time.perf_counter() - start) / repeats


def _check(case: Case, mode: str, all_contenders: list[Contender], calls: list[Callable[[], Tensor]]) -> None:
    expected = _numbers(all_contenders[0], calls[0], mode)
    for peer, call in zip(all_contenders[1:], calls[1:], strict=True):
        if not peer.comparable:
            continue
        # masks of dropout are the same for all, because a run draws its seed first
        for ours_value, value in zip(expected, _numbers(peer, call, mode), strict=True):
            scale = float(ours_value.abs().max()) + 1e-6
            error = float((ours_value - value).abs().max()) / scale
            if not error < case.tolerance:
                raise WrongResultError(
                    f"{case.name}, {mode}: {peer.name} differs from ours by {error:.2g} of the scale."
                )


def _numbers(contender: Contender, call: Callable[[], Tensor], mode: str) -> list[Tensor]:
    torch.manual_seed(0)
    with torch.inference_mode(mode == "infer"):
        output = call().detach()
    # PyTorch has two biases, with the same gradient
    gradients = [value.grad for name, value in contender.module.named_parameters() if "bias_hh" not in name]
    return [output, *(gradient for gradient in gradients if gradient is not None)]

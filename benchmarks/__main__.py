"""Gatecell's LSTM beside its peers, on this machine."""

import argparse
import json
import sys
from dataclasses import asdict

import torch

from benchmarks.cases import BFLOAT16, OPTIONS, SHAPES
from benchmarks.cpu import Row, WrongResultError, measure
from benchmarks.machine import Machine

_QUICK, _SECONDS = 0.5, 4.0


def main(given: list[str] | None = None) -> int:
    """Measure, print, and return the exit status: 1 where a contender's numbers were wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    cpu = commands.add_parser("cpu", help="the LSTM on the CPU against its peers")
    cpu.add_argument("--quick", action="store_true", help=f"{_QUICK:g} seconds a mode instead of {_SECONDS:g}")
    cpu.add_argument("--json", action="store_true", help="a list of objects instead of a table")
    cpu.add_argument("--threads", type=int, help="how many threads every contender has; by default PyTorch's choice")
    cpu.add_argument("--case", default="", help="only the cases whose name contains this text")
    cpu.add_argument(
        "--patience",
        type=float,
        default=300.0,
        help="seconds in all to wait while the machine has no core for each thread; default: %(default)s",
    )
    arguments = parser.parse_args(given)
    every = (*SHAPES, *BFLOAT16, *OPTIONS)
    cases = [case for case in every if arguments.case in case.name]
    if not cases:
        names = ", ".join(case.name for case in every)
        cpu.error(f"--case: no case has {arguments.case!r} in its name. There are: {names}.")
    if arguments.threads is not None:
        if arguments.threads < 1:
            cpu.error(f"--threads must be at least 1, got {arguments.threads}.")
        torch.set_num_threads(arguments.threads)
    machine = Machine(arguments.patience)
    rows: list[Row] = []
    wrong = []
    if not arguments.json:
        sys.stdout.write(f"{torch.get_num_threads()} threads, float32, PyTorch {torch.__version__}\n\n{_HEAD}\n")
    for case in cases:
        try:
            for row in measure(case, machine, seconds=_QUICK if arguments.quick else _SECONDS):
                rows.append(row)
                if not arguments.json:
                    sys.stdout.write(_line(row) + "\n")
                    sys.stdout.flush()
        except WrongResultError as error:
            wrong.append(str(error))
    if arguments.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=1)
        sys.stdout.write("\n")
    for text in wrong:
        sys.stderr.write(f"No time for a wrong result. {text}\n")
    return 1 if wrong else 0


_HEAD = (
    "| case | mode | engine | ms | peer | peer, ms | times as fast | spread | of the peak | cores |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def _line(row: Row) -> str:
    peak = "" if row.peak_fraction is None else f"{row.peak_fraction:.0%}"
    cores = "" if row.cores is None else f"{row.cores:.1f}"
    return (
        f"| {row.case} | {row.mode} | {row.engine} | {row.ms:.3g} | {row.peer} | {row.peer_ms:.3g} "
        f"| {row.ratio:.2f} | {row.spread:.0%} | {peak} | {cores} |"
    )


if __name__ == "__main__":
    sys.exit(main())

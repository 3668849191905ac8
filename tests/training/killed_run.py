"""A run that is killed: ``python -m tests.training.killed_run FOLDER PLACE``; the test goes on from what it left."""

import os
import signal
import sys
from pathlib import Path
from unittest import mock

import torch
from torch import nn

from gatecell.training.loop import TrainingResult, fit
from tests.training.tools import config_of, rows_of, sequence_network, squared

N_STEPS = 3
"""Optimiser steps an epoch: 20 rows in eights. Measuring the validation part is one more batch."""
CONFIG = config_of(max_epochs=6, learning_rate=0.05, patience=5, lr_schedule="plateau", lr_patience=1, clip_norm=1.0)


def run(network: nn.Module, folder: Path | None, *, kill_at_take: int = 0) -> TrainingResult:
    """Train, or go on training; killed when the training rows are taken the given time."""

    def on_take(call: int) -> None:
        if call == kill_at_take:
            os.kill(os.getpid(), signal.SIGKILL)

    train, validation = rows_of((20, 5, 3), on_take=on_take), rows_of((7, 5, 3))
    return fit(network, squared, train, validation, CONFIG, checkpoint_dir=folder, resume=folder is not None)


def main(folder: Path, place: str) -> None:
    """Run until the kill: in the middle of the fourth epoch, or with the third checkpoint half-written."""
    torch.set_num_threads(1)
    if place == "epoch":
        run(sequence_network(), folder, kill_at_take=3 * N_STEPS + 2)
        return
    flushes = 0

    def fsync(_: int) -> None:
        nonlocal flushes
        flushes += 1
        # every epoch writes two files, the checkpoint first
        if flushes == 2 * 2 + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    with mock.patch("os.fsync", fsync):
        run(sequence_network(), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""A process that searches: ``python searching_process.py STUDY AT_EPOCH SIGNAL GO``.

It gets the signal, by its name, when so many epochs were trained (0: it does not), and waits before it begins until the
file GO is there.
"""

import os
import signal
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from gatecell.estimators.classifier import LSTMClassifier
from gatecell.training.history import Row
from gatecell.training.watching import tell_watcher
from gatecell.tuning.search import tune
from gatecell.tuning.space import Range
from gatecell.tuning.trials import Tuning

N_TRIALS = 10
ROWS = np.random.default_rng(0).normal(size=(30, 5, 2))
LABELS = (ROWS[:, :, 0].sum(axis=1) > 0).astype(int)
SPACE = {"hidden_size": (2, 3, 5), "learning_rate": Range(1e-3, 1e-1, log=True)}


def search(study: Path | None) -> Tuning:
    """Search, or go on."""
    model = LSTMClassifier(max_epochs=4, batch_size=16, random_state=0)
    return tune(model, ROWS, LABELS, SPACE, n_trials=N_TRIALS, study=study, refit=False)


def main(study: Path, at_epoch: int, sign: signal.Signals, go: Path) -> None:
    """Search as the command line says."""
    torch.set_num_threads(1)
    epochs = 0

    def signalling(row: Row) -> None:
        nonlocal epochs
        epochs += 1
        if epochs == at_epoch:
            os.kill(os.getpid(), sign)
        tell_watcher(row)

    go.with_name(f"{go.name}.{os.getpid()}").touch()
    while not go.exists():
        time.sleep(0.02)
    with mock.patch("gatecell.training.module.tell_watcher", signalling):
        search(study)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), signal.Signals[sys.argv[3]], Path(sys.argv[4]))

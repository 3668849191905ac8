"""What a user sees while a network trains; always on standard error, so that standard output stays free for results."""

import sys
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor

from gatecell.training.config import TrainingConfig
from gatecell.training.history import Row
from gatecell.training.state import TrainingState


def progress_callbacks(config: TrainingConfig, state: TrainingState, n_steps: int) -> list[Callback]:
    """Return the displays that ``config.verbose`` asks for, of epochs of ``n_steps`` optimiser steps."""
    if config.verbose == 2:
        return [EpochLines(config, state)]
    if config.verbose == 1 and sys.stderr.isatty():
        return [EpochBar(config, state, n_steps)]
    return []


def epoch_text(row: Row, last_epoch: int) -> str:
    """Return one epoch as a line."""
    figures = [
        f"{name} {value:.4g}" for name, value in row.items() if name not in ("epoch", "learning_rate", "seconds")
    ]
    return f"epoch {int(row['epoch'])}/{last_epoch}  {'  '.join(figures)}  {row['seconds']:.1f} s"


class EpochLines(Callback):
    """One line an epoch, for logs."""

    def __init__(self, config: TrainingConfig, state: TrainingState) -> None:
        self._state = state
        self._last_epoch = state.first_epoch + config.max_epochs

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say what the epoch before came to."""
        self._report()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say what the last epoch came to."""
        self._report()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Remember what a resumed run has already reported."""
        self._reported = len(self._state.history)

    def _report(self) -> None:
        for row in self._state.history.rows[self._reported :]:
            sys.stderr.write(epoch_text(row, self._last_epoch) + "\n")
        self._reported = len(self._state.history)


class EpochBar(Callback):
    """A bar over the optimiser steps of the epoch, with the last epoch's figures."""

    def __init__(self, config: TrainingConfig, state: TrainingState, n_steps: int) -> None:
        self._state, self._n_steps = state, n_steps
        self._last_epoch = state.first_epoch + config.max_epochs
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
            refresh_per_second=5,
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the bar."""
        self._task = self._progress.add_task("training", total=self._n_steps, epoch="", figures="")
        self._progress.start()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the bar of the next epoch."""
        epoch = f"{self._state.epochs_done + 1}/{self._last_epoch}"
        self._progress.reset(self._task, epoch=epoch, figures=self._figures())

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: tuple[Tensor, ...], batch_idx: int
    ) -> None:
        """Move the bar by the steps of a group; the display itself refreshes on its own clock."""
        self._progress.advance(self._task, len(batch))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the last figures."""
        self._progress.update(self._task, figures=self._figures())

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the terminal back."""
        self._progress.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back: after an error Lightning calls this instead of ``teardown``."""
        self._progress.stop()

    def _figures(self) -> str:
        """Return the last epoch's figures, those of the validation part where there is one: a line has 80 columns."""
        row = self._state.history.rows[-1] if self._state.history.rows else {}
        shown = [name for name in row if name.startswith("validation_")] or [n for n in row if n.startswith("train_")]
        return "  ".join(f"{name} {row[name]:.4g}" for name in shown)

"""Who is told of each epoch: a user, on standard error, so that standard output stays free for results; a logger."""

import sys
from abc import ABC, abstractmethod
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor

from gatecell._core.visible import visible
from gatecell.training.config import TrainingConfig
from gatecell.training.history import Row
from gatecell.training.loggers import RunLog
from gatecell.training.state import TrainingState


def progress_callbacks(config: TrainingConfig, state: TrainingState, n_steps: int) -> list[Callback]:
    """Return the displays that ``config.verbose`` asks for, of epochs of ``n_steps`` optimiser steps."""
    if config.verbose == 0 or sys.stderr is None:
        return []
    if config.verbose == 1 and sys.stderr.isatty() and not in_notebook():
        return [EpochBar(config, state, n_steps)]
    return [EpochLines(config, state)]


def in_notebook() -> bool:
    """Return whether this is the kernel of a notebook, which shows lines, whatever its streams say they are."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def epoch_text(row: Row, last_epoch: int) -> str:
    """Return one epoch as a line."""
    figures = [
        f"{name} {value:.4g}" for name, value in row.items() if name not in ("epoch", "learning_rate", "seconds")
    ]
    return f"epoch {int(row['epoch'])}/{last_epoch}  {'  '.join(figures)}  {row['seconds']:.1f} s"


class EachEpoch(Callback, ABC):
    """Something that is told of every epoch once it is over.

    Lightning calls callbacks before the module has measured an epoch, hence at the beginning of the next one.
    """

    def __init__(self, config: TrainingConfig, state: TrainingState) -> None:
        self._state = state
        self._last_epoch = state.first_epoch + config.max_epochs

    @abstractmethod
    def report(self, row: Row) -> None:
        """Take note of an epoch."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the epoch before."""
        self._report()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the last epoch."""
        self._report()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Report the epochs that are over, whatever ended the next one."""
        self._report()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Remember what a resumed run has already reported."""
        self._reported = len(self._state.history)

    def _report(self) -> None:
        for row in self._state.history.rows[self._reported :]:
            self.report(row)
        self._reported = len(self._state.history)


class EpochLines(EachEpoch):
    """One line an epoch on standard error."""

    def report(self, row: Row) -> None:
        """Write the line."""
        sys.stderr.write(visible(epoch_text(row, self._last_epoch), line=True) + "\n")


class EpochLog(EachEpoch):
    """Hyper-parameters and the figures of every epoch, handed to the run's logger.

    A resumed run logs the epochs of its checkpoint again, since it has a new logger.
    """

    def __init__(self, config: TrainingConfig, state: TrainingState, log: RunLog) -> None:
        super().__init__(config, state)
        self._log = log

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Log the hyper-parameters."""
        self._begin()

    def log_finished(self) -> None:
        """Log a run of which a checkpoint has every epoch, so that no trainer runs."""
        self._begin()
        self._report()
        self._log.logger.finalize("success")

    def _begin(self) -> None:
        self._reported = self._state.first_epoch
        if self._log.parameters:
            self._log.logger.log_hyperparams(dict(self._log.parameters))

    def report(self, row: Row) -> None:
        """Log the figures of an epoch; they are in the file when this returns."""
        logger, epoch = self._log.logger, int(row["epoch"])
        figures = {**row, "epoch": epoch}
        if epoch == 1 and self._log.parameters and isinstance(logger, TensorBoardLogger):
            # its page of hyper-parameters only has runs for which some figures are named
            logger.log_hyperparams(dict(self._log.parameters), figures, step=epoch)
        else:
            logger.log_metrics(figures, step=epoch)
        logger.save()


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

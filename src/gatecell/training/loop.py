"""Training: ``fit`` runs a Lightning trainer over a network, a loss and rows, and returns what came of it."""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from torch import nn

from gatecell._core.errors import InputError, NonFiniteLossError, OptionError
from gatecell._core.locks import sole_writer
from gatecell.training.batches import BatchSource
from gatecell.training.checkpoint import CheckpointFolder, run_identity
from gatecell.training.config import TrainingConfig
from gatecell.training.draws import handed_down
from gatecell.training.history import History
from gatecell.training.loggers import RunLog
from gatecell.training.module import TrainingModule
from gatecell.training.objective import Objective, RowObjective
from gatecell.training.prediction import Loss, Metric, predict
from gatecell.training.progress import EpochLog, progress_callbacks
from gatecell.training.quiet import quiet_lightning
from gatecell.training.signals import OwnTermination, interruptible
from gatecell.training.state import TrainingState, copy_weights

__all__ = ["TrainingResult", "fit", "predict"]


@dataclass(frozen=True)
class TrainingResult:
    """What came of a run."""

    history: History
    """One row an epoch, those before a resume or an earlier call (``start``) included."""
    best_epoch: int | None
    """The epoch (from 1) with the best ``monitor``; None where that column is not measured."""
    stopped_early: bool
    """Whether early stopping ended the run."""
    seconds: float
    """Wall time of this call."""
    state: TrainingState
    """Give it as ``start`` to a later ``fit`` to go on with the same moments of the optimiser."""


def fit(
    network: nn.Module,
    loss: Loss | Objective,
    train: BatchSource,
    validation: BatchSource | None = None,
    config: TrainingConfig | None = None,
    *,
    metrics: Mapping[str, Metric] | None = None,
    checkpoint_dir: str | Path | None = None,
    resume: bool = False,
    identity: Mapping[str, Any] | None = None,
    start: TrainingState | None = None,
    log: RunLog | None = None,
) -> TrainingResult:
    """Train a network, in place.

    Parameters
    ----------
    network : torch.nn.Module
        Called with ``*batch.inputs``. It ends in evaluation mode, on the device on which it was trained.
    loss : callable
        Takes prediction and target; returns the loss of each row, ``(B,)``, or of each of its outputs, ``(B, ...)``.
        What is minimised is the weighted mean over the rows of a batch, ``sum(w * l) / sum(w)``. Or an ``Objective``,
        which runs the network itself, such as ``StreamObjective``.
    train, validation : BatchSource
        The rows, and those that early stopping judges by; both with targets.
    config : TrainingConfig, optional
        How to train; by default as ``TrainingConfig`` says.
    metrics : mapping of str to callable, optional
        Name to a function of all predictions and all targets, measured every epoch on both parts.
    checkpoint_dir : path, optional
        A folder for ``checkpoint.safetensors`` and ``history.csv``, written at the end of every epoch; of one run at a
        time.
    resume : bool
        Whether to go on from the checkpoint in ``checkpoint_dir``, if there is one. The run then ends with the same
        weights, bit for bit, as one that never stopped. False starts anew and overwrites it.
    identity : mapping, optional
        JSON values that the checkpoint must agree on beside the config, the shapes of the weights and the numbers of
        rows: such as a fingerprint of the data.
    start : TrainingState, optional
        The ``state`` of an earlier result: its history and the moments of the optimiser go on, ``max_epochs`` more
        epochs are run, and a schedule and early stopping begin anew. The network keeps the weights that it has.
    log : RunLog, optional
        A logger of Lightning, which is given the rows of the history as they come up, and parameters for it.

    Returns
    -------
    TrainingResult

    Raises
    ------
    NonFiniteLossError
        Where the loss or the weights are NaN or infinite.
    OptionError
        Where the config asks for what is not there: a monitored column, a device, parameters for ``l2``; or where
        ``start`` is of another optimiser or network.
    TrainingError
        Where the checkpoint in ``checkpoint_dir`` is of another run.
    OutputInUseError
        Where another run has ``checkpoint_dir``.
    ArtifactError
        Where the checkpoint in it is damaged, or holds what no such run writes.
    InputError
        Where there are no rows, or no targets.

    Whatever ends the run before its time, Ctrl-C included, leaves the network with the weights of the end of the last
    finished epoch, or those from before the run.
    """
    config = config or TrainingConfig()
    metrics = metrics or {}
    objective = objective_of(loss, config)
    columns = _columns(validation, [*objective.figures(0.0), *metrics])
    _check(train, validation, config, columns, checkpoint_dir, resume)
    with nullcontext() if checkpoint_dir is None else sole_writer(checkpoint_dir, folder=True):
        return _fit(
            network,
            objective,
            train,
            validation,
            config,
            metrics,
            columns,
            checkpoint_dir,
            resume,
            identity,
            start,
            log,
        )


def _fit(
    network: nn.Module,
    objective: Objective,
    train: BatchSource,
    validation: BatchSource | None,
    config: TrainingConfig,
    metrics: Mapping[str, Metric],
    columns: Sequence[str],
    checkpoint_dir: str | Path | None,
    resume: bool,
    identity: Mapping[str, Any] | None,
    start: TrainingState | None,
    log: RunLog | None,
) -> TrainingResult:
    began = time.perf_counter()
    state, folder = _prepared_state(
        network, train, validation, config, columns, checkpoint_dir, resume, identity, start
    )
    before = state.weights or copy_weights(network)
    if not state.stopped_early and state.epochs_done < state.first_epoch + config.max_epochs:
        keep = folder.save if folder else _keep_nothing
        generator = torch.Generator()
        module = TrainingModule(network, objective, train, validation, config, metrics, state, keep, generator)
        try:
            with handed_down(generator, network):
                _run(module, config, state, log)
        except BaseException as error:
            # NaN, Ctrl-C, an error in the loss: half an epoch is nothing to go on with
            network.load_state_dict(state.weights or before)
            if isinstance(error, NonFiniteLossError) and state.weights:
                error.result = _result(state, began)
            raise
        finally:
            network.zero_grad()
            network.eval()
    elif log is not None:
        EpochLog(config, state, log).log_finished()
    network.load_state_dict(state.best_weights or state.weights)
    network.eval()
    return _result(state, began)


def _result(state: TrainingState, began: float) -> TrainingResult:
    return TrainingResult(
        history=state.history,
        best_epoch=state.watch.best_epoch,
        stopped_early=state.stopped_early,
        seconds=time.perf_counter() - began,
        state=state,
    )


def _run(module: TrainingModule, config: TrainingConfig, state: TrainingState, log: RunLog | None) -> None:
    callbacks = [OwnTermination(), *progress_callbacks(config, state, module.n_steps)]
    if log is not None:
        callbacks.append(EpochLog(config, state, log))
    with quiet_lightning(), interruptible(), torch.enable_grad():
        trainer = build_trainer(
            config,
            max_epochs=state.first_epoch + config.max_epochs - state.epochs_done,
            callbacks=callbacks,
            logger=log.logger if log is not None else False,
        )
        device = trainer.strategy.root_device
        trainer.fit(module)
    # Lightning leaves a network on the CPU; predictions that follow should run where it was trained
    module.network.to(device)


def objective_of(loss: Loss | Objective, config: TrainingConfig) -> Objective:
    """Return what is done with a batch: ``loss`` itself where it says so, or else the mean of the losses of rows."""
    return loss if isinstance(loss, Objective) else RowObjective(loss, config.bptt if config.stateful else None)


def build_trainer(config: TrainingConfig, *, logger: Any = False, **options: Any) -> Trainer:
    """Return a Lightning trainer on the device that ``config`` names, without checkpoint and display.

    Raises
    ------
    OptionError
        Where the device is not on this machine.
    """
    try:
        return _Trainer(
            accelerator=config.accelerator,
            devices=1,
            # a plain process even inside a SLURM job, whose plugin would take over signals and devices
            plugins=[_PlainProcess()],
            logger=logger,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
    except MisconfigurationException as error:
        raise OptionError(
            f'accelerator={config.accelerator!r} is not on this machine ({error}). Use accelerator="auto".'
        ) from error


class _Trainer(Trainer):
    """A trainer that leaves alone what the threads of a process share."""

    def _run_stage(self) -> None:
        # Lightning's own puts the default generators back to what they were, whoever has drawn meanwhile, and switches
        # the search for anomalies of the whole process
        self.fit_loop.run()


class _PlainProcess(LightningEnvironment):
    """One process, whatever is around it."""

    def teardown(self) -> None:
        """Leave the environment as it is."""


def _prepared_state(
    network: nn.Module,
    train: BatchSource,
    validation: BatchSource | None,
    config: TrainingConfig,
    columns: Sequence[str],
    checkpoint_dir: str | Path | None,
    resume: bool,
    identity: Mapping[str, Any] | None,
    start: TrainingState | None,
) -> tuple[TrainingState, CheckpointFolder | None]:
    state = TrainingState()
    if start is not None:
        state = TrainingState(
            epochs_done=start.epochs_done,
            first_epoch=start.epochs_done,
            optimizer=dict(start.optimizer),
            history=deepcopy(start.history),
        )
    if checkpoint_dir is None:
        return state, None
    run = {**(identity or {}), "first_epoch": state.first_epoch}
    folder = CheckpointFolder(checkpoint_dir, run_identity(network, train, validation, config, run))
    folder.clean()
    saved = folder.load(network, config, columns) if resume else None
    if saved is not None:
        network.load_state_dict(saved.weights)
    return saved or state, folder


def _columns(validation: BatchSource | None, figures: Sequence[str]) -> list[str]:
    """Return the columns of the history that the run measures."""
    parts = ("train", "validation") if validation is not None else ("train",)
    return [f"{part}_{name}" for part in parts for name in ("loss", *figures)]


def _check(
    train: BatchSource,
    validation: BatchSource | None,
    config: TrainingConfig,
    columns: Sequence[str],
    checkpoint_dir: str | Path | None,
    resume: bool,
) -> None:
    for name, source in (("train", train), ("validation", validation)):
        if source is not None and len(source) == 0:
            raise InputError(f"The {name} part has no rows.")
    if resume and checkpoint_dir is None:
        raise OptionError("resume=True needs checkpoint_dir, the folder in which the checkpoint lies.")
    if config.watches_monitor and config.monitor not in columns:
        hint = " Give validation rows." if validation is None and config.monitor.startswith("validation_") else ""
        raise OptionError(
            f"monitor={config.monitor!r} is not measured in this run, so patience and a plateau schedule cannot watch "
            f"it.{hint} Measured are: {', '.join(columns)}."
        )


def _keep_nothing(state: TrainingState) -> None:
    """Stand in for a checkpoint where none is asked for."""

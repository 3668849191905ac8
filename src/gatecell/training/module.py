"""The Lightning module: one epoch of optimiser steps, and what is measured at its end."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from gatecell._core.errors import NonFiniteLossError
from gatecell._core.random import derive_seed
from gatecell.training.batches import (
    BatchSource,
    StreamSource,
    epoch_order,
    order_by_length,
    row_lengths,
    rows_a_batch,
    with_generator,
)
from gatecell.training.config import TrainingConfig
from gatecell.training.draws import draws_of_others
from gatecell.training.objective import Objective
from gatecell.training.optimisation import GradientRules, build_optimizer, load_optimizer_tensors, optimizer_tensors
from gatecell.training.prediction import Metric, evaluate, measured, required_target
from gatecell.training.state import TrainingState, copy_weights
from gatecell.training.watching import tell_watcher

STEPS_PER_CALL = 16
"""Optimiser steps that Lightning sees as one batch. Its own accounting takes about 0.14 ms a batch, a fifth of a whole
step of a small LSTM; handed out in sixteens this is 0.01 ms a step."""


class StepGroups:
    """What Lightning iterates over: the row indices of ``STEPS_PER_CALL`` steps at a time, in the epoch's order."""

    def __init__(self, source: BatchSource, config: TrainingConfig, state: TrainingState) -> None:
        self._n_rows, self._lengths = len(source), row_lengths(source)
        self._batch_size = rows_a_batch(source, config.batch_size)
        self._config, self._state = config, state
        self._shuffle = config.shuffle and not isinstance(source, StreamSource)

    def __len__(self) -> int:
        return math.ceil(self._n_rows / (self._batch_size * STEPS_PER_CALL))

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        config, epoch = self._config, self._state.epochs_done
        order = epoch_order(self._n_rows, seed=config.seed, epoch=epoch, shuffle=self._shuffle)
        if self._lengths is not None and config.length_window > 1:
            order = order_by_length(
                order, self._lengths, config.batch_size, config.length_window, seed=config.seed, epoch=epoch
            )
        for group in torch.split(order, self._batch_size * STEPS_PER_CALL):
            yield torch.split(group, self._batch_size)


class TrainingModule(LightningModule):
    """A network with its loss, its rows and the state of its run.

    Optimisation is manual in Lightning's sense, so that several steps fit in one of its batches. The state is complete
    at the end of every epoch and only then; ``keep`` is called with it.
    """

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        train: BatchSource,
        validation: BatchSource | None,
        config: TrainingConfig,
        metrics: Mapping[str, Metric],
        state: TrainingState,
        keep: Callable[[TrainingState], None],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network, self._objective = network, objective
        self._rows, self._validation = with_generator(train, generator), validation
        self._generator, self._draws = generator, draws_of_others(generator, network)
        self._config, self._metrics, self._state, self._keep = config, metrics, state, keep
        self._rules = GradientRules(network, config)
        self.n_steps = math.ceil(len(train) / rows_a_batch(train, config.batch_size))

    def configure_optimizers(self) -> Optimizer:
        """Build the optimiser, with the moments of an earlier call or of a checkpoint."""
        self._optimizer = build_optimizer(self.network, self._config)
        if self._state.optimizer:
            load_optimizer_tensors(self.network, self._optimizer, self._config, self._state.optimizer)
        return self._optimizer

    def train_dataloader(self) -> StepGroups:
        """Return the groups of steps of an epoch."""
        return StepGroups(self._rows, self._config, self._state)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Leave the indices on the CPU, where the rows lie; ``take`` comes first, then the transfer."""
        return batch

    def on_train_epoch_start(self) -> None:
        """Seed the epoch, set its learning rate, and clear what is measured."""
        epoch = self._state.epochs_done
        self._generator.manual_seed(derive_seed(self._config.seed, "epoch", epoch))
        self._rate = self._state.watch.rate(self._config, epoch - self._state.first_epoch)
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate
        self.network.train()
        self._objective.begin()
        self._started = time.perf_counter()
        self._step = 0
        self._loss_sum = self._weight_sum = 0.0
        self._predictions: list[Tensor] = []
        self._targets: list[Tensor] = []

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        """Take the steps of one group."""
        done = [self._optimiser_step(rows) for rows in batch]
        # one transfer for the losses of the group: a GPU is not made to wait at every step
        losses = torch.stack([loss for loss, _ in done]).tolist()
        for loss, (_, weight) in zip(losses, done, strict=True):
            self._step += 1
            if not math.isfinite(loss):
                raise self._not_finite(f"The loss became {loss} at step {self._step} of {self.n_steps}")
            self._loss_sum += loss * float(weight)
            self._weight_sum += float(weight)

    def _optimiser_step(self, rows: Tensor) -> tuple[Tensor, Tensor | int]:
        batch = self._rows.take(rows).to(self.device)
        self._optimizer.zero_grad()
        with self._draws():
            outcome = self._objective(self.network, batch)
        outcome.minimised.backward()
        self._rules.apply()
        self._optimizer.step()
        if self._metrics and outcome.prediction is not None:
            self._predictions.append(outcome.prediction)
            self._targets.append(required_target(batch.target))
        return outcome.loss, outcome.weight

    def on_train_epoch_end(self) -> None:
        """Measure, and bring the state to the end of this epoch."""
        state, config = self._state, self._config
        weights = copy_weights(self.network)
        if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values() if tensor.is_floating_point()):
            raise self._not_finite(f"The weights were no longer finite after step {self._step} of {self.n_steps}")
        row = self._measured()
        state.epochs_done += 1
        state.weights = weights
        state.optimizer = optimizer_tensors(self.network, self._optimizer)
        if config.monitor in row and state.watch.update(config, state.epochs_done, row[config.monitor]):
            state.best_weights = weights if config.restores_best else {}
        state.stopped_early = state.watch.exhausted(config)
        self.trainer.should_stop = state.stopped_early
        row["learning_rate"] = self._rate
        row["seconds"] = time.perf_counter() - self._started
        state.history.append(row)
        self._keep(state)
        tell_watcher(row)

    def _measured(self) -> dict[str, float]:
        row = {"epoch": float(self._state.epochs_done + 1)}
        row["train_loss"] = loss = self._loss_sum / self._weight_sum if self._weight_sum else 0.0
        row |= {f"train_{name}": value for name, value in self._objective.figures(loss).items()}
        if self._metrics:
            values = measured(
                self._metrics, [item.cpu() for item in self._predictions], [item.cpu() for item in self._targets]
            )
            row |= {f"train_{name}": value for name, value in values.items()}
        if self._validation is not None:
            values = evaluate(self.network, self._objective, self._validation, EVALUATION_BATCH_SIZE, self._metrics)
            if not math.isfinite(values["loss"]):
                raise self._not_finite(f"The validation loss became {values['loss']}")
            row |= {f"validation_{name}": value for name, value in values.items()}
        return row

    def _not_finite(self, what: str) -> NonFiniteLossError:
        epoch, kept = self._state.epochs_done + 1, self._state.epochs_done
        since = f"of the end of epoch {kept}" if kept > self._state.first_epoch else "from before the run"
        return NonFiniteLossError(
            f"{what} in epoch {epoch}, so training was stopped; the network has the weights {since} again. "
            f"Lower learning_rate (it was {self._rate:g}), set clip_norm, or look for extreme values in the data."
        )


EVALUATION_BATCH_SIZE = 256
"""Rows at a time where nothing is learnt; larger is no faster on a CPU and only takes memory."""

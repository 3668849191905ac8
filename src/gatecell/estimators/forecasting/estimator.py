"""A forecaster's network and file: which network its options describe, and what of it is written."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gatecell._core.checks import check_integer
from gatecell._core.errors import ArtifactError
from gatecell._core.stated import LARGEST, Stated
from gatecell.artifact.store import memory_for
from gatecell.data.series import Panel
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.forecasting.engine import View, no_past
from gatecell.estimators.forecasting.history import Past, panel_to_json, panel_to_tensors
from gatecell.estimators.forecasting.objective import mean_absolute_error, window_loss
from gatecell.estimators.forecasting.outcome import Outcome
from gatecell.estimators.forecasting.stored import check_preparation, check_room, stored_panel, stored_past
from gatecell.estimators.forecasting.stretches import Preparation
from gatecell.estimators.forecasting.windows import WindowRows, frame, n_inputs
from gatecell.estimators.restoring import weight_bytes
from gatecell.estimators.settings import lstm_config
from gatecell.kernels.dispatch import Steps
from gatecell.nn.config import NetworkConfig, ValuesFront
from gatecell.training.prediction import Loss, Metric


class WindowEstimator(LSTMEstimator):
    """An estimator of windows of series: it notes how series are prepared, and what is known of them."""

    _preparation: Preparation
    _features: tuple[int, int, int, int]
    """Of a unit: targets, covariates of the past, covariates known ahead, static features."""
    _view: View
    _columns: dict[str, Any]
    """Which columns hold time and id."""

    def _network_config(self) -> NetworkConfig:
        options = self._preparation.options
        n_input, n_context = n_inputs(options, self._features)
        return NetworkConfig(
            front=ValuesFront(input_size=n_input),
            lstm=(lstm_config(self.get_params(deep=False)),),
            context_size=n_context,
            head_dropout=self.head_dropout,
            output_size=options.block * self._features[0] * options.build_output().n_parameters,
        )

    @property
    def _loss(self) -> Loss:
        return window_loss(self._preparation.options.build_output())

    @property
    def _metrics(self) -> dict[str, Metric]:
        options = self._preparation.options
        # of a point forecast under the absolute error it is the loss
        if options.output == "point" and options.loss == "mae":
            return {}
        return {"mae": mean_absolute_error(options.build_output())}

    @property
    def _engine_steps(self) -> Steps:
        return "dense"

    @property
    def _n_steps(self) -> int | None:
        options = self._preparation.options
        assert options.lookback is not None
        return options.lookback // options.patch_size

    def _inputs_to_json(self) -> dict[str, Any]:
        return {
            "preparation": self._preparation.to_dict(),
            "features": self._features,
            "columns": self._columns,
        }

    def _inputs_from_json(self, values: Stated) -> None:
        self._preparation = Preparation.from_dict(values.inner("preparation"))
        n_targets, n_past, n_future, n_static = values.wholes("features", 4)
        self._features = (n_targets, n_past, n_future, n_static)
        columns = values.inner("columns")
        self._columns = {name: columns.text(name) if columns.has(name) else None for name in ("time", "id")}

    def _fitted_tensors(self) -> dict[str, Tensor]:
        past = self._view.past
        return {
            **panel_to_tensors(self._view.panel),
            "past_units": torch.from_numpy(past.units),
            "past_origins": torch.from_numpy(past.origins),
            # they were rounded to float32 when they were made
            "past_raw": torch.from_numpy(past.outcome.raw).float(),
        }

    def _fitted_from_tensors(self, tensors: dict[str, Tensor]) -> None:
        self._loaded = tensors

    def _fitted_to_json(self) -> dict[str, Any]:
        return {"panel": panel_to_json(self._view.panel), "learned_ends": self._view.learned_ends}

    def _fitted_from_json(self, values: Stated) -> None:
        tensors = self.__dict__.pop("_loaded")
        panel = stored_panel(values.inner("panel"), tensors)
        options = self._preparation.options
        check_preparation(self._preparation, panel)
        if self._features != self._preparation.n_features(panel):
            raise ArtifactError(f"features {self._features} of series that have others")
        check_room(panel, options, memory_for(weight_bytes(self.network_)))
        ends = np.array(values.wholes("learned_ends", len(panel)), dtype=np.int64)
        if (ends > panel.lengths).any():
            raise ArtifactError("more steps were learned from than there are")
        stretches = self._preparation.stretches(panel, options.horizon)
        past = no_past(options.horizon, self._features[0], options.build_output().n_parameters)
        units, origins, raw = stored_past(tensors, stretches.lengths, past.outcome.raw.shape[1:], options)
        if len(units):
            rows = WindowRows.of(stretches, options, units, origins)
            framed = frame(rows.seen(torch.arange(len(rows))), options)
            n_repeats = options.horizon // options.block
            past = Past(
                units,
                origins,
                Outcome(raw, np.repeat(framed.base.numpy(), n_repeats, axis=1), framed.scale.numpy()[:, None]),
            )
        self._view = View(self._preparation, panel, stretches, ends, past)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_integer("calibration_windows", self.calibration_windows, minimum=1, maximum=LARGEST)
        described, found = self._network_config(), self.network_.config
        for name in ("front", "context_size", "output_size"):
            if getattr(described, name) != getattr(found, name):
                raise ArtifactError(f"the network has another {name} than its windows have")

    def _set(self, preparation: Preparation, panel: Panel) -> None:
        """Note what decides about the network, before it is built."""
        self._preparation = preparation
        self._features = preparation.n_features(panel)

"""Measured values as inputs: sequences and tables, scaled channel by channel."""

from typing import Any, get_args

import numpy as np

from gatecell._core.checks import check_choice
from gatecell._core.errors import ArtifactError
from gatecell._core.stated import Stated
from gatecell.data.scaling import SCALINGS, ChannelScaler
from gatecell.data.sequences import Sequences
from gatecell.estimators.inputs import InputKind, read_input
from gatecell.estimators.row_estimator import RowEstimator
from gatecell.estimators.rows import TrainingRows
from gatecell.estimators.settings import lstm_config
from gatecell.kernels.dispatch import Steps
from gatecell.nn.config import NetworkConfig, ValuesFront


class ValueInputs(RowEstimator):
    """An estimator of sequences and tables of numbers."""

    def takes(self) -> str:
        """Return in a few words what a fitted estimator takes as ``X``."""
        return f"{self.input_kind_} of {self.n_features_in_} {'columns' if self._is_table else 'channels'}"

    @property
    def _is_table(self) -> bool:
        return bool(self.input_kind_ == "table")

    def _read_inputs(self, X: Any, *, reset: bool) -> Sequences:
        sequences, kind = read_input(self, X, reset=reset)
        if reset:
            self.input_kind_ = kind
        return sequences

    def _fit_inputs(self, rows: TrainingRows) -> None:
        assert isinstance(rows.X, Sequences)
        self.scaler_ = None
        if self.scaling is not None:
            check_choice("scaling", self.scaling, SCALINGS)
            weight = None if rows.weight is None else rows.X.step_weights(rows.weight)
            self.scaler_ = ChannelScaler.fit(rows.X.values, self.scaling, weight)

    def _network_rows(self, X: Sequences, *, training: bool) -> Sequences:
        rows = X if self.scaler_ is None else X.with_values(self.scaler_.transform(X.values))
        rows.check_float32("X")
        return rows

    def _network_config(self) -> NetworkConfig:
        return NetworkConfig(
            front=ValuesFront(input_size=1 if self._is_table else self.n_features_in_),
            lstm=(lstm_config(self.get_params(deep=False)),),
            pooling=self.pooling,
            output_size=self._n_outputs,
        )

    def _inputs_to_json(self) -> dict[str, Any]:
        return {
            "kind": self.input_kind_,
            "n_features_in": self.n_features_in_,
            "feature_names_in": getattr(self, "feature_names_in_", None),
            "scaler": self.scaler_.to_dict() if self.scaler_ else None,
        }

    def _inputs_from_json(self, values: Stated) -> None:
        kind: Any = values.choice("kind", get_args(InputKind))
        self.input_kind_ = kind
        self.n_features_in_ = values.whole("n_features_in", 1)
        n_channels = 1 if self._is_table else self.n_features_in_
        config = self.network_.config
        if config.front != ValuesFront(input_size=n_channels) or config.context_size:
            raise ArtifactError(f"{n_channels} channels for a network of other inputs")
        if values.has("feature_names_in"):
            self.feature_names_in_ = np.array(values.texts("feature_names_in", self.n_features_in_), dtype=object)
        self.scaler_ = None
        if values.has("scaler"):
            self.scaler_ = ChannelScaler.from_dict(values.value("scaler"), n_channels)

    @property
    def _engine_steps(self) -> Steps:
        return "dense" if self._is_table else "lengths"

    @property
    def _n_steps(self) -> int | None:
        return int(self.n_features_in_) if self._is_table else None

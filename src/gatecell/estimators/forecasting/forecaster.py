"""Series to their future."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from lightning.pytorch.loggers import Logger
from sklearn.utils.validation import check_is_fitted

from gatecell._core.checks import check_integer
from gatecell._core.errors import OptionError
from gatecell.data.frames import read_panel
from gatecell.data.known_ahead import read_future
from gatecell.data.later import read_later
from gatecell.data.series import Panel
from gatecell.data.windows import Windows
from gatecell.estimators.base import ONE_EPOCH, TrainingRun
from gatecell.estimators.forecasting.arguments import (
    check_same_options,
    checked_levels,
    chosen_options,
    identity,
    learned_ends,
    uncalibrated,
)
from gatecell.estimators.forecasting.backtest import ACTUAL, Backtest, backtest_origins, judged
from gatecell.estimators.forecasting.calibration import CoincidingIntervalsWarning
from gatecell.estimators.forecasting.course import Course, course_of
from gatecell.estimators.forecasting.engine import View, later_rows, no_past, training_rows
from gatecell.estimators.forecasting.estimator import WindowEstimator
from gatecell.estimators.forecasting.frames import long_frame
from gatecell.estimators.forecasting.options import ForecastOptions
from gatecell.estimators.forecasting.outcome import forecast_windows
from gatecell.estimators.forecasting.report import verdict
from gatecell.estimators.forecasting.stretches import Preparation
from gatecell.estimators.forecasting.windows import WindowRows
from gatecell.estimators.settings import training_config
from gatecell.nn.config import LSTMConfig, NetworkConfig
from gatecell.training.config import TrainingConfig


class LSTMForecaster(WindowEstimator):
    """Forecast one series or many with LSTM layers that see a window of the past.

    A window of ``lookback`` steps is normalised by its own level and scale, read by the LSTM together with covariates,
    and turned into the next ``horizon`` steps by a linear head, which also sees the window itself and what is known
    ahead. All series, and all targets unless ``multivariate``, are learned by one network. Windows are drawn in
    ``gatecell.data.windows``.

    The latest part of each series is held out: early stopping judges by it, and intervals are calibrated on it (see
    ``gatecell.estimators.forecasting.calibration``). The naive and the seasonal naive forecast are always made beside;
    ``summary`` says whether this one is better.

    Parameters
    ----------
    horizon, lookback, stride, strategy, output, loss, quantiles, season
        What is seen and what is forecast; see ``gatecell.estimators.forecasting.options.ForecastOptions``, whose
        defaults they have.
    scaling, per_series, window_level, window_scale, difference, log, missing, calendar, multivariate, skip, patch_size
        How it is seen; see there.
    calibration_windows : int
        Of how many forecasts, the latest of each series whose outcome is known, intervals are made; at least 1. 500
        leave some 12 errors beyond each end of a 95 % interval.
    hidden_size, num_layers, bidirectional, dropout, input_dropout, recurrent_dropout
        The LSTM; see ``gatecell.nn.config.LSTMConfig``, whose defaults they have.
    head_dropout : float
        Probability in [0, 1) to drop a value between the LSTM and the head.
    lstm_options : dict, optional
        Any further field of ``LSTMConfig``, as ``{"layer_norm": True}``.
    stateful : bool
        For a long ``lookback``: a window is read from its first step as ever, but the gradient goes back over its last
        ``bptt`` steps alone, and only they need memory for it; the state that they begin with is carried on without
        one. It does not change what is forecast, and needs ``bidirectional=False``.
    bptt : int
        Of ``stateful=True``, at least 1.
    max_epochs, batch_size, learning_rate, clip_norm, l2, patience, verbose
        The training; see ``gatecell.training.config.TrainingConfig``. Gradients are clipped, since a single outlier in
        a series otherwise moves all weights; early stopping is on, since windows that overlap are soon known by heart.
    validation_fraction : float in (0, 1), optional
        The share of each series, its latest part and at least one horizon, that is held out. None: nothing is, and
        there are no intervals until ``update`` has brought later observations; ``patience`` must then be None.
    training_options : dict, optional
        Any further field of ``TrainingConfig``, as ``{"lr_schedule": "cosine"}``.
    checkpoint_dir : path, optional
        A folder for a checkpoint at the end of every epoch. A ``fit`` of the same data with the same parameters goes on
        from it, and ends with the same weights as one that was never stopped.
    logger : "csv", "tensorboard", "mlflow", a logger of ``lightning.pytorch.loggers`` or None
        Where the parameters and each row of ``history_`` are logged besides; by default nowhere. ``fit`` begins a new
        log, ``partial_fit`` goes on with it. An object is used as it is, so that each fit wants one of its own.
    logger_dir : path, optional
        The folder that a logger with a name writes to: ``version_0``, ``version_1``, ... in it, one a fit; of MLflow
        the file ``mlflow.db``, unless the variable ``MLFLOW_TRACKING_URI`` names another place. None: the folder
        ``gatecell_logs`` in the working directory.
    random_state : int, Generator, RandomState or None
        Decides the initial weights, the order of the windows and dropout. An integer gives the same result on every
        call, on one machine with one number of threads.

    Attributes
    ----------
    network_ : gatecell.nn.network.SequenceNetwork
    history_ : gatecell.training.history.History
        Loss of every epoch, in the scaled unit of the series.
    training_ : gatecell.estimators.base.TrainingSummary
        Best epoch, whether it stopped early, seconds.
    panel_ : gatecell.data.series.Panel
        The series as they are known now.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from gatecell import LSTMForecaster
    >>> hours = pd.date_range("2026-01-01", periods=600, freq="h")
    >>> load = pd.Series(50 + 10 * np.sin(np.arange(600) * 2 * np.pi / 24), index=hours, name="load")
    >>> model = LSTMForecaster(horizon=24, hidden_size=16, max_epochs=5, random_state=0).fit(load)
    >>> model.predict(level=[80]).columns.tolist()
    ['unique_id', 'ds', 'LSTMForecaster', 'LSTMForecaster-lo-80', 'LSTMForecaster-hi-80']
    """

    def __init__(
        self,
        horizon: int = ForecastOptions.horizon,
        lookback: int | None = ForecastOptions.lookback,
        stride: int = ForecastOptions.stride,
        strategy: str = ForecastOptions.strategy,
        output: str = ForecastOptions.output,
        loss: str = ForecastOptions.loss,
        quantiles: Sequence[float] = ForecastOptions.quantiles,
        season: int | None = ForecastOptions.season,
        scaling: str | None = ForecastOptions.scaling,
        per_series: bool = ForecastOptions.per_series,
        window_level: str | None = ForecastOptions.window_level,
        window_scale: bool = ForecastOptions.window_scale,
        difference: int | str | None = ForecastOptions.difference,
        log: bool = ForecastOptions.log,
        missing: str = ForecastOptions.missing,
        calendar: bool = ForecastOptions.calendar,
        multivariate: bool = ForecastOptions.multivariate,
        skip: bool = ForecastOptions.skip,
        patch_size: int = ForecastOptions.patch_size,
        calibration_windows: int = 500,
        hidden_size: int = LSTMConfig.hidden_size,
        num_layers: int = LSTMConfig.num_layers,
        bidirectional: bool = LSTMConfig.bidirectional,
        dropout: float = LSTMConfig.dropout,
        input_dropout: float = LSTMConfig.input_dropout,
        recurrent_dropout: float = LSTMConfig.recurrent_dropout,
        head_dropout: float = NetworkConfig.head_dropout,
        lstm_options: Mapping[str, Any] | None = None,
        stateful: bool = TrainingConfig.stateful,
        bptt: int = TrainingConfig.bptt,
        max_epochs: int = TrainingConfig.max_epochs,
        batch_size: int = TrainingConfig.batch_size,
        learning_rate: float = TrainingConfig.learning_rate,
        clip_norm: float | None = 1.0,
        l2: float = TrainingConfig.l2,
        validation_fraction: float | None = 0.2,
        patience: int | None = 10,
        training_options: Mapping[str, Any] | None = None,
        checkpoint_dir: str | Path | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        verbose: int = TrainingConfig.verbose,
        logger: str | Logger | None = None,
        logger_dir: str | Path | None = None,
    ) -> None:
        self.horizon = horizon
        self.lookback = lookback
        self.stride = stride
        self.strategy = strategy
        self.output = output
        self.loss = loss
        self.quantiles = quantiles
        self.season = season
        self.scaling = scaling
        self.per_series = per_series
        self.window_level = window_level
        self.window_scale = window_scale
        self.difference = difference
        self.log = log
        self.missing = missing
        self.calendar = calendar
        self.multivariate = multivariate
        self.skip = skip
        self.patch_size = patch_size
        self.calibration_windows = calibration_windows
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.recurrent_dropout = recurrent_dropout
        self.head_dropout = head_dropout
        self.lstm_options = lstm_options
        self.stateful = stateful
        self.bptt = bptt
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.l2 = l2
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.training_options = training_options
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.verbose = verbose
        self.logger = logger
        self.logger_dir = logger_dir

    def fit(
        self,
        y: Any,
        *,
        time: str | None = None,
        target: str | Sequence[str] | None = None,
        id: str | None = None,
        past: Sequence[str] = (),
        future: Sequence[str] = (),
        static: "pd.DataFrame | Sequence[str] | None" = None,
        frequency: str | int = "infer",
    ) -> Self:
        """Fit, from new weights.

        Parameters
        ----------
        y : Series or DataFrame
            A Series or wide frame whose index holds times or whole numbers, or a long frame of many series.
        time, target, id, past, future, static, frequency
            Which column is what; see ``gatecell.data.frames.read_panel``, which also has the rules for what is not as
            it should be. Long frames have Nixtla's names by default: ``unique_id``, ``ds``, ``y``. ``past`` are
            covariates known up to the present, ``future`` those known ahead, which ``predict`` then needs.

        Returns
        -------
        self

        Raises
        ------
        InputError
            Where the data cannot be used; the message says where and why.
        OptionError
            Where a parameter is out of its range, or parameters do not go together.
        NonFiniteLossError
            Where the loss became NaN or infinite.
        TrainingError
            Where ``checkpoint_dir`` holds the checkpoint of another fit.

        Notes
        -----
        After an error, or an interrupt, the forecaster is as it was before the call.
        """
        with self._kept_unless_trained():
            self._train(
                *self._training_run(
                    y, time=time, target=target, id=id, past=past, future=future, static=static, frequency=frequency
                )
            )
            self._view = self._view.with_past(
                self.network_, self._preparation.options.horizon, self.calibration_windows
            )
        return self

    def _training_run(self, y: Any, *, time: str | None = None, id: str | None = None, **reading: Any) -> TrainingRun:
        panel = read_panel(y, time=time, id=id, **reading)
        self._columns: dict[str, Any] = {"time": time, "id": id}
        seed = self._draw_seed()
        check_integer("calibration_windows", self.calibration_windows, minimum=1)
        parameters = self.get_params(deep=False)
        config = training_config(parameters, seed, self._default_training)
        options = chosen_options(parameters, panel)
        ends = learned_ends(panel, options, self.validation_fraction)
        preparation = Preparation.fit(panel, ends, options)
        stretches = preparation.stretches(panel, options.horizon)
        source = training_rows(stretches, preparation, ends)
        validation = later_rows(stretches, preparation, ends, whole=True) if self.validation_fraction else None
        if config.patience is not None and validation is None:
            raise OptionError(
                f"patience={config.patience} stops by the part that validates, and validation_fraction=None leaves "
                "none. Set validation_fraction, or patience to None."
            )
        self._set(preparation, panel)
        n_targets, n_parameters = preparation.n_features(panel)[0], options.build_output().n_parameters
        # noted before the training, which may end by an error with a network of some epochs
        self._view = View(preparation, panel, stretches, ends, no_past(options.horizon, n_targets, n_parameters))
        return TrainingRun(seed, config, source, validation, lambda: identity(panel, parameters))

    def predict(
        self, horizon: int | None = None, level: Sequence[float] = (80, 95), *, future: Any = None
    ) -> pd.DataFrame:
        """Forecast what follows the last observation.

        Parameters
        ----------
        horizon : int, optional
            Steps to forecast; by default those of the fit. With ``strategy="direct"`` not more than those; with
            ``"recursive"`` as many as are asked for, but with intervals not more than those either.
        level : sequence of float
            The intervals, in percent, each in [1, 100); ``()`` for none. Each holds those of the lower levels that are
            asked for.
        future : DataFrame, optional
            The covariates known ahead, for every series and step that is forecast, in columns as in ``fit``. With
            ``strategy="direct"`` the steps are those of the fit, also where ``horizon`` is shorter.

        Returns
        -------
        DataFrame
            In Nixtla's long layout: ``unique_id``, ``ds``, ``LSTMForecaster``, and for each level
            ``LSTMForecaster-lo-80`` and ``LSTMForecaster-hi-80``. Of one series with several targets, ``unique_id`` is
            the target; of several series with several targets, a column ``target`` says it.

        Raises
        ------
        OptionError
            Where the horizon is longer than what was fitted.
        InputError
            Where covariates known ahead are missing, or too little is known to calibrate an interval.

        Warns
        -----
        CoincidingIntervalsWarning
            Where intervals of two levels end alike since too little is known to calibrate both.
        """
        frame, remarks = self.predict_and_remark(horizon, level, future=future)
        for remark in remarks:
            warnings.warn(remark, CoincidingIntervalsWarning, stacklevel=2)
        return frame

    def predict_and_remark(
        self, horizon: int | None = None, level: Sequence[float] = (80, 95), *, future: Any = None
    ) -> tuple[pd.DataFrame, list[str]]:
        """Return what ``predict`` does, with what it warns of as texts; arguments and errors are the same."""
        check_is_fitted(self)
        view, options = self._view, self._preparation.options
        levels = checked_levels(level)
        steps = self._checked_horizon(horizon, levels)
        # a network that forecasts all its steps at once takes what is known of all of them, however few are asked for
        n_ahead = max(steps, options.block)
        ahead = read_future(future, view.panel, n_ahead, time=self._columns["time"], id=self._columns["id"])
        stretches = self._preparation.stretches(view.panel, n_ahead, ahead)
        view = replace(view, stretches=stretches)
        units = np.arange(stretches.n_units)
        rows = WindowRows.of(stretches, options, units, stretches.lengths)
        outcome = forecast_windows(self.network_, rows, steps)
        name = type(self).__name__
        columns = {name: view.location(outcome, units)}
        intervals = view.intervals(levels, outcome, units, stretches.lengths, self.calibration_windows)
        for item, (low, high) in intervals.items():
            if np.isnan(low).any() or np.isnan(high).any():
                raise uncalibrated(item, view)
            columns |= {f"{name}-lo-{item:g}": low, f"{name}-hi-{item:g}": high}
        remarks = view.coinciding(intervals, units, stretches.lengths, self.calibration_windows)
        return long_frame(view.panel, stretches, units, stretches.lengths, columns), remarks

    def update(self, new_rows: Any) -> Self:
        """Take note of later observations, without learning from them.

        The state that moves on is the window of the past, the forecasts that intervals are calibrated on (those of
        which the outcome has now come are made first, from what was known then), and nothing else: scaling and weights
        stay. What follows is bit for bit what a forecaster of these weights says to the whole history.

        Parameters
        ----------
        new_rows : Series or DataFrame
            What follows the observations up to now, as ``fit`` takes them, covariates included. Steps left out in
            between are missing values; series that are not there stay where they are.

        Raises
        ------
        InputError
            Where rows cannot be used, or are known already.
        """
        check_is_fitted(self)
        self._view = self._followed(new_rows, self.calibration_windows)
        return self

    def partial_fit(self, new_rows: Any) -> Self:
        """Take note of later observations as ``update`` does, and train one more epoch on the windows that end in them.

        It goes on from a ``fit``, which says what the series are.

        The forecasts that intervals are calibrated on are made before anything is learned from their outcome. Every
        series then counts as learned to its end, those without new rows and the part that ``fit`` held out included:
        ``backtest`` needs later rows, and ``fitted_values`` calls all steps ``"train"``.

        Parameters and errors are those of ``update``; an OptionError too where parameters name other options, or
        another network, than ``fit`` did.
        """
        check_is_fitted(self)
        with self._kept_unless_trained():
            before = self._view
            check_same_options(self.get_params(deep=False), before.panel, before.preparation.options)
            view = self._followed(new_rows, self.calibration_windows)
            config = training_config(self.get_params(deep=False), self.seed_, self._default_training, **ONE_EPOCH)
            self._check_same_network()
            rows = later_rows(view.stretches, view.preparation, before.panel.lengths, whole=False)
            self._train_on(config, rows)
            self._view = replace(view, learned_ends=view.panel.lengths)
        return self

    def backtest(
        self,
        n_origins: int | None = None,
        *,
        step: int = 1,
        level: Sequence[float] = (80, 95),
        new_rows: Any = None,
    ) -> Backtest:
        """Forecast from past origins, as if what came after each were not known, and compare with what came.

        The weights are those of the fit; an interval is calibrated on what was known at its origin.

        Parameters
        ----------
        n_origins : int, optional
            How many origins of each series, the latest; by default all that there are.
        step : int
            Steps from one origin to the next, at least 1.
        level : sequence of float
            The intervals, in percent, each in [1, 100); ``()`` for none.
        new_rows : Series or DataFrame, optional
            Later observations, as ``update`` takes them, to judge by; they are not kept. By default the part of the
            observations that was not learned from, which early stopping has seen, so that figures on ``new_rows`` are
            the more honest ones. A series of which they have less than a horizon is not judged.

        Returns
        -------
        Backtest
            ``predictions`` and ``metrics``, two frames, and ``left_out``, the series that are not judged.

        Raises
        ------
        InputError
            Where no series can be judged, or one that can has fewer than ``n_origins``.
        """
        check_is_fitted(self)
        horizon = self._preparation.options.horizon
        view, starts = self._view, self._view.learned_ends
        if new_rows is not None:
            starts = view.panel.lengths
            view = self._followed(new_rows, None)
        units, origins = backtest_origins(view, horizon, n_origins, step, starts)
        view = view.with_past(self.network_, horizon)
        return judged(
            view, type(self).__name__, units, origins, horizon, checked_levels(level), self.calibration_windows
        )

    def fitted_values(self) -> pd.DataFrame:
        """Forecast the observations that are known, those that were learned from included, each step once at most.

        They show what was learned, not how good it is: for that there are ``backtest`` and ``summary``.

        Returns
        -------
        DataFrame
            ``unique_id``, ``ds``, ``cutoff``, ``y`` and the forecast, from origins one horizon apart, of which the
            latest ends with the series; and ``part``: ``"train"`` for steps that were learned from, else
            ``"validation"``.
        """
        check_is_fitted(self)
        view, options = self._view, self._preparation.options
        stretches = view.stretches
        units, origins = Windows(options.n_before, options.horizon, options.horizon).places(stretches.lengths)
        outcome = forecast_windows(self.network_, WindowRows.of(stretches, options, units, origins), options.horizon)
        actual = view.plain(view.outcomes(units, origins, options.horizon), units)
        columns = {ACTUAL: actual, type(self).__name__: view.location(outcome, units)}
        frame = long_frame(view.panel, stretches, units, origins, columns, cutoff=True)
        steps = (origins[:, None] + np.arange(options.horizon))[:, None].repeat(actual.shape[2], axis=1)
        learned = steps < view.learned_ends[stretches.series[units]][:, None, None]
        return frame.assign(part=np.where(learned.reshape(-1), "train", "validation"))

    def course(self, new_rows: Any = None, series: str | None = None, *, level: Sequence[float] = (80, 95)) -> Course:
        """Return a series with what was predicted of it, as ``gatecell.plotting.ForecastDisplay`` draws it.

        Parameters
        ----------
        new_rows, level
            As of ``backtest``, whose errors it has.
        series : str, optional
            The name of the series, or of the target where there is one series of several, or of both joined by a comma
            and a space; by default the first.

        Raises
        ------
        UnknownNameError
            Where there is no such series.
        """
        return course_of(self.panel_, self.fitted_values(), self.backtest(level=level, new_rows=new_rows), series)

    def _followed(self, new_rows: Any, n_latest: int | None) -> View:
        """Return what is known with later observations."""
        view, horizon = self._view, self._preparation.options.horizon
        panel = view.panel
        later = read_later(
            new_rows,
            panel,
            **self._columns,
            target=panel.target_names,
            past=panel.past_names,
            future=panel.future_names,
        )
        panel = panel.followed_by(later)
        stretches = self._preparation.stretches(panel, horizon)
        return replace(view, panel=panel, stretches=stretches).with_past(self.network_, horizon, n_latest)

    def _checked_horizon(self, horizon: int | None, level: Sequence[float]) -> int:
        options = self._preparation.options
        if horizon is None:
            return options.horizon
        check_integer("horizon", horizon, minimum=1)
        if horizon > options.horizon and options.strategy == "direct":
            raise OptionError(
                f"horizon={horizon} is more than the {options.horizon} steps that this network forecasts at once. Fit "
                'with a longer horizon, or with strategy="recursive", which goes on step by step.'
            )
        if horizon > options.horizon and len(level):
            raise OptionError(
                f"horizon={horizon} is more than the {options.horizon} steps that intervals are calibrated for. Fit "
                "with a longer horizon, or predict with level=()."
            )
        return int(horizon)

    @property
    def panel_(self) -> Panel:
        """The series as they are known now: those of ``fit``, with what ``update`` and ``partial_fit`` brought."""
        return self._view.panel

    def summary(self, steps: int | None = None) -> str:
        """Return the network as a table, and whether it beats the naive and the seasonal naive forecast.

        It is judged by forecasts of the part that was held out, and of what ``update`` has brought since.

        Parameters
        ----------
        steps : int, optional
            Steps of the LSTM to be shown in the shapes; by default those of the windows.
        """
        table = super().summary(steps)
        return f"{table}\n\n{verdict(self._view, type(self).__name__)}"

    def takes(self) -> str:
        """Return in a few words what a fitted forecaster knows."""
        panel = self._view.panel
        return f"{len(panel)} series of {len(panel.target_names)} targets, frequency {panel.frequency}"

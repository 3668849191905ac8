"""What a forecaster looks at and what it forecasts: one frozen record, each default stated here and nowhere else."""

from dataclasses import dataclass
from typing import Any, Self

from gatecell._core.checks import check_choice, check_flag, check_integer
from gatecell._core.errors import OptionError
from gatecell._core.records import plain, record_from_dict, record_to_dict
from gatecell.data.missing import MISSING
from gatecell.data.series_scaling import SERIES_SCALINGS
from gatecell.nn.outputs import Output, build_output

STRATEGIES = ("direct", "recursive")
LEVELS = ("last", "mean")
SEASON = "season"
"""The lag of differences that is the season's."""


@dataclass(frozen=True, kw_only=True)
class ForecastOptions:
    """What a forecaster looks at and what it forecasts.

    Raises
    ------
    OptionError
        Where a value is out of its range, or options do not go together.
    """

    lookback: int | None = None
    """Steps that are seen, at least 1. None: two seasons or two horizons, whichever is longer, so that a pattern is
    seen twice."""
    horizon: int = 12
    """Steps that are forecast, at least 1. A year of months, half a day of hours; there is no natural number."""
    stride: int = 1
    """Steps from one window that is learned from to the next, at least 1: 1 learns from all."""
    strategy: str = "direct"
    """``"direct"``: the network forecasts all steps at once, which is faster and keeps errors from adding up.
    ``"recursive"``: it forecasts one step, which it then takes for seen, as far as is asked for."""
    output: str = "point"
    """``"point"``, ``"quantile"``, ``"normal"`` or ``"student_t"``. Intervals are calibrated in every case."""
    loss: str = "mae"
    """Of ``"point"``: ``"mae"``, ``"mse"`` or ``"huber"``. The absolute error is what forecasts are mostly judged by,
    and single outliers do not rule it."""
    quantiles: tuple[float, ...] = (0.025, 0.1, 0.5, 0.9, 0.975)
    """Of ``"quantile"``: those that are learned. By default the median and the ends of the 80 and 95 % intervals."""
    season: int | None = None
    """Steps of a season, at least 1; 1 is none. None: as the frequency has it (24 for hours, 12 for months)."""
    scaling: str | None = "standard"
    """``"standard"``, ``"minmax"``, ``"robust"`` or None, of targets and covariates; fitted to the training part."""
    per_series: bool = True
    """Whether each series is scaled by its own measures; series of a panel often differ in size by magnitudes."""
    window_level: str | None = "last"
    """What is subtracted from each window: its ``"last"`` value, its ``"mean"``, or nothing. The network then forecasts
    changes, and goes on working where a series leaves the range that was learned (NLinear, Zeng et al. 2023)."""
    window_scale: bool = True
    """Whether each window is divided by its own standard deviation (RevIN, Kim et al. 2022)."""
    difference: int | str | None = None
    """A lag of at least 1, or ``"season"`` for that of the season: the network also sees differences to the value of so
    many steps before, and forecasts the difference to the latest value known of the same place in the cycle,
    which is the (seasonal) naive forecast. With ``window_level=None`` it sees the differences alone."""
    log: bool = False
    """Whether the logarithm is taken first, for values above 0 that grow or swing by factors."""
    missing: str = "error"
    """What is done about missing values: ``"error"``; ``"forward"``, the last value again; ``"mask"``, which also tells
    the network which targets were missing, and takes 0 (scaled) before the first value. Covariates are filled forward
    without being marked. A missing value is never a target."""
    calendar: bool = False
    """Whether sine and cosine of the hour, day, week and year go in as covariates known ahead."""
    multivariate: bool = False
    """Whether the network sees all targets at once and forecasts them together. False: each target is a series of its
    own to one network, which overfits less with few rows (PatchTST, Nie et al. 2023)."""
    skip: bool = True
    """Whether the window also goes to the head straight away, so that the LSTM has to learn only what is not linear in
    it (LSTNet, Lai et al. 2018)."""
    patch_size: int = 1
    """Values that one step of the LSTM reads, at least 1; it divides ``lookback``. 24 hours at a time make an LSTM over
    days, which is faster and looks further back (SegRNN, Lin et al. 2023)."""

    def __post_init__(self) -> None:
        for name in ("lookback", "horizon", "stride", "season", "difference", "patch_size"):
            object.__setattr__(self, name, plain(getattr(self, name)))
            if name == "difference" and isinstance(self.difference, str):
                check_choice("difference", self.difference, (SEASON,))
            elif getattr(self, name) is not None or name in ("horizon", "stride", "patch_size"):
                check_integer(name, getattr(self, name), minimum=1)
        check_choice("strategy", self.strategy, STRATEGIES)
        check_choice("missing", self.missing, MISSING)
        if self.scaling is not None:
            check_choice("scaling", self.scaling, SERIES_SCALINGS)
        if self.window_level is not None:
            check_choice("window_level", self.window_level, LEVELS)
        for name in ("per_series", "window_scale", "log", "calendar", "multivariate", "skip"):
            check_flag(name, getattr(self, name))
        self.build_output()
        if self.lookback is not None and self.lookback % self.patch_size:
            raise OptionError(
                f"patch_size={self.patch_size} does not divide lookback={self.lookback}, so the LSTM would have half a "
                "step. Choose a multiple of it as lookback."
            )

    @property
    def block(self) -> int:
        """The steps that the network forecasts at once."""
        return self.horizon if self.strategy == "direct" else 1

    @property
    def n_before(self) -> int:
        """The steps before an origin that a window takes: those that are seen, and those they are compared with."""
        assert self.lookback is not None
        return self.lookback + (self.lag or 0)

    @property
    def lag(self) -> int | None:
        """The steps of ``difference``, once the season is known."""
        assert not isinstance(self.difference, str)
        return self.difference

    def build_output(self) -> Output:
        """Return what the network's outputs mean."""
        return build_output(self.output, loss=self.loss, quantiles=self.quantiles)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return record_to_dict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build from ``to_dict``'s result."""
        return record_from_dict(cls, values)

"""Displays in the style of scikit-learn: ``from_estimator``, ``from_predictions``, ``plot(ax=)``, ``ax_``, ``figure_``.

Each takes what it draws as arrays; ``from_estimator`` asks a fitted estimator for them.
"""

from gatecell.plotting.calibration import CalibrationDisplay as CalibrationDisplay
from gatecell.plotting.confusion import ConfusionMatrixDisplay as ConfusionMatrixDisplay
from gatecell.plotting.fonts import MissingFontWarning as MissingFontWarning
from gatecell.plotting.fonts import use_chinese_fonts as use_chinese_fonts
from gatecell.plotting.forecast import ForecastDisplay as ForecastDisplay
from gatecell.plotting.gates import GateActivityDisplay as GateActivityDisplay
from gatecell.plotting.graph import NetworkGraphDisplay as NetworkGraphDisplay
from gatecell.plotting.history import HistoryDisplay as HistoryDisplay
from gatecell.plotting.horizon import BacktestDisplay as BacktestDisplay
from gatecell.plotting.horizon import HorizonErrorDisplay as HorizonErrorDisplay
from gatecell.plotting.learning_rate import LearningRateDisplay as LearningRateDisplay
from gatecell.plotting.saliency import SaliencyDisplay as SaliencyDisplay
from gatecell.plotting.tokens import AttentionDisplay as AttentionDisplay
from gatecell.plotting.tokens import TokenSaliencyDisplay as TokenSaliencyDisplay
from gatecell.plotting.trials import ImportanceDisplay as ImportanceDisplay
from gatecell.plotting.trials import SliceDisplay as SliceDisplay
from gatecell.plotting.trials import TrialsDisplay as TrialsDisplay

__all__ = [
    "AttentionDisplay",
    "BacktestDisplay",
    "CalibrationDisplay",
    "ConfusionMatrixDisplay",
    "ForecastDisplay",
    "GateActivityDisplay",
    "HistoryDisplay",
    "HorizonErrorDisplay",
    "ImportanceDisplay",
    "LearningRateDisplay",
    "MissingFontWarning",
    "NetworkGraphDisplay",
    "SaliencyDisplay",
    "SliceDisplay",
    "TokenSaliencyDisplay",
    "TrialsDisplay",
    "use_chinese_fonts",
]

"""Searching parameters: Optuna's studies, scikit-learn's grids, and the learning rate by a sweep.

What is searched is known by scikit-learn's surface alone (``get_params``, ``set_params``, ``fit``, ``score``), so that
a pipeline can be searched as well. Optuna is imported when a study begins.
"""

from gatecell.tuning.grid import grid_search as grid_search
from gatecell.tuning.learning_rate import LearningRateCurve as LearningRateCurve
from gatecell.tuning.search import tune as tune
from gatecell.tuning.space import Range as Range
from gatecell.tuning.space import default_space as default_space
from gatecell.tuning.trials import Trial as Trial
from gatecell.tuning.trials import Tuning as Tuning

__all__ = ["LearningRateCurve", "Range", "Trial", "Tuning", "default_space", "grid_search", "tune"]

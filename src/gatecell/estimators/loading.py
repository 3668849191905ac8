"""Reading whichever estimator a file holds."""

from pathlib import Path

from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.persistence import load_estimator
from gatecell.estimators.regressor import LSTMRegressor
from gatecell.estimators.text import LSTMTextClassifier

ESTIMATORS: dict[str, type[LSTMEstimator]] = {
    cls.__name__: cls for cls in (LSTMClassifier, LSTMRegressor, LSTMTextClassifier, LSTMLanguageModel, LSTMForecaster)
}
"""The estimators by the name that stands in their files."""


def load(path: str | Path) -> LSTMEstimator:
    """Read an estimator from a file that its ``save`` wrote. No code of the file is ever run.

    Parameters
    ----------
    path : path
        The ``.safetensors`` file.

    Returns
    -------
    LSTMClassifier, LSTMRegressor, LSTMTextClassifier, LSTMLanguageModel, LSTMForecaster
        As it was saved: ready to predict, and to go on with ``partial_fit``.

    Raises
    ------
    ArtifactError
        Where the file is missing, damaged, of another program, or of a newer format.
    """
    return load_estimator(path, ESTIMATORS)

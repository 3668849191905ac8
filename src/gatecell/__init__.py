"""Gatecell, the LSTM toolkit for Python: the public names, imported when they are first used.

Nothing inside the package imports from here.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatecell import nn as nn
    from gatecell._core.errors import AmbiguousInputWarning as AmbiguousInputWarning
    from gatecell._core.errors import GatecellError as GatecellError
    from gatecell.data.from_frames import from_long as from_long
    from gatecell.estimators.classifier import LSTMClassifier as LSTMClassifier
    from gatecell.estimators.forecasting.forecaster import LSTMForecaster as LSTMForecaster
    from gatecell.estimators.language import LSTMLanguageModel as LSTMLanguageModel
    from gatecell.estimators.loading import load as load
    from gatecell.estimators.regressor import LSTMRegressor as LSTMRegressor
    from gatecell.estimators.text import LSTMTextClassifier as LSTMTextClassifier

_PUBLIC = {
    "AmbiguousInputWarning": "gatecell._core.errors",
    "GatecellError": "gatecell._core.errors",
    "LSTMClassifier": "gatecell.estimators.classifier",
    "LSTMForecaster": "gatecell.estimators.forecasting.forecaster",
    "LSTMLanguageModel": "gatecell.estimators.language",
    "LSTMRegressor": "gatecell.estimators.regressor",
    "LSTMTextClassifier": "gatecell.estimators.text",
    "from_long": "gatecell.data.from_frames",
    "load": "gatecell.estimators.loading",
}
_MODULES = ("nn",)

__version__ = version("gatecell")
__all__ = ["__version__", *sorted(_PUBLIC), *_MODULES]  # noqa: PLE0604  the names are strings


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"gatecell.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'gatecell' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

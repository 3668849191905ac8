"""An estimator that learns nothing, at once: what is tested is the search."""

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from gatecell.training.watching import tell_watcher


class Toy(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Scores ``-(a - 3)^2``, and is told of by a loss an epoch that falls to ``(a - 3)^2``."""

    on_epoch: ClassVar[Callable[["Toy", int], object] | None] = None
    fitted: ClassVar[list[dict[str, Any]]] = []

    def __init__(
        self, a: float = 0.0, b: Any = "x", options: dict[str, Any] | None = None, random_state: int | None = None
    ) -> None:
        self.a = a
        self.b = b
        self.options = options
        self.random_state = random_state

    def fit(self, X: Any, y: Any, weights: Any = None) -> Self:
        Toy.fitted.append({**self.get_params(), "rows": len(X), "weights": weights})
        self.classes_ = np.unique(y)
        for epoch in range(1, 5):
            tell_watcher({"epoch": epoch, "validation_loss": (self.a - 3) ** 2 + 1 / epoch})
            if Toy.on_epoch is not None:
                Toy.on_epoch(self, epoch)
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.classes_[0])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        return -((self.a - 3) ** 2)


X = np.arange(20.0).reshape(20, 1)
Y = np.arange(20) % 2

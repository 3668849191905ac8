"""The confusion matrix: scikit-learn's own, with Chinese class names drawn."""

from typing import Any, Self

from sklearn.metrics import ConfusionMatrixDisplay as _SklearnDisplay

from gatecell.plotting.axes import settle_texts


class ConfusionMatrixDisplay(_SklearnDisplay):  # type: ignore[misc]  # scikit-learn has no types
    """See ``sklearn.metrics.ConfusionMatrixDisplay``, whose every argument and attribute this has."""

    def plot(self, **options: Any) -> Self:
        """Draw; see ``sklearn.metrics.ConfusionMatrixDisplay.plot``."""
        super().plot(**options)
        settle_texts(self.ax_)
        return self

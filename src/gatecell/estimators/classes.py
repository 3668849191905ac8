"""Classes as targets: one of several, one of two, or several labels at once."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from gatecell._core.checks import check_number
from gatecell._core.errors import ArtifactError, InputError, OptionError
from gatecell._core.quiet import WarningRule, warning_rules
from gatecell._core.stated import Stated
from gatecell.estimators import label_sets
from gatecell.estimators.inputs import as_input_errors
from gatecell.estimators.one_hot import OneHot, in_order, own_names
from gatecell.estimators.row_estimator import RowEstimator
from gatecell.estimators.rows import TrainingRows
from gatecell.estimators.target_arrays import as_targets
from gatecell.training.prediction import Loss, Metric


class ClassTargets(ClassifierMixin, RowEstimator):
    """A classifier.

    ``y`` has one label a row, also as one-hot rows ``(n, k)``; or several, as an array of 0 and 1 of ``(n, k)``, or as
    a list of tuples, lists or sets of labels.
    """

    learns_labels: ClassVar[bool] = True
    stratifies: ClassVar[bool] = True

    _class_weights: Tensor | None = None
    _one_hot: OneHot | None = None
    _target_names: list[Any] | None = None
    """Of several labels a row in a frame the names of its columns."""
    class_prior_: NDArray[np.float64] | None = None
    """The share of each class in the rows of the fit, by their weights; None of several labels a row."""

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on these rows; the first call begins as ``fit`` does.

        Scaling or tokenizer stay as the first call fitted them, the optimiser keeps its moments, and each call adds a
        row to ``history_``. ``checkpoint_dir``, ``validation_fraction``, ``patience`` and ``lr_schedule`` have no part
        in it, and parameters of the network stay those of the first call.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        classes : array, optional
            All labels that will ever come, at the first call; by default those of its ``y``.

        Raises
        ------
        InputError
            As in ``fit``, and where ``y`` has a label, or ``classes`` are others, than the first call said.
        """
        if (
            classes is not None
            and self.__sklearn_is_fitted__()
            and not np.array_equal(np.unique(classes), self.classes_)
        ):
            raise InputError(
                f"classes is {np.unique(classes).tolist()}, but the first call of partial_fit had "
                f"{self.classes_.tolist()}. Leave classes out, or fit anew."
            )
        return self._partial_fit(X, y, sample_weight, targets=y if classes is None else classes)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, ``(n, n_classes)`` in the order of ``classes_``.

        Each row sums to 1; with several labels a row, each number is the probability of one label by itself.

        Raises
        ------
        InputError
            Where ``X`` cannot be used, or does not match what was fitted.
        """
        outputs = self._outputs(X)
        if self._one_output:
            positive = outputs.sigmoid()
            probabilities = torch.cat([1 - positive, positive], dim=1)
        else:
            probabilities = outputs.sigmoid() if self.multilabel_ else outputs.softmax(dim=1)
        result: NDArray[np.float64] = probabilities.numpy()
        return result

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each row, ``(n,)``; errors as in ``predict_proba``.

        With several labels a row: those that are more probable than not, in the form that ``y`` had, an array of 0 and
        1 of ``(n, n_classes)`` or a list of tuples of labels.
        """
        decided = self._decided(self._outputs(X)).numpy()
        if self.multilabel_:
            return label_sets.written(decided, self.classes_, self.multilabel_)
        labels: NDArray[Any] = self.classes_[decided]
        return labels

    def _output_of(self, row: Any, label: Any) -> tuple[int, float]:
        if label is None:
            place = int(self.predict_proba([row])[0].argmax())
        else:
            known = self.classes_.tolist()
            if label not in known:
                raise InputError(f"There is no class {label!r}; the model knows {known}.")
            place = known.index(label)
        # of two classes the one output stands for the second
        return (0, 1.0 if place else -1.0) if self._one_output else (place, 1.0)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows that are predicted right; of several labels all must be."""
        if not self.__sklearn_is_fitted__() or not self.multilabel_:
            with as_input_errors(), warning_rules(_MANY_CLASSES):
                return float(super().score(X, self.single_labels(y), sample_weight))
        true = self._read_targets(as_targets(y, sets=self._has_sets))
        right = (self._decided(self._outputs(X)) == true).all(dim=1)
        return float(np.average(right.numpy(), weights=sample_weight))

    def single_labels(self, y: Any) -> NDArray[Any]:
        """Return one label a row, ``(n,)``, of a ``y`` in a form that ``fit`` takes; of one-hot rows their classes.

        Raises
        ------
        InputError
            Where ``y`` has no such form.
        """
        y = as_targets(y)
        if self._one_hot is not None and getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
            return self._one_hot.labels(y)
        with warning_rules(_MANY_CLASSES):
            return _labels(y)

    def _note_targets(self, y: Any) -> None:
        self.multilabel_ = label_sets.form_of(y)
        self._target_names = own_names(y) if self.multilabel_ == "indicator" else None
        self._one_hot = OneHot.of(y) if self.multilabel_ == "indicator" else None
        if self._one_hot is not None:
            self._one_hot.warn(len(y))
            self.multilabel_ = None
            self.classes_ = np.unique(self._one_hot.columns)
            return
        if self.multilabel_:
            if self.class_weight is not None:
                raise OptionError("class_weight is for one label a row; with several, use sample_weight.")
            self.classes_ = label_sets.labels_of(y, self.multilabel_)
            return
        self.classes_ = np.unique(_labels(y))
        if len(self.classes_) < 2:
            raise _one_class(self.classes_.tolist()[0])

    def _read_targets(self, y: Any) -> Tensor:
        if self.multilabel_:
            return label_sets.read(in_order(y, self._target_names), self.classes_, self.multilabel_)
        labels = self.single_labels(y)
        known = np.isin(labels, self.classes_)
        if not known.all():
            raise InputError(
                f"y has the label {labels[~known].tolist()[0]!r}, which is none of the classes "
                f"{self.classes_.tolist()}. Give rows of known classes, or fit anew with all of them."
            )
        return torch.from_numpy(np.searchsorted(self.classes_, labels))

    def _check_learnable(self, rows: TrainingRows) -> None:
        target = rows.target if rows.weight is None else rows.target[rows.weight > 0]
        if self.multilabel_:
            label_sets.check_learnable(target)
            return
        present = target.unique()
        if len(present) == 1:
            raise _one_class(self.classes_.tolist()[int(present)])

    def _prepare_targets(self, rows: TrainingRows, *, reset: bool) -> TrainingRows:
        if reset:
            self._class_weights = None
            self.class_prior_ = None if self.multilabel_ else self._shares(rows)
        if self.class_weight is None:
            return rows
        if self._class_weights is None or self.class_weight != "balanced":
            # balanced ones stay those of the first rows; given ones may change between calls
            self._class_weights = self._computed_class_weights(rows)
        own = self._class_weights[rows.target]
        return TrainingRows(rows.X, rows.target, own if rows.weight is None else own * rows.weight)

    def _shares(self, rows: TrainingRows) -> NDArray[np.float64]:
        weight = None if rows.weight is None else rows.weight.numpy()
        counts = np.bincount(rows.target.numpy(), weight, minlength=len(self.classes_))
        shares: NDArray[np.float64] = counts / counts.sum()
        return shares

    def _computed_class_weights(self, rows: TrainingRows) -> Tensor:
        classes = np.arange(len(self.classes_))
        given: Any = self.class_weight
        if isinstance(given, Mapping):
            unknown = [label for label in given if label not in self.classes_.tolist()]
            if unknown:
                alike = [label for label in self.classes_.tolist() if str(label) == str(unknown[0])]
                hint = f" Write it as the {type(alike[0]).__name__} {alike[0]!r}." if alike else ""
                raise OptionError(
                    f"class_weight has the label {unknown[0]!r}, which is none of the classes {self.classes_.tolist()}."
                    f"{hint}"
                )
            for label, weight in given.items():
                check_number(f"class_weight[{label!r}]", weight, minimum=0.0)
            places = {label: index for index, label in enumerate(self.classes_.tolist())}
            given = {places[label]: weight for label, weight in given.items()}
        elif not isinstance(given, str) or given != "balanced":
            raise OptionError(f'class_weight must be a dict of label to weight, "balanced" or None, got {given!r}.')
        target, weight = rows.target.numpy(), None if rows.weight is None else rows.weight.numpy()
        absent = np.setdiff1d(classes, target)
        if isinstance(given, str) and len(absent):
            raise InputError(
                f'class_weight="balanced" needs rows of every class, but there is none of '
                f"{self.classes_[absent].tolist()} in the first rows. Give the weights as a dict."
            )
        return torch.from_numpy(compute_class_weight(given, classes=classes, y=target, sample_weight=weight))

    def _fitted_to_json(self) -> dict[str, Any]:
        weights = self._class_weights
        return {
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "class_weights": None if weights is None else weights.tolist(),
            "class_prior": None if self.class_prior_ is None else self.class_prior_.tolist(),
            "multilabel": self.multilabel_,
            "target_names": self._target_names,
            "one_hot": None if self._one_hot is None else self._one_hot.columns.tolist(),
        }

    def _fitted_from_json(self, values: Stated) -> None:
        form: Any = values.choice("multilabel", get_args(label_sets.Form)) if values.has("multilabel") else None
        self.multilabel_ = form
        self.classes_ = label_sets.from_json(values)
        fewest = 1 if self.multilabel_ else 2
        n_classes = len(self.classes_)
        if n_classes < fewest or self._n_outputs != self._n_network_outputs:
            raise ArtifactError(f"{n_classes} classes for {self._n_network_outputs} outputs")
        if self.multilabel_ == "indicator" and self.classes_.tolist() != list(range(n_classes)):
            raise ArtifactError("the labels of columns are not their numbers")
        weights = values.numbers("class_weights", n_classes, minimum=0) if values.has("class_weights") else None
        self._class_weights = None if weights is None else torch.tensor(weights, dtype=torch.float64)
        # files that were written before reports lack it
        prior = values.numbers("class_prior", n_classes, minimum=0) if values.has("class_prior") else None
        self.class_prior_ = None if prior is None else np.array(prior, dtype=np.float64)
        self._target_names = values.listed("target_names", n_classes) if values.has("target_names") else None
        self._one_hot = None
        # files that were written before one-hot rows were told apart lack it
        if values.has("one_hot"):
            columns = values.listed("one_hot", n_classes)
            if len({type(label) for label in columns}) > 1 or sorted(columns) != self.classes_.tolist():
                raise ArtifactError(f"one-hot columns for other classes than {self.classes_.tolist()}")
            self._one_hot = OneHot(np.array(columns, dtype=self.classes_.dtype))

    @property
    def _has_sets(self) -> bool:
        return self.multilabel_ == "collections"

    @property
    def _one_output(self) -> bool:
        return len(self.classes_) == 2 and not self.multilabel_

    @property
    def _n_outputs(self) -> int:
        return 1 if self._one_output else len(self.classes_)

    @property
    def _loss(self) -> Loss:
        return _binary_cross_entropy if self._one_output or self.multilabel_ else _cross_entropy

    @property
    def _metrics(self) -> dict[str, Metric]:
        return {"accuracy": self._accuracy}

    def _accuracy(self, output: Tensor, target: Tensor) -> float:
        right = self._decided(output) == target
        return float((right.all(dim=1) if self.multilabel_ else right).double().mean())

    def _decided(self, output: Tensor) -> Tensor:
        """Return the class of each row, ``(n,)`` int64; of several labels whether each is there, ``(n, k)`` bool."""
        if self.multilabel_:
            return output > 0
        return (output[:, 0] > 0).long() if self._one_output else output.argmax(dim=1)


_MANY_CLASSES = WarningRule("ignore", UserWarning, message="The number of unique classes is greater")
"""scikit-learn's guess that y holds numbers: of the rows to learn from; of a few rows to judge by it says nothing."""


def _labels(y: Any) -> NDArray[Any]:
    """Return one label a row, ``(n,)``, of what ``as_targets`` returned."""
    shape: tuple[int, ...] = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] > 1:
        raise InputError(
            f"y has {shape[1]} columns, but it should be a 1d array: the fit, or classes, had one label a row. "
            "Give labels in that form; of one-hot rows the number of the class is y.argmax(axis=1)."
        )
    dtype = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    if dtype is not None and not y.isna().any():
        # of whole numbers that may be missing, NumPy would make floats
        y = y.to_numpy(dtype=dtype)
    if isinstance(y, list | tuple) and len({_kind_of(label) for label in y}) > 1:
        # of text and something else, NumPy would make text; of True and 2, numbers
        y = np.array(y, dtype=object)
    with as_input_errors():
        labels = label_sets.of_one_kind(column_or_1d(y, warn=True))
        if labels.dtype.kind == "f":
            assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
    return np.asarray(labels)


def _kind_of(label: Any) -> str:
    return "text" if isinstance(label, str) else "flag" if isinstance(label, bool | np.bool_) else "other"


def _one_class(label: Any) -> InputError:
    return InputError(
        f"All rows that count are of one class ({label!r}); a classifier needs rows of at least two classes to learn "
        "what tells them apart."
    )


def _cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return cross_entropy(output, target, reduction="none")


def _binary_cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(output, target.view_as(output).to(output.dtype), reduction="none")

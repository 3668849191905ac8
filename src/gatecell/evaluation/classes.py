"""Classes: one of several a row, or several at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score, hamming_loss, recall_score
from torchmetrics.functional.classification import multiclass_calibration_error

from gatecell._core.errors import InputError
from gatecell.evaluation.intervals import bootstrap_interval, share_interval
from gatecell.evaluation.judgement import Interval, Judgement

CALIBRATION_BINS = 15
"""Bins of equal width in 0..1, as Guo et al. (2017) have them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassJudgement(Judgement):
    """Of rows with one label each."""

    loss: ClassVar[str] = "log_loss"

    classes: NDArray[np.generic]
    """``(n_classes,)``, sorted."""
    true: NDArray[np.int64]
    """``(n,)``, places in ``classes``."""
    probabilities: NDArray[np.float64]
    """``(n, n_classes)``."""

    @property
    def decided(self) -> NDArray[np.int64]:
        """The most probable class of each row, ``(n,)``."""
        places: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return places

    @property
    def row_losses(self) -> NDArray[np.float64]:
        """Cross-entropy of each row, in nats."""
        return _cross_entropy(self.true, self.probabilities)


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelSetJudgement(Judgement):
    """Of rows with any number of labels."""

    loss: ClassVar[str] = "log_loss"

    classes: NDArray[np.generic]
    """``(k,)``, sorted."""
    true: NDArray[np.bool_]
    """``(n, k)``."""
    probabilities: NDArray[np.float64]
    """``(n, k)``, of each label by itself."""

    @property
    def row_losses(self) -> NDArray[np.float64]:
        """Cross-entropy of each row, in nats, the mean over labels."""
        return _binary_cross_entropy(self.true, self.probabilities)


def judge_classes(
    y: NDArray[np.generic],
    probabilities: NDArray[np.float64],
    classes: NDArray[np.generic],
    prior: Sequence[float] | None = None,
    baselines: Mapping[str, NDArray[np.generic]] | None = None,
) -> ClassJudgement:
    """Judge probabilities of classes.

    Parameters
    ----------
    y : (n,)
        The true labels.
    probabilities : (n, n_classes)
        In the order of ``classes``.
    classes : (n_classes,)
        All labels, sorted.
    prior : (n_classes,), optional
        The share of each class in the training rows; the majority among them, and the prior itself, are the simple
        rules. None: they are not known, and left out.
    baselines : mapping of str to array (n,), optional
        The labels that further simple rules predict.

    Returns
    -------
    ClassJudgement
        ``accuracy``; ``balanced_accuracy``, the mean recall of the classes that occur; ``f1_macro``, the mean over the
        classes that occur or were predicted; ``log_loss`` in nats; ``calibration_error``, the expected distance of
        confidence and accuracy (Guo et al. 2017).

    Raises
    ------
    InputError
        Where there is no row, or a label is none of the classes.
    """
    if not len(y):
        raise InputError("There are no rows to judge by: the data are empty.")
    unknown = [label for label in np.unique(y).tolist() if label not in classes.tolist()]
    if unknown:
        raise InputError(
            f"The label {unknown[0]!r} is none of the classes that the model knows: {classes.tolist()}. "
            "Give the labels as they were at the fit, or fit anew with all classes."
        )
    true = np.searchsorted(classes, y)
    decided = probabilities.argmax(axis=1)
    right, losses = decided == true, _cross_entropy(true, probabilities)
    calibration = multiclass_calibration_error(
        torch.tensor(probabilities), torch.tensor(true), num_classes=len(classes), n_bins=CALIBRATION_BINS
    )
    rules = {rule: {"accuracy": float((labels == y).mean())} for rule, labels in (baselines or {}).items()}
    if prior is not None:
        shares = np.asarray(prior, dtype=np.float64)
        constant = np.tile(shares, (len(true), 1))
        rules["majority"] = {"accuracy": float((true == shares.argmax()).mean())}
        rules["prior"] = {"log_loss": float(_cross_entropy(true, constant).mean())}
    return ClassJudgement(
        headline="accuracy",
        figures={
            "accuracy": float(right.mean()),
            # recall_score rather than balanced_accuracy_score, which warns of a predicted class that does not occur
            "balanced_accuracy": float(
                recall_score(true, decided, labels=np.unique(true), average="macro", zero_division=0)
            ),
            "f1_macro": float(f1_score(true, decided, average="macro", zero_division=0)),
            "log_loss": float(losses.mean()),
            "calibration_error": float(calibration),
        },
        intervals=_known({"accuracy": share_interval(right), "log_loss": bootstrap_interval(losses)}),
        baselines=rules,
        classes=classes,
        true=true,
        probabilities=probabilities,
    )


def judge_label_sets(
    true: NDArray[np.bool_], probabilities: NDArray[np.float64], classes: NDArray[np.generic]
) -> LabelSetJudgement:
    """Judge probabilities of labels of which a row may have several; a label more probable than not is predicted.

    Parameters
    ----------
    true, probabilities : (n, k)
        In the order of ``classes``.
    classes : (k,)

    Returns
    -------
    LabelSetJudgement
        ``accuracy``, the share of rows of which every label is right; ``f1_micro`` and ``f1_macro``; ``hamming_loss``,
        the share of wrong labels; ``log_loss``, the mean over labels.

    Raises
    ------
    InputError
        Where there is no row.
    """
    if not len(true):
        raise InputError("There are no rows to judge by: the data are empty.")
    decided = probabilities > 0.5
    right, losses = (decided == true).all(axis=1), _binary_cross_entropy(true, probabilities)
    return LabelSetJudgement(
        headline="accuracy",
        figures={
            "accuracy": float(right.mean()),
            "f1_micro": float(f1_score(true, decided, average="micro", zero_division=0)),
            "f1_macro": float(f1_score(true, decided, average="macro", zero_division=0)),
            "hamming_loss": float(hamming_loss(true, decided)),
            "log_loss": float(losses.mean()),
        },
        intervals=_known({"accuracy": share_interval(right), "log_loss": bootstrap_interval(losses)}),
        classes=classes,
        true=true,
        probabilities=probabilities,
    )


def _cross_entropy(true: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    losses: NDArray[np.float64] = -np.log(_above_zero(probabilities[np.arange(len(true)), true]))
    return losses


def _binary_cross_entropy(true: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    losses: NDArray[np.float64] = -np.log(_above_zero(np.where(true, probabilities, 1 - probabilities))).mean(axis=1)
    return losses


def _above_zero(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(probabilities, np.finfo(np.float64).tiny, None)


def _known(intervals: dict[str, Interval | None]) -> dict[str, Interval]:
    return {name: bounds for name, bounds in intervals.items() if bounds is not None}

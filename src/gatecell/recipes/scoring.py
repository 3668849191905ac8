"""How good a fitted estimator is on rows whose answers are known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell.estimators import label_sets
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classes import ClassTargets
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.regressor import LSTMRegressor
from gatecell.estimators.target_arrays import as_targets
from gatecell.evaluation.classes import judge_classes, judge_label_sets
from gatecell.evaluation.judgement import Judgement
from gatecell.evaluation.language import judge_language
from gatecell.evaluation.numbers import judge_numbers


def judge(
    estimator: LSTMEstimator, X: Any, y: NDArray[Any] | None, baselines: Mapping[str, NDArray[Any]] | None = None
) -> Judgement:
    """Judge a fitted estimator.

    Parameters
    ----------
    estimator : LSTMEstimator
    X : array (n, T, I), list of arrays (T_i, I), list of str, or one long text
    y : array (n,), optional
        What is true; None for a language model.
    baselines : mapping of str to array (n,), optional
        Predictions of simple rules for these rows, beside those that the estimator knows: the majority and the shares
        of its training rows' classes, or the mean of their numbers.

    Returns
    -------
    Judgement
        See ``gatecell.evaluation.classes`` and ``gatecell.evaluation.numbers`` for the figures.

    Raises
    ------
    InputError
        Where ``X`` or ``y`` cannot be used, or do not match what was fitted.
    """
    if isinstance(estimator, LSTMLanguageModel):
        unigram = estimator.unigram_log_prob(X)
        n_characters = len(X) if isinstance(X, str) else sum(map(len, X))
        return judge_language(estimator.log_prob(X), n_characters, None if unigram is None else {"unigram": unigram})
    assert y is not None
    if isinstance(estimator, ClassTargets):
        probabilities = estimator.predict_proba(X)
        if estimator.multilabel_:
            sets = as_targets(y, sets=estimator.multilabel_ == "collections")
            true = label_sets.read(sets, estimator.classes_, estimator.multilabel_)
            return judge_label_sets(true.bool().numpy(), probabilities, estimator.classes_)
        prior = None if estimator.class_prior_ is None else estimator.class_prior_.tolist()
        return judge_classes(estimator.single_labels(y), probabilities, estimator.classes_, prior, baselines)
    assert isinstance(estimator, LSTMRegressor)
    mean = np.asarray(estimator.target_scaler_.shift)
    return judge_numbers(y, estimator.predict(X), {"mean": mean, **(baselines or {})})

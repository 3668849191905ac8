"""The 1,797 hand-written digits of 8 x 8 pixels that scikit-learn ships."""

import numpy as np

from gatecell.datasets.parts import LabelledRows, TrainTest

_LARGEST_PIXEL = 16.0
_TEST_FRACTION = 0.2


def load_digits() -> TrainTest[LabelledRows]:
    """Load scikit-learn's digits as sequences: the 8 rows of an image are 8 steps of 8 values.

    The data come with scikit-learn, so no network is needed. They are the test part of the Optical Recognition of
    Handwritten Digits data set (Alpaydin & Kaynak 1998) and have no test part of their own: a fifth, stratified by
    class, is set aside, always the same rows, so that figures of different seeds are comparable.

    Returns
    -------
    TrainTest
        1,437 and 360 rows; ``X`` of ``(n, 8, 8)``, float32 in 0..1; ``y`` of ``(n,)``, the digits 0 to 9.
    """
    from sklearn.datasets import load_digits as load  # noqa: PLC0415  the other loaders do without scikit-learn
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    digits = load()
    images = (digits.images / _LARGEST_PIXEL).astype(np.float32)
    labels = digits.target.astype(np.int64)
    train, test = train_test_split(np.arange(len(labels)), test_size=_TEST_FRACTION, stratify=labels, random_state=0)
    return TrainTest(LabelledRows(images[train], labels[train]), LabelledRows(images[test], labels[test]))

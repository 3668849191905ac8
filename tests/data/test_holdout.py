import numpy as np
import pytest
import torch

from gatecell._core.errors import InputError, OptionError
from gatecell.data.holdout import split_off


def test_parts_are_disjoint_complete_and_repeatable() -> None:
    training, validation = split_off(50, 0.2, seed=3)
    assert len(validation) == 10
    np.testing.assert_array_equal(np.sort(torch.cat([training, validation])), np.arange(50))
    again = split_off(50, 0.2, seed=3)
    assert torch.equal(again[0], training)
    assert not torch.equal(split_off(50, 0.2, seed=4)[0], training)


def test_classes_keep_their_proportions() -> None:
    labels = torch.tensor([0] * 90 + [1] * 10)
    for seed in range(5):
        _, validation = split_off(100, 0.2, seed=seed, labels=labels)
        assert labels[validation].bincount().tolist() == [18, 2]


def test_a_class_with_one_row_does_not_stop_the_split() -> None:
    labels = torch.tensor([0] * 9 + [1])
    assert [len(part) for part in split_off(10, 0.3, seed=0, labels=labels)] == [7, 3]


def test_bad_fractions() -> None:
    with pytest.raises(OptionError, match=r"validation_fraction must be a number in \(0, 1\), got 1.5"):
        split_off(10, 1.5, seed=0)
    with pytest.raises(InputError, match="validation_fraction=0.5 of 1 rows leaves none to train on"):
        split_off(1, 0.5, seed=0)

"""What people have in place of arrays is read alike."""

from collections import deque
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from gatecell._core.errors import InputError
from gatecell.data.arrays import as_plain
from gatecell.data.sequences import Sequences

VALUES = np.arange(24.0).reshape(2, 4, 3)


@pytest.mark.parametrize(
    "X",
    [
        torch.tensor(VALUES, dtype=torch.bfloat16),
        torch.tensor(VALUES, dtype=torch.float16),
        torch.tensor(VALUES, requires_grad=True),
        torch.tensor(VALUES).to_sparse(),
        torch.tensor(-1j * VALUES).conj().imag,
        list(torch.tensor(VALUES, dtype=torch.bfloat16)),
        [torch.tensor(row, requires_grad=True) for row in VALUES],
        deque(VALUES),
    ],
)
def test_tensors_of_every_kind(X: Any) -> None:
    values, _ = Sequences.from_input(X).take(torch.arange(2))
    np.testing.assert_array_equal(values, VALUES)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (torch.tensor(VALUES, device="meta"), 'X is on the device "meta", so it has no values'),
        ((row for row in VALUES), r"X is a generator, which can be read only once. Give a list of its rows, list\(X\)"),
        (map(np.asarray, VALUES), "X is a map, which can be read only once"),
        (pack_sequence([torch.ones(2), torch.ones(1)]), r"X is a PackedSequence. .*unpack_sequence\(X\)"),
        (torch.tensor(VALUES) * 1j, "X holds complex numbers, not real numbers"),
    ],
)
def test_what_has_no_values_to_read(X: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Sequences.from_input(X)


def test_nested_tensors_are_refused() -> None:
    nested = torch.nested.nested_tensor([torch.ones(2, 1), torch.ones(3, 1)], layout=torch.jagged)
    with pytest.raises(InputError, match=r"X is a nested tensor. Give a list of tensors of shape \(T_i, I\), X.unbind"):
        Sequences.from_input(nested)


def test_text_of_numpys_own_type_is_text() -> None:
    labels = np.array(["up", "down"], dtype=np.dtypes.StringDType())
    assert as_plain(labels, "y").tolist() == ["up", "down"]
    assert as_plain(labels, "y").dtype == object


def test_all_else_stays_as_it_is() -> None:
    for value in (VALUES, VALUES.tolist(), "text", None, 3):
        assert as_plain(value, "X") is value

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError
from gatecell.data.sequences import Sequences
from gatecell.estimators.rows import TrainingRows


def training_rows(numbers: list[int], weights: list[float] | None = None) -> TrainingRows:
    X = Sequences.from_input([np.full((2 + number % 2, 1), float(number)) for number in numbers])
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    return TrainingRows(X, torch.tensor(numbers) % 2, weight)


def contents(rows: TrainingRows) -> list[tuple[float, int, float]]:
    assert rows.weight is not None
    assert isinstance(rows.X, Sequences)
    firsts = [float(row[0, 0]) for row in rows.X.rows()]
    return list(zip(firsts, rows.target.tolist(), rows.weight.tolist(), strict=True))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=10).filter(
        lambda x: any(w for _, w in x)
    )
)
def test_weights_and_repetitions_come_to_the_same(drawn: list[tuple[int, int]]) -> None:
    weighted = training_rows([number for number, _ in drawn], [float(weight) for _, weight in drawn])
    repeated = training_rows([number for number, weight in drawn for _ in range(weight)])
    assert contents(weighted.normalised(64)) == contents(repeated.normalised(64))


def test_rows_of_several_batches_keep_their_order_and_lose_only_weightless_rows() -> None:
    rows = training_rows([5, 1, 1, 3], [1.0, 2.0, 0.0, 1.0]).normalised(2)
    assert contents(rows) == [(5.0, 1, 1.0), (1.0, 1, 2.0), (3.0, 1, 1.0)]
    plain = training_rows([5, 1, 1, 3])
    assert plain.normalised(2) is plain


def test_all_weights_zero() -> None:
    with pytest.raises(InputError, match="All sample weights are zero, which leaves nothing to learn from"):
        training_rows([1, 2], [0.0, 0.0]).normalised(64)


def test_the_fingerprint_sees_every_part() -> None:
    base = training_rows([1, 2, 3], [1.0, 1.0, 1.0])
    same = training_rows([1, 2, 3], [1.0, 1.0, 1.0])
    assert base.fingerprint() == same.fingerprint()
    others = [
        training_rows([1, 2, 5], [1.0, 1.0, 1.0]),
        training_rows([1, 2, 3], [1.0, 1.0, 2.0]),
        training_rows([1, 2, 3]),
        TrainingRows(base.X, base.target + 1, base.weight),
        training_rows([2, 1, 3], [1.0, 1.0, 1.0]),
    ]
    assert len({rows.fingerprint() for rows in (base, *others)}) == 6

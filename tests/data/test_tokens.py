"""Tokens: cutting, marks, batches and random cuts, against loops over rows."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.augmentation import random_stretches
from gatecell.data.tokens import TokenRows, Tokens

lists = st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=8), min_size=1, max_size=6)


def slow(row: list[int], *, longest: int | None, keep: str, start: int | None, end: int | None) -> list[int]:
    room = len(row) if longest is None else longest - (start is not None) - (end is not None)
    row = row[:room] if keep == "start" else row[max(len(row) - room, 0) :]
    return ([] if start is None else [start]) + row + ([] if end is None else [end])


@settings(deadline=None)
@given(
    rows=lists,
    longest=st.none() | st.integers(3, 9),
    keep=st.sampled_from(["start", "end"]),
    start=st.none() | st.just(2),
    end=st.none() | st.just(3),
    seed=st.integers(0, 9),
)
def test_a_batch_equals_a_loop_over_rows(
    rows: list[list[int]], longest: int | None, keep: Any, start: int | None, end: int | None, seed: int
) -> None:
    tokens = Tokens.from_rows(rows)
    source = TokenRows(tokens=tokens, max_length=longest, keep=keep, start_mark=start, end_mark=end)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    expected = [slow(rows[i], longest=longest, keep=keep, start=start, end=end) for i in order.tolist()]
    batch, lengths = source.take(order)
    assert lengths.tolist() == [len(row) for row in expected]
    assert batch.shape == (len(rows), max(map(len, expected)))
    for row, row_expected in zip(batch.tolist(), expected, strict=True):
        assert row == row_expected + [0] * (len(row) - len(row_expected))
    assert source.lengths[order].tolist() == lengths.tolist()
    room = None if longest is None else longest - (start is not None) - (end is not None)
    assert source.n_cut == (0 if room is None else sum(len(row) > room for row in rows))
    again, _ = source.select(order).take(torch.arange(len(rows)))
    assert torch.equal(again, batch)


def test_rows() -> None:
    tokens = Tokens.from_rows([[1, 2, 3], [4], [5, 6]])
    assert [row.tolist() for row in tokens.select(torch.tensor([2, 0])).rows()] == [[5, 6], [1, 2, 3]]
    assert len(set(tokens.row_bytes())) == 3
    with pytest.raises(InputError, match=r"Row 1 has no tokens"):
        Tokens.from_rows([[1], []])
    with pytest.raises(InputError, match=r"There are no rows of tokens"):
        Tokens.from_rows([])


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    share=st.floats(0, 0.99),
    longest=st.none() | st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_a_random_stretch_lies_in_its_row_and_keeps_its_share(
    lengths: list[int], share: float, longest: int | None, seed: int
) -> None:
    torch.manual_seed(seed)
    skipped, kept = random_stretches(torch.tensor(lengths), share, longest)
    for length, before, own in zip(lengths, skipped.tolist(), kept.tolist(), strict=True):
        assert before >= 0
        assert own >= 1
        assert before + own <= length
        if longest is not None:
            assert own <= longest
        if longest is None or longest >= length:
            assert own >= (1 - share) * length


def test_every_stretch_is_drawn() -> None:
    torch.manual_seed(0)
    skipped, kept = random_stretches(torch.full((4000,), 4), 0.5)
    assert set(zip(skipped.tolist(), kept.tolist(), strict=True)) == {(0, 4), (0, 3), (1, 3), (0, 2), (1, 2), (2, 2)}
    # lengths are uniform, then places
    assert (kept == 4).double().mean().item() == pytest.approx(1 / 3, abs=0.05)
    assert (skipped[kept == 2] == 1).double().mean().item() == pytest.approx(1 / 3, abs=0.05)


def test_a_random_cut_is_another_one_each_time_and_keeps_the_marks() -> None:
    source = TokenRows(
        tokens=Tokens.from_rows([list(range(10, 60))] * 3), max_length=22, start_mark=2, end_mark=3, random_cut=0.3
    )
    everything = torch.arange(3)
    torch.manual_seed(0)
    batch, lengths = source.take(everything)
    assert lengths.tolist() == [22, 22, 22]
    assert len({tuple(row) for row in batch.tolist()}) == 3
    for row in batch.tolist():
        assert row[0] == 2
        assert row[-1] == 3
        assert row[1:-1] == list(range(row[1], row[1] + 20))
    assert not torch.equal(source.take(everything)[0], batch)
    torch.manual_seed(0)
    assert torch.equal(source.take(everything)[0], batch)


def test_options() -> None:
    tokens = Tokens.from_rows([[1]])
    with pytest.raises(OptionError, match=r"max_length=2 leaves no step for the text beside 2 marks. Set it to .* 3"):
        TokenRows(tokens=tokens, max_length=2, start_mark=2, end_mark=3)
    with pytest.raises(OptionError, match=r"max_length must be an integer of at least 1, got 0"):
        TokenRows(tokens=tokens, max_length=0)
    with pytest.raises(UnknownNameError, match=r"There is no keep named 'ends'. Did you mean 'end'?"):
        TokenRows(tokens=tokens, keep="ends")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"random_cut must be a number in \[0, 1\), got 1"):
        TokenRows(tokens=tokens, random_cut=1)

"""Buffers that are lent are used again, and never while anything still looks at them."""

import gc
from collections.abc import Iterator

import pytest
import torch

from gatecell.kernels import memory

LARGE = 1 << 20


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    gc.collect()
    memory.release()
    yield
    memory.release()


@pytest.mark.parametrize("n_bytes", [0, 1, 1000, LARGE])
def test_a_buffer_has_its_size_and_is_aligned(n_bytes: int) -> None:
    buffer = memory.lend(n_bytes)
    assert buffer.shape == (n_bytes,)
    assert buffer.dtype == torch.uint8
    assert buffer.data_ptr() % 64 == 0


def test_memory_comes_back_when_the_last_view_is_gone() -> None:
    buffer = memory.lend(LARGE)
    address, view = buffer.data_ptr(), buffer[10:20].fill_(7)
    del buffer
    assert memory.kept_bytes() == 0
    other = memory.lend(LARGE).fill_(1)
    assert other.data_ptr() != address
    assert bool((view == 7).all())
    del view
    assert memory.kept_bytes() >= LARGE
    assert memory.lend(LARGE).data_ptr() == address


def test_two_buffers_at_a_time_are_two() -> None:
    buffers = [memory.lend(LARGE) for _ in range(4)]
    for k, buffer in enumerate(buffers):
        buffer.fill_(k)
    assert [int(buffer[-1]) for buffer in buffers] == [0, 1, 2, 3]


def test_a_much_larger_buffer_is_not_used_for_a_small_request() -> None:
    large = memory.lend(16 * LARGE)
    del large
    kept = memory.kept_bytes()
    small = memory.lend(LARGE)
    assert memory.kept_bytes() == kept
    assert small.numel() == LARGE


def test_no_more_is_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST_KEPT", 3 * LARGE)
    buffers = [memory.lend(LARGE) for _ in range(6)]
    del buffers[:]
    assert 0 < memory.kept_bytes() <= 3 * LARGE
    memory.release()
    assert memory.kept_bytes() == 0


def test_beyond_the_limit_the_oldest_memory_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST_KEPT", 8 * LARGE)
    old = [memory.lend(4 * LARGE) for _ in range(2)]
    del old[:]
    small = memory.lend(LARGE)
    address = small.data_ptr()
    del small
    assert memory.kept_bytes() <= 8 * LARGE
    assert memory.lend(LARGE).data_ptr() == address

"""Counter-based random numbers: known answers, independence of the batch, and the rates."""

import pytest
import torch

from gatecell.kernels.random import Kind, dropout_mask, new_seed, philox, zoneout_masks

ONES = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("word", "seed", "expected"),
    [
        (0, 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (ONES, -1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ],
)
def test_philox_known_answers(word: int, seed: int, expected: tuple[int, ...]) -> None:
    """The known-answer file of Random123, philox4x32 with 10 rounds."""
    counter = torch.tensor(word)
    assert tuple(int(v) for v in philox((counter,) * 4, torch.tensor(seed))) == expected


def test_a_mask_depends_on_its_row_not_on_the_batch() -> None:
    seed = torch.tensor(7)
    large = dropout_mask(torch.empty(50, 1), 0.5, units=33, seed=seed, stream=0, kind=Kind.INPUT_DROPOUT)
    small = dropout_mask(torch.empty(3, 1), 0.5, units=33, seed=seed, stream=0, kind=Kind.INPUT_DROPOUT)
    assert torch.equal(large[:3], small)


def test_masks_differ_by_seed_stream_and_kind() -> None:
    def draw(seed: int, stream: int, kind: Kind) -> tuple[float, ...]:
        mask = dropout_mask(torch.empty(8, 1), 0.5, units=64, seed=torch.tensor(seed), stream=stream, kind=kind)
        return tuple(mask.flatten().tolist())

    places = [(s, n, k) for s in (1, 2) for n in (0, 1) for k in (Kind.INPUT_DROPOUT, Kind.RECURRENT_DROPOUT)]
    assert len({draw(*place) for place in places}) == len(places)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_masks_keep_the_expectation(probability: float) -> None:
    seed = torch.tensor(3)
    mask = dropout_mask(torch.empty(1000, 1), probability, units=200, seed=seed, stream=0, kind=Kind.INPUT_DROPOUT)
    assert sorted(mask.unique().tolist()) == pytest.approx([0.0, 1 / (1 - probability)])
    assert (mask == 0).float().mean().item() == pytest.approx(probability, abs=0.005)
    keep_c, keep_h = zoneout_masks(mask, probability, 1 - probability, units=200, step=4, seed=seed, stream=0)
    assert keep_c.float().mean().item() == pytest.approx(probability, abs=0.005)
    assert keep_h.float().mean().item() == pytest.approx(1 - probability, abs=0.005)


def test_zoneout_differs_from_step_to_step() -> None:
    like, seed = torch.empty(4, 1), torch.tensor(3)
    first, second = (zoneout_masks(like, 0.5, 0.5, units=64, step=t, seed=seed, stream=0)[0] for t in (0, 1))
    assert not torch.equal(first, second)


def test_new_seed_follows_its_generator() -> None:
    first, second = (new_seed(torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)

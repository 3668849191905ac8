"""Counter-based random numbers: a value depends on the seed and on its place, not on what was drawn before it.

Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). Each engine that draws the same place
from the same seed gets the same bits, whatever the number of threads and whatever the other rows of the batch.
The counter of a place is ``(unit, step, row, 4 * stream + kind)``, the key is the seed's low and high word.
"""

from enum import IntEnum

import torch
from torch import Tensor

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10


class Kind(IntEnum):
    """What a random number is for; part of its place."""

    INPUT_DROPOUT = 0
    RECURRENT_DROPOUT = 1
    ZONEOUT = 2


def new_seed(generator: torch.Generator | None = None) -> Tensor:
    """Draw a seed from a generator, by default PyTorch's own for the CPU: a 0-d int64 tensor in [0, 2**63 - 1)."""
    # the device is said, so that a default device (of a GPU, "meta") does not move it
    return torch.randint(0, 2**63 - 1, (), dtype=torch.int64, device="cpu", generator=generator)


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], seed: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the four 32-bit words of Philox4x32-10 at each counter.

    Parameters
    ----------
    counter : four int64 tensors with values in [0, 2**32), of shapes that broadcast
    seed : 0-d int64 tensor

    Returns
    -------
    four int64 tensors with values in [0, 2**32), of the broadcast shape
    """
    c0, c1, c2, c3 = torch.broadcast_tensors(*counter)
    k0, k1 = seed & _WORD, (seed >> 32) & _WORD
    for _ in range(_ROUNDS):
        # int64 products wrap; the shifted high word is masked, so that the sign does not matter
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = ((p1 >> 32) & _WORD) ^ c1 ^ k0, p1 & _WORD, ((p0 >> 32) & _WORD) ^ c3 ^ k1, p0 & _WORD
        k0, k1 = (k0 + _KEY_STEPS[0]) & _WORD, (k1 + _KEY_STEPS[1]) & _WORD
    return c0, c1, c2, c3


def dropout_mask(like: Tensor, probability: float, *, units: int, seed: Tensor, stream: int, kind: Kind) -> Tensor:
    """Draw one dropout mask a sequence: (B, units), 0 where dropped, ``1 / (1 - probability)`` where kept.

    ``like`` is a tensor with the batch as its first dimension, which gives the dtype and the device.
    """
    step = torch.zeros((), dtype=torch.int64, device=like.device)
    word = _draw(like.shape[0], units, step, seed.to(like.device), stream, kind)[0]
    return (word >= _threshold(probability)).to(like.dtype) / (1.0 - probability)


def zoneout_masks(
    like: Tensor, probability_c: float, probability_h: float, *, units: int, step: int, seed: Tensor, stream: int
) -> tuple[Tensor, Tensor]:
    """Draw where c and where h keep their old value at one step: two bool tensors (B, units)."""
    t = torch.full((), step, dtype=torch.int64, device=like.device)
    word_c, word_h, _, _ = _draw(like.shape[0], units, t, seed.to(like.device), stream, Kind.ZONEOUT)
    return word_c < _threshold(probability_c), word_h < _threshold(probability_h)


def _draw(
    rows: int, units: int, step: Tensor, seed: Tensor, stream: int, kind: Kind
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    row = torch.arange(rows, device=seed.device)[:, None]
    unit = torch.arange(units, device=seed.device)[None, :]
    use = torch.full((), 4 * stream + kind, dtype=torch.int64, device=seed.device)
    return philox((unit, step, row, use), seed)


def _threshold(probability: float) -> int:
    return int(probability * 2**32)

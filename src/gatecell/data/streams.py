"""Streams: long sequences of tokens side by side, read a few steps at a time without losing the place."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gatecell._core.checks import check_integer
from gatecell._core.errors import InputError
from gatecell.data.tokens import Tokens

IGNORED = -100
"""The target of a step that does not count, as ``torch.nn.functional.cross_entropy`` has it."""


class Chunk(NamedTuple):
    """The next steps of every lane."""

    tokens: Tensor
    """``(B, T)`` int64, what is read; 0 at steps that do not count."""
    target: Tensor
    """``(B, T)`` int64, the token that follows each; ``IGNORED`` at steps that do not count."""
    lengths: Tensor | None
    """``(B,)`` int64, how many steps of each lane count; None: all."""
    fresh: Tensor
    """``(B,)`` bool, whether a lane begins a sequence here, so that its state is zero."""


@dataclass(frozen=True, eq=False)
class Streams:
    """Sequences dealt out to lanes, and the lanes cut into chunks.

    Each sequence is read from its first token, and every token but the first is a target once. A lane reads one
    sequence after the other; a chunk of a lane ends where its sequence ends, so that the state of a lane is zeroed
    between two chunks and never within one. Chunk ``k + 1`` of a lane goes on where its chunk ``k`` ended.

    Where a sequence is longer than its share, all steps divided by the number of lanes, it is cut into pieces of nearly
    equal length, and each piece is read as a sequence by itself. A single text is so read by all lanes at once, as
    Zaremba et al. (2014) read the Penn Treebank; no token is left over.
    """

    values: Tensor
    """``(N,)`` int64, the tokens of all sequences one after the other."""
    starts: Tensor
    """``(n_chunks, B)`` int64, the place in ``values`` at which a lane's chunk begins to read."""
    lengths: Tensor
    """``(n_chunks, B)`` int64, how many steps it reads; 0 where the lane has ended."""
    fresh: Tensor
    """``(n_chunks, B)`` bool, whether the chunk begins a sequence."""

    @classmethod
    def deal(cls, tokens: Tokens, *, lanes: int, steps: int, cut: bool = True) -> "Streams":
        """Deal out sequences in their order, each to the lane that has least to read.

        Parameters
        ----------
        tokens : Tokens
            The sequences, each of at least two tokens.
        lanes : int
            B at most, at least 1; fewer where there are not enough tokens for so many.
        steps : int
            T at most, at least 1.
        cut : bool
            Whether a sequence longer than its share is cut; False: each is read unbroken in one lane.

        Raises
        ------
        InputError
            Where a sequence has a single token, of which nothing follows.
        """
        check_integer("lanes", lanes, minimum=1)
        check_integer("steps", steps, minimum=1)
        if int(tokens.lengths.min()) < 2:
            row = int((tokens.lengths < 2).nonzero()[0])
            raise InputError(f"Sequence {row} (counted from 0) has one token alone, so that there is none to predict.")
        dealt = _dealt(tokens, lanes, steps, cut)
        n_chunks = max(sum(-(-length // steps) for _, length in lane) for lane in dealt)
        starts, lengths, fresh = (torch.zeros(n_chunks, len(dealt), dtype=torch.int64) for _ in range(3))
        for index, lane in enumerate(dealt):
            chunk = 0
            for start, length in lane:
                places = torch.arange(0, length, steps)
                rows = slice(chunk, chunk + len(places))
                starts[rows, index] = start + places
                lengths[rows, index] = (length - places).clamp(max=steps)
                fresh[chunk, index] = 1
                chunk = rows.stop
        return cls(tokens.values, starts, lengths, fresh.bool())

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.starts)

    @property
    def n_targets(self) -> int:
        """The number of tokens that are predicted."""
        return int(self.lengths.sum())

    def places(self, index: int) -> Tensor:
        """Return where in ``values`` a chunk reads, ``(B, T)``; without meaning at steps that do not count."""
        return self.starts[index][:, None] + torch.arange(int(self.lengths[index].max()))

    def chunk(self, index: int) -> Chunk:
        """Return the chunk of a number, from 0; to be read in order."""
        lengths, places = self.lengths[index], self.places(index)
        n_steps = places.shape[1]
        if bool((lengths == n_steps).all()):
            return Chunk(self.values[places], self.values[places + 1], None, self.fresh[index])
        beyond = torch.arange(n_steps) >= lengths[:, None]
        places = places.masked_fill(beyond, 0)
        return Chunk(
            self.values[places].masked_fill(beyond, 0),
            self.values[places + 1].masked_fill(beyond, IGNORED),
            lengths,
            self.fresh[index],
        )


def _dealt(tokens: Tokens, lanes: int, steps: int, cut: bool) -> list[list[tuple[int, int]]]:
    """Return the sequences of each lane, as the place at which they begin and the steps that they have."""
    share = -(-int((tokens.lengths - 1).sum()) // lanes) if cut else int(tokens.lengths.max())
    dealt: list[list[tuple[int, int]]] = [[] for _ in range(lanes)]
    waiting = [(0, lane) for lane in range(lanes)]
    for start, length in _pieces(tokens, share):
        n_chunks, lane = heapq.heappop(waiting)
        dealt[lane].append((start, length))
        heapq.heappush(waiting, (n_chunks + -(-length // steps), lane))
    return [lane for lane in dealt if lane]


def _pieces(tokens: Tokens, longest: int) -> Iterator[tuple[int, int]]:
    for start, n_tokens in zip(tokens.offsets.tolist(), tokens.lengths.tolist(), strict=False):
        n_steps = n_tokens - 1
        n_pieces = -(-n_steps // longest)
        for piece in range(n_pieces):
            first, last = n_steps * piece // n_pieces, n_steps * (piece + 1) // n_pieces
            yield start + first, last - first

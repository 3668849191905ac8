"""A language network at work: how probable the tokens of texts are, and tokens that it draws itself."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatecell.data.streams import IGNORED, Streams
from gatecell.data.tokens import Tokens
from gatecell.estimators.language_texts import predicted
from gatecell.nn.language import LanguageNetwork
from gatecell.training.objective import State, zeroed
from gatecell.training.prediction import network_device

LANES = 32
"""Texts that are measured side by side at most."""
TOKENS_AT_ONCE = 2048
"""Tokens that are read at a time; it bounds memory and has no part in the figures."""
SCORES_AT_ONCE = 2**21
"""Scores that are held at a time, 8 MB: of all tokens read they would be 2 GB with a vocabulary of 260,000."""


def log_probabilities(network: LanguageNetwork, tokens: Tokens) -> Tensor:
    """Return the log-probability of every token but the first of each row, ``(n,)`` float64 in nats.

    Each row is read from beginning to end, with its state carried.
    """
    device = network_device(network)
    lanes = min(LANES, len(tokens))
    streams = Streams.deal(tokens, lanes=lanes, steps=TOKENS_AT_ONCE // lanes, cut=False)
    found = torch.zeros(len(tokens.values), dtype=torch.float64)
    state: State | None = None
    for index in range(len(streams)):
        chunk = streams.chunk(index)
        lengths = None if chunk.lengths is None else chunk.lengths.to(device)
        with torch.inference_mode():
            state = zeroed(state, chunk.fresh.to(device))
            features, state = network(chunk.tokens.to(device), lengths, state)
            logarithms = _of_targets(network, features, chunk.target.clamp(min=0).to(device)).cpu()
        counts = chunk.target != IGNORED
        found[streams.places(index)[counts] + 1] = logarithms[counts].double()
    return found[predicted(tokens)]


def _of_targets(network: LanguageNetwork, features: Tensor, target: Tensor) -> Tensor:
    """Return the log-probability of each target, ``(B, T)``, from features ``(B, T, P)``; some rows at a time."""
    n_rows = max(1, SCORES_AT_ONCE // network.config.vocabulary_size)
    parts = zip(features.flatten(0, 1).split(n_rows), target.flatten()[:, None].split(n_rows), strict=True)
    return torch.cat([network.log_probabilities(x).gather(1, y) for x, y in parts]).view_as(target)


def drawn(
    network: LanguageNetwork, tokens: Tensor, choose: Callable[[NDArray[np.float32]], int], *, end: int | None
) -> Iterator[int]:
    """Yield the tokens that follow, one by one; each takes the same work.

    Parameters
    ----------
    network : LanguageNetwork
    tokens : (n,) int64
        What is read first, at least one token.
    choose : callable
        Takes the scores ``(V,)`` of the next token and returns which it is.
    end : int, optional
        The token that ends it all, which is not yielded; None: there is none.
    """
    state: State | None = None
    batch = tokens[None].to(network_device(network))
    following = batch.new_empty(1, 1)
    while True:
        # not around the whole loop: the caller's code runs between two tokens
        with torch.inference_mode():
            features, state = network(batch, state=state)
            scores = network.scores(features[0, -1])
        token = choose(scores.cpu().numpy())
        if token == end:
            return
        yield token
        batch = following.fill_(token)

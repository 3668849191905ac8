"""The choice of the next token among probable ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_integer, check_number

Scores = NDArray[np.floating[Any]]


class Sampler:
    """Draws tokens from scores, which are logarithms of probabilities up to a constant.

    Parameters
    ----------
    temperature : float
        What the scores are divided by, at least 0. Below 1 probable tokens become more so, above 1 less; 0 takes the
        most probable one always.
    top_k : int, optional
        Only the k most probable tokens are drawn from, at least 1 (Fan et al. 2018).
    top_p : float in (0, 1], optional
        Only the fewest tokens are drawn from that have this probability together (Holtzman et al. 2020), after
        ``top_k``.
    seed : int, optional
        At least 0; the same one draws the same tokens from the same scores. None: others each time.
    never : sequence of int
        Tokens that are never drawn.

    Raises
    ------
    OptionError
        Where a value is out of its range.
    """

    def __init__(
        self,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        never: Sequence[int] = (),
    ) -> None:
        check_number("temperature", temperature, minimum=0.0)
        if top_k is not None:
            check_integer("top_k", top_k, minimum=1)
        if top_p is not None:
            check_number("top_p", top_p, minimum=0.0, maximum=1.0, open_minimum=True)
        if seed is not None:
            check_integer("seed", seed, minimum=0)
        self._temperature, self._top_k, self._top_p = float(temperature), top_k, top_p
        self._generator = np.random.default_rng(seed)
        self._never = list(never)

    def __call__(self, scores: Scores) -> int:
        """Return a token, the place of one of the scores ``(V,)``; the scores are not changed."""
        scaled = scores.astype(np.float64)
        scaled[self._never] = -np.inf
        if self._temperature == 0.0:
            return int(scaled.argmax())
        scaled -= scaled.max()
        with np.errstate(over="ignore"):  # a temperature near 0 leaves the most probable token alone
            scaled /= self._temperature
        chosen: NDArray[np.int64] | None = None
        if self._top_k is not None and self._top_k < len(scaled):
            # sorted, so that what is drawn does not depend on how the partition came about
            chosen = np.sort(np.argpartition(scaled, -self._top_k)[-self._top_k :])
            scaled = scaled[chosen]
        weights = np.exp(scaled)
        if self._top_p is not None and self._top_p < 1.0:
            order = np.argsort(-weights, kind="stable")
            together = weights[order].cumsum()
            order = order[: int(np.searchsorted(together, self._top_p * together[-1])) + 1]
            chosen, weights = order if chosen is None else chosen[order], weights[order]
        together = weights.cumsum()
        place = int(np.searchsorted(together, self._generator.random() * together[-1], side="right"))
        return place if chosen is None else int(chosen[place])

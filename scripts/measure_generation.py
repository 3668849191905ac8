"""Measure how fast a language model writes: ``python scripts/measure_generation.py [characters]``.

2 x LSTM 256 over 65 characters, one thread, weights all but as they begin: what is written has no meaning, and takes
the same work. Each way of drawing is timed five times; printed is the best.
"""

import random
import string
import sys
import time
from typing import Any

import torch

from gatecell import LSTMLanguageModel

WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "greedy": {"temperature": 0},
    "top_k=10": {"top_k": 10},
    "top_p=0.9": {"top_p": 0.9},
}


def main(characters: int = 1000) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    letters = random.Random(0)
    text = "".join(letters.choices(string.ascii_letters + " .,;:!?'-\n&3$", k=3000))
    model = LSTMLanguageModel(tokens="character", hidden_size=256, num_layers=2, max_epochs=1, random_state=0).fit(text)
    for name, options in WAYS.items():
        times = []
        for _ in range(5):
            began = time.perf_counter()
            written = model.generate("a", characters, seed=1, **options)
            times.append(time.perf_counter() - began)
        sys.stdout.write(f"{name:9}  {min(times):.3f} s for {len(written):,} characters\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

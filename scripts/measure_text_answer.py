"""Time ``predict_proba`` of one text beside the network alone, of the size of the recipe ``imdb``.

Run as ``python scripts/measure_text_answer.py [WORDS]``; needs no data.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from gatecell import LSTMTextClassifier


def main(length: int) -> None:
    """Print the milliseconds of both and their difference, the best of a hundred."""
    rng = np.random.default_rng(0)
    words = [f"word{number}" for number in range(9_996)]
    texts = [" ".join(part) for part in np.array_split(rng.permutation(words), 40)]
    model = LSTMTextClassifier(embedding_dim=32, hidden_size=100, max_epochs=1, random_state=0)
    model.fit(texts, [0, 1] * 20)
    text = [" ".join(rng.choice(words, length))]
    rows = model._network_rows(model._read_inputs(text, reset=False), training=False).take(torch.tensor([0]))

    def network_alone() -> None:
        with torch.inference_mode():
            model.network_(*rows)

    whole, network = _best_ms(lambda: model.predict_proba(text)), _best_ms(network_alone)
    sys.stdout.write(
        f"a text of {length} words, {torch.get_num_threads()} threads: predict_proba {whole:.2f} ms, "
        f"the network alone {network:.2f} ms, beyond it {whole - network:.2f} ms\n"
    )


def _best_ms(call: Callable[[], object], repeats: int = 100) -> float:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return 1e3 * min(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 230)

import math

import numpy as np
import pytest

from gatecell._core.errors import InputError
from gatecell.evaluation.language import judge_language


def test_figures_against_counts_by_hand() -> None:
    log_prob = np.log([0.5, 0.25, 0.125])
    found = judge_language(log_prob, 6, {"unigram": np.log([0.5, 0.5, 0.5])})
    # 1 + 2 + 3 bits over three tokens and six characters
    assert found.figures == pytest.approx({"perplexity": 4, "nats_per_token": 2 * math.log(2), "bits_per_character": 1})
    assert found.metrics("test_")["test_perplexity_unigram"] == pytest.approx(2)
    assert found.row_losses.mean() == pytest.approx(found.figures[found.loss])


def test_nothing_to_judge_by() -> None:
    with pytest.raises(InputError, match="There is no character to judge by"):
        judge_language(np.zeros(1), 0)

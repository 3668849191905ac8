from pathlib import Path

import pytest

from gatecell import LSTMLanguageModel
from gatecell.recipes.scoring import judge
from gatecell.reporting.report import write_report
from gatecell.reporting.subject import Judged
from tests.reporting.test_report import page


@pytest.mark.parametrize("one_text", [True, False])
def test_a_page_of_a_language_model(tmp_path: Path, one_text: bool) -> None:
    texts: str | list[str] = "the <b>cat</b> sat. " * 60 if one_text else ["the cat sat", "a dog <i>ran</i>"] * 20
    model = LSTMLanguageModel(tokens="character", hidden_size=8, batch_size=2, max_epochs=2, random_state=0).fit(texts)
    held: str | list[str] = "the cat sat. zebra" if one_text else ["the cat ran", "a zebra"]
    look = Judged(judgement=judge(model, held, None), X=held, what="other text")
    path = write_report(tmp_path / "r.html", model, judged=look)
    seen = page(path)
    assert model.token_counts_ is not None
    n_learned, n_known = int(model.token_counts_.sum()), len(model.tokenizer_)
    assert f"learned from {n_learned:,} tokens vocabulary {n_known} tokens" in seen.text
    for text in ("perplexity", "What surprised it", "What it writes", "At temperature 0.5", "softmax"):
        assert text in seen.text
    assert set(look.judgement.metrics().values()) <= set(seen.numbers)
    assert "i" not in seen.tags
    # every token that was judged has its colour
    shown = path.read_text().count('<span title="')
    assert shown == min(250, len(look.judgement.row_losses))

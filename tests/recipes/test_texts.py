"""The recipes of texts and vowels, quickly, on the real data; and what a quick run is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from gatecell.estimators.loading import load
from gatecell.recipes.recipe import QUICK_ROWS, Part, RecipeData
from gatecell.recipes.registry import RECIPES
from gatecell.recipes.run import _thinned, run_recipe

QUICK = [
    name
    for name, recipe in RECIPES.items()
    if (recipe.estimator == "LSTMTextClassifier" or name == "vowels") and name != "imdb-bert"
]


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_run(name: str, data_home: Path, tmp_path: Path) -> None:
    result = run_recipe(name, settings={"quick": True}, output=tmp_path)
    assert result.epochs == 1
    assert 0 < result.metrics["test_accuracy"] <= 1
    assert ("validation_accuracy" in result.metrics) == (name not in ("imdb-best", "questions"))
    assert load(result.artifact).summary()


def test_imdb_bert_quickly(data_home: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs transformers (the extra of that name)")
    folder = tmp_path / "encoder"
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "good", "bad"]
    (folder / "vocab.txt").write_text("\n".join(words))
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    settings = {"quick": True, "encoder": str(folder), "hidden_size": 4}
    result = run_recipe("imdb-bert", settings=settings, output=tmp_path / "run")
    model = load(result.artifact)
    assert "front (Encoder)" in model.summary()
    given = safetensors.torch.load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in model.network_.state_dict().items() if name.startswith("front.")}
    assert kept.keys() == {f"front.model.{name}" for name in given}
    assert all(torch.equal(kept[f"front.model.{name}"], tensor) for name, tensor in given.items())
    again = run_recipe("imdb-bert", settings={**settings, "max_epochs": 2}, output=tmp_path / "longer")
    assert not torch.equal(load(again.artifact).network_.head.weight, model.network_.head.weight)


def test_a_quick_run_has_few_rows_spread_over_all() -> None:
    def part(count: int, **changes: Any) -> Part:
        return Part([f"text {index}" for index in range(count)], np.arange(count))

    data = RecipeData(part(1000), part(10), {"rule": np.arange(10)}, part(301))
    quick = _thinned(data)
    assert quick.train.y.tolist() == list(range(0, 1000, 4))
    assert [f"text {index}" for index in range(0, 1000, 4)] == quick.train.X
    assert quick.test.y.tolist() == list(range(10))
    assert quick.baselines["rule"].tolist() == list(range(10))
    assert quick.validation is not None
    assert len(quick.validation.y) == 151 <= QUICK_ROWS


def test_a_validation_part_of_the_data_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPES["news"]
    texts = ["\u80a1\u5e02", "\u8db3\u7403"] * 10
    y = np.array(["finance", "sports"] * 10)
    data = RecipeData(Part(texts, y), Part(texts[:2], y[:2]), validation=Part(texts[:6], y[:6]))
    monkeypatch.setattr("gatecell.datasets.thucnews.load_thucnews", lambda download: data)
    result = run_recipe(recipe.name, settings={"max_epochs": 2, "validation_fraction": 0.5}, output=tmp_path)
    model = load(result.artifact)
    assert len(model.tokenizer_) == 8
    assert result.metrics["validation_accuracy"] in {index / 6 for index in range(7)}


def test_the_networks_are_those_of_the_tutorials() -> None:
    imdb = RECIPES["imdb"].parameters
    assert (imdb["vocabulary_size"], imdb["embedding_dim"], imdb["hidden_size"]) == (10_000, 32, 100)
    assert (imdb["batch_size"], imdb["max_epochs"], imdb["patience"], imdb["max_length"]) == (64, 10, 3, 500)
    assert RECIPES["imdb-cnn"].parameters["conv_filters"] == 64
    assert RECIPES["imdb-stacked"].parameters["hidden_size"] == (128, 64)
    assert RECIPES["imdb-batchnorm"].parameters["norm"] == "batch"
    assert RECIPES["news"].parameters["tokens"] == "character"

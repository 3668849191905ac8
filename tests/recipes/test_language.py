"""The recipes of language: what they are, and quickly on the real data."""

from pathlib import Path

import pytest

from gatecell.data.language import LanguageTokenizer, LanguageTokenizerConfig
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.loading import load
from gatecell.estimators.settings import training_config
from gatecell.nn.language import LanguageNetwork
from gatecell.recipes.recipe import QUICK_CHARACTERS, Part, RecipeData
from gatecell.recipes.registry import RECIPES, get_recipe
from gatecell.recipes.run import _thinned, run_recipe
from gatecell.training.schedule import scheduled_rate

NAMES = [name for name, recipe in RECIPES.items() if recipe.estimator == "LSTMLanguageModel"]


@pytest.mark.parametrize("name", NAMES)
def test_a_quick_run(name: str, data_home: Path, tmp_path: Path) -> None:
    result = run_recipe(name, settings={"quick": True}, output=tmp_path)
    assert result.epochs == 1
    measured = {"test_perplexity", "test_nats_per_token", "test_bits_per_character"}
    if name != "shakespeare":
        measured |= {"validation_loss", "validation_perplexity"}
    assert set(result.metrics) >= measured
    model = load(result.artifact)
    assert isinstance(model, LSTMLanguageModel)
    test = get_recipe(name).load(False).test.X[:QUICK_CHARACTERS]
    assert model.perplexity(test) == pytest.approx(result.metrics["test_perplexity"])


def test_ptb_is_the_papers_small_setting() -> None:
    parameters = LSTMLanguageModel(**get_recipe("ptb").parameters).get_params()
    names = ("hidden_size", "num_layers", "embedding_dim", "bptt", "batch_size", "init_range", "clip_norm", "stateful")
    assert [parameters[name] for name in names] == [200, 2, None, 20, 20, 0.1, 5.0, True]
    assert not any(parameters[name] for name in parameters if "dropout" in name)
    config = training_config(parameters, 0, {})
    assert (config.optimizer, config.max_epochs, config.l2) == ("sgd", 13, 0.0)
    rates = [scheduled_rate(config, epoch) for epoch in range(13)]
    assert rates == [1.0] * 4 + [0.5**k for k in range(1, 10)]


def test_the_ptb_network_has_the_papers_parameters(data_home: Path) -> None:
    model = LSTMLanguageModel(**get_recipe("ptb").parameters)
    config = LanguageTokenizerConfig(unit="word", vocabulary_size=model.vocabulary_size, lowercase=model.lowercase)
    model.tokenizer_ = LanguageTokenizer.learn([get_recipe("ptb").load(False).train.X], config)
    network = LanguageNetwork(model._network_config())
    # 10,000 words as the embedding and as the softmax with its bias, two layers of 4 x 200 x (200 + 200 + 1)
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_000_000 + 2_010_000 + 2 * 320_800


def test_parts_of_shakespeare(data_home: Path) -> None:
    data = get_recipe("shakespeare").load(False)
    assert (len(data.train.X), len(data.test.X)) == (1_003_855, 111_539)
    assert "validation_fraction" not in get_recipe("shakespeare").parameters


def test_a_quick_run_has_the_beginning_of_a_text() -> None:
    text = "abc" * QUICK_CHARACTERS
    data = _thinned(RecipeData(Part(text), Part("short"), validation=Part(text)))
    assert text[:QUICK_CHARACTERS] == data.train.X
    assert data.test.X == "short"
    assert data.validation == Part(text[:QUICK_CHARACTERS])

"""Rows of unlike lengths: who says "ae"."""

from types import MappingProxyType

from gatecell.recipes.recipe import Part, Recipe, RecipeData


def _vowels(download: bool) -> RecipeData:
    from gatecell.datasets.vowels import load_vowels  # noqa: PLC0415  listing recipes loads no arrays

    data = load_vowels(download=download)
    return RecipeData(Part(*data.train), Part(*data.test))


VOWELS = Recipe(
    name="vowels",
    summary="Nine speakers by their vowels, rows of 7 to 29 steps: LSTM(64) in both directions -> 9 classes",
    data="JapaneseVowels: 270 utterances to train on, 370 to test, 12 channels",
    target="test_accuracy >= 0.95",
    estimator="LSTMClassifier",
    parameters=MappingProxyType(
        {
            "hidden_size": 64,
            "bidirectional": True,
            "pooling": "mean",
            "input_dropout": 0.2,
            "max_epochs": 60,
            "batch_size": 16,
            "learning_rate": 3e-3,
            "validation_fraction": 0.1,
        }
    ),
    load=_vowels,
)

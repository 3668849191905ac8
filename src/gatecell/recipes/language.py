"""Language: the Penn Treebank by word, Shakespeare by character."""

from types import MappingProxyType
from typing import Any

from gatecell.recipes.recipe import Part, Recipe, RecipeData

_TEST_SHARE = 0.1
"""Of Shakespeare's plays: the last tenth."""
_QUICK = MappingProxyType({"max_epochs": 1, "batch_size": 4})


def _ptb(download: bool) -> RecipeData:
    from gatecell.datasets.ptb import load_ptb  # noqa: PLC0415  listing recipes loads no arrays

    data = load_ptb(download=download)
    assert data.validation is not None
    return RecipeData(Part(data.train), Part(data.test), validation=Part(data.validation))


def _shakespeare(download: bool) -> RecipeData:
    from gatecell.datasets.shakespeare import load_shakespeare  # noqa: PLC0415

    text = load_shakespeare(download=download)
    place = round(len(text) * (1 - _TEST_SHARE))
    return RecipeData(Part(text[:place]), Part(text[place:]))


_PTB_DATA = "Penn Treebank: 929,589 words to train on, 73,760 to validate, 82,430 to test; 10,000 different ones"
_PTB_PARAMETERS: dict[str, Any] = {
    "tokens": "word",
    "vocabulary_size": 10_000,
    "hidden_size": 200,
    "num_layers": 2,
    "stateful": True,
    "bptt": 20,
    "batch_size": 20,
    "init_range": 0.1,
    "learning_rate": 1.0,
    "clip_norm": 5.0,
    "max_epochs": 13,
    # from epoch 5 on the rate is half of what it was
    "training_options": {"optimizer": "sgd", "lr_schedule": "exponential", "lr_factor": 0.5, "lr_hold": 3},
}

PTB = Recipe(
    name="ptb",
    summary="Penn Treebank by word: 2 x LSTM(200), 20 steps, no regularisation (Zaremba et al. 2014, small)",
    data=_PTB_DATA,
    target="test_perplexity <= 115.9",
    estimator="LSTMLanguageModel",
    parameters=MappingProxyType(_PTB_PARAMETERS),
    load=_ptb,
    quick=_QUICK,
    departures=(
        "The last steps of the text, fewer than 20 a lane, are read too; the paper's code leaves them out.",
        "The first word of each part is predicted, from a line end; the paper's code begins with the second.",
        "One bias a gate, where the paper's code in Torch has two that are summed; the forget gate's starts as all "
        "others do.",
    ),
)

PTB_REGULARISED = Recipe(
    name="ptb-regularised",
    summary="Penn Treebank by word: 2 x LSTM(200), softmax tied to the embedding, variational dropout",
    data=_PTB_DATA,
    target="test_perplexity <= 105",
    estimator="LSTMLanguageModel",
    parameters=MappingProxyType(
        _PTB_PARAMETERS
        | {
            "tied": True,
            "embedding_dropout": 0.05,
            "input_dropout": 0.25,
            "hidden_dropout": 0.25,
            "recurrent_dropout": 0.2,
            "output_dropout": 0.25,
            "max_epochs": 30,
            "patience": 30,
            "training_options": {"optimizer": "sgd", "lr_schedule": "exponential", "lr_factor": 0.8, "lr_hold": 8},
        }
    ),
    load=_ptb,
    quick=_QUICK,
    departures=(
        "The weights of the epoch that is best on the validation part are kept.",
        "30 epochs instead of the 13 of `ptb`, so that training takes less than three times as long.",
    ),
)

SHAKESPEARE = Recipe(
    name="shakespeare",
    summary="Shakespeare by character: 2 x LSTM(256), layer-normalised, with dropout and weight decay",
    data="Tiny Shakespeare: 1,115,394 characters, the last tenth to test",
    target="test_nats_per_token <= 1.55",
    estimator="LSTMLanguageModel",
    parameters=MappingProxyType(
        {
            "tokens": "character",
            "hidden_size": 256,
            "num_layers": 2,
            "stateful": True,
            "bptt": 128,
            "batch_size": 64,
            "dropout": 0.4,
            "learning_rate": 4e-3,
            "clip_norm": 5.0,
            "max_epochs": 40,
            "lstm_options": {"layer_norm": True, "precision": "bfloat16"},
            "training_options": {"lr_schedule": "cosine", "optimizer": "adamw", "weight_decay": 0.1},
        }
    ),
    load=_shakespeare,
    quick=_QUICK,
    departures=(
        "Layer normalisation, dropout, weight decay and epochs were chosen on the tenth before the last, on which the "
        "recipe then trains too: the play that most of the last tenth is from begins there, and most of its names "
        "are in no other.",
        "Products of matrices are rounded to bfloat16 (`--set lstm_options.precision=full` leaves them as they are).",
    ),
)

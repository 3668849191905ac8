"""Texts to classes: film reviews, Chinese headlines, questions."""

from types import MappingProxyType
from typing import Any

from gatecell.recipes.recipe import SEARCH_OPTIONS, Part, Recipe, RecipeData, SearchRecipe

_QUICK = MappingProxyType({"max_epochs": 1, "max_length": 40, "vocabulary_size": 1000})


def _imdb(download: bool) -> RecipeData:
    from gatecell.datasets.imdb import load_imdb  # noqa: PLC0415  listing recipes loads no arrays

    data = load_imdb(download=download)
    train, test = (Part([text.replace("<br />", " ") for text in X], y) for X, y in (data.train, data.test))
    return RecipeData(train, test)


def _news(download: bool) -> RecipeData:
    from gatecell.datasets.thucnews import load_thucnews  # noqa: PLC0415

    data = load_thucnews(download=download)
    assert data.validation is not None
    return RecipeData(Part(*data.train), Part(*data.test), validation=Part(*data.validation))


def _questions(download: bool) -> RecipeData:
    from gatecell.datasets.trec import load_trec  # noqa: PLC0415

    data = load_trec(download=download)
    return RecipeData(Part(*data.train), Part(*data.test))


_IMDB_PARAMETERS: dict[str, Any] = {
    "vocabulary_size": 10_000,
    "max_length": 500,
    "keep": "end",
    "embedding_dim": 32,
    "hidden_size": 100,
    "max_epochs": 10,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "validation_fraction": 0.1,
    "patience": 3,
}
_IMDB_DEPARTURES = (
    "A tenth of the training reviews validates, and says when to stop and which epoch to keep; the tutorials do both "
    "by the test part.",
    "Reviews are as long as they are, up to 500 words (the last 500, as Keras cuts them); the tutorials pad all to "
    "500.",
    "The 10,000 most frequent words come from the training reviews alone, four marks among them; <br /> is no word.",
    "123 texts are in both parts of the data as published, and stay there.",
)


def _imdb_recipe(
    name: str,
    network: str,
    target: str = "test_accuracy >= 0.86",
    departures: tuple[str, ...] = _IMDB_DEPARTURES,
    **changes: Any,
) -> Recipe:
    return Recipe(
        name=name,
        summary=f"Film reviews, good or bad: {network}",
        data="IMDB: 25,000 reviews to train on, 25,000 to test, the 10,000 most frequent words; 0 is bad, 1 is good",
        target=target,
        estimator="LSTMTextClassifier",
        parameters=MappingProxyType(_IMDB_PARAMETERS | changes),
        load=_imdb,
        quick=_QUICK,
        departures=departures,
    )


IMDB = _imdb_recipe(
    "imdb",
    "embedding 32 -> LSTM(100) -> 1 sigmoid, early stopping",
    "test_accuracy >= 0.865",
    (
        *_IMDB_DEPARTURES,
        "The learning rate is 0.0005, half of Keras's: chosen on 5,000 training reviews of films that the others are "
        "not about.",
    ),
    learning_rate=5e-4,
)

IMDB_BEST = _imdb_recipe(
    "imdb-best",
    "embedding 128 with dropout of features and words -> Conv1D(128, 5, relu) -> max-pool 2 -> LSTM(64) in both "
    "directions -> largest value of each feature, random cuts",
    "test_accuracy >= 0.89",
    (
        "Network, rate and epochs were chosen on parts of the training reviews; the recipe then trains on all of them, "
        "for that many epochs. `--set validation_fraction=0.1` holds the tenth out.",
        *_IMDB_DEPARTURES[1:],
    ),
    embedding_dim=128,
    spatial_dropout=0.2,
    token_dropout=0.2,
    random_cut=0.3,
    conv_filters=128,
    conv_kernel_size=5,
    hidden_size=64,
    bidirectional=True,
    pooling="max",
    head_dropout=0.5,
    learning_rate=2e-3,
    clip_norm=1.0,
    max_epochs=3,
    validation_fraction=None,
    patience=None,
    training_options={"lr_schedule": "cosine"},
)

IMDB_ATTENTION = _imdb_recipe(
    "imdb-attention", "embedding 32 -> LSTM(100) -> additive attention over steps -> 1 sigmoid", pooling="attention"
)

IMDB_BIDIRECTIONAL = _imdb_recipe(
    "imdb-bidirectional",
    "embedding 32 -> LSTM(64) in both directions -> 1 sigmoid",
    hidden_size=64,
    bidirectional=True,
)

IMDB_CNN = _imdb_recipe(
    "imdb-cnn", "embedding 32 -> Conv1D(64, 3, relu) -> max-pool 2 -> LSTM(100) -> 1 sigmoid", conv_filters=64
)

IMDB_STACKED = _imdb_recipe(
    "imdb-stacked",
    "embedding 32 -> LSTM(128) -> LSTM(64) -> 1 sigmoid, with dropout",
    hidden_size=(128, 64),
    spatial_dropout=0.2,
    dropout=0.2,
)

IMDB_BATCHNORM = _imdb_recipe(
    "imdb-batchnorm",
    "embedding 32 -> LSTM(128) -> batch normalisation -> LSTM(64) -> 1 sigmoid, with dropout",
    hidden_size=(128, 64),
    norm="batch",
    spatial_dropout=0.2,
    dropout=0.2,
)

IMDB_BERT = _imdb_recipe(
    "imdb-bert",
    "frozen pretrained encoder -> LSTM(128) -> 1 sigmoid",
    "it trains, and the encoder's weights do not change",
    (
        *_IMDB_DEPARTURES,
        "The encoder is the one that is named, which transformers downloads where it is not in its cache; "
        "--set encoder=FOLDER takes one that is on this machine.",
    ),
    encoder="bert-base-uncased",
    hidden_size=128,
)

_IMDB_SPACE = MappingProxyType({"hidden_size": (64, 100, 128), "input_dropout": (0.1, 0.2, 0.3)})
_SIZES, _DROPOUTS = (", ".join(map(str, choices)) for choices in _IMDB_SPACE.values())
_FOLDS, _ROWS = (SEARCH_OPTIONS[name][0] for name in ("folds", "rows"))

IMDB_SEARCH = SearchRecipe(
    name="imdb-search",
    summary=f"Film reviews: the grid of hidden size {_SIZES} and dropout {_DROPOUTS}, each by {_FOLDS} folds",
    data=f"IMDB: {_ROWS:,} of the 25,000 reviews to search and to train on, 25,000 to test",
    target="the table, the best model",
    estimator="LSTMTextClassifier",
    parameters=MappingProxyType(_IMDB_PARAMETERS | {"max_epochs": 5, "batch_size": 32, "learning_rate": 3e-3}),
    space=_IMDB_SPACE,
    load=_imdb,
    quick=_QUICK,
    departures=_IMDB_DEPARTURES,
)

NEWS = Recipe(
    name="news",
    summary="Chinese headlines by character: embedding 128 -> LSTM(128, dropout 0.2, recurrent 0.2) -> 10 classes",
    data="THUCNews: 44,872 headlines to train on, 10,000 to validate, 10,000 to test",
    target="test_accuracy >= 0.86",
    estimator="LSTMTextClassifier",
    parameters=MappingProxyType(
        {
            "tokens": "character",
            "vocabulary_size": 5000,
            "embedding_dim": 128,
            "hidden_size": 128,
            "input_dropout": 0.2,
            "recurrent_dropout": 0.2,
            "embedding_dropout": 0.3,
            "head_dropout": 0.3,
            "max_epochs": 8,
            "batch_size": 32,
            "learning_rate": 1e-3,
            "patience": 3,
            "training_options": {"lr_schedule": "cosine"},
        }
    ),
    load=_news,
    quick=_QUICK,
    departures=("The data's own validation part says which epoch is kept.",),
)

QUESTIONS = Recipe(
    name="questions",
    summary="What a question asks for: embedding 128 -> Conv1D(128, 3) -> LSTM(64) in both directions -> 6 classes",
    data="TREC: 5,452 questions to train on, 500 to test",
    target="test_accuracy >= 0.87",
    estimator="LSTMTextClassifier",
    parameters=MappingProxyType(
        {
            "lowercase": False,
            "embedding_dim": 128,
            "embedding_dropout": 0.5,
            "spatial_dropout": 0.2,
            "conv_filters": 128,
            "conv_pool_size": 1,
            "hidden_size": 64,
            "bidirectional": True,
            "recurrent_dropout": 0.2,
            "pooling": "max",
            "head_dropout": 0.5,
            "max_epochs": 5,
            "batch_size": 32,
            "learning_rate": 2e-3,
            "training_options": {"lr_schedule": "cosine"},
        }
    ),
    load=_questions,
    quick=_QUICK,
    departures=("Network and epochs were chosen by five folds of the training questions; the recipe trains on all.",),
)

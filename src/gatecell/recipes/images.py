"""Images read row by row: scikit-learn's digits, and MNIST as the classic LSTM tutorial has it."""

from types import MappingProxyType
from typing import Any

from gatecell.recipes.recipe import Part, Recipe, RecipeData


def _digits(download: bool) -> RecipeData:
    from gatecell.datasets.digits import load_digits  # noqa: PLC0415  listing recipes loads no arrays

    data = load_digits()
    return RecipeData(Part(*data.train), Part(*data.test))


def _mnist(download: bool) -> RecipeData:
    from gatecell.datasets.mnist import load_mnist  # noqa: PLC0415

    data = load_mnist(download=download)
    return RecipeData(Part(*data.train), Part(*data.test))


DIGITS = Recipe(
    name="digits",
    summary="Hand-written digits of 8 x 8 pixels, offline and in seconds: LSTM(64) with dropout 0.1 -> 10 classes",
    data="scikit-learn's digits: 1,437 rows to train on, 360 to test, 8 steps of 8 values in 0..1",
    target="test_accuracy >= 0.96",
    estimator="LSTMClassifier",
    parameters=MappingProxyType(
        {
            "hidden_size": 64,
            "scaling": None,
            "input_dropout": 0.1,
            "recurrent_dropout": 0.1,
            "max_epochs": 60,
            "batch_size": 32,
            "learning_rate": 3e-3,
            "validation_fraction": 0.1,
        }
    ),
    load=_digits,
)

_MNIST_PARAMETERS: dict[str, Any] = {
    "hidden_size": 128,
    "scaling": None,
    "max_epochs": 5,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "validation_fraction": 0.1,
}
_MNIST_DATA = "MNIST: 60,000 images to train on, 10,000 to test, 28 rows = 28 steps of 28 values in 0..1"
_MNIST_DEPARTURES = (
    "A tenth of the training images validates; the tutorial validates on the test part, and trains on all 60,000. "
    "--set validation=test is the tutorial's setting; the weights are those of the last epoch in both, so that nothing "
    "is chosen by looking at the test part.",
    "Labels are class numbers under cross-entropy; the tutorial's one-hot vectors give the same loss.",
)


def _mnist_recipe(name: str, summary: str, target: str, departures: tuple[str, ...] = (), **changes: Any) -> Recipe:
    return Recipe(
        name=name,
        summary=summary,
        data=_MNIST_DATA,
        target=target,
        estimator="LSTMClassifier",
        parameters=MappingProxyType(_MNIST_PARAMETERS | changes),
        load=_mnist,
        departures=_MNIST_DEPARTURES + departures,
    )


MNIST = _mnist_recipe("mnist", "MNIST: LSTM(128) -> 10 classes, 5 epochs", "test_accuracy >= 0.980")

MNIST_DEEP = _mnist_recipe(
    "mnist-deep",
    "MNIST: LSTM(128) -> LSTM(128) -> 10 classes, 5 epochs",
    "test_accuracy >= 0.983",
    num_layers=2,
)

MNIST_DROPOUT = _mnist_recipe(
    "mnist-dropout",
    "MNIST: LSTM(128) with dropout 0.2 on inputs and on the state -> 10 classes, 5 epochs",
    "test_accuracy >= 0.98",
    (
        "The penalty on the weights that the tutorial adds in a second variant is --set l2=VALUE; "
        "it is 0 unless asked for.",
    ),
    input_dropout=0.2,
    recurrent_dropout=0.2,
)

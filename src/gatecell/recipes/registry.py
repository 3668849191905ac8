"""All recipes by name."""

from gatecell._core.errors import unknown_name
from gatecell.recipes.images import DIGITS, MNIST, MNIST_DEEP, MNIST_DROPOUT
from gatecell.recipes.language import PTB, PTB_REGULARISED, SHAKESPEARE
from gatecell.recipes.recipe import Recipe
from gatecell.recipes.series import ELECTRICITY, HOURLY, PASSENGERS, PRICE
from gatecell.recipes.temperatures import REGRESSION
from gatecell.recipes.texts import (
    IMDB,
    IMDB_ATTENTION,
    IMDB_BATCHNORM,
    IMDB_BERT,
    IMDB_BEST,
    IMDB_BIDIRECTIONAL,
    IMDB_CNN,
    IMDB_SEARCH,
    IMDB_STACKED,
    NEWS,
    QUESTIONS,
)
from gatecell.recipes.vowels import VOWELS

_ALL = (
    DIGITS,
    MNIST,
    MNIST_DEEP,
    MNIST_DROPOUT,
    REGRESSION,
    PRICE,
    PASSENGERS,
    ELECTRICITY,
    HOURLY,
    IMDB,
    IMDB_BEST,
    IMDB_SEARCH,
    IMDB_ATTENTION,
    IMDB_BIDIRECTIONAL,
    IMDB_CNN,
    IMDB_STACKED,
    IMDB_BATCHNORM,
    IMDB_BERT,
    NEWS,
    QUESTIONS,
    VOWELS,
    PTB,
    PTB_REGULARISED,
    SHAKESPEARE,
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _ALL}
"""The recipes, those that need no download first."""


def get_recipe(name: str) -> Recipe:
    """Return the recipe of a name.

    Raises
    ------
    UnknownNameError
        Where there is none; suggests the nearest.
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    return RECIPES[name]

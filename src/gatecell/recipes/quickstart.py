"""The first run of all: the digits, and their test part as a file to try a model on."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from gatecell._core.files import atomic_path
from gatecell._core.locks import sole_writer
from gatecell.recipes.registry import get_recipe
from gatecell.recipes.run import CHECKPOINT_FOLDER, RunResult, run_recipe

RECIPE = "digits"
TEST_FILE = "test.npz"


class Quickstart(NamedTuple):
    """What came of it."""

    result: RunResult
    """Of the run."""
    test_file: Path
    """The test part, with ``X`` and ``y``."""
    n_test: int
    """The rows in it."""


def run_quickstart(output: str | Path, *, seed: int = 0, force: bool = False, verbose: int = 0) -> Quickstart:
    """Run the recipe of the digits, on from where it was stopped, and write its test part beside the model.

    Parameters
    ----------
    output : path
        The folder to write to.
    seed, force, verbose
        See ``gatecell.recipes.run.run_recipe``; ``force`` begins anew.

    Raises
    ------
    OptionError, TrainingError, OutputInUseError
        As ``run_recipe``.
    """
    output = Path(output)
    with sole_writer(output, folder=True):
        unfinished = (output / CHECKPOINT_FOLDER).exists() and not force
        result = run_recipe(RECIPE, seed=seed, output=output, resume=unfinished, force=force, verbose=verbose)
        test = get_recipe(RECIPE).load(False).test
        path = output / TEST_FILE
        with atomic_path(path) as part, part.open("wb") as stream:
            np.savez_compressed(stream, X=test.X, y=test.y)
    return Quickstart(result, path, len(test.y))

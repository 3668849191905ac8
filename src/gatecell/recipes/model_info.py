"""What a model file holds, as JSON values."""

from pathlib import Path
from typing import Any

from gatecell.artifact.store import read_metadata
from gatecell.estimators.loading import load
from gatecell.recipes.notes import notes_of


def kind_of_model(path: str | Path) -> str:
    """Return the name of the estimator that a model file holds; errors as ``gatecell.load`` has them."""
    return str(read_metadata(path)[0].get("estimator"))


def describe_model(path: str | Path) -> dict[str, Any]:
    """Describe a model file.

    Returns
    -------
    dict
        ``estimator``, ``parameters`` (those that are set), ``trained`` (epochs, seconds, what it takes), ``notes``
        (recipe, metrics, columns), ``versions`` (of the writer), ``summary`` and ``engines`` (both text).

    Raises
    ------
    ArtifactError
        Where the file is missing, damaged, of another program, or of a newer format.
    """
    estimator, (_, versions) = load(path), read_metadata(path)
    parameters = {name: value for name, value in estimator.get_params(deep=False).items() if value is not None}
    classes = getattr(estimator, "classes_", None)
    return {
        "estimator": type(estimator).__name__,
        "parameters": parameters,
        "trained": {
            "takes": estimator.takes(),
            **({"classes": classes.tolist()} if classes is not None else {}),
            "epochs": len(estimator.history_),
            "stopped_early": estimator.training_.stopped_early,
            "seconds": round(estimator.training_.seconds, 3),
        },
        "notes": {name: value for name, value in notes_of(path).values.items() if value is not None},
        "versions": versions,
        "summary": estimator.summary(),
        "engines": estimator.explain(),
    }

"""What trials begin with: the estimator of a search, or a pipeline that has one, without a life of its own."""

from typing import Any

from sklearn import clone


def trial_basis(estimator: Any, seed: int) -> Any:
    """Return a copy that is silent, seeded, and without checkpoints and logs; the steps of a pipeline, too."""
    copied = seeded(estimator, seed)
    changes: dict[str, Any] = {}
    for name, value in copied.get_params().items():
        parameter = name.rpartition("__")[2]
        if parameter in ("checkpoint_dir", "logger"):
            # the study is the log of its trials, and each begins anew
            changes[name] = None
        elif parameter == "verbose" and value is not None:
            # of a pipeline it is False
            changes[name] = type(value)(0)
    return copied.set_params(**changes)


def seeded(estimator: Any, seed: int) -> Any:
    """Return a copy, with ``seed`` wherever ``random_state`` is None."""
    copied = clone(estimator)
    unseeded = [
        name
        for name, value in copied.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    return copied.set_params(**dict.fromkeys(unseeded, seed))

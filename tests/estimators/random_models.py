"""Estimators of all classes with options drawn by chance, each fitted to a few rows, as one digest of what came of it.

Run as a script, it fits many one after the other and as many in threads, and says how many differ:

    python -m tests.estimators.random_models 300
"""

import hashlib
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from gatecell import (
    LSTMClassifier,
    LSTMForecaster,
    LSTMLanguageModel,
    LSTMRegressor,
    LSTMTextClassifier,
)

WORDS = ("a", "good", "bad", "film", "the", "plot", "was", "dull", "bright", "long", "and", "short", "liked", "nothing")


def fitted_digest(number: int) -> str:
    """Fit the model of a number, and return a digest of its weights, its history and its predictions."""
    return KINDS[number % len(KINDS)](np.random.default_rng(number))


def differing(numbers: Iterable[int], n_threads: int) -> list[int]:
    """Fit models one after the other and as many at a time as there are threads; return those that differ."""
    numbers = list(numbers)
    serial = [fitted_digest(number) for number in numbers]
    with ThreadPoolExecutor(n_threads) as pool:
        threaded = list(pool.map(fitted_digest, numbers))
    return [number for number, one, other in zip(numbers, serial, threaded, strict=True) if one != other]


def _digest(model: Any, *predictions: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(model.network_.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    for row in model.history_.rows:
        digest.update(repr({name: value for name, value in row.items() if name != "seconds"}).encode())
    for values in predictions:
        digest.update(values.encode() if isinstance(values, str) else np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _layers(draw: Generator) -> dict[str, Any]:
    options = {
        "proj_size": int(draw.choice([0, 0, 4])),
        "zoneout_h": float(draw.choice([0.0, 0.1])),
        "zoneout_c": float(draw.choice([0.0, 0.2])),
        "layer_norm": bool(draw.integers(2)),
        "peephole": bool(draw.integers(2)),
        "coupled_gates": bool(draw.integers(2)),
        "initialisation": str(draw.choice(["glorot", "torch"])),
    }
    return {
        "hidden_size": int(draw.integers(5, 12)),
        "num_layers": int(draw.integers(1, 3)),
        "dropout": float(draw.choice([0.0, 0.3])),
        "input_dropout": float(draw.choice([0.0, 0.2])),
        "recurrent_dropout": float(draw.choice([0.0, 0.25])),
        "lstm_options": options if draw.integers(3) else None,
    }


def _training(draw: Generator, *, validation: bool = True) -> dict[str, Any]:
    options: dict[str, Any] = {
        "max_epochs": int(draw.integers(1, 4)),
        "batch_size": int(draw.choice([7, 16])),
        "clip_norm": (None, 1.0)[draw.integers(2)],
        "random_state": int(draw.integers(1000)),
        "training_options": {
            "optimizer": str(draw.choice(["adam", "adamw", "sgd", "rmsprop"])),
            "accelerator": "cpu",
        },
    }
    if validation and draw.integers(2):
        options |= {"validation_fraction": 0.25, "patience": 2}
    return options


def _pooled(draw: Generator) -> dict[str, Any]:
    return {
        "bidirectional": bool(draw.integers(2)),
        "pooling": str(draw.choice(["last", "mean", "max"])),
    }


def _values(draw: Generator) -> Any:
    if draw.integers(2):
        return draw.normal(size=(40, 9, 3))
    return [draw.normal(size=(int(steps), 3)) for steps in draw.integers(2, 12, 40)]


def _classifier(draw: Generator) -> str:
    X = _values(draw)
    y = np.arange(40) % 3
    model = LSTMClassifier(
        **_layers(draw),
        **_pooled(draw),
        **_training(draw),
        class_weight=(None, "balanced")[draw.integers(2)],
    )
    model.fit(X, y)
    return _digest(model, model.predict_proba(X))


def _regressor(draw: Generator) -> str:
    X = _values(draw)
    y = np.array([row.sum() for row in X])
    model = LSTMRegressor(**_layers(draw), **_pooled(draw), **_training(draw)).fit(X, y)
    return _digest(model, model.predict(X))


def _texts(draw: Generator) -> list[str]:
    return [" ".join(draw.choice(WORDS, int(n))) for n in draw.integers(3, 15, 40)]


def _text_classifier(draw: Generator) -> str:
    X, y = _texts(draw), np.arange(40) % 2
    model = LSTMTextClassifier(
        **_layers(draw),
        **_pooled(draw),
        **_training(draw),
        head_dropout=float(draw.choice([0.0, 0.3])),
        embedding_dim=6,
        embedding_dropout=float(draw.choice([0.0, 0.3])),
        spatial_dropout=float(draw.choice([0.0, 0.2])),
        token_dropout=float(draw.choice([0.0, 0.1])),
        random_cut=float(draw.choice([0.0, 0.4])),
    )
    model.fit(X, y)
    return _digest(model, model.predict_proba(X))


def _language_model(draw: Generator) -> str:
    text = " ".join(draw.choice(WORDS, 400))
    layers = _layers(draw)
    del layers["input_dropout"]
    model = LSTMLanguageModel(
        **layers,
        **{**_training(draw), "batch_size": 4},
        tokens="word",
        bptt=10,
        embedding_dropout=float(draw.choice([0.0, 0.1])),
        input_dropout=float(draw.choice([0.0, 0.2])),
        hidden_dropout=float(draw.choice([0.0, 0.2])),
        output_dropout=float(draw.choice([0.0, 0.3])),
        stateful=bool(draw.integers(2)),
        init_range=(None, 0.1)[draw.integers(2)],
        cutoffs=None if draw.integers(2) else (5,),
    )
    model.fit(text)
    return _digest(model, model.log_prob(text), model.generate("a good", max_new=20, seed=int(draw.integers(100))))


def _forecaster(draw: Generator) -> str:
    days = pd.date_range("2024-01-01", periods=120, freq="D")
    steps = np.arange(120)
    series = pd.Series(np.sin(steps / 5) + draw.normal(size=120) / 5 + 10, index=days, name="load")
    layers, training = _layers(draw), _training(draw, validation=False)
    model = LSTMForecaster(horizon=4, lookback=14, **layers, **training).fit(series)
    return _digest(model, model.predict(level=(80,)).to_csv(float_format="%.17g"))


KINDS: tuple[Callable[[Generator], str], ...] = (
    _classifier,
    _regressor,
    _text_classifier,
    _language_model,
    _forecaster,
)


if __name__ == "__main__":
    n_models = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    found = differing(range(n_models), 8)
    sys.stdout.write(f"{len(found)} of {n_models} models differ in threads from one after the other: {found}\n")
    sys.exit(bool(found))

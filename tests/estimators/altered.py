"""Files of estimators with something altered in them, and their sums made anew, as one who forges a file would."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import gatecell
from gatecell.artifact.store import Artifact, load_artifact, save_artifact
from gatecell.estimators.base import LSTMEstimator

DATA = Path(__file__).parents[1] / "artifact" / "data"
"""Files that version 0.1.0 wrote."""
KINDS = ("classifier", "regressor", "text", "text_characters", "text_encoder", "language", "forecaster")

_TEXTS = ["a good film", "bad", "", "好电影 \U0001f600", "x" * 300]


def content(kind: str) -> Artifact:
    """Return what the file of a kind holds; the texts of tokenizers as JSON, so that a change can be made in them."""
    artifact = load_artifact(DATA / f"{kind}.safetensors")
    inputs = artifact.metadata["inputs"]
    if "tokenizer" in inputs:
        inputs["tokenizer"] = json.loads(inputs["tokenizer"])
    return artifact


def write(path: Path, tensors: dict[str, torch.Tensor], metadata: Any) -> Path:
    """Write a file whose sums are right; a value that JSON cannot hold is written as Python's own writer does."""
    if isinstance(metadata, dict) and isinstance(metadata.get("inputs"), dict):
        inputs = dict(metadata["inputs"])
        if not isinstance(inputs.get("tokenizer", ""), str):
            inputs["tokenizer"] = json.dumps(inputs["tokenizer"])
        metadata = {**metadata, "inputs": inputs}
    return save_artifact(path, tensors, metadata)


def used(model: LSTMEstimator) -> None:
    """Do with an estimator what one does with one that is loaded; what is refused is refused by an error of ours."""
    model.summary()
    model.explain()
    model.get_params()
    model.takes()
    if isinstance(model, gatecell.LSTMForecaster):
        model.predict(level=())
        model.update(_later(model))
        model.predict(level=[60])
        model.backtest(level=())
        model.fitted_values()
    elif isinstance(model, gatecell.LSTMLanguageModel):
        model.generate("it was", max_new=5, seed=0)
        model.perplexity("no it was\nmonday")
        model.unigram_log_prob("no it was")
    elif isinstance(model, gatecell.LSTMTextClassifier):
        model.predict(_TEXTS)
        model.predict_proba(_TEXTS[:1])
        model.step_names("a good film")
    elif isinstance(model, gatecell.LSTMClassifier | gatecell.LSTMRegressor):
        width = model.n_features_in_ if model.n_features_in_ <= 50 else 2
        model.predict(np.ones((3, width)) if model.input_kind_ == "table" else np.ones((3, 4, width)))


def _later(model: gatecell.LSTMForecaster) -> pd.Series:
    panel = model.panel_
    index = panel.steps_after(2)[0]
    return pd.Series([0.5, 1.5], index=index, name=panel.target_names[0])

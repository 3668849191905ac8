"""What this installation is made of."""

import os
import platform
from dataclasses import replace
from typing import Any

import torch

from gatecell.artifact.format import library_versions
from gatecell.datasets import imdb, mnist, ptb, shakespeare, temperatures, thucnews, trec, vowels
from gatecell.datasets.files import DATA_HOME_VARIABLE, cache_folder, places
from gatecell.kernels import core
from gatecell.kernels.dispatch import choose_engine
from gatecell.kernels.options import LSTMOptions

_PLAIN = LSTMOptions(input_size=64, hidden_size=64)
_CASES = {
    "plain LSTM": _PLAIN,
    "recurrent dropout": replace(_PLAIN, recurrent_dropout=0.2),
    "layer normalisation": replace(_PLAIN, layer_norm=True),
    "peepholes": replace(_PLAIN, peephole=True),
}
"""What people ask of an LSTM; which engine runs differs between these."""
_DATA = {
    "mnist": mnist.TRAIN_IMAGES,
    "imdb": imdb.TRAIN,
    "thucnews": thucnews.TRAIN,
    "trec": trec.TRAIN,
    "vowels": vowels.TRAIN,
    "ptb": ptb.TRAIN,
    "shakespeare": shakespeare.TEXT,
    "temperatures": temperatures.TEMPERATURES,
}
"""The data sets that are not shipped with a library, by the file to learn from."""


def examine() -> dict[str, dict[str, Any]]:
    """Return versions, threads, devices, engines with their reasons, and where data sets are looked for.

    Returns
    -------
    dict of dict
        Section to name to value, all JSON.
    """
    home = os.environ.get(DATA_HOME_VARIABLE)
    return {
        "versions": library_versions(),
        "machine": {
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "native core": core.missing() or f"instruction set {core.isa()}",
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none that PyTorch can use",
        },
        "engines": {name: str(choose_engine(options, training=True)) for name, options in _CASES.items()},
        "data": {
            DATA_HOME_VARIABLE: home or "not set",
            "cache": str(cache_folder()),
            **{
                name: next((str(place) for place in places(file) if place.is_file()), "not on this machine")
                for name, file in _DATA.items()
            },
        },
    }

"""What all threads of a process share, as it is now, to be compared with what it was."""

import locale
import logging
import os
import random
import signal
import warnings
from typing import Any

import matplotlib as mpl
import numpy as np
import torch


def process_state() -> dict[str, Any]:
    """Return the states of generators, loggers, filters, handlers and switches by name; equal where nothing changed."""
    numbers: Any = np.random.get_state(legacy=False)  # noqa: NPY002  the one that others may use
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    return {
        "torch's generator": torch.get_rng_state().tolist(),
        "numpy's generator": (numbers["state"]["key"].tolist(), numbers["state"]["pos"], numbers["gauss"]),
        "random's generator": random.getstate(),
        "loggers": {
            logger.name: (logger.level, list(logger.handlers), list(logger.filters), logger.disabled, logger.propagate)
            for logger in loggers
            if isinstance(logger, logging.Logger)
        },
        "handlers of loggers": [
            (handler.level, list(handler.filters))
            for logger in loggers
            if isinstance(logger, logging.Logger)
            for handler in logger.handlers
        ],
        "filters for warnings": (id(warnings.filters), list(warnings.filters)),
        "how a warning is shown": warnings.showwarning,
        "handlers of signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "environment": dict(os.environ),
        "numpy's errors": np.geterr(),
        "numpy's printing": np.get_printoptions(),
        "default dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "search for anomalies": torch.is_anomaly_enabled(),
        "cudnn": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "functions of torch.nn.init": {name: value for name, value in vars(torch.nn.init).items() if callable(value)},
        "style of plots": dict(mpl.rcParams),
        "locale": locale.setlocale(locale.LC_ALL),
        "working directory": os.getcwd(),
    }

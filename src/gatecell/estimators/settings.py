"""The flat parameters of an estimator, translated into the records that networks and training are built from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from gatecell._core.errors import OptionError, UnknownNameError, unknown_name
from gatecell._core.names import nearest_name
from gatecell._core.records import plain
from gatecell.nn.config import LSTMConfig
from gatecell.training.config import TrainingConfig

LSTM_PARAMETERS = ("hidden_size", "num_layers", "bidirectional", "dropout", "input_dropout", "recurrent_dropout")
"""Parameters of an estimator that are fields of ``LSTMConfig``; ``lstm_options`` has the others."""
TRAINING_PARAMETERS = (
    *("max_epochs", "batch_size", "learning_rate", "clip_norm", "l2", "patience", "verbose"),
    *("stateful", "bptt"),
)
"""Parameters of an estimator that are fields of ``TrainingConfig``; ``training_options`` has the others."""


def lstm_config(parameters: Mapping[str, Any], **fixed: Any) -> LSTMConfig:
    """Return the LSTM that an estimator's parameters describe, but for fields that it sets itself."""
    own = {name: plain(parameters[name]) for name in LSTM_PARAMETERS if name not in fixed} | fixed
    return LSTMConfig(**own, **_further(parameters, "lstm_options", LSTMConfig, LSTM_PARAMETERS))


def stacked_lstms(parameters: Mapping[str, Any], *, split: bool) -> tuple[LSTMConfig, ...]:
    """Return the LSTMs, one after the other, of an estimator whose ``hidden_size`` may be a sequence.

    With ``split`` each layer is an LSTM of its own, so that something may stand between them.
    """
    size = parameters["hidden_size"]
    if isinstance(size, Sequence) and not isinstance(size, str):
        if not size:
            raise OptionError("hidden_size must be a number or a sequence of at least one, got an empty one.")
        if parameters["num_layers"] != 1:
            raise OptionError(
                f"hidden_size={list(size)} says that there are {len(size)} layers; leave num_layers at 1."
            )
        return tuple(lstm_config({**parameters, "hidden_size": each}) for each in size)
    config = lstm_config(parameters)
    return (replace(config, num_layers=1),) * config.num_layers if split else (config,)


def training_config(
    parameters: Mapping[str, Any], seed: int, defaults: Mapping[str, Any], **changes: Any
) -> TrainingConfig:
    """Return the training that an estimator's parameters describe, with ``changes`` of single fields.

    ``defaults`` are an estimator's own, of fields that ``training_options`` may set; ``changes`` go before all others.
    """
    own = {name: parameters[name] for name in TRAINING_PARAMETERS if name in parameters} | {"seed": seed}
    taken = tuple(own)
    further = _further(parameters, "training_options", TrainingConfig, taken)
    if isinstance(further.get("l2_parameters"), list):
        further["l2_parameters"] = tuple(further["l2_parameters"])
    return TrainingConfig(**{**defaults, **own, **further, **changes})


def _further(parameters: Mapping[str, Any], name: str, record: type, taken: Iterable[str]) -> dict[str, Any]:
    options = parameters[name]
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise OptionError(f"{name} must be a dict of options of {record.__name__}, got {options!r}.")
    known = [field.name for field in fields(record) if field.name not in taken]
    for option in options:
        if option in taken and option not in parameters and option != "seed":
            raise OptionError(f"{name} has {option!r}, which this estimator sets itself. Leave it out.")
        if option in taken:
            own = "random_state" if option == "seed" else option
            raise OptionError(f"{name} has {option!r}, but that is a parameter of its own: {own}=...")
        if option not in known:
            near = nearest_name(str(option), parameters)
            if near is not None and nearest_name(str(option), known) is None:
                raise UnknownNameError(
                    f"There is no option in {name} named {option!r}. Did you mean the parameter {near!r}, {near}=...?"
                )
            raise unknown_name(f"option in {name}", str(option), known)
    return {option: plain(value) for option, value in options.items()}

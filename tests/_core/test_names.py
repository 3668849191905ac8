"""The name that is suggested is the one that is meant."""

import pytest

from gatecell._core.names import ALIASES, nearest_name
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.training.config import OPTIMIZERS, SCHEDULES, TrainingConfig

TRAINING = list(TrainingConfig.__dataclass_fields__)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("adamW", OPTIMIZERS, "adamw"),
        ("Adam", OPTIMIZERS, "adam"),
        ("RMSProp", OPTIMIZERS, "rmsprop"),
        ("SGD", OPTIMIZERS, "sgd"),
        ("byte_pair", ("word", "character", "byte-pair"), "byte-pair"),
        ("Self Attention", ("self-attention", "attention"), "self-attention"),
        ("device", TRAINING, "accelerator"),
        ("cuda", TRAINING, "accelerator"),
        ("lr", TRAINING, "learning_rate"),
        ("epochs", TRAINING, "max_epochs"),
        ("Epochs", TRAINING, "max_epochs"),
        ("ReduceLROnPlateau", SCHEDULES, "plateau"),
        ("units", LSTMTextClassifier().get_params(), "hidden_size"),
        ("validation_split", LSTMTextClassifier().get_params(), "validation_fraction"),
        ("maxlen", LSTMTextClassifier().get_params(), "max_length"),
        ("optimiser", TRAINING, "optimizer"),
        ("learing_rate", TRAINING, "learning_rate"),
        ("zzz", TRAINING, None),
        ("lr", ("up", "down"), None),
    ],
)
def test_nearest(name: str, known: list[str], expected: str | None) -> None:
    assert nearest_name(name, known) == expected


def test_every_alias_leads_somewhere() -> None:
    names = {*TRAINING, *LSTMTextClassifier().get_params(), *LSTMForecaster().get_params(), *OPTIMIZERS, *SCHEDULES}
    names |= {"standard", "minmax", "mean", "max", "character", "byte-pair", "tensorboard", "unit"}
    assert not {alias: targets for alias, targets in ALIASES.items() if not set(targets) <= names}
    assert all(alias == alias.lower() for alias in ALIASES)

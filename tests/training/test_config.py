"""The record of how a network is trained: round trip, and what it refuses."""

import json
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pytest

from gatecell._core.errors import OptionError, UnknownNameError
from gatecell.training.config import NOT_IN_RESULT, TrainingConfig


def test_json_round_trip() -> None:
    config = TrainingConfig(clip_norm=1.0, l2=0.1, l2_parameters=("lstm.*", "head.weight"), lr_schedule="cosine")
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert TrainingConfig.from_dict({}) == TrainingConfig()


def test_numpy_scalars_become_those_of_python() -> None:
    config = TrainingConfig(batch_size=np.int64(8), shuffle=np.bool_(False), l2=np.float32(0.5))  # type: ignore[arg-type]
    assert [type(value) for value in (config.batch_size, config.shuffle, config.l2)] == [int, bool, float]


def test_it_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TrainingConfig().max_epochs = 3  # type: ignore[misc]


def test_an_unknown_option_suggests_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match="no TrainingConfig option named 'lerning_rate'. Did you mean 'learning_"
    ):
        TrainingConfig.from_dict({"lerning_rate": 1.0})
    with pytest.raises(UnknownNameError, match="no optimizer named 'adm'. Did you mean 'adam'"):
        TrainingConfig(optimizer="adm")  # type: ignore[arg-type]


def test_fields_that_may_differ_on_resume_are_fields() -> None:
    assert {field.name for field in fields(TrainingConfig)} > NOT_IN_RESULT


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_epochs": 0}, "max_epochs must be an integer of at least 1, got 0."),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, got 0."),
        ({"batch_size": 2**63}, "batch_size must be an integer of at most 9223372036854775807, got"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1."),
        ({"shuffle": 1}, "shuffle must be True or False, got 1."),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0, got 0.0."),
        ({"learning_rate": None}, "learning_rate must be a finite number above 0, got None."),
        ({"clip_norm": 0}, "clip_norm must be a finite number above 0, got 0."),
        ({"clip_value": float("inf")}, "clip_value must be a finite number above 0, got inf."),
        ({"momentum": 1.0}, "momentum must be a number in [0, 1), got 1.0."),
        ({"lr_factor": 1.0}, "lr_factor must be a number in (0, 1), got 1.0."),
        ({"lr_every": 0}, "lr_every must be an integer of at least 1, got 0."),
        ({"lr_hold": -1}, "lr_hold must be an integer of at least 0, got -1."),
        ({"lr_patience": 0}, "lr_patience must be an integer of at least 1, got 0."),
        ({"lr_minimum": -1.0}, "lr_minimum must be a finite number of at least 0, got -1.0."),
        ({"l2": -1.0}, "l2 must be a finite number of at least 0, got -1.0."),
        ({"min_delta": -1.0}, "min_delta must be a finite number of at least 0, got -1.0."),
        ({"patience": 0}, "patience must be an integer of at least 1, got 0."),
        ({"monitor": 3}, "monitor must be the name of a column of the history, got 3."),
        ({"monitor_mode": "low"}, "There is no monitor_mode named 'low'."),
        ({"lr_schedule": "linear"}, "There is no lr_schedule named 'linear'."),
        ({"accelerator": "tpu"}, "There is no accelerator named 'tpu'."),
        ({"verbose": 3}, "verbose must be 0, 1 or 2, got 3."),
        (
            {"l2_parameters": "*weight*"},
            'l2_parameters must be a tuple of patterns of parameter names, as ("*weight*",)',
        ),
        ({"l2_parameters": ()}, "l2_parameters must be a tuple of patterns of parameter names"),
        ({"momentum": 0.9}, "momentum=0.9 has no effect with optimizer='adam', which has moments."),
        ({"weight_decay": 0.1}, "weight_decay=0.1 has no effect with optimizer='adam'. Use optimizer=\"adamw\""),
        ({"lr_minimum": 1.0, "learning_rate": 0.5}, "lr_minimum=1 is above learning_rate=0.5; it only falls."),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        TrainingConfig(**options)
    assert message in str(caught.value)

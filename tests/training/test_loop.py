"""``fit`` as a whole: every option, seeds, early stopping, weights of rows, errors, and what it leaves behind."""

import os
import pickle
import signal
import threading
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gatecell._core.errors import InputError, NonFiniteLossError, OptionError
from gatecell.training.batches import RowSource
from gatecell.training.config import TrainingConfig
from gatecell.training.loop import fit
from tests.training.tools import (
    N_ROWS,
    Scripted,
    TensorRows,
    config_of,
    identical,
    rows_of,
    sequence_network,
    squared,
    tiny_network,
    weights_of,
)

STEP = {"lr_schedule": "step", "lr_every": 1}
WATCH = {"max_epochs": 5, "patience": 2, "monitor": "train_falling"}
CHANGES: list[tuple[str, Any, dict[str, Any]]] = [
    ("max_epochs", 4, {}),
    ("batch_size", 9, {}),
    ("shuffle", False, {}),
    ("optimizer", "rmsprop", {}),
    ("learning_rate", 0.02, {}),
    ("momentum", 0.5, {"optimizer": "sgd"}),
    ("momentum", 0.5, {"optimizer": "rmsprop"}),
    ("weight_decay", 0.5, {"optimizer": "adamw"}),
    ("lr_schedule", "cosine", {}),
    ("lr_schedule", "exponential", {}),
    ("lr_factor", 0.1, STEP),
    ("lr_every", 2, STEP),
    ("lr_hold", 1, STEP),
    ("lr_minimum", 0.009, STEP),
    ("lr_patience", 1, {"lr_schedule": "plateau", "monitor": "train_rising", "max_epochs": 4}),
    ("clip_norm", 0.01, {"optimizer": "sgd"}),
    ("clip_value", 0.01, {"optimizer": "sgd"}),
    ("l2", 0.5, {}),
    ("l2_parameters", ("*bias*",), {"l2": 0.5}),
    ("patience", 2, {"monitor": "train_rising"}),
    ("monitor", "train_rising", WATCH),
    ("monitor_mode", "max", WATCH),
    ("min_delta", 5.0, WATCH),
    ("seed", 1, {}),
]


def trained(**options: Any) -> dict[str, Tensor]:
    network = tiny_network()
    metrics = {"falling": Scripted(5, 4, 3, 2, 1), "rising": Scripted(1, 2, 3, 4, 5)}
    fit(network, squared, rows_of(), config=config_of(**{"learning_rate": 0.01, **options}), metrics=metrics)
    return weights_of(network)


@pytest.mark.parametrize(("name", "value", "others"), CHANGES)
def test_every_option_changes_the_weights(name: str, value: Any, others: dict[str, Any]) -> None:
    plain = trained(**others)
    assert identical(plain, trained(**others))
    assert not identical(plain, trained(**{**others, name: value}))


def test_no_option_is_left_out() -> None:
    # accelerator and length_window are shown below, the others in test_objective.py and test_progress.py
    elsewhere = {"accelerator", "length_window", "stateful", "bptt", "verbose"}
    assert {name for name, _, _ in CHANGES} == {field.name for field in fields(TrainingConfig)} - elsewhere


def test_the_length_window_changes_the_weights_where_lengths_differ() -> None:
    def weights(*, ragged: bool, window: int) -> dict[str, Tensor]:
        network, source = tiny_network(), rows_of()
        if ragged:
            setattr(source.rows, "lengths", torch.arange(len(source)) % 5)  # noqa: B010  for rows that have none
        fit(network, squared, source, config=config_of(learning_rate=0.01, length_window=window))
        return weights_of(network)

    plain = weights(ragged=False, window=1)
    assert identical(weights(ragged=False, window=3), plain)
    assert identical(weights(ragged=True, window=1), plain)
    assert not identical(weights(ragged=True, window=3), plain)


def test_an_accelerator_that_is_not_there_is_an_error() -> None:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    missing = next(name for name, available in there.items() if not available)
    with pytest.raises(OptionError) as caught:
        fit(tiny_network(), squared, rows_of(), config=config_of(accelerator=missing))
    assert str(caught.value).startswith(f"accelerator='{missing}' is not on this machine (")
    assert str(caught.value).endswith('. Use accelerator="auto".')


def test_the_loss_falls() -> None:
    result = fit(sequence_network(), squared, rows_of((60, 5, 3)), config=config_of(max_epochs=15, learning_rate=0.03))
    assert result.history["train_loss"][-1] < 0.7 * result.history["train_loss"][0]


def test_the_history_has_a_row_an_epoch() -> None:
    result = fit(
        tiny_network(), squared, rows_of(), rows_of((9, 3)), config_of(), metrics={"score": lambda p, t: float(len(p))}
    )
    assert result.history.columns == [
        "epoch",
        "train_loss",
        "train_score",
        "validation_loss",
        "validation_score",
        "learning_rate",
        "seconds",
    ]
    assert result.history["epoch"] == [1, 2, 3]
    assert result.history["train_score"] == [N_ROWS] * 3
    assert result.history["validation_score"] == [9] * 3
    assert 0 < sum(result.history["seconds"]) < result.seconds
    assert result.best_epoch == 1 + min(range(3), key=result.history["validation_loss"].__getitem__)
    assert not result.stopped_early


def test_the_train_loss_is_the_mean_over_rows_before_each_step() -> None:
    network, rows = tiny_network(), rows_of()
    assert rows.target is not None
    assert isinstance(rows.rows, TensorRows)
    expected = squared(network(*rows.rows.inputs), rows.target).mean().item()
    # a rate so small that the weights stay
    result = fit(network, squared, rows, config=config_of(max_epochs=1, learning_rate=1e-12))
    assert result.history["train_loss"] == pytest.approx([expected], rel=1e-5)


def test_every_epoch_sees_every_row_once_in_an_order_of_its_own() -> None:
    rows = rows_of()
    fit(tiny_network(), squared, rows, config=config_of(max_epochs=2))
    assert isinstance(rows.rows, TensorRows)
    assert [len(taken) for taken in rows.rows.taken] == [8, 8, 8, 8, 5] * 2
    first, second = torch.cat(rows.rows.taken[:5]), torch.cat(rows.rows.taken[5:])
    assert torch.equal(first.sort().values, torch.arange(N_ROWS))
    assert torch.equal(second.sort().values, torch.arange(N_ROWS))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("schedule", ["step", "exponential", "cosine"])
def test_the_rate_shown_is_the_rate_taken(schedule: str) -> None:
    # the gradient of the one weight is 1, so that plain SGD goes down by the rate
    network = nn.Linear(1, 1, bias=False)
    before = network.weight.item()
    rows = RowSource(TensorRows((torch.ones(4, 1),)), torch.zeros(4))
    config = config_of(max_epochs=4, optimizer="sgd", learning_rate=0.5, lr_schedule=schedule, lr_every=2)
    result = fit(network, lambda p, t: p, rows, config=config)
    assert before - network.weight.item() == pytest.approx(sum(result.history["learning_rate"]), rel=1e-5)
    assert len(set(result.history["learning_rate"])) > 1


@pytest.mark.parametrize(("max_epochs", "stopped_early"), [(9, True), (4, False)])
def test_early_stopping_restores_the_best_weights(max_epochs: int, stopped_early: bool) -> None:
    network, best = tiny_network(), tiny_network()
    config = config_of(max_epochs=max_epochs, patience=3, monitor="train_score")
    result = fit(network, squared, rows_of(), config=config, metrics={"score": Scripted(3, 1, 2, 2, 1, 0)})
    fit(best, squared, rows_of(), config=config_of(max_epochs=2))
    assert identical(weights_of(network), weights_of(best))
    assert result.stopped_early is stopped_early
    assert result.best_epoch == 2
    assert len(result.history) == (5 if stopped_early else 4)


def test_early_stopping_may_watch_for_more() -> None:
    config = config_of(max_epochs=9, patience=1, monitor="train_score", monitor_mode="max")
    result = fit(tiny_network(), squared, rows_of(), config=config, metrics={"score": Scripted(1, 2, 3, 2)})
    assert result.best_epoch == 3


def test_a_column_that_is_not_measured_cannot_be_watched() -> None:
    with pytest.raises(OptionError) as caught:
        fit(tiny_network(), squared, rows_of(), config=config_of(patience=2), metrics={"score": Scripted()})
    assert str(caught.value) == (
        "monitor='validation_loss' is not measured in this run, so patience and a plateau schedule cannot watch it. "
        "Give validation rows. Measured are: train_loss, train_score."
    )


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_weight_two_equals_the_row_twice(kind: str) -> None:
    rows = rows_of()
    assert rows.target is not None
    assert isinstance(rows.rows, TensorRows)
    weight = torch.ones(N_ROWS)
    weight[:5], weight[5:8] = 2, 0
    index = torch.cat([torch.arange(5), torch.arange(5), torch.arange(8, N_ROWS)])
    repeated = RowSource(TensorRows((rows.rows.inputs[0][index],)), rows.target[index])
    results = []
    for source in (RowSource(rows.rows, rows.target, weight), repeated):
        network = tiny_network()
        config = config_of(batch_size=100, optimizer=kind, learning_rate=0.05)
        history = fit(network, squared, source, source, config).history
        results.append((weights_of(network), history["train_loss"], history["validation_loss"]))
    torch.testing.assert_close(results[0], results[1])
    unweighted = tiny_network()
    fit(unweighted, squared, rows_of(), config=config_of(batch_size=100, optimizer=kind, learning_rate=0.05))
    assert not torch.allclose(results[0][0]["0.weight"], weights_of(unweighted)["0.weight"])


def test_batches_without_weight_do_no_harm() -> None:
    weight = torch.zeros(N_ROWS)
    weight[3] = 1
    network = tiny_network()
    result = fit(network, squared, rows_of(weight=weight), config=config_of(batch_size=4))
    assert torch.isfinite(torch.cat([tensor.flatten() for tensor in weights_of(network).values()])).all()
    assert all(loss > 0 for loss in result.history["train_loss"])


def test_same_seed_same_weights_bit_for_bit() -> None:
    results = []
    for seed, noise in ((3, 0), (3, 1), (4, 0)):
        # the state of the user's generator has no say
        torch.manual_seed(noise)
        network = sequence_network()
        fit(network, squared, rows_of((20, 5, 3)), config=config_of(seed=seed, shuffle=False))
        results.append(weights_of(network))
    assert identical(results[0], results[1])
    assert not identical(results[0], results[2])


def test_every_epoch_has_dropout_of_its_own() -> None:
    # a rate so small that the weights stay: only the masks can change the loss
    config = config_of(max_epochs=3, learning_rate=1e-12, shuffle=False, batch_size=100)
    losses = fit(sequence_network(), squared, rows_of((20, 5, 3)), config=config).history["train_loss"]
    assert len(set(losses)) == 3


def test_the_users_generator_is_left_alone() -> None:
    state = torch.get_rng_state()
    fit(sequence_network(), squared, rows_of((20, 5, 3)), config=config_of())
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(ZeroDivisionError):
        fit(sequence_network(), lambda p, t: p / (1 // 0), rows_of((20, 5, 3)), config=config_of())
    assert torch.equal(torch.get_rng_state(), state)


def test_the_network_is_left_in_order() -> None:
    network = sequence_network().train()
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    fit(network, squared, rows_of((20, 5, 3)), config=config_of())
    assert not any(module.training for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert identical(weights_of(pickle.loads(pickle.dumps(network))), weights_of(network))


def test_gradients_may_be_off_outside() -> None:
    network = tiny_network()
    with torch.no_grad():
        fit(network, squared, rows_of(), config=config_of())
    assert not identical(weights_of(network), weights_of(tiny_network()))


def test_it_runs_in_a_thread() -> None:
    network, expected = tiny_network(), tiny_network()
    thread = threading.Thread(target=lambda: fit(network, squared, rows_of(), config=config_of()))
    thread.start()
    thread.join()
    fit(expected, squared, rows_of(), config=config_of())
    assert identical(weights_of(network), weights_of(expected))


@pytest.mark.parametrize(
    ("bad_call", "epochs", "message"),
    [
        (
            2,
            0,
            "The loss became nan at step 2 of 5 in epoch 1, so training was stopped; the network has the weights "
            "from before the run again. Lower learning_rate (it was 0.01), set clip_norm, or look for extreme values "
            "in the data.",
        ),
        (
            13,
            2,
            "The loss became nan at step 3 of 5 in epoch 3, so training was stopped; the network has the weights of "
            "the end of epoch 2 again.",
        ),
    ],
)
def test_a_loss_that_is_not_finite_stops_the_run(bad_call: int, epochs: int, message: str) -> None:
    calls = 0

    def loss(prediction: Tensor, target: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return squared(prediction, target) * (torch.nan if calls == bad_call else 1.0)

    network, expected = tiny_network(), tiny_network()
    with pytest.raises(NonFiniteLossError) as caught:
        fit(network, loss, rows_of(), config=config_of(max_epochs=4, learning_rate=0.01))
    assert message in str(caught.value)
    if epochs:
        fit(expected, squared, rows_of(), config=config_of(max_epochs=epochs, learning_rate=0.01))
    assert identical(weights_of(network), weights_of(expected))
    assert not network.training


def test_an_infinite_loss_stops_the_run_too() -> None:
    with pytest.raises(NonFiniteLossError, match="The loss became inf at step 1 of 5 in epoch 1"):
        fit(tiny_network(), lambda p, t: squared(p, t) + torch.inf, rows_of(), config=config_of())


def test_weights_that_are_not_finite_stop_the_run() -> None:
    def loss(prediction: Tensor, target: Tensor) -> Tensor:
        # 0, with the gradient inf * 0
        return (prediction - prediction).sqrt()

    network = tiny_network()
    with pytest.raises(NonFiniteLossError, match="The weights were no longer finite after step 1 of 1 in epoch 1"):
        fit(network, loss, rows_of(), config=config_of(batch_size=100))
    assert identical(weights_of(network), weights_of(tiny_network()))


def test_a_validation_loss_that_is_not_finite_stops_the_run() -> None:
    def loss(prediction: Tensor, target: Tensor) -> Tensor:
        return squared(prediction, target) * (1.0 if torch.is_grad_enabled() else torch.nan)

    network = tiny_network()
    with pytest.raises(NonFiniteLossError, match="The validation loss became nan in epoch 1"):
        fit(network, loss, rows_of(), rows_of(), config_of())
    assert identical(weights_of(network), weights_of(tiny_network()))


@pytest.mark.parametrize(("call", "epochs"), [(2, 0), (13, 2)])
def test_ctrl_c_leaves_the_last_finished_epoch(call: int, epochs: int) -> None:
    def interrupt(taken: int) -> None:
        if taken == call:
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    network, expected = tiny_network().train(), tiny_network()
    with pytest.raises(KeyboardInterrupt):
        fit(network, squared, rows_of(on_take=interrupt), config=config_of(max_epochs=4))
    assert signal.getsignal(signal.SIGINT) is handler
    if epochs:
        fit(expected, squared, rows_of(), config=config_of(max_epochs=epochs))
    assert identical(weights_of(network), weights_of(expected))
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())


def test_an_error_of_the_loss_comes_through_as_it_is() -> None:
    network = tiny_network()
    with pytest.raises(ZeroDivisionError):
        fit(network, lambda p, t: p / (1 // 0), rows_of(), config=config_of())
    assert not network.training


@pytest.mark.parametrize(
    ("train", "validation", "message"),
    [
        (RowSource(TensorRows((torch.zeros(0, 3),)), torch.zeros(0, 1)), None, "The train part has no rows."),
        (
            rows_of(),
            RowSource(TensorRows((torch.zeros(0, 3),)), torch.zeros(0, 1)),
            "The validation part has no rows.",
        ),
        (RowSource(TensorRows((torch.zeros(4, 3),))), None, "A loss needs targets, and these rows have none."),
    ],
)
def test_rows_that_cannot_be_learnt_from(train: RowSource, validation: RowSource | None, message: str) -> None:
    with pytest.raises(InputError) as caught:
        fit(tiny_network(), squared, train, validation, config_of())
    assert str(caught.value) == message


def test_two_runs_of_two_epochs_equal_one_of_four() -> None:
    network, expected = sequence_network(), sequence_network()
    rows = rows_of((20, 5, 3))
    first = fit(network, squared, rows, config=config_of(max_epochs=2))
    second = fit(network, squared, rows, config=config_of(max_epochs=2), start=first.state)
    whole = fit(expected, squared, rows, config=config_of(max_epochs=4))
    assert identical(weights_of(network), weights_of(expected))
    assert second.history["train_loss"] == whole.history["train_loss"]
    assert len(first.history) == 2


def test_a_later_run_has_patience_and_schedule_of_its_own() -> None:
    network, rows = tiny_network(), rows_of()
    options = {"max_epochs": 2, "patience": 1, "monitor": "train_score", "lr_schedule": "exponential"}
    first = fit(network, squared, rows, config=config_of(**options), metrics={"score": Scripted(1, 2)})
    assert first.stopped_early
    second = fit(
        network, squared, rows, config=config_of(**options), metrics={"score": Scripted(9, 8)}, start=first.state
    )
    assert second.best_epoch == 4
    rates = second.history["learning_rate"]
    assert rates[2:] == rates[:2]

"""Optimisers and gradients against steps by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gatecell._core.errors import OptionError
from gatecell.training.loop import fit
from gatecell.training.optimisation import GradientRules, build_optimizer, load_optimizer_tensors, optimizer_tensors
from tests.training.tools import config_of, rows_of, squared, tiny_network, weights_of

FULL_BATCH = 100


def gradients_of(network: nn.Module, penalty: float = 0.0, penalised: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """The gradients of the mean loss over all rows, with an L2 penalty in the loss, by automatic differentiation."""
    rows = rows_of()
    batch = rows.take(torch.arange(len(rows)))
    assert batch.target is not None
    parameters = dict(network.named_parameters())
    loss = squared(network(*batch.inputs), batch.target).mean()
    loss = loss + penalty * sum((parameters[name].square().sum() for name in penalised), torch.zeros(()))
    return dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))


def stepped(**options: Any) -> dict[str, Tensor]:
    """The weights after one step of plain SGD over all rows."""
    network = tiny_network()
    fit(
        network,
        squared,
        rows_of(),
        config=config_of(max_epochs=1, batch_size=FULL_BATCH, optimizer="sgd", learning_rate=0.1, **options),
    )
    return weights_of(network)


def by_hand(gradients: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight - 0.1 * gradients[name] for name, weight in weights_of(tiny_network()).items()}


def test_plain_step() -> None:
    torch.testing.assert_close(stepped(), by_hand(gradients_of(tiny_network())))


def test_clipping_by_norm() -> None:
    gradients = gradients_of(tiny_network())
    norm = torch.cat([gradient.flatten() for gradient in gradients.values()]).norm()
    assert norm > 0.5
    expected = by_hand({name: gradient * 0.5 / norm for name, gradient in gradients.items()})
    torch.testing.assert_close(stepped(clip_norm=0.5), expected)
    torch.testing.assert_close(stepped(clip_norm=float(norm) * 2), by_hand(gradients))


def test_clipping_by_value_comes_before_clipping_by_norm() -> None:
    gradients = {name: gradient.clamp(-0.3, 0.3) for name, gradient in gradients_of(tiny_network()).items()}
    torch.testing.assert_close(stepped(clip_value=0.3), by_hand(gradients))
    norm = torch.cat([gradient.flatten() for gradient in gradients.values()]).norm()
    assert norm > 0.4
    expected = by_hand({name: gradient * 0.4 / norm for name, gradient in gradients.items()})
    torch.testing.assert_close(stepped(clip_value=0.3, clip_norm=0.4), expected)


@pytest.mark.parametrize(
    ("patterns", "penalised"),
    [
        (None, ("0.weight", "2.weight")),
        (("0.*",), ("0.weight", "0.bias")),
        (("2.bias", "*.weight"), ("0.weight", "2.weight", "2.bias")),
    ],
)
def test_l2_equals_the_penalty_in_the_loss(patterns: tuple[str, ...] | None, penalised: tuple[str, ...]) -> None:
    options = {} if patterns is None else {"l2_parameters": patterns}
    expected = by_hand(gradients_of(tiny_network(), 0.3, penalised))
    torch.testing.assert_close(stepped(l2=0.3, **options), expected)


def test_l2_comes_before_clipping() -> None:
    gradients = gradients_of(tiny_network(), 0.3, ("0.weight", "2.weight"))
    expected = by_hand({name: gradient.clamp(-0.2, 0.2) for name, gradient in gradients.items()})
    torch.testing.assert_close(stepped(l2=0.3, clip_value=0.2), expected)


def test_l2_is_not_in_the_loss_that_is_shown() -> None:
    rows = rows_of()
    with_penalty = fit(tiny_network(), squared, rows, config=config_of(max_epochs=1, batch_size=FULL_BATCH, l2=5.0))
    without = fit(tiny_network(), squared, rows, config=config_of(max_epochs=1, batch_size=FULL_BATCH))
    assert with_penalty.history["train_loss"] == without.history["train_loss"]


def test_a_pattern_without_a_parameter_is_an_error() -> None:
    with pytest.raises(OptionError) as caught:
        fit(tiny_network(), squared, rows_of(), config=config_of(l2=0.1, l2_parameters=("*weight*", "lstm.*")))
    assert str(caught.value) == (
        "l2_parameters has the pattern 'lstm.*', which matches no trained parameter. "
        "They are: 0.weight, 0.bias, 2.weight, 2.bias."
    )


def test_a_network_without_parameters_is_an_error() -> None:
    network = tiny_network().requires_grad_(False)
    with pytest.raises(OptionError, match="no parameter that requires a gradient, so that there is nothing to train"):
        fit(network, squared, rows_of(), config=config_of())


def test_what_is_frozen_stays() -> None:
    network = tiny_network()
    network[0].requires_grad_(False)
    before = weights_of(network)
    fit(network, squared, rows_of(), config=config_of(l2=0.1, clip_norm=1.0))
    after = weights_of(network)
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert moved == ["2.weight", "2.bias"]


OPTIMIZERS: list[tuple[dict[str, Any], Any]] = [
    ({"optimizer": "adam"}, lambda p: torch.optim.Adam(p, lr=0.01)),
    ({"optimizer": "adamw", "weight_decay": 0.1}, lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
    ({"optimizer": "sgd", "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
    ({"optimizer": "rmsprop"}, lambda p: torch.optim.RMSprop(p, lr=0.01)),
    ({"optimizer": "rmsprop", "momentum": 0.9}, lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.9)),
]
IDS = ["adam", "adamw", "sgd", "rmsprop", "rmsprop with momentum"]


@pytest.mark.parametrize(("options", "build"), OPTIMIZERS, ids=IDS)
def test_optimisers_equal_a_loop_with_torch(options: dict[str, Any], build: Any) -> None:
    expected = tiny_network()
    optimizer = build(expected.parameters())
    rows = rows_of()
    for _ in range(4):
        for indices in torch.arange(len(rows)).split(8):
            batch = rows.take(indices)
            assert batch.target is not None
            optimizer.zero_grad()
            squared(expected(*batch.inputs), batch.target).mean().backward()
            optimizer.step()
    network = tiny_network()
    fit(network, squared, rows, config=config_of(max_epochs=4, learning_rate=0.01, shuffle=False, **options))
    torch.testing.assert_close(weights_of(network), weights_of(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("options", "build"), OPTIMIZERS, ids=IDS)
def test_moments_survive_the_way_out_and_back(options: dict[str, Any], build: Any) -> None:
    config = config_of(learning_rate=0.01, **options)
    network = tiny_network()
    optimizer = build_optimizer(network, config)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    tensors = optimizer_tensors(network, optimizer)
    assert {name.partition(":")[2] for name in tensors} == set(weights_of(network))
    fresh = build_optimizer(network, config)
    load_optimizer_tensors(network, fresh, config, tensors)
    back = optimizer_tensors(network, fresh)
    assert back.keys() == tensors.keys()
    assert all(torch.equal(back[name], tensors[name]) for name in back)


def test_moments_of_another_optimiser_or_network_are_refused() -> None:
    network, rows = tiny_network(), rows_of()
    first = fit(network, squared, rows, config=config_of(max_epochs=1))
    with pytest.raises(OptionError) as caught:
        fit(network, squared, rows, config=config_of(optimizer="rmsprop", momentum=0.5), start=first.state)
    assert str(caught.value) == (
        "optimizer='rmsprop' with momentum=0.5 keeps the moments ['momentum_buffer', 'square_avg', 'step'], but the "
        "earlier run has ['exp_avg', 'exp_avg_sq', 'step'], so it cannot go on from there. "
        "Keep optimizer and momentum as they were, or begin anew."
    )
    other = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    with pytest.raises(OptionError, match=r"are of another network: 0.weight of shape \(4, 3\) is not in this one"):
        fit(other, squared, rows, config=config_of(), start=first.state)
    with pytest.raises(OptionError, match="are of another network: 0.weight"):
        fit(nn.Linear(3, 1), squared, rows, config=config_of(), start=first.state)


def test_a_part_that_is_frozen_between_two_runs_keeps_its_weights() -> None:
    network, rows = tiny_network(), rows_of()
    first = fit(network, squared, rows, config=config_of(max_epochs=1))
    network[0].requires_grad_(False)
    before = weights_of(network)
    fit(network, squared, rows, config=config_of(max_epochs=1), start=first.state)
    after = weights_of(network)
    assert torch.equal(after["0.weight"], before["0.weight"])
    assert not torch.equal(after["2.weight"], before["2.weight"])


def test_rules_skip_parameters_without_a_gradient() -> None:
    network = tiny_network()
    rules = GradientRules(network, config_of(l2=0.5, clip_norm=100.0))
    parameters = dict(network.named_parameters())
    weight = parameters["2.weight"]
    weight.grad = torch.zeros_like(weight)
    rules.apply()
    torch.testing.assert_close(weight.grad, weight.detach())
    assert parameters["0.weight"].grad is None

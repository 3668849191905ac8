import numpy as np
import pytest
import torch

from gatecell import LSTMClassifier, LSTMRegressor, LSTMTextClassifier
from gatecell._core.errors import InputError, OptionError
from gatecell.inspection.saliency import integrated_gradients
from gatecell.nn.config import LSTMConfig, NetworkConfig, ValuesFront
from gatecell.nn.network import SequenceNetwork

ROW = torch.randn(1, 9, 3, generator=torch.Generator().manual_seed(1))


def network() -> SequenceNetwork:
    torch.manual_seed(0)
    config = NetworkConfig(front=ValuesFront(input_size=3), lstm=(LSTMConfig(hidden_size=8),), output_size=2)
    return SequenceNetwork(config)


def test_the_parts_add_up_to_the_whole() -> None:
    """Completeness, proposition 1 of the paper."""
    model = network()
    with torch.no_grad():
        whole = model(ROW) - model(torch.zeros_like(ROW))
    for output in (0, 1):
        parts = integrated_gradients(model, ROW, output=output)
        assert parts.shape == (9, 3)
        assert float(parts.sum()) == pytest.approx(float(whole[0, output]), abs=1e-3)


def test_against_gradients_point_by_point() -> None:
    model = network().double()
    row = ROW.double()
    total = torch.zeros(9, 3, dtype=torch.float64)
    for k in range(16):
        point = ((k + 0.5) / 16 * row).requires_grad_()
        total += torch.autograd.grad(model(point)[0, 1], point)[0][0]
    expected = row[0] * total / 16
    torch.testing.assert_close(integrated_gradients(model, row, output=1, n_steps=16), expected)


def test_what_lies_behind_the_end_adds_nothing() -> None:
    model = network()
    parts = integrated_gradients(model, ROW, torch.tensor([5]))
    torch.testing.assert_close(parts[:5], integrated_gradients(model, ROW[:, :5]))
    assert not parts[5:].any()


def test_the_network_is_as_before() -> None:
    model = network().train()
    integrated_gradients(model, ROW)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.front._forward_hooks


def test_what_cannot_be() -> None:
    with pytest.raises(InputError, match="Saliency looks at one row at a time, got 2"):
        integrated_gradients(network(), ROW.expand(2, 9, 3))
    with pytest.raises(OptionError, match="n_steps must be an integer of at least 1, got 0"):
        integrated_gradients(network(), ROW, n_steps=0)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 6, 2))


def test_a_classifier_knows_which_channel_tells(rows: np.ndarray) -> None:
    y = np.where(rows[:, :, 0].sum(axis=1) > 0, "up", "down")
    model = LSTMClassifier(hidden_size=8, max_epochs=25, learning_rate=0.02, random_state=0).fit(rows, y)
    up = model.saliency(rows[0], "up")
    assert up.shape == (6, 2)
    assert np.abs(up[:, 0]).sum() > 2 * np.abs(up[:, 1]).sum()
    np.testing.assert_allclose(model.saliency(rows[0], "down"), -up)
    np.testing.assert_allclose(model.saliency(rows[0]), model.saliency(rows[0], model.predict(rows[:1])[0]))
    with pytest.raises(InputError, match=r"There is no class 'left'; the model knows \['down', 'up'\]"):
        model.saliency(rows[0], "left")
    assert model.step_names(rows[0]) is None
    assert [tuple(trace.f.shape) for trace in model.gates(rows[0])] == [(6, 8)]


def test_a_regressor_answers_in_the_unit_of_y(rows: np.ndarray) -> None:
    y = 1e3 * np.stack([rows[:, :, 0].sum(axis=1), rows[:, :, 1].sum(axis=1)], axis=1)
    model = LSTMRegressor(hidden_size=8, max_epochs=2, random_state=0).fit(rows, y)
    assert model.scaler_ is not None
    mean = np.tile(np.array(model.scaler_.shift), (6, 1))
    difference = model.predict(rows[:1]) - model.predict([mean])
    assert model.saliency(rows[0], 1).sum() == pytest.approx(difference[0, 1], rel=0.05, abs=1.0)
    with pytest.raises(InputError, match="There is no number 2; the model predicts 2, counted from 0"):
        model.saliency(rows[0], 2)


def test_a_table_and_several_classes() -> None:
    X = np.random.default_rng(0).normal(size=(30, 5))
    model = LSTMClassifier(hidden_size=4, max_epochs=1, random_state=0).fit(X, np.arange(30) % 3)
    assert model.saliency(X[0], 2).shape == (5, 1)


def test_a_text_by_its_tokens() -> None:
    texts = ["a good film", "what a bad film", "good very good", "bad very bad"] * 10
    model = LSTMTextClassifier(hidden_size=8, learning_rate=0.02, random_state=0).fit(texts, ["pos", "neg"] * 20)
    pairs = dict(model.saliency("a good plan", "pos"))
    assert list(pairs) == model.step_names("a good plan")
    assert max(pairs, key=lambda token: pairs[token]) == "good"
    assert [tuple(trace.c.shape) for trace in model.gates("a good plan")] == [(3, 8)]

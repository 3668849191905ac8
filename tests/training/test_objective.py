"""Streams in training: the state is carried, its gradient is not."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gatecell.data.streams import Streams
from gatecell.data.tokens import Tokens
from gatecell.nn.config import LSTMConfig
from gatecell.nn.language import LanguageConfig, LanguageNetwork
from gatecell.nn.lstm import LSTM
from gatecell.training.batches import StreamSource
from gatecell.training.loop import fit
from gatecell.training.objective import RowObjective, StreamObjective
from tests.training.tools import config_of, identical, rows_of, sequence_network, squared, weights_of


def network_of(**lstm: Any) -> LanguageNetwork:
    torch.manual_seed(0)
    layers = LSTMConfig(hidden_size=5, num_layers=2, **lstm)
    return LanguageNetwork(LanguageConfig(vocabulary_size=7, embedding_dim=4, lstm=layers))


def streams_of(*lengths: int, lanes: int = 2, steps: int = 3) -> Streams:
    generator = torch.Generator().manual_seed(3)
    rows = [torch.randint(0, 7, (length,), generator=generator).tolist() for length in lengths]
    return Streams.deal(Tokens.from_rows(rows), lanes=lanes, steps=steps)


def sequences(streams: Streams) -> list[Tensor]:
    """Return the tokens of each sequence that lanes read from a state of zero."""
    rows: list[Tensor] = []
    for lane in range(streams.starts.shape[1]):
        places = (part[:, lane].tolist() for part in (streams.starts, streams.lengths, streams.fresh))
        for start, length, fresh in zip(*places, strict=True):
            piece = streams.values[start : start + length + 1]
            if fresh:
                rows.append(piece)
            elif length:
                rows[-1] = torch.cat([rows[-1], piece[1:]])
    return rows


def summed(objective: StreamObjective, network: LanguageNetwork, streams: Streams) -> tuple[Tensor, int]:
    """Return the sum of the losses of a pass, and over how many steps."""
    objective.begin()
    source = StreamSource(streams)
    outcomes = [objective(network, source.take(torch.tensor([index]))) for index in range(len(source))]
    losses = [outcome.loss * outcome.weight for outcome in outcomes]
    return torch.stack(losses).sum(), sum(int(outcome.weight) for outcome in outcomes)


@pytest.mark.parametrize("lengths", [(40,), (9, 5, 14, 2, 8)])
def test_the_loss_is_that_of_each_sequence_read_by_itself(lengths: tuple[int, ...]) -> None:
    network, streams = network_of(), streams_of(*lengths)
    expected = [network.loss(network(row[None, :-1])[0][0], row[1:]).detach() for row in sequences(streams)]
    objective = StreamObjective()
    found, n_steps = summed(objective, network, streams)
    assert n_steps == sum(lengths) - len(lengths) == streams.n_targets
    torch.testing.assert_close(found, torch.stack(expected).sum())
    # a second pass begins anew
    assert torch.equal(summed(objective, network, streams)[0], found)
    assert not torch.allclose(summed(StreamObjective(stateful=False), network, streams)[0], found)


def test_what_is_minimised_is_the_sum_over_steps_averaged_over_lanes() -> None:
    network, source = network_of(), StreamSource(streams_of(40))
    objective = StreamObjective()
    outcome = objective(network, source.take(torch.tensor([0])))
    torch.testing.assert_close(outcome.minimised.detach(), outcome.loss * 6 / 2)
    assert outcome.weight == 6


def test_the_state_goes_on_and_its_gradient_does_not() -> None:
    network, source = network_of(), StreamSource(streams_of(40))
    objective = StreamObjective()
    objective(network, source.take(torch.tensor([0])))
    second = objective(network, source.take(torch.tensor([1]))).minimised
    (first_tokens, _, _), (tokens, _, _) = (source.take(torch.tensor([index])).inputs for index in (0, 1))
    target = source.take(torch.tensor([1])).target
    assert first_tokens is not None
    assert tokens is not None
    assert target is not None
    _, state = network(first_tokens)
    held, _ = network(tokens, state=tuple(part.detach() for part in state))
    carried, _ = network(tokens, state=state)
    wanted = list(network.parameters())
    found, expected, through = (
        torch.autograd.grad(loss, wanted)
        for loss in (
            second,
            network.loss(held.flatten(0, 1), target.flatten()) / 2,
            network.loss(carried.flatten(0, 1), target.flatten()) / 2,
        )
    )
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other)
    assert any(not torch.allclose(own, other) for own, other in zip(found, through, strict=True))


def trained(streams: Streams, objective: StreamObjective | None = None, **options: Any) -> dict[str, Tensor]:
    network = network_of(recurrent_dropout=0.2)
    fit(network, objective or StreamObjective(), StreamSource(streams), config=config_of(**options))
    return weights_of(network)


def test_training_on_streams(tmp_path: Path) -> None:
    network = network_of()
    train, validation = StreamSource(streams_of(400, lanes=4)), StreamSource(streams_of(50))
    config = config_of(max_epochs=3, learning_rate=0.02)
    result = fit(network, StreamObjective(), train, validation, config)
    row = result.history.rows[-1]
    assert row["train_loss"] < result.history.rows[0]["train_loss"]
    assert row["train_perplexity"] == pytest.approx(float(torch.tensor(row["train_loss"]).exp()))
    chunks = validation.chunks
    assert isinstance(chunks, Streams)
    loss, count = summed(StreamObjective(), network, chunks)
    assert row["validation_loss"] == pytest.approx(float(loss) / count, rel=1e-5)


def test_chunks_are_taken_in_their_order_whatever_shuffle_and_batch_size_say() -> None:
    streams = streams_of(100)
    plain = trained(streams)
    assert identical(plain, trained(streams, shuffle=False, batch_size=3))
    assert not identical(plain, trained(streams, StreamObjective(stateful=False)))
    assert not identical(plain, trained(streams_of(100, steps=4)))


def test_a_resumed_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    streams = streams_of(100)
    whole = trained(streams, max_epochs=4, lr_schedule=None)
    network, config = network_of(recurrent_dropout=0.2), config_of(max_epochs=4)
    calls = 0

    class Stop(StreamObjective):
        def begin(self) -> None:
            nonlocal calls
            calls += 1
            if calls == 3:
                raise KeyboardInterrupt
            super().begin()

    with pytest.raises(KeyboardInterrupt):
        fit(network, Stop(), StreamSource(streams), config=config, checkpoint_dir=tmp_path)
    network = network_of(recurrent_dropout=0.2)
    result = fit(network, StreamObjective(), StreamSource(streams), config=config, checkpoint_dir=tmp_path, resume=True)
    assert len(result.history) == 4
    assert identical(weights_of(network), whole)


def test_rows_are_trained_on_their_last_steps() -> None:
    def weights(**options: Any) -> dict[str, Tensor]:
        network = sequence_network(recurrent_dropout=0.0, input_dropout=0.0, zoneout_h=0.0)
        fit(network, squared, rows_of((20, 5, 3)), config=config_of(**options))
        return weights_of(network)

    plain = weights()
    assert identical(plain, weights(bptt=2))
    assert identical(plain, weights(stateful=True, bptt=5))
    assert not identical(plain, weights(stateful=True, bptt=2))
    assert not identical(weights(stateful=True, bptt=3), weights(stateful=True, bptt=2))


def test_rows_are_measured_as_ever() -> None:
    network, rows = sequence_network().eval(), rows_of((20, 5, 3))
    batch = rows.take(torch.arange(4))
    plain, short = RowObjective(squared)(network, batch), RowObjective(squared, 2)(network, batch)
    assert torch.equal(plain.loss, short.loss)
    assert plain.loss.grad_fn is None
    assert RowObjective(squared).figures(1.0) == {}


def test_a_perplexity_never_overflows() -> None:
    assert StreamObjective().figures(0.0) == {"perplexity": 1.0}
    assert StreamObjective().figures(1e6)["perplexity"] > 1e300


def test_it_is_the_loop_that_the_paper_describes() -> None:
    """Zaremba et al. (2014) in plain PyTorch: lanes of one text, SGD, the loss summed over steps, the norm clipped."""
    text = torch.randint(0, 7, (2 * 30 + 1,), generator=torch.Generator().manual_seed(5))
    network = network_of(initialisation="torch")
    embedding, lstm, softmax = nn.Embedding(7, 4), nn.LSTM(4, 5, 2, batch_first=True), nn.Linear(5, 7)
    embedding.load_state_dict(network.embedding.state_dict())
    softmax.load_state_dict(network.softmax.state_dict())
    with torch.no_grad():
        for layer, own in enumerate(network.lstm):
            assert isinstance(own, LSTM)
            for name, parameter in own.to_torch().named_parameters():
                getattr(lstm, name.replace("_l0", f"_l{layer}")).copy_(parameter)
    parameters = [*embedding.parameters(), *lstm.parameters(), *softmax.parameters()]
    # one bias where PyTorch has two, of which each would take the step
    frozen = [getattr(lstm, f"bias_hh_l{layer}") for layer in range(2)]
    trained_ones = [parameter for parameter in parameters if not any(parameter is other for other in frozen)]
    optimizer = torch.optim.SGD(trained_ones, lr=1.0)
    lanes, targets = text[:-1].view(2, 30), text[1:].view(2, 30)
    for _ in range(2):
        state = None
        for start in range(0, 30, 5):
            optimizer.zero_grad()
            features, state = lstm(embedding(lanes[:, start : start + 5]), state)
            state = tuple(part.detach() for part in state)
            scores = softmax(features).flatten(0, 1)
            (cross_entropy(scores, targets[:, start : start + 5].flatten(), reduction="sum") / 2).backward()
            nn.utils.clip_grad_norm_(trained_ones, 0.5)
            optimizer.step()

    streams = Streams.deal(Tokens.from_rows([text.tolist()]), lanes=2, steps=5)
    config = config_of(max_epochs=2, optimizer="sgd", learning_rate=1.0, clip_norm=0.5)
    fit(network, StreamObjective(), StreamSource(streams), config=config)
    torch.testing.assert_close(network.embedding.weight, embedding.weight)
    torch.testing.assert_close(network.softmax.weight, softmax.weight)
    for layer, own in enumerate(network.lstm):
        assert isinstance(own, LSTM)
        for name, parameter in own.to_torch().named_parameters():
            if name.startswith("weight"):
                torch.testing.assert_close(parameter, getattr(lstm, name.replace("_l0", f"_l{layer}")))

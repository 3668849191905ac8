"""Every fast engine against the reference: values, states and gradients."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from gatecell._core.errors import EngineError, UnknownNameError
from gatecell.kernels import reference
from gatecell.kernels.dispatch import ENGINES, Steps, choose_engine
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights
from tests.kernels.draws import SIZES, lstm_options, random_input, random_weights

FAST = [name for name in ENGINES if name != "reference"]
PLAIN = LSTMOptions(input_size=3, hidden_size=4)
SEED = torch.tensor(99)


def gradients(
    engine: str, options: LSTMOptions, leaves: list[Tensor], names: list[str], **kwargs: object
) -> list[Tensor]:
    """Return output, final states, and the gradient of each leaf (x, h, c, weights) for a fixed weighing of them."""
    leaves = [leaf.clone().requires_grad_() for leaf in leaves]
    steps: Steps = (
        "lengths" if kwargs.get("lengths") is not None else "mask" if kwargs.get("mask") is not None else "dense"
    )
    run = choose_engine(
        options, dtype=leaves[0].dtype, training=bool(kwargs["training"]), steps=steps, engine=engine
    ).run
    weights = LayerWeights(**dict(zip(names, leaves[3:], strict=True)))
    results = run(leaves[0], leaves[1], leaves[2], weights, options, **kwargs)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(4)
    total = sum(
        (result * torch.randn(result.shape, generator=generator, dtype=result.dtype)).sum() for result in results
    )
    assert isinstance(total, Tensor)
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    return [
        *(r.detach() for r in results),
        *(torch.zeros_like(a) if g is None else g for a, g in zip(leaves, found, strict=True)),
    ]


@pytest.mark.parametrize("engine", FAST)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_equals_the_reference(engine: str, data: st.DataObject) -> None:
    if engine == "aten":
        options = LSTMOptions(
            input_size=data.draw(st.sampled_from(SIZES)),
            hidden_size=data.draw(st.sampled_from(SIZES)),
            bias=data.draw(st.booleans()),
            input_dropout=data.draw(st.sampled_from((0.0, 0.4))),
        )
    else:
        options = data.draw(lstm_options())
    rows, steps = data.draw(st.sampled_from(SIZES)), data.draw(st.sampled_from(SIZES))
    kinds = ["dense", "lengths"] if engine == "aten" else ["dense", "lengths", "mask"]
    kind, reverse, training = data.draw(st.sampled_from(kinds)), data.draw(st.booleans()), data.draw(st.booleans())
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31)))
    weights = random_weights(options, generator)
    names = [name for name, value in weights._asdict().items() if value is not None]
    leaves = [*random_input(options, rows, steps, generator), *(value for value in weights if value is not None)]
    lengths = torch.randint(0, steps + 1, (rows,), generator=generator) if kind == "lengths" else None
    mask = torch.rand(rows, steps, generator=generator) < 0.6 if kind == "mask" else None
    assume(not (engine == "aten" and training is False and options.input_dropout))
    given_ = {"lengths": lengths, "mask": mask, "reverse": reverse, "training": training, "seed": SEED, "stream": 1}
    ours = gradients(engine, options, leaves, names, **given_)
    theirs = gradients("reference", options, leaves, names, **given_)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"peephole": True}, "no peephole"),
        ({"coupled_gates": True}, "no coupled_gates"),
        ({"layer_norm": True}, "no layer_norm"),
        ({"recurrent_dropout": 0.5}, "no recurrent_dropout in training"),
        ({"zoneout_h": 0.5}, "no zoneout"),
        ({"zoneout_c": 0.5}, "no zoneout"),
    ],
)
def test_aten_refuses_what_it_lacks_and_says_so(change: dict[str, object], reason: str) -> None:
    options = LSTMOptions(**vars(PLAIN) | change)
    choice = choose_engine(options, training=True)
    assert choice.name != "aten"
    assert reason in dict(choice.reasons)["aten"]
    with pytest.raises(EngineError, match=f"'aten' cannot run this LSTM: .*{reason}.*Use engine='auto'"):
        choose_engine(options, training=True, engine="aten")


def test_recurrent_dropout_does_not_keep_evaluation_off_the_fast_path() -> None:
    options = LSTMOptions(input_size=3, hidden_size=4, recurrent_dropout=0.5)
    assert choose_engine(options, training=False).name != "reference"


def test_an_engine_asked_for_by_name_runs() -> None:
    choice = choose_engine(PLAIN, engine="reference")
    assert choice.name == "reference"
    assert choice.run is reference.run_direction
    assert "asked for by name" in str(choice)


def test_an_unknown_engine_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no engine named 'atten'. Did you mean 'aten'"):
        choose_engine(PLAIN, engine="atten")

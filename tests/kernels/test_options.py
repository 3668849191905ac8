"""Options are validated, and each tells which parameters it needs."""

import pytest

from gatecell._core.errors import OptionError
from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import weight_shapes


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"input_size": 0}, "input_size must be an integer of at least 1, got 0"),
        ({"hidden_size": 2.5}, r"hidden_size must be an integer of at least 1, got 2\.5"),
        ({"proj_size": -1}, "proj_size must be an integer of at least 0, got -1"),
        ({"proj_size": 4}, r"proj_size must be smaller than hidden_size \(4\), got 4"),
        ({"peephole": 1}, "peephole must be True or False, got 1"),
        ({"recurrent_dropout": 1.0}, r"recurrent_dropout must be a number in \[0, 1\), got 1\.0"),
        ({"zoneout_h": float("nan")}, r"zoneout_h must be a number in \[0, 1\), got nan"),
        ({"zoneout_c": True}, r"zoneout_c must be a number in \[0, 1\), got True"),
        ({"precision": "bf16"}, "no precision named 'bf16'"),
    ],
)
def test_a_value_out_of_range_is_refused(change: dict[str, object], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        LSTMOptions(**{"input_size": 3, "hidden_size": 4} | change)  # type: ignore[arg-type]


def test_weight_shapes() -> None:
    assert weight_shapes(LSTMOptions(input_size=3, hidden_size=4)) == {
        "input": (16, 3),
        "recurrent": (16, 4),
        "bias": (16,),
    }
    everything = LSTMOptions(
        input_size=3, hidden_size=4, proj_size=2, peephole=True, coupled_gates=True, layer_norm=True
    )
    assert weight_shapes(everything) == {
        "input": (12, 3),
        "recurrent": (12, 2),
        "bias": (12,),
        "peephole": (2, 4),
        "norm_input": (12,),
        "norm_recurrent": (12,),
        "norm_cell": (2, 4),
        "projection": (2, 4),
    }

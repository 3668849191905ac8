"""An independent LSTM in plain NumPy, written from the papers, one row and one step at a time.

It shares no code with the package: the engines are tested against it, option by option.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def sigmoid(z: Array) -> Array:
    result: Array = 1.0 / (1.0 + np.exp(-z))
    return result


def normalise(v: Array) -> Array:
    result: Array = (v - v.mean()) / np.sqrt(v.var() + 1e-5)
    return result


def run_row(
    x: Array,
    h: Array,
    c: Array,
    weights: Mapping[str, Array],
    *,
    counts: Array,
    reverse: bool = False,
    zoneout_h: float = 0.0,
    zoneout_c: float = 0.0,
    coupled: bool = False,
    input_mask: Array | float = 1.0,
    recurrent_mask: Array | float = 1.0,
) -> tuple[Array, Array, Array]:
    """One sequence x (T, I) in evaluation mode; the masks of dropout are given from outside."""
    size = c.shape[0]
    output = np.zeros((x.shape[0], h.shape[0]))
    order = range(x.shape[0])
    for t in reversed(order) if reverse else order:
        if not counts[t]:
            continue
        from_input = weights["input"] @ (x[t] * input_mask)
        from_state = weights["recurrent"] @ (h * recurrent_mask)
        if "norm_input" in weights:
            from_input = normalise(from_input) * weights["norm_input"]
            from_state = normalise(from_state) * weights["norm_recurrent"]
        z = from_input + from_state + weights.get("bias", 0.0)
        blocks = [z[k : k + size] for k in range(0, z.shape[0], size)]
        names = ["f", "g", "o"] if coupled else ["i", "f", "g", "o"]
        gate = dict(zip(names, blocks, strict=True))
        see = dict(zip([n for n in names if n != "g"], weights.get("peephole", np.zeros((3, size))), strict=False))
        f = sigmoid(gate["f"] + see["f"] * c)
        i = 1.0 - f if coupled else sigmoid(gate["i"] + see["i"] * c)
        c_new = f * c + i * np.tanh(gate["g"])
        o = sigmoid(gate["o"] + see["o"] * c_new)
        seen = c_new
        if "norm_cell" in weights:
            seen = normalise(c_new) * weights["norm_cell"][0] + weights["norm_cell"][1]
        h_new = o * np.tanh(seen)
        if "projection" in weights:
            h_new = weights["projection"] @ h_new
        c = zoneout_c * c + (1.0 - zoneout_c) * c_new
        h = zoneout_h * h + (1.0 - zoneout_h) * h_new
        output[t] = h
    return output, h, c

"""The error of the core's sigmoid and tanh against NumPy in double precision, in units in the last place."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gatecell.kernels import core

absent = core.missing()
# with AVX-512 the exponential is a table's number times a short polynomial
SIGMOID_FLOAT32 = 4.0 if absent is None and core.isa().startswith("avx512") else 3.0
pytestmark = pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")

Array = np.ndarray[Any, np.dtype[Any]]
FUNCTIONS: dict[str, tuple[int, Callable[[Array], Array]]] = {
    "sigmoid": (0, lambda x: 1 / (1 + np.exp(-x))),
    "tanh": (1, np.tanh),
}


def apply(name: str, x: Array) -> Array:
    y = np.full_like(x, np.nan)
    status = core.library().gatecell_function(
        FUNCTIONS[name][0], int(x.dtype == np.float64), x.ctypes.data, y.ctypes.data, x.size
    )
    assert status == 0
    return y


@pytest.mark.parametrize(
    ("name", "dtype", "bound"),
    [
        ("sigmoid", np.float32, SIGMOID_FLOAT32),
        ("tanh", np.float32, 4.0),
        ("sigmoid", np.float64, 3.0),
        ("tanh", np.float64, 4.0),
    ],
)
def test_error_in_units_in_the_last_place(name: str, dtype: type, bound: float) -> None:
    rng = np.random.default_rng(0)
    small = np.exp(rng.uniform(-60, 0, 100_000)) * rng.choice([-1, 1], 100_000)
    x: Array = np.concatenate([rng.uniform(-20, 20, 400_000), rng.uniform(-80, 80, 100_000), small]).astype(dtype)
    exact = FUNCTIONS[name][1](x.astype(np.longdouble))
    unit = np.spacing(np.abs(exact).astype(dtype)).astype(np.longdouble)
    found = apply(name, x)
    error = np.abs(found - exact) / unit
    assert error.max() < bound, f"{error.max():.2f} at {x[error.argmax()]}"
    # the slopes s (1 - s) and 1 - s^2 have to stay at least 0
    assert np.abs(found).max() <= 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limits_and_what_is_not_a_number(dtype: type) -> None:
    x: Array = np.array([np.inf, -np.inf, 1000.0, -1000.0, 0.0, -0.0, np.nan], dtype=dtype)
    np.testing.assert_allclose(apply("sigmoid", x), [1, 0, 1, 0, 0.5, 0.5, np.nan], atol=1e-37)
    np.testing.assert_array_equal(apply("tanh", x), [1, -1, 1, -1, 0, 0, np.nan])

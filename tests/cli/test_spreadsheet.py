"""Text that a spreadsheet would take for a formula: written as it is, or as text where that is asked for."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from gatecell.cli.forecast import _csv
from tests.cli.conftest import Done

LABELS = ["=1+1", "@b", "-3.2"]


def test_predictions(gatecell: Callable[..., Done]) -> None:
    y = np.arange(30) % 3
    X = np.random.default_rng(0).normal(size=(30, 5, 2)) + 3 * y[:, None, None]
    np.savez("d.npz", X=X, y=np.array(LABELS)[y])
    fit = ["fit", "classify", "d.npz", "-o", "m.safetensors", "-q", "--set", "max_epochs=8", "--set", "hidden_size=3"]
    assert gatecell(*fit).code == 0

    def predicted(*words: str) -> list[list[str]]:
        done = gatecell("predict", "m.safetensors", "d.npz", *words)
        assert done.code == 0, done.err
        text = done.out or Path("p.csv").read_text(encoding="utf-8")
        return list(csv.reader(io.StringIO(text)))

    plain, *safe = predicted(), predicted("--spreadsheet-safe"), predicted("--spreadsheet-safe", "-o", "p.csv")
    assert {line[1] for line in plain[1:]} <= set(LABELS)
    for table in safe:
        assert [[cell.removeprefix("'") for cell in line] for line in table] == plain
        cells = [cell for line in table for cell in line]
        assert not [cell for cell in cells if cell.startswith(("=", "@"))]
        assert not [cell for cell in cells if cell.startswith("'-")]


def test_forecasts() -> None:
    frame = pd.DataFrame(
        {"unique_id": ["=a", "b"], "ds": pd.to_datetime(["2026-01-01", "2026-01-02"]), "-y": [-1, 2.5]}
    )
    assert _csv(frame, safe=True) == "unique_id,ds,'-y\n'=a,2026-01-01,-1.0\nb,2026-01-02,2.5\n"
    assert _csv(frame, safe=False) == "unique_id,ds,-y\n=a,2026-01-01,-1.0\nb,2026-01-02,2.5\n"

"""Classify the sequences of a CSV file: a line a step; columns that name the sequence, the order and the label.

python examples/own_csv.py [FILE.csv ID TIME LABEL]

Without a file, one is made up: machines that run hot before they wear out.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gatecell.data.csv_file import LongColumns
from gatecell.recipes.own_data import fit_file, predict_file


def made_up(path: Path) -> None:
    """Write 80 machines, each observed for 8 to 20 minutes."""
    generator = np.random.default_rng(0)
    tables = []
    for number in range(80):
        minutes, worn = np.arange(generator.integers(8, 21)), number % 2 == 1
        temperature = 40 + generator.normal(size=len(minutes)) + 0.5 * minutes * worn
        label = "worn" if worn else "good"
        tables.append(
            pd.DataFrame({"machine": number, "minute": minutes, "temperature": temperature.round(2), "state": label})
        )
    pd.concat(tables).to_csv(path, index=False)


if len(sys.argv) == 5:
    file, columns = Path(sys.argv[1]), LongColumns(id=sys.argv[2], time=sys.argv[3], label=sys.argv[4])
else:
    file, columns = Path("machines.csv"), LongColumns(id="machine", time="minute", label="state")
    made_up(file)

model = file.with_suffix(".safetensors")
result = fit_file("classify", file, output=model, columns=columns, settings={"max_epochs": 20}, seed=0, force=True)
print(f"right on rows held out: {result.metrics['validation_accuracy']:.0%}")
print(f"model: {result.artifact}\nreport: {result.report}")
said = predict_file(model, file)
for row, label in list(zip(said.rows, said.values, strict=True))[:4]:
    print(f"machine {row}: {label}")

"""Time the report of a recipe's model beyond its predictions, and say how large it is.

    GATECELL_DATA_HOME=... python scripts/measure_report.py runs/imdb-seed0/model.safetensors [REPORT.html]

Without a name for it, the report is not kept.
"""

import sys
import tempfile
import time
from pathlib import Path

from gatecell.artifact.store import load_artifact
from gatecell.estimators.loading import load
from gatecell.recipes.model_report import report_model
from gatecell.recipes.run import judge_again

MOST_SECONDS, MOST_BYTES = 10.0, 3_000_000
"""What a report over 25,000 texts may take."""


def main(model: str, output: str | None = None) -> None:
    """Print the seconds of both and the size; exit with an error where the report took more than it may."""
    notes = load_artifact(model).metadata["notes"]
    estimator = load(model)
    began = time.perf_counter()
    judged = judge_again(notes["recipe"], notes["settings"], estimator)
    judging = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        began, worked = time.perf_counter(), time.process_time()
        path = report_model(model, estimator, judged, output=output or Path(folder) / "report.html").path
        seconds, processor = time.perf_counter() - began, time.process_time() - worked
        n_bytes = path.stat().st_size
    n_rows = len(judged.judgement.row_losses)
    sys.stdout.write(
        f"{notes['recipe']}, {n_rows:,} rows judged in {judging:.1f} s; report beyond that {seconds:.1f} s "
        f"({processor:.1f} s of processor time), {n_bytes / 1e3:,.0f} kB\n"
    )
    if seconds > MOST_SECONDS or n_bytes > MOST_BYTES:
        raise SystemExit(f"That is more than {MOST_SECONDS:g} s or {MOST_BYTES / 1e6:g} MB.")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""``gatecell quickstart``."""

from pathlib import Path
from typing import Annotated

import typer

from gatecell.cli import show
from gatecell.cli.options import Force, Json, Quiet, Seed
from gatecell.cli.run import print_result


def quickstart(
    seed: Seed = 0,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to write.")] = Path(
        "runs/quickstart"
    ),
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train on real digits in seconds, no download.

    The hand-written digits come with scikit-learn. The folder then has the model, its history and report, and the test
    part as a file to try the other commands on. If it was stopped before, it goes on.
    """
    if not quiet:
        show.say("Training an LSTM to read hand-written digits, one row of pixels a step ...")
    from gatecell.recipes.quickstart import run_quickstart  # noqa: PLC0415  heavy imports wait until a command runs

    result, test_file, n_test = run_quickstart(output, seed=seed, force=force, verbose=0 if quiet else 1)
    if json:
        show.print_json(result.to_json())
        return
    show.print_line(f"It reads {result.metrics['test_accuracy']:.1%} of {n_test} digits that it has never seen.")
    show.print_line()
    print_result(result)
    model, data = show.near(result.artifact), str(test_file)
    show.print_next(
        ["gatecell", "evaluate", model, data],
        ["gatecell", "predict", model, data, "--output", "predictions.csv"],
        ["gatecell", "info", model],
        ["gatecell", "run", "mnist", "--set", "download=true"],
        ["gatecell", "fit", "classify", "--help"],
    )

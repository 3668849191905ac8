"""``gatecell quickstart``."""

from pathlib import Path
from typing import Annotated

import typer

from gatecell.cli import show
from gatecell.cli.options import Force, Json, Quiet, Seed
from gatecell.cli.run import print_result

TEST_FILE = "test.npz"


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
    import numpy as np  # noqa: PLC0415  heavy imports wait until a command runs

    from gatecell._core.files import atomic_path  # noqa: PLC0415
    from gatecell.recipes.registry import get_recipe  # noqa: PLC0415
    from gatecell.recipes.run import CHECKPOINT_FOLDER, run_recipe  # noqa: PLC0415

    unfinished = (output / CHECKPOINT_FOLDER).exists() and not force
    result = run_recipe("digits", seed=seed, output=output, resume=unfinished, force=force, verbose=0 if quiet else 1)
    test = get_recipe("digits").load(False).test
    with atomic_path(output / TEST_FILE) as part, part.open("wb") as stream:
        np.savez_compressed(stream, X=test.X, y=test.y)
    if json:
        show.print_json(result.to_json())
        return
    show.print_line(f"It reads {result.metrics['test_accuracy']:.1%} of {len(test.y)} digits that it has never seen.")
    show.print_line()
    print_result(result)
    model, data = show.near(result.artifact), str(output / TEST_FILE)
    show.print_next(
        ["gatecell", "evaluate", model, data],
        ["gatecell", "predict", model, data, "--output", "predictions.csv"],
        ["gatecell", "info", model],
        ["gatecell", "run", "mnist", "--set", "download=true"],
        ["gatecell", "fit", "classify", "--help"],
    )

"""``gatecell run``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatecell.cli import show
from gatecell.cli.options import Force, Json, Quiet, Resume, Seed, Settings, verbosity

if TYPE_CHECKING:
    from gatecell.recipes.run import RunResult

Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write; runs/RECIPE-seedN if not said.")
]


def run(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A name that `gatecell recipes` lists.")],
    settings: Settings = None,
    seed: Seed = 0,
    output: Output = None,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a recipe: data in, a judged model out."""
    from gatecell.recipes.registry import get_recipe  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.settings import parse_settings  # noqa: PLC0415

    chosen, changes = get_recipe(recipe), parse_settings(settings or [])
    if not quiet:
        show.say(f"{chosen.name}: {chosen.summary}")
    from gatecell.recipes.run import run_recipe  # noqa: PLC0415

    result = run_recipe(
        recipe, settings=changes, seed=seed, output=output, resume=resume, force=force, verbose=verbosity(quiet)
    )
    if json:
        show.print_json(result.to_json())
        return
    print_result(result)
    show.print_next(["gatecell", "info", show.near(result.artifact)])


def print_result(result: "RunResult") -> None:
    """Print the figures of a run and where its files lie."""
    if result.search:
        show.print_search(result.search)
    model = Path(result.artifact)
    show.print_pairs(
        [
            *show.metric_pairs(result.metrics, result.intervals),
            *(("verdict", sentence) for sentence in result.verdict),
            ("epochs", f"{result.epochs}, weights of epoch {result.kept_epoch}"),
            ("fit", f"{result.seconds['fit']:.1f} s"),
            ("model", show.near(model)),
            ("history", show.near(model.with_name("history.csv"))),
            ("result", show.near(model.with_name("result.json"))),
            ("report", show.near(result.report)),
            *([("logs", show.near(result.logs))] if result.logs else []),
        ]
    )

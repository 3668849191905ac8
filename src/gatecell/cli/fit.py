"""``gatecell fit classify``, ``gatecell fit regress`` and ``gatecell fit text``."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatecell._core.wording import listed
from gatecell.cli import show
from gatecell.cli.options import (
    SEQUENCES,
    TABLES,
    TEXT_DIALECT,
    Data,
    Force,
    Json,
    ModelOutput,
    Quiet,
    Resume,
    Seed,
    Settings,
    TableOptions,
    verbosity,
    with_table,
)

if TYPE_CHECKING:
    from gatecell.recipes.job import Task
    from gatecell.recipes.searching import SearchPlan

TextTable = Annotated[Path, typer.Argument(metavar="DATA", help=f"A {TABLES}, a text a row.")]
TextColumn = Annotated[str, typer.Option("--text", metavar="COLUMN", help="Which column has the texts.")]
TextLabel = Annotated[str, typer.Option("--label", metavar="COLUMN", help="Which column is to be predicted.")]
HELP = "Fit a model to your own sequences."


@with_table(*SEQUENCES)
def classify(
    data: Data,
    output: ModelOutput,
    table: TableOptions,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn which of several labels a sequence has."""
    fit_rows("classify", data, output, table, settings, seed, resume, force, json, quiet)


@with_table(*SEQUENCES)
def regress(
    data: Data,
    output: ModelOutput,
    table: TableOptions,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn a number of each sequence."""
    fit_rows("regress", data, output, table, settings, seed, resume, force, json, quiet)


@with_table(*TEXT_DIALECT)
def text(
    data: TextTable,
    output: ModelOutput,
    text_column: TextColumn,
    label: TextLabel,
    table: TableOptions,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn which of several labels a text has."""
    fit_text(data, output, replace(table, text=text_column, label=label), settings, seed, resume, force, json, quiet)


def fit_text(
    data: Path,
    output: Path,
    table: TableOptions,
    settings: list[str] | None,
    seed: int,
    resume: bool,
    force: bool,
    json: bool,
    quiet: bool,
    plan: "SearchPlan | None" = None,
) -> None:
    """Fit to a table of texts, after a search if there is a plan for one, and show what came of it."""
    from gatecell.data.text_table import TextColumns  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.own_texts import fit_texts  # noqa: PLC0415
    from gatecell.recipes.settings import parse_settings  # noqa: PLC0415

    result = fit_texts(
        data,
        TextColumns(text=table.text or "", label=table.label),
        output=output,
        dialect=table.dialect,
        settings=parse_settings(settings or []),
        seed=seed,
        resume=resume,
        force=force,
        verbose=verbosity(quiet),
        plan=plan,
    )
    found = result.data
    if found["empty"]:
        show.say(f"{found['empty']:,} texts are empty; each is read as one unknown word.")
    if found["cut"]:
        show.say(f"{found['cut']:,} texts are longer than max_length and were cut; --set max_length=none keeps all.")
    if json:
        show.print_json(result.to_json())
        return
    if result.search:
        show.print_search(result.search)
    show.print_pairs(
        [
            ("rows", f"{found['rows']:,}"),
            ("vocabulary", f"{found['vocabulary']:,}"),
            ("classes", ", ".join(map(str, found["classes"]))),
            *show.metric_pairs(result.metrics),
            ("fit", f"{result.seconds['fit']:.1f} s"),
            *show.file_pairs(result.artifact, result.report, result.logs),
        ]
    )
    _print_next(result.artifact)


def _print_next(artifact: str) -> None:
    model = show.near(artifact)
    show.print_next(
        ["gatecell", "evaluate", model, "OTHER_DATA"],
        ["gatecell", "predict", model, "OTHER_DATA", "--output", "predictions.csv"],
    )


def fit_rows(
    task: "Task",
    data: Path,
    output: Path,
    table: TableOptions,
    settings: list[str] | None,
    seed: int,
    resume: bool,
    force: bool,
    json: bool,
    quiet: bool,
    plan: "SearchPlan | None" = None,
) -> None:
    """Fit to a file of sequences, after a search if there is a plan for one, and show what came of it."""
    from gatecell.recipes.own_data import fit_file  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.settings import parse_settings  # noqa: PLC0415

    result = fit_file(
        task,
        data,
        output=output,
        columns=table.columns,
        dialect=table.dialect,
        settings=parse_settings(settings or []),
        seed=seed,
        resume=resume,
        force=force,
        verbose=verbosity(quiet),
        plan=plan,
    )
    if result.data["left_out"]:
        show.say(f"Left out, since they do not hold numbers, or have no name: {listed(result.data['left_out'])}.")
    if json:
        show.print_json(result.to_json())
        return
    if result.search:
        show.print_search(result.search)
    shortest, longest = result.data["steps"]
    classes = result.data["classes"]
    show.print_pairs(
        [
            ("rows", f"{result.data['rows']:,}"),
            ("steps", str(longest) if shortest == longest else f"{shortest} to {longest}"),
            *([("columns", result.data["columns"])] if "columns" in result.data else []),
            ("channels", listed(result.data["channels"], show.MOST_NAMES)),
            *([("classes", ", ".join(map(str, classes)))] if classes is not None else []),
            *show.metric_pairs(result.metrics),
            ("fit", f"{result.seconds['fit']:.1f} s"),
            *show.file_pairs(result.artifact, result.report, result.logs),
        ]
    )
    _print_next(result.artifact)

"""``gatecell fit language`` and ``gatecell generate``."""

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatecell._core.checks import check_integer
from gatecell.cli import show
from gatecell.cli.options import (
    TABLES,
    TEXT_DIALECT,
    Force,
    Json,
    Model,
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
    from gatecell.recipes.searching import SearchPlan

LongText = Annotated[
    Path,
    typer.Argument(metavar="TEXT", help=f"A file that is one text; or {TABLES} with --text."),
]


@with_table("text", *TEXT_DIALECT)
def language(
    data: LongText,
    output: ModelOutput,
    table: TableOptions,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn to say what comes next in a text: by word, or with --set tokens=character."""
    fit_language_model(data, output, table, settings, seed, resume, force, json, quiet)


def fit_language_model(
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
    """Fit to text, after a search if there is a plan for one, and show what came of it."""
    from gatecell.recipes.own_language import fit_language  # noqa: PLC0415  heavy imports wait until a command runs
    from gatecell.recipes.settings import parse_settings  # noqa: PLC0415

    result = fit_language(
        data,
        column=table.text,
        output=output,
        dialect=table.dialect,
        settings=parse_settings(settings or []),
        seed=seed,
        resume=resume,
        force=force,
        verbose=verbosity(quiet),
        plan=plan,
    )
    if json:
        show.print_json(result.to_json())
        return
    if result.search:
        show.print_search(result.search)
    found = result.data
    show.print_pairs(
        [
            ("texts", f"{found['texts']:,}"),
            ("characters", f"{found['characters']:,}"),
            ("vocabulary", f"{found['vocabulary']:,}"),
            *show.metric_pairs(result.metrics),
            ("fit", f"{result.seconds['fit']:.1f} s"),
            *show.file_pairs(result.artifact, result.report, result.logs),
        ]
    )
    model = show.near(result.artifact)
    show.print_next(
        ["gatecell", "generate", model, "--prompt", "BEGINNING"], ["gatecell", "evaluate", model, "OTHER_TEXT"]
    )


def generate(
    model: Model,
    prompt: Annotated[
        str, typer.Option("--prompt", "-p", metavar="TEXT", help="What the text begins with; nothing if not said.")
    ] = "",
    max_new: Annotated[int, typer.Option("--max-new", metavar="N", help="Tokens to write at most.")] = 200,
    temperature: Annotated[
        float,
        typer.Option("--temperature", metavar="X", help="Below 1 more probable, above 1 less; 0 the most probable."),
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option("--top-k", metavar="K", help="Draw from the K most probable tokens.")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option("--top-p", metavar="P", help="Draw from the fewest tokens that have probability P together."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="N", help="Same seed, same text; another each time if not.")
    ] = None,
    json: Json = False,
) -> None:
    """Write on from a prompt, token by token; Ctrl-C ends it and leaves what is written."""
    from gatecell.recipes.own_language import written  # noqa: PLC0415  heavy imports wait until a command runs

    check_integer("max_new", max_new, minimum=0)
    pieces = islice(written(model, prompt, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed), max_new)
    if not json:
        _print_on(prompt, pieces)
        return
    found = {"model": str(model), "prompt": prompt, "text": "", "stopped": False}
    try:
        for piece in pieces:
            found["text"] += piece  # type: ignore[operator]
    except KeyboardInterrupt:
        show.print_json({**found, "stopped": True})
        raise
    show.print_json(found)


def _print_on(prompt: str, pieces: "islice[str]") -> None:
    show.print_data(prompt)
    try:
        for piece in pieces:
            show.print_data(piece)
            sys.stdout.flush()
    finally:
        # also where Ctrl-C comes: what stands there is a whole line, whatever is said next
        sys.stdout.write("\n")
        sys.stdout.flush()

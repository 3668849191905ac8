"""``gatecell tune``: a search by Optuna, and the best parameters fitted."""

from dataclasses import replace

from gatecell._core.search_defaults import N_TRIALS
from gatecell.cli.fit import TextColumn, TextLabel, TextTable, fit_rows, fit_text
from gatecell.cli.forecast import (
    Frequency,
    Future,
    Horizon,
    Past,
    SeriesId,
    SeriesTime,
    Static,
    Table,
    Target,
    fit_forecast,
)
from gatecell.cli.language import LongText, fit_language_model
from gatecell.cli.options import (
    DIALECT,
    SEQUENCES,
    TEXT_DIALECT,
    UNSAID,
    Data,
    Force,
    Json,
    ModelOutput,
    Quiet,
    Resume,
    Seed,
    Settings,
    TableOptions,
    with_table,
)
from gatecell.cli.search_options import CV, Cv, NoPrune, Search, Study, Timeout, Trials, plan_of

HELP = "Search the parameters of a model of your own data, and fit the best."


@with_table(*SEQUENCES)
def classify(
    data: Data,
    output: ModelOutput,
    table: TableOptions,
    search: Search = None,
    n_trials: Trials = N_TRIALS,
    timeout: Timeout = None,
    cv: Cv = CV,
    no_prune: NoPrune = False,
    study: Study = None,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best classifier of sequences."""
    plan = plan_of(search, n_trials, timeout, cv, no_prune, study)
    fit_rows("classify", data, output, table, settings, seed, resume, force, json, quiet, plan)


@with_table(*SEQUENCES)
def regress(
    data: Data,
    output: ModelOutput,
    table: TableOptions,
    search: Search = None,
    n_trials: Trials = N_TRIALS,
    timeout: Timeout = None,
    cv: Cv = CV,
    no_prune: NoPrune = False,
    study: Study = None,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best model of a number of each sequence."""
    plan = plan_of(search, n_trials, timeout, cv, no_prune, study)
    fit_rows("regress", data, output, table, settings, seed, resume, force, json, quiet, plan)


@with_table(*TEXT_DIALECT)
def text(
    data: TextTable,
    output: ModelOutput,
    text_column: TextColumn,
    label: TextLabel,
    table: TableOptions,
    search: Search = None,
    n_trials: Trials = N_TRIALS,
    timeout: Timeout = None,
    cv: Cv = CV,
    no_prune: NoPrune = False,
    study: Study = None,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best classifier of texts."""
    plan = plan_of(search, n_trials, timeout, cv, no_prune, study)
    table = replace(table, text=text_column, label=label)
    fit_text(data, output, table, settings, seed, resume, force, json, quiet, plan)


@with_table(*DIALECT)
def forecast(
    data: Table,
    output: ModelOutput,
    time: SeriesTime,
    target: Target,
    id_column: SeriesId = None,
    horizon: Horizon = None,
    past: Past = None,
    future: Future = None,
    static: Static = None,
    frequency: Frequency = "infer",
    table: TableOptions = UNSAID,
    search: Search = None,
    n_trials: Trials = N_TRIALS,
    timeout: Timeout = None,
    no_prune: NoPrune = False,
    study: Study = None,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best forecaster, by the steps that it holds out."""
    columns = (time, target, id_column, past, future, static)
    plan = plan_of(search, n_trials, timeout, None, no_prune, study)
    fit_forecast(data, output, columns, table, horizon, frequency, settings, seed, resume, force, json, quiet, plan)


@with_table("text", *TEXT_DIALECT)
def language(
    data: LongText,
    output: ModelOutput,
    table: TableOptions,
    search: Search = None,
    n_trials: Trials = N_TRIALS,
    timeout: Timeout = None,
    no_prune: NoPrune = False,
    study: Study = None,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for the best language model, by the text that it holds out."""
    plan = plan_of(search, n_trials, timeout, None, no_prune, study)
    fit_language_model(data, output, table, settings, seed, resume, force, json, quiet, plan)

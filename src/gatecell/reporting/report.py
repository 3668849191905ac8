"""From an estimator, and a look at rows whose answers are known, to a page in a file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from gatecell._core.errors import OptionError
from gatecell._core.files import atomic_path
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classes import ClassTargets
from gatecell.estimators.forecasting.backtest import Backtest
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.row_estimator import RowEstimator
from gatecell.evaluation.classes import ClassJudgement
from gatecell.evaluation.judgement import Judgement
from gatecell.evaluation.numbers import NumberJudgement
from gatecell.reporting.blocks import Block, Page, Paragraph, Section, Table
from gatecell.reporting.classes import class_sections
from gatecell.reporting.general import (
    cards,
    curves_section,
    figures_section,
    making_section,
    network_section,
    next_step,
    verdict,
)
from gatecell.reporting.language import language_facts, language_sections
from gatecell.reporting.numbers import number_sections
from gatecell.reporting.series import series_facts, series_sections
from gatecell.reporting.subject import Judged, Origin
from gatecell.reporting.tuning import search_card, search_section
from gatecell.reporting.worst import looking_section, worst_section
from gatecell.tuning.trials import Tuning

_MARK = '<meta name="generator" content="Gatecell'
"""By what a report is known again, so that no other file is replaced."""
_TEMPLATE = "page.html.j2"
_PARTS = ("train", "validation", "test")
"""In this order, which a model's file does not keep."""


def write_report(
    path: str | Path,
    estimator: LSTMEstimator,
    *,
    origin: Origin | None = None,
    judged: Judged | None = None,
    why_not: str = "",
    tuning: Tuning | None = None,
) -> Path:
    """Write a report: one HTML file that needs nothing else, neither network nor script.

    Parameters
    ----------
    path : path
        The file; a report that is there is replaced.
    estimator : LSTMEstimator
        Fitted.
    origin : Origin, optional
        How the estimator came to be.
    judged : Judged, optional
        A look at rows whose answers are known; without one the page has no figures on data.
    why_not : str
        Why there is none.
    tuning : Tuning, optional
        The search that chose the parameters.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OptionError
        Where the file is there and is no report; it is left as it is.
    OSError
        Where the file cannot be written; what was there stays.
    """
    path = Path(path)
    check_replaceable(path)
    text = render(page_of(estimator, origin or Origin(title=type(estimator).__name__), judged, why_not, tuning))
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n", errors="replace")
    return path


def check_replaceable(path: Path) -> None:
    """Raise where a file is there that no report is."""
    if path.is_dir():
        raise OptionError(f"{path} is a folder. Name a file for the report, such as {path / 'report.html'}.")
    if path.exists() and _MARK not in path.read_bytes()[:2000].decode("utf-8", errors="replace"):
        raise OptionError(f"{path} is there already, and is no report of Gatecell. Name another file for the report.")


def page_of(
    estimator: LSTMEstimator, origin: Origin, judged: Judged | None, why_not: str = "", tuning: Tuning | None = None
) -> Page:
    """Return what a report says; arguments as those of ``write_report``."""
    return Page(
        title=origin.title,
        subtitle=origin.summary or f"{type(estimator).__name__}",
        cards=[*cards(estimator, origin, judged), *([] if tuning is None else [search_card(tuning)])],
        verdict="" if judged is None else _headline(estimator, judged.judgement),
        sections=list(_sections(estimator, origin, judged, why_not, tuning)),
        footer=[f"Gatecell {version('gatecell')}", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")],
    )


def _headline(estimator: LSTMEstimator, judgement: Judgement) -> str:
    """Return whether the model is better than simple rules, and what to try where it is not."""
    if own := judgement.verdicts():
        return " ".join(own)
    return verdict(judgement, next_step(estimator))


def render(page: Page) -> str:
    """Return the page as HTML; everything but the pictures is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = files("gatecell.reporting").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(source).render(page=page)


def _sections(
    estimator: LSTMEstimator, origin: Origin, judged: Judged | None, why_not: str, tuning: Tuning | None
) -> Iterator[Section]:
    if judged is None:
        text = "No rows were judged here. `gatecell report MODEL DATA` judges by data whose answers are known."
        yield Section("Figures", [Paragraph(part) for part in (why_not, text) if part])
    else:
        yield figures_section(judged)
    if tuning is not None:
        yield search_section(tuning)
    yield _data_section(estimator, origin, judged)
    curves = curves_section(estimator)
    if curves is not None:
        yield curves
    if judged is not None:
        yield from _task_sections(estimator, judged)
    yield network_section(estimator)
    yield making_section(estimator, origin)


def _task_sections(estimator: LSTMEstimator, judged: Judged) -> Iterator[Section]:
    judgement = judged.judgement
    if isinstance(estimator, LSTMForecaster) and isinstance(judged.X, Backtest):
        yield from series_sections(estimator, judged.X)
        return
    if isinstance(estimator, LSTMLanguageModel):
        yield from language_sections(estimator, judged)
        return
    if isinstance(estimator, ClassTargets) and isinstance(judgement, ClassJudgement):
        prior = estimator.class_prior_
        yield from class_sections(judgement, None if prior is None else prior.tolist())
    elif isinstance(judgement, NumberJudgement):
        yield from number_sections(judgement)
    yield worst_section(judged)
    if isinstance(estimator, RowEstimator):
        yield looking_section(estimator, judged)


def _data_section(estimator: LSTMEstimator, origin: Origin, judged: Judged | None) -> Section:
    parts = sorted(origin.parts.items(), key=lambda part: _PARTS.index(part[0]) if part[0] in _PARTS else len(_PARTS))
    rows: list[list[Any]] = [[f"{part} part", f"{n_rows:,} rows"] for part, n_rows in parts]
    if judged is not None:
        n_rows = len(judged.judgement.row_losses)
        if isinstance(judged.X, Backtest):
            rows.append(["judged", f"{judged.what}, {n_rows:,} forecasts"])
            if isinstance(estimator, LSTMForecaster):
                rows += series_facts(estimator, judged.X)
        elif isinstance(estimator, LSTMLanguageModel):
            rows.append(["judged", f"{judged.what}, {n_rows:,} tokens"])
            rows += language_facts(estimator)
        else:
            rows.append(["judged", f"{judged.what}, {n_rows:,} rows"])
            rows += _shape(judged.X)
    if hasattr(estimator, "takes"):
        rows.append(["the model takes", estimator.takes()])
    blocks: list[Block] = [Paragraph(origin.data)] if origin.data else []
    return Section("Data", [*blocks, Table(["what", "how much"], rows)])


def _shape(X: Any) -> list[list[str]]:
    if isinstance(X[0], str):
        lengths = sorted(len(text) for text in X)
        what = "characters a text"
    else:
        lengths = sorted(len(row) for row in X)
        what = "steps a row"
    if lengths[0] == lengths[-1]:
        return [[what, f"{lengths[0]:,}"]]
    return [[what, f"{lengths[0]:,} to {lengths[-1]:,}, half of them at most {lengths[len(lengths) // 2]:,}"]]

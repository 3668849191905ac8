"""What the command line does with a model file: each command that reads one, on small files that fit the models."""

import contextlib
import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gatecell.artifact.store import Artifact
from gatecell.cli.app import build_app
from gatecell.reporting.subject import Origin
from gatecell.tuning.trials import Trial, Tuning
from tests.estimators.altered import content

_LONG = "id,t,a,b,y\n" + "".join(
    f"{row},{step},{row - step},{step / 2},{'up' if row else 'down'}\n" for row in (0, 1) for step in range(4)
)
_WIDE = "s1,s2,s3,s4,s5\n1,2,3,4,5\n5,4,3,2,1\n"
_TEXTS = "text,label\na good film,{}\nbad,{}\n"
_SERIES = "when,v\n" + "".join(
    f"2026-{1 + day // 31:02}-{1 + day % 31:02}T00:00:00+01:00,{day % 5}\n" for day in range(20, 40)
)
_FILES = {
    "classifier": ("rows.csv", _LONG),
    "regressor": ("wide.csv", _WIDE),
    "text": ("words.csv", _TEXTS.format("n", "p")),
    "text_characters": ("characters.csv", _TEXTS.format("0", "1")),
    "text_encoder": ("characters.csv", _TEXTS.format("0", "1")),
    "language": ("lines.csv", _TEXTS.format("0", "1")),
    "forecaster": ("series.csv", _SERIES),
}
_TEXT_COLUMNS = {"text": "text", "label": "label"}
_COLUMNS: dict[str, dict[str, Any]] = {
    "classifier": {"id": "id", "time": "t", "label": "y", "channels": ["a", "b"]},
    "regressor": {"label": None, "steps": ["s1", "s2", "s3", "s4", "s5"], "header": True},
    "text": _TEXT_COLUMNS,
    "text_characters": _TEXT_COLUMNS,
    "text_encoder": _TEXT_COLUMNS,
    "language": {"text": "text"},
    "forecaster": {"time": "when", "target": ["v"], "id": None, "past": [], "future": [], "static": []},
}
_ORIGIN = Origin(
    title="m",
    summary="LSTM, fitted to rows.csv",
    command="gatecell fit rows.csv",
    seed=0,
    data="From rows.csv.",
    parts={"train": 2, "validation": 1},
    seconds={"fit": 1.5},
    departures=("none",),
)
_SEARCH = Tuning(
    trials=(Trial(number=0, state="finished", params={"hidden_size": 2}, score=0.5, scores=(0.5, 0.5), losses=(1.0,)),),
    space={"hidden_size": ["2", "4"]},
    scoring="accuracy",
    evaluation="5 folds",
    by="Optuna",
    seconds=1.0,
    importances={"hidden_size": 1.0},
)


def noted(kind: str) -> Artifact:
    """Return what the file of a kind holds, with the notes that a job with a search writes."""
    artifact = content(kind)
    artifact.metadata["notes"] = {
        "columns": dict(_COLUMNS[kind]),
        "metrics": {"train_loss": 0.5},
        "task": "classify",
        "origin": json.loads(json.dumps(_ORIGIN.to_json())),
        "search": _SEARCH.to_json(),
        "reading": {"day_first": True},
    }
    return artifact


def files_for(kind: str, folder: Path) -> Path:
    """Return a small file of data that the model of a kind is for."""
    name, text = _FILES[kind]
    path = folder / name
    if not path.exists():
        path.write_text(text)
    return path


def command_lines(kind: str, model: Path, folder: Path) -> Iterator[list[str]]:
    """Yield the command lines that read a model."""
    data = str(files_for(kind, folder))
    yield ["info", str(model)]
    yield ["info", str(model), "--json"]
    yield ["evaluate", str(model), data]
    yield ["report", str(model), data, "--output", str(folder / "report.html")]
    yield ["report", str(model), "--output", str(folder / "report.html")]
    if kind == "language":
        yield ["generate", str(model), "--prompt", "it", "--max-new", "3", "--seed", "0"]
    else:
        yield ["predict", str(model), data, *(["--level", "60"] if kind == "forecaster" else [])]
    if kind == "forecaster":
        yield ["backtest", str(model), "--level", "60"]


def run(words: list[str]) -> str:
    """Run a command line, and return what it writes; an error comes out as it is raised."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        _app()(args=words, prog_name="gatecell", standalone_mode=False)
    return out.getvalue()


@cache
def _app() -> Any:
    return build_app()

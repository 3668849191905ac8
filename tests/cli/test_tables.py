"""Tables as other programs write them, at every command that reads one."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatecell.estimators.loading import load
from gatecell.recipes.notes import notes_of
from gatecell.recipes.reading import Reading
from tests.cli.conftest import Done

Run = Callable[..., Done]
SMALL = ("--set", "max_epochs=1", "--set", "hidden_size=2", "-q")
LONG = ("--id", "who", "--time", "day", "--label", "kind")


def long_lines(sep: str = ",", decimal: str = ".", end: str = "\n", *, days: range = range(11, 15)) -> str:
    lines = [sep.join(("who", "day", "heat", "size", "sex", "kind"))]
    for place in range(20):
        for day in days:
            heat = f"{day + place % 2 * 10}.5".replace(".", decimal)
            lines.append(sep.join((f"{place:02}", f"{day:02}/02/2026", heat, "3", "f", f"{place % 2 + 1:02}")))
    return end.join([*lines, ""])


@pytest.fixture
def fitted(gatecell: Run, here: Path) -> Path:
    (here / "long.csv").write_text(long_lines())
    done = gatecell("fit", "classify", "long.csv", *LONG, "-o", "m.safetensors", *SMALL)
    assert done.code == 0, done.err
    return Path("m.safetensors")


def test_what_is_used_and_left_out_is_named_even_if_quiet(gatecell: Run, here: Path) -> None:
    (here / "long.csv").write_text(long_lines())
    done = gatecell("fit", "classify", "long.csv", *LONG, "-o", "m.safetensors", *SMALL)
    assert "channels             heat, size\n" in done.out
    assert "Left out, since they do not hold numbers, or have no name: sex.\n" in done.err
    assert "classes              01, 02\n" in done.out
    one = gatecell("fit", "classify", "long.csv", *LONG, "--channel", "heat", "-o", "n.safetensors", *SMALL, "--json")
    assert one.json["data"]["channels"] == ["heat"]
    assert one.json["data"]["left_out"] == []
    assert "--channel heat" in (here / "n.report.html").read_text()
    # a table with more columns, in another order, is read by name
    names, *lines = [line.split(",") for line in (here / "long.csv").read_text().splitlines()]
    order = [5, 3, 2, 0, 1]
    other = [",".join(["extra", *(line[place] for place in order)]) for line in [names, *lines]]
    (here / "other.csv").write_text("\n".join(other))
    expected = gatecell("predict", "n.safetensors", "long.csv")
    assert gatecell("predict", "n.safetensors", "other.csv").out == expected.out
    wrong = gatecell("fit", "classify", "long.csv", *LONG, "--channel", "het", "-o", "o.safetensors", *SMALL)
    assert "There is no column in long.csv named 'het'. Did you mean 'heat'?" in wrong.err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("german.csv", long_lines(";", ",", "\r\n").encode("utf-8-sig"), ()),
        ("old.csv", long_lines(";", ",", "\r\n").replace("f;", "\u00fc;").encode("cp1252"), ("--encoding", "cp1252")),
        ("excel.tsv", long_lines("\t").encode("utf-16"), ()),
        ("pipe.csv.gz", gzip.compress(long_lines("|").encode()), ("--sep", "|", "--decimal", ".")),
        ("ends.csv", long_lines(end=",\n").encode(), ()),
    ],
)
def test_dialects_give_the_same_answers(
    gatecell: Run, here: Path, fitted: Path, name: str, content: bytes, told: tuple[str, ...]
) -> None:
    (here / name).write_bytes(content)
    for command in ("predict", "evaluate"):
        expected = gatecell(command, fitted, "long.csv")
        done = gatecell(command, fitted, name, *told)
        assert (done.code, done.out) == (0, expected.out), done.err
    again = gatecell("fit", "classify", name, *LONG, *told, "-o", "n.safetensors", *SMALL)
    assert again.code == 0, again.err
    assert gatecell("predict", "n.safetensors", "long.csv").out == gatecell("predict", fitted, "long.csv").out
    rate = gatecell("learning-rate", "classify", name, *LONG, *told, "--set", "hidden_size=2", "--json")
    assert rate.code == 0, rate.err
    assert gatecell("report", fitted, name, *told, "-o", "r.html").code == 0


def test_later_dates_are_read_as_at_the_fit(gatecell: Run, here: Path, fitted: Path) -> None:
    # each of these could be a month
    (here / "later.csv").write_text(long_lines(days=range(1, 5)))
    assert notes_of(fitted).reading == Reading(day_first=True)
    assert gatecell("predict", fitted, "later.csv").code == 0
    refused = gatecell("fit", "classify", "later.csv", *LONG, "-o", "n.safetensors", *SMALL)
    assert refused.code == 2
    assert "later.csv: day can be read in two ways: '01/02/2026' (line 2)" in refused.err
    told = gatecell("fit", "classify", "later.csv", *LONG, "--month-first", "-o", "n.safetensors", *SMALL)
    assert told.code == 0
    assert notes_of(here / "n.safetensors").reading == Reading(day_first=False)
    assert "--month-first" in (here / "n.report.html").read_text()


@pytest.mark.parametrize("ending", [".jsonl", ".parquet", ".tsv"])
def test_other_tables_of_steps(gatecell: Run, here: Path, fitted: Path, ending: str) -> None:
    frame = pd.read_csv(here / "long.csv", dtype={"who": str, "kind": str})
    name = f"long{ending}"
    if ending == ".jsonl":
        frame.to_json(here / name, orient="records", lines=True)
    elif ending == ".tsv":
        frame.to_csv(here / name, sep="\t", index=False)
    else:
        pytest.importorskip("pyarrow", reason='needs pip install "gatecell[parquet]"')
        frame.to_parquet(here / name)
    assert gatecell("predict", fitted, name).out == gatecell("predict", fitted, "long.csv").out
    done = gatecell("fit", "classify", name, *LONG, "-o", "n.safetensors", *SMALL)
    assert done.code == 0, done.err


def test_a_table_with_a_sequence_a_row(gatecell: Run, here: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(24, 5)).round(3)
    y = np.arange(24) % 2 + 1
    np.savetxt(here / "w.tsv", np.column_stack([y, rows]), delimiter="\t", fmt=["%d", *["%g"] * 5])
    done = gatecell("fit", "classify", "w.tsv", "-o", "m.safetensors", *SMALL)
    assert done.code == 0, done.err
    assert "columns              column 2 to column 6\n" in done.out
    predicted = gatecell("predict", "m.safetensors", "w.tsv").out
    assert predicted.startswith("row,prediction,probability_1,probability_2\n")
    np.savetxt(here / "x.tsv", rows, delimiter="\t", fmt="%g")
    np.save(here / "x.npy", rows.astype(np.float64))
    np.save(here / "y.npy", y)
    for name in ("x.tsv", "x.npy"):
        assert gatecell("predict", "m.safetensors", name).out == predicted
    figures = gatecell("evaluate", "m.safetensors", "w.tsv").out
    assert gatecell("evaluate", "m.safetensors", "x.npy", "--label", "y.npy").out == figures
    without = gatecell("evaluate", "m.safetensors", "x.tsv")
    assert "x.tsv has no labels" in without.err
    of_arrays = gatecell("fit", "classify", "x.npy", "--label", "y.npy", "-o", "n.safetensors", *SMALL)
    assert of_arrays.code == 0, of_arrays.err
    named = pd.DataFrame(rows, columns=[f"t{step}" for step in range(5)]).assign(kind=rows.sum(axis=1))
    named.to_csv(here / "r.csv", index=False)
    done = gatecell("fit", "regress", "r.csv", "--label", "kind", "-o", "r.safetensors", *SMALL)
    assert done.code == 0, done.err
    expected = gatecell("predict", "r.safetensors", "r.csv").out
    named.drop(columns="kind")[["t4", "t0", "t1", "t2", "t3"]].assign(more=1).to_csv(here / "s.csv", index=False)
    assert gatecell("predict", "r.safetensors", "s.csv").out == expected


def series_lines(sep: str = ",", decimal: str = ".", *, n: int = 80, start: str = "2020-01-01") -> str:
    months = pd.date_range(start, periods=n, freq="MS")
    wave = 50 + 10 * np.sin(np.arange(n) * 2 * np.pi / 12)
    lines = [
        f"{month:%d/%m/%Y}{sep}{value:.2f}".replace(".", decimal) for month, value in zip(months, wave, strict=True)
    ]
    return "\n".join([sep.join(("month", "load")), *lines, ""])


FORECAST = ("--time", "month", "--target", "load", "--horizon", "3", "--set", "lookback=12", *SMALL)


def test_series_by_month_with_the_day_first(gatecell: Run, here: Path) -> None:
    (here / "s.csv").write_text(series_lines(";", ","))
    refused = gatecell("fit", "forecast", "s.csv", *FORECAST, "-o", "m.safetensors")
    assert refused.code == 2
    assert "s.csv: month can be read in two ways" in refused.err
    assert "is 2020-02-01 and 2026-08-01 with the day first, 2020-01-02 and 2026-01-08 with the month" in refused.err
    done = gatecell("fit", "forecast", "s.csv", *FORECAST, "-o", "m.safetensors", "--day-first")
    assert done.code == 0, done.err
    assert "frequency" in done.out
    assert load(here / "m.safetensors").panel_.frequency == "MS"
    (here / "all.csv").write_text(series_lines(n=86))
    predicted = gatecell("predict", "m.safetensors", "all.csv").out
    assert ",2027-03-01," in predicted
    for command in ("evaluate", "backtest"):
        assert gatecell(command, "m.safetensors", "all.csv").code == 0
    told = gatecell("predict", "m.safetensors", "all.csv", "--month-first")
    assert told.code == 2
    assert "do not lie on the grid of frequency 'MS'" in told.err


def test_series_in_other_formats(gatecell: Run, here: Path) -> None:
    frame = pd.DataFrame({"month": pd.date_range("2020-01-01", periods=80, freq="MS"), "load": np.arange(80.0)})
    frame.astype({"month": str}).to_json(here / "s.jsonl", orient="records", lines=True)
    names = ["s.jsonl"]
    if pytest.importorskip("pyarrow", reason='needs pip install "gatecell[parquet]"'):
        frame.to_parquet(here / "s.parquet")
        names.append("s.parquet")
    outputs = []
    for name in names:
        done = gatecell("fit", "forecast", name, *FORECAST, "-o", f"{name}.safetensors")
        assert done.code == 0, done.err
        outputs.append(gatecell("predict", f"{name}.safetensors").out)
    assert len(set(outputs)) == 1


def test_texts_of_other_programs(gatecell: Run, here: Path) -> None:
    lines = [f'"Text {place};\n{"gut" if place % 2 else "schlecht"}";{place % 2}' for place in range(20)]
    (here / "t.csv").write_text("\r\n".join(["Text;Note", *lines, ""]))
    named = ("--text", "Text", "--label", "Note", "-o", "m.safetensors")
    done = gatecell("fit", "text", "t.csv", *named, *SMALL)
    assert done.code == 0, done.err
    assert "rows                 20\n" in done.out
    refused = gatecell("predict", "m.safetensors", "t.csv", "--channel", "Text")
    assert "The model reads texts, so --id, --time and --channel have no meaning" in refused.err


def test_half_a_character_loses_no_answer(gatecell: Run, here: Path) -> None:
    items = [
        {"text": f"good {place} \ud83d", "kind": "ab"[place % 2], "more": "\ud83d", "n": [None, 1][place % 2]}
        for place in range(20)
    ]
    (here / "t.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    named = ("--text", "text", "--label", "kind", "-o", "m.safetensors")
    assert gatecell("fit", "text", "t.jsonl", *named, *SMALL).code == 0
    for ending in (".csv", ".tsv", ".jsonl"):
        done = gatecell("predict", "m.safetensors", "t.jsonl", "-o", f"p{ending}")
        assert done.code == 0, done.err
        assert len((here / f"p{ending}").read_text(encoding="utf-8").splitlines()) == 20 + (ending != ".jsonl")
    answers = [json.loads(line) for line in (here / "p.jsonl").read_text().splitlines()]
    assert [answer["more"] for answer in answers] == ["\ud83d"] * 20
    assert gatecell("predict", "m.safetensors", "t.jsonl", "--json").code == 0
    assert gatecell("predict", "m.safetensors", "t.jsonl").code == 0


def test_a_column_that_parquet_cannot_hold(gatecell: Run, here: Path) -> None:
    pytest.importorskip("pyarrow", reason='needs pip install "gatecell[parquet]"')
    items = [{"text": f"good {place}", "kind": "ab"[place % 2], "odd": ["x", 1][place % 2]} for place in range(20)]
    (here / "t.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    assert (
        gatecell("fit", "text", "t.jsonl", "--text", "text", "--label", "kind", "-o", "m.safetensors", *SMALL).code == 0
    )
    done = gatecell("predict", "m.safetensors", "t.jsonl", "-o", "p.parquet")
    assert done.code == 2
    assert "The column odd cannot be written to Parquet, in which a column has values of one kind" in done.err
    assert not (here / "p.parquet").exists()

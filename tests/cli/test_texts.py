"""``gatecell fit text``, and what follows it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Done
from tests.recipes.test_own_texts import write

Run = Callable[..., Done]
FIT = ("--text", "review", "--label", "verdict", "--output", "m.safetensors", "--set", "max_epochs=2")


def test_from_a_table_to_predictions(gatecell: Run, here: Path) -> None:
    write(here / "t.csv")
    done = gatecell("fit", "text", "t.csv", *FIT, "--set", "max_length=5")
    assert done.code == 0, done.err
    assert "1 texts are empty; each is read as one unknown word." in done.err
    assert "texts are longer than max_length and were cut" in done.err
    assert "gatecell evaluate m.safetensors OTHER_DATA" in done.out
    assert gatecell("evaluate", "m.safetensors", "t.csv", "--json").json["metrics"]["log_loss"] > 0
    assert gatecell("info", "m.safetensors").code == 0
    printed = gatecell("predict", "m.safetensors", "t.csv")
    lines = list(csv.DictReader(printed.out.splitlines(keepends=True)))
    assert list(lines[0]) == ["id", "review", "verdict", "label", "probability"]
    assert len(lines) == 60
    done = gatecell("predict", "m.safetensors", "t.csv", "--output", "p.jsonl", "--json")
    assert "60 predictions are in p.jsonl" in done.err
    assert json.loads((here / "p.jsonl").read_text().splitlines()[0]) == done.json["predictions"][0]


def test_a_fit_as_json(gatecell: Run, here: Path) -> None:
    write(here / "t.csv")
    result = gatecell("fit", "text", "t.csv", *FIT, "--json", "--quiet").json
    assert (result["task"], result["data"]["rows"], result["seed"]) == ("text", 60, 0)


@pytest.mark.parametrize(
    ("content", "arguments", "text"),
    [
        (b"review,verdict\na,b\n", ("--text", "revew"), "Did you mean 'review'?"),
        (b"review,verdict\na,b\ncaf\xe9,c\n", (), "line 3: not in utf-8, at byte 4 of the line stands e9 2c 63 0a"),
        (
            b"review,verdict\n" + b"a,b\nc,d\n" * 9,
            ("--set", "vocabulary_size=2"),
            "has no room for a word beside the 4 marks",
        ),
        (b"review,verdict\na,b\nc,\n", (), "line 3: verdict is missing"),
        (b"review,verdict\na,b\nc,b\n", ("--set", "validation_fraction=none"), "All rows that count are of one class"),
        (b"review,verdict\na,b\nc,d\n", ("--encoding", "x"), "There is no encoding named 'x'"),
    ],
)
def test_bad_input(gatecell: Run, here: Path, content: bytes, arguments: tuple[str, ...], text: str) -> None:
    (here / "t.csv").write_bytes(content)
    done = gatecell("fit", "text", "t.csv", *FIT, *arguments, "--quiet")
    assert done.code == 2
    assert text in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["t.csv"]

"""``gatecell fit language``, ``generate`` and ``evaluate``."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.language_texts import split_text
from tests.cli.conftest import Done
from tests.processes import running

Run = Callable[..., Done]
SMALL = ("--set", "max_epochs=2", "--set", "hidden_size=8", "--set", "batch_size=4", "--set", "tokens=character")
NAMES = {"perplexity", "nats_per_token", "bits_per_character"}
TEXT = "the cat sat on the mat.\nthe dog sat too.\n" * 20


@pytest.fixture
def model(gatecell: Run, here: Path) -> Path:
    """A model of characters, fitted to one text."""
    (here / "t.txt").write_text(TEXT)
    done = gatecell("fit", "language", "t.txt", "-o", "m.safetensors", *SMALL, "--quiet")
    assert done.code == 0, done.err
    return Path("m.safetensors")


def test_from_a_text_to_new_text(gatecell: Run, here: Path) -> None:
    (here / "t.txt").write_bytes(TEXT.replace("\n", "\r\n").encode())
    done = gatecell("fit", "language", "t.txt", "-o", "m.safetensors", *SMALL)
    assert done.code == 0, done.err
    assert ["characters", "820"] in [line.split() for line in done.out.splitlines()]
    assert "validation_perplexity" in done.out
    assert "gatecell generate m.safetensors --prompt BEGINNING" in done.out
    report = (here / "m.report.html").read_text()
    assert "Figures on the end of the text, held out for validation" in report
    estimator = LSTMLanguageModel.load("m.safetensors")
    done = gatecell("generate", "m.safetensors", "--prompt", "the ", "--max-new", "30", "--seed", "1")
    assert done.out == "the " + estimator.generate("the ", 30, seed=1) + "\n"
    assert done.err == ""
    again = gatecell("generate", "m.safetensors", "--prompt", "the ", "--max-new", "30", "--seed", "1", "--json")
    assert again.json == {
        "model": "m.safetensors",
        "prompt": "the ",
        "text": estimator.generate("the ", 30, seed=1),
        "stopped": False,
    }
    figures = gatecell("evaluate", "m.safetensors", "t.txt", "--json").json["metrics"]
    assert figures["perplexity"] == pytest.approx(estimator.perplexity(TEXT))
    assert set(figures) == NAMES | {f"{name}_unigram" for name in NAMES}
    assert gatecell("info", "m.safetensors").code == 0


def test_the_part_that_was_held_out_is_judged(gatecell: Run, here: Path) -> None:
    (here / "t.txt").write_text(TEXT)
    fitted = gatecell("fit", "language", "t.txt", "-o", "m.safetensors", *SMALL, "--json", "-q").json
    before, behind = split_text(TEXT, 0.1)
    (here / "behind.txt").write_text(behind)
    found = gatecell("report", "m.safetensors", "behind.txt", "--json").json["metrics"]
    assert set(found) == {f"{name}{rule}" for name in NAMES for rule in ("", "_unigram")}
    for name, value in found.items():
        assert fitted["metrics"][f"validation_{name}"] == pytest.approx(value), name
    assert LSTMLanguageModel.load("m.safetensors").perplexity(before) != pytest.approx(found["perplexity"])
    arguments = ("--set", "validation_fraction=none", "--force", "--json", "-q")
    fitted = gatecell("fit", "language", "t.txt", "-o", "m.safetensors", *SMALL, *arguments).json
    assert not any(name.startswith("validation_") for name in fitted["metrics"])
    assert "No rows were held out at the fit" in (here / "m.report.html").read_text()


def test_texts_of_a_table(gatecell: Run, here: Path) -> None:
    with (here / "t.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["name"], *[[name] for name in ("anna", "otto", "hannah") * 5]])
    result = gatecell("fit", "language", "t.csv", "--text", "name", "-o", "m.safetensors", *SMALL, "--json", "-q").json
    assert (result["task"], result["data"]["texts"], result["data"]["characters"]) == ("language", 15, 70)
    assert not LSTMLanguageModel.load("m.safetensors").one_text_
    report = (here / "m.report.html").read_text()
    assert "texts held out for validation" in report
    assert "13 rows" in report
    assert "2 rows" in report
    # the column is known from the fit
    assert gatecell("evaluate", "m.safetensors", "t.csv").code == 0
    (here / "o.txt").write_text("anna")
    assert gatecell("evaluate", "m.safetensors", "o.txt").code == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--temperature", "-1"), "temperature must be a finite number of at least 0, got -1.0"),
        (("--top-k", "0"), "top_k must be an integer of at least 1"),
        (("--top-p", "2"), "top_p must be a number in (0, 1]"),
        (("--max-new", "-1"), "max_new must be an integer of at least 0"),
    ],
)
def test_what_cannot_be_generated(gatecell: Run, model: Path, arguments: tuple[str, ...], text: str) -> None:
    done = gatecell("generate", model, *arguments)
    assert (done.code, done.out) == (2, "")
    assert text in done.err
    assert done.err.count("\n") == 1


def test_greedy_an_empty_prompt_and_unknown_characters(gatecell: Run, model: Path) -> None:
    first = gatecell("generate", model, "--temperature", "0", "--max-new", "12")
    assert first.code == 0
    assert len(first.out) == 13
    assert gatecell("generate", model, "--temperature", "0", "--max-new", "12").out == first.out
    assert gatecell("generate", model, "--prompt", "\u00e9\u4e2d", "--max-new", "3").out.startswith("\u00e9\u4e2d")
    assert gatecell("generate", model, "--prompt", "x", "--max-new", "0").out == "x\n"


def test_bad_texts_and_models(gatecell: Run, here: Path, model: Path) -> None:
    (here / "t.csv").write_text("a,b\n1,2\n")
    (here / "s.txt").write_text(" \n ")
    cases = [
        (("fit", "language", "t.csv", "-o", "n.safetensors"), "t.csv is a table. Say which column has the texts"),
        (("fit", "language", "t.txt", "--text", "a", "-o", "n.safetensors"), "t.txt is read as one text"),
        (("fit", "language", "s.txt", "-o", "n.safetensors"), "s.txt has nothing but spaces in it"),
        (("fit", "language", "none.txt", "-o", "n.safetensors"), "There is no file none.txt"),
        (("predict", model, "t.txt"), "m.safetensors is a language model: `gatecell generate` writes with it"),
        (("evaluate", model, "t.txt", "--label", "x"), "so --id, --time and --label have no meaning"),
    ]
    for arguments, text in cases:
        done = gatecell(*arguments, *(("-q",) if arguments[0] == "fit" else ()))
        assert done.code == 2, done
        assert text in done.err
    assert not (here / "n.safetensors").exists()


def test_generate_needs_a_language_model(gatecell: Run, here: Path, data: Path) -> None:
    done = gatecell("fit", "classify", data, "-o", "c.safetensors", "--set", "max_epochs=1", "-q")
    assert done.code == 0
    done = gatecell("generate", "c.safetensors")
    assert done.code == 2
    assert "c.safetensors holds a LSTMClassifier, which is none of: LSTMLanguageModel" in done.err


def test_ctrl_c_leaves_what_was_written(model: Path, here: Path) -> None:
    code = "import sys; from gatecell.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "generate", str(model), "--prompt", "the ", "--max-new", "100000000"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with running(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        begun = process.stdout.read(40)
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate()
    assert process.returncode == 130
    assert err.decode() == "Stopped.\n"
    out = (begun + rest).decode()
    assert out.startswith("the ")
    assert out.endswith("\n")


def test_ctrl_c_with_json(gatecell: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pieces(*_: object, **__: object) -> Iterator[str]:
        yield "ab"
        yield "c"
        raise KeyboardInterrupt

    monkeypatch.setattr("gatecell.recipes.own_language.written", pieces)
    done = gatecell("generate", model, "--json")
    assert done.code == 130
    assert done.json == {"model": "m.safetensors", "prompt": "", "text": "abc", "stopped": True}


def test_a_terminal_that_lacks_a_character(model: Path, here: Path) -> None:
    code = "import sys; from gatecell.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "generate", str(model), "--prompt", "\u4e2d", "--max-new", "0"]
    done = subprocess.run(
        command,
        cwd=here,
        capture_output=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout.decode() == "\\u4e2d\n"

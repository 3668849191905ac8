"""Each wrong thing a user may do gets one line on standard error, an exit code, and leaves nothing behind."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from gatecell.cli.main import main
from tests.cli.conftest import Done

Run = Callable[..., Done]
FIT = ("fit", "classify", "bad.npz", "--output", "out/m.safetensors", "--set", "max_epochs=1", "--quiet")


def assert_refused(done: Done, text: str) -> None:
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    assert text in done.err
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("run", "mnits"), "There is no recipe named 'mnits'. Did you mean 'mnist'?"),
        (("recipes", "mnits"), "There is no recipe named 'mnits'. Did you mean 'mnist'?"),
        (("run", "digits", "--set", "hiden_size=3"), "no setting named 'hiden_size'. Did you mean 'hidden_size'?"),
        (("run", "digits", "--set", "lstm_options.peephol=true"), "Did you mean 'peephole'?"),
        (("run", "digits", "--set", "hidden_size"), "'hidden_size' is no setting. Write key=value"),
        (("run", "digits", "--set", "hidden_size=-1"), "hidden_size must be an integer of at least 1, got -1"),
        (("run", "digits", "--set", "learning_rate=fast"), "learning_rate must be a finite number above 0, got 'fast'"),
        (("run", "digits", "--set", "random_state=1"), "random_state is not set with --set. Use --seed."),
        (("run", "mnist"), "train-images-idx3-ubyte.gz is not on this machine, and nothing is downloaded unless asked"),
        (("predict", "absent.safetensors", "d.npz"), "There is no model file at absent.safetensors. Check the path"),
        (("info", "absent.safetensors"), "There is no model file at absent.safetensors"),
        (("fit", "classify", "absent.npz", "-o", "m.safetensors"), "There is no file absent.npz. Check the path."),
        (("fit", "classify", "absent.npz", "-o", "m.pt"), "The model's file must end in .safetensors, got m.pt"),
        (("fit", "classify", "d.csv", "-o", "m.safetensors", "--id", "who"), "A table needs both --id and --time"),
    ],
)
def test_names_options_and_files(gatecell: Run, here: Path, arguments: tuple[str, ...], text: str) -> None:
    assert_refused(gatecell(*arguments, *(("--quiet",) if arguments[0] == "run" else ())), text)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("run",), "Missing argument"),
        (("run", "digits", "--sed", "3"), "No such option: --sed"),
        (("run", "digits", "--seed", "x"), "Invalid value for '--seed'"),
        (("run", "digits", "--seed", "-1"), "Invalid value for '--seed'"),
        (("run", "digits", "--seed", "4294967296"), "Input should be less than or equal to 4294967295"),
        (("fit", "classify", "d.npz"), "Missing option '--output'"),
    ],
)
def test_usage(gatecell: Run, here: Path, arguments: tuple[str, ...], text: str) -> None:
    done = gatecell(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert text in done.err
    assert "Traceback" not in done.err
    assert list(here.iterdir()) == []


ROWS = np.random.default_rng(0).normal(size=(12, 4, 2))
LABELS = np.arange(12) % 2


def spoiled(value: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rows = ROWS.copy()
    rows[5, 2, 1] = value
    return rows


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"X": ROWS[:0], "y": LABELS[:0]}, "X has no sequences"),
        ({"X": ROWS[:, :0], "y": LABELS}, "X has sequences without steps or channels"),
        ({"X": spoiled(np.nan), "y": LABELS}, "X contains NaN at sequence 5, step 2, channel 1"),
        ({"X": spoiled(np.inf), "y": LABELS}, "X contains infinity at sequence 5, step 2, channel 1"),
        ({"X": ROWS[0, 0], "y": LABELS}, "must have the shape (n, T, I), or (n, T) for one channel, but has (2,)"),
        ({"X": ROWS, "y": LABELS[:5]}, "must have one entry for each of the 12 rows of X, but has shape (5,)"),
        (
            {"X": ROWS, "y": np.ones(12)},
            "All rows that count are of one class (1.0); a classifier needs rows of at least two",
        ),
        ({"X": ROWS}, "has no labels"),
        (
            {"X": ROWS, "y": LABELS, "lengths": np.full(12, 5)},
            "lengths[0] in bad.npz is 5, but the rows of X have 4 steps",
        ),
        ({"y": LABELS}, "has no array X"),
        ({"X": ROWS.astype(object), "y": LABELS}, "holds Python objects, which are not loaded since they can run code"),
    ],
)
def test_data(gatecell: Run, here: Path, arrays: dict[str, Any], text: str) -> None:
    np.savez(here / "bad.npz", **arrays)
    assert_refused(gatecell(*FIT), text)
    assert [path.name for path in here.iterdir()] == ["bad.npz"]


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("bad.npz", b"no archive", "is no .npz file, or a damaged one"),
        ("bad.npz", b"", "bad.npz is empty"),
        ("bad.ts", b"no ts file", "is no .ts file: its header has the line 'no ts file'"),
        ("bad.ts", b"@classLabel true a b\n@data\n1,?:a\n", "row 0, channel 0, step 1: the value is missing"),
        ("bad.ts.gz", b"no gzip", "is no whole gzip file"),
        ("bad.csv", b"a,b\n1,2\n", "say which column names the sequence and which the time: --id NAME --time NAME"),
        ("bad.xlsx", b"PK", "has no ending that says its format. Read are .npz, .npy, .ts, .ts.gz, .csv, .tsv, .jsonl"),
    ],
)
def test_foreign_and_broken_files(gatecell: Run, here: Path, name: str, content: bytes, text: str) -> None:
    (here / name).write_bytes(content)
    assert_refused(gatecell("fit", "classify", name, "--output", "out/m.safetensors"), text)
    assert [path.name for path in here.iterdir()] == [name]


def test_a_folder_is_no_file(gatecell: Run, here: Path) -> None:
    (here / "f.npz").mkdir()
    assert_refused(
        gatecell("fit", "classify", "f.npz", "-o", "m.safetensors"), "f.npz is a folder. Name the file in it."
    )


@pytest.mark.parametrize("command", ["predict", "evaluate", "info"])
def test_foreign_models(gatecell: Run, here: Path, data: Path, command: str) -> None:
    rest = () if command == "info" else (data,)
    (here / "f.safetensors").write_bytes(b"something else, and longer than eight bytes")
    assert_refused(gatecell(command, "f.safetensors", *rest), "is no safetensors file, so it is no Gatecell model")
    save_file({"w": np.zeros(3)}, here / "f.safetensors")
    assert_refused(gatecell(command, "f.safetensors", *rest), "is a safetensors file of another program")


def test_a_model_cut_off(gatecell: Run, model: Path, data: Path) -> None:
    model.write_bytes(model.read_bytes()[:-100])
    assert_refused(gatecell("predict", model, data), "m.safetensors is cut off")


def test_data_that_do_not_fit_the_model(gatecell: Run, here: Path, model: Path) -> None:
    np.savez(here / "other.npz", X=np.zeros((2, 4, 3)))
    assert_refused(gatecell("predict", model, "other.npz"), "X has 3 channels, but LSTMClassifier was fitted on")
    np.savez(here / "other.npz", X=np.zeros((2, 4)))
    assert_refused(gatecell("predict", model, "other.npz"), "X has 1 channels, but LSTMClassifier was fitted on")
    np.savez(here / "other.npz", X=np.zeros((2, 4, 2)), y=["no", "maybe"])
    assert_refused(gatecell("evaluate", model, "other.npz"), "The label 'maybe' is none of the classes")
    np.savez(here / "other.npz", X=np.zeros((2, 4, 2)))
    assert_refused(gatecell("evaluate", model, "other.npz"), "has no labels")


def test_a_model_is_not_overwritten(gatecell: Run, model: Path, data: Path) -> None:
    before = model.read_bytes()
    assert_refused(gatecell("fit", "classify", data, "-o", model), "m.safetensors is there already. Name another file")
    assert model.read_bytes() == before
    done = gatecell("fit", "classify", data, "-o", model, "--force", "--set", "max_epochs=1")
    assert done.code == 0
    assert model.read_bytes() != before


def test_a_failed_job_is_no_bad_input(gatecell: Run, here: Path) -> None:
    np.savez(here / "numbers.npz", X=ROWS, y=LABELS)
    settings = ("--set", "learning_rate=1e38", "--set", "training_options.optimizer=sgd", "--set", "max_epochs=3")
    done = gatecell("fit", "regress", "numbers.npz", "-o", "m.safetensors", "--quiet", *settings)
    assert done.code == 1
    assert "became" in done.err
    assert "Lower learning_rate" in done.err
    assert "Traceback" not in done.err
    assert not (here / "m.safetensors").exists()


def test_what_cannot_be_written_is_said(gatecell: Run, model: Path, data: Path) -> None:
    done = gatecell("predict", model, data, "--output", data / "p.csv")
    assert done.code == 1
    assert done.err.startswith("Error: the files could not be handled: d.npz")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOSPC, "No space left on device. Make room there, or name another place with --output; finished files"),
        (errno.EROFS, "Read-only file system. Name another place with --output."),
    ],
)
def test_a_full_or_read_only_disk(
    gatecell: Run, model: Path, data: Path, here: Path, monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    (here / "p.csv").write_text("earlier")

    def fails(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fails)
    done = gatecell("predict", model, data, "--output", "p.csv")
    assert done.code == 1
    assert done.err.startswith(f"Error: the files could not be handled: p.csv: {text}")
    assert (here / "p.csv").read_text() == "earlier"


def test_debug_shows_where(gatecell: Run) -> None:
    for arguments in (("--debug", "recipes", "mnits"), ("recipes", "mnits", "--debug")):
        done = gatecell(*arguments)
        assert done.code == 2
        assert "Traceback" in done.err
        assert "Did you mean 'mnist'?" in done.err


MEMORY = "Error: the memory of this machine is too small for this job.\n"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MemoryError(), MEMORY),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), MEMORY),
        (
            ZeroDivisionError("by zero\nand more"),
            "Error: unexpected ZeroDivisionError: by zero. To see where it comes from, run again with --debug.\n",
        ),
    ],
)
def test_not_even_a_bug_shows_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, text: str
) -> None:
    def fail(arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr("gatecell.cli.main._run", fail)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == text
    assert main(["doctor", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_network_beyond_all_memory(gatecell: Run, here: Path) -> None:
    np.savez(here / "d.npz", X=ROWS, y=LABELS)
    # 6.4 PB of weights: more than a process can address
    done = gatecell("fit", "classify", "d.npz", "-o", "m.safetensors", "--set", "hidden_size=20000000")
    assert done.code == 1
    assert done.err == MEMORY


def test_what_json_cannot_say(
    monkeypatch: pytest.MonkeyPatch, gatecell: Run, model: Path, data: Path, here: Path
) -> None:
    judgement = SimpleNamespace(metrics=lambda: {"accuracy": float("nan")}, named_intervals=dict)
    look = SimpleNamespace(judgement=judgement)
    monkeypatch.setattr("gatecell.recipes.own_data.look_at_file", lambda *_: look)
    done = gatecell("evaluate", model, data, "--json")
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("Error: The result has a number that is NaN or infinite, which JSON cannot say.")


def test_predictions_need_a_file(gatecell: Run, model: Path, data: Path) -> None:
    done = gatecell("predict", model, data, "-o", ".")
    assert_refused(done, "Error: . is a folder. Name a file, such as predictions.csv.")


@pytest.mark.parametrize("command", ["predict", "backtest"])
def test_what_is_read_is_not_written_over(command: str, gatecell: Callable[..., Done], here: Path) -> None:
    for name in ("m.safetensors", "d.csv"):
        (here / name).write_bytes(b"content")
        (here / "x").mkdir(exist_ok=True)
        done = gatecell(command, "m.safetensors", "d.csv", "-o", Path("x") / ".." / name)
        assert done.code == 2
        assert done.err.endswith(f"{name} is what is read, and would be lost. Name another file with --output.\n")
        assert (here / name).read_bytes() == b"content"

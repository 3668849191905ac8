"""Labels, ids, columns and file names with escape sequences reach no terminal as they are, and files unchanged."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatecell.cli import show
from tests.cli.conftest import Done
from tests.cli.test_processes import in_terminal

RED, TURNED, SCRIPT = "\x1b[31mred", "a\u202eb\x9b", "<script>alert(1)</script>"
STEERING = ("\x1b", "\u202e", "\x9b", "\x07", "\r")


@pytest.fixture
def odd(gatecell: Callable[..., Done]) -> Path:
    """A classifier whose labels and file name are odd."""
    y = np.arange(60) % 3
    X = np.random.default_rng(0).normal(size=(60, 6, 2)) + 3 * y[:, None, None]
    np.savez("d.npz", X=X, y=np.array([RED, TURNED, SCRIPT])[y])
    model = Path("m\x1b[2J.safetensors")
    done = gatecell("fit", "classify", "d.npz", "-o", model, "--set", "max_epochs=2", "--set", "hidden_size=3")
    assert done.code == 0, done.err
    assert "classes" in done.out
    assert "\\x1b[31mred" in done.out
    assert not any(sign in done.out + done.err for sign in STEERING)
    return model


def test_commands_on_such_a_model(odd: Path, gatecell: Callable[..., Done]) -> None:
    for words in (["info"], ["evaluate", "d.npz"], ["report", "d.npz"], ["predict", "d.npz", "-o", "p\x1b[m.csv"]):
        command, *rest = words
        done = gatecell(command, odd, *rest)
        assert done.code == 0, done.err
        assert not any(sign in done.out + done.err for sign in STEERING), words
    with Path("p\x1b[m.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    # the file keeps what the labels are
    assert rows[0] == ["row", "prediction", *(f"probability_{name}" for name in sorted([RED, TURNED, SCRIPT]))]
    done = gatecell("predict", odd, "d.npz")
    assert list(csv.reader(io.StringIO(done.out))) == rows
    for command in ("info", "evaluate", "predict"):
        assert gatecell(command, odd, *(["d.npz"] if command != "info" else []), "--json").json


def test_a_report_has_no_script_and_a_policy_against_it(odd: Path, gatecell: Callable[..., Done]) -> None:
    assert gatecell("report", odd, "d.npz", "-o", "r.html").code == 0
    page = Path("r.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "no\x1b[31m.safetensors", "d.npz"],
        ["run", "\x1b]0;owned\x07"],
        ["fit", "classify", "d.npz", "-o", "m.safetensors", "--set", "\x1b[2Jx=1"],
        ["fit", "classify", "d.npz", "-o", "m.safetensors", "--id", "\x9b2J", "--time", "t"],
        ["\x1b[31mcommand"],
        ["fit", "classify", "d.npz", "more\x1b[31m"],
        ["fit", "classify", "d.npz", "--\x1b[31m"],
        ["predict", "--horizon", "\x1b[31m", "m"],
    ],
)
def test_errors(words: list[str], gatecell: Callable[..., Done]) -> None:
    for more in ([], ["--debug"]):
        done = gatecell(*words, *more)
        assert done.code != 0
        assert done.err
        assert not any(sign in done.err + done.out for sign in STEERING), done.err


def test_a_stopped_command(gatecell: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("gatecell.cli.main._run", stop)
    assert "\x1b" not in gatecell("predict", "m\x1b[31m", "d.npz").err


def test_data_on_a_terminal_and_in_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    show.print_data(RED)
    assert capsys.readouterr().out == RED
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    show.print_data(f"{RED}\n")
    assert capsys.readouterr().out == "\\x1b[31mred\n"


def test_usage_errors_in_a_terminal(tmp_path: Path) -> None:
    shown = in_terminal(["fit", "classify", "\x1b]0;owned\x07"], tmp_path)
    assert "\x1b]" not in shown
    assert "Missing option" in shown
    # an ordinary one has its colours
    assert "\x1b[" in in_terminal(["fit", "classify", "d.npz"], tmp_path)


def test_json_has_no_character_that_steers(capsys: pytest.CaptureFixture[str]) -> None:
    show.print_json({"a\x7f": f"{RED}{TURNED}\x7f\u2028"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x7f" not in out
    assert json.loads(out) == {"a\x7f": f"{RED}{TURNED}\x7f\u2028"}


def test_tables_are_aligned_as_they_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show.print_pairs([("a\x1b", "1"), ("long name", "2\n3")])
    assert capsys.readouterr().out == "a\\x1b      1\nlong name  2\\n3\n"
    show.print_table(["x\x1b", "y"], [["1", "2"]])
    assert capsys.readouterr().out == "x\\x1b  y\n    1  2\n"

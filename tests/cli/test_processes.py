"""What only a process of its own can show: start, pipes, terminals, signals."""

import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gatecell.artifact.store import load_artifact
from tests.processes import running

COMMAND = [sys.executable, "-c", "import sys; from gatecell.cli.main import main; sys.exit(main())"]
# Small and slow enough to be stopped half-way.
JOB = ["run", "digits", "--set", "hidden_size=8", "--set", "max_epochs=12", "--set", "batch_size=64"]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_help_loads_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "pandas", "sklearn", "lightning", "scipy", "rich"}
    code = (
        "import sys, atexit; from gatecell.cli.main import main\n"
        f"atexit.register(lambda: print(sorted({heavy} & sys.modules.keys())))\n"
        "sys.exit(main(['--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


def test_help_starts_at_once() -> None:
    """Told by what it loads, since how long that takes says more about the machine."""
    code = (
        "import sys, atexit; from gatecell.cli.main import main\n"
        "atexit.register(lambda: print(len(sys.modules)))\nsys.exit(main(['--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # 230 at the time of writing, in 0.3 s; torch alone has over 1,000
    assert int(done.stdout.splitlines()[-1]) < 300


def in_terminal(arguments: list[str], folder: Path) -> str:
    """Return what a command shows in a terminal of 120 columns."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    command = [*COMMAND, *arguments]
    shown = b""
    try:
        with running(command, stdin=follower, stdout=follower, stderr=follower, env=environment, cwd=folder) as process:
            os.close(follower)
            while True:
                try:
                    part = os.read(leader, 65536)
                except OSError:
                    break
                if not part:
                    break
                shown += part
            process.wait()
    finally:
        os.close(leader)
    return shown.decode()


def test_colour_in_a_terminal_unless_told_not_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" in in_terminal(["--help"], tmp_path)
    assert "\x1b[31mError: There is no recipe" in in_terminal(["recipes", "mnits"], tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in in_terminal(["--help"], tmp_path)
    assert "\x1b[" not in in_terminal(["recipes", "mnits"], tmp_path)


def test_a_bar_in_a_terminal_and_none_in_a_pipe(tmp_path: Path) -> None:
    job = ["run", "digits", "--set", "hidden_size=2", "--set", "max_epochs=2"]
    assert "epoch 2/2" in in_terminal(job, tmp_path)
    done = subprocess.run([*COMMAND, *job], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "\x1b[" not in done.stdout + done.stderr
    assert "\r" not in done.stderr
    assert done.stderr.count("epoch 2/2") == 1
    for word in ("GPU available", "Tip", "lightning", "Warning"):
        assert word not in done.stderr


def test_a_reader_that_leaves_early() -> None:
    code = "import sys; from gatecell.cli import show; from gatecell.cli import main as entry\n"
    code += "def fill(arguments):\n    for _ in range(100_000): show.print_line('x' * 100)\n    return 0\n"
    code += "entry._run = fill; sys.exit(entry.main([]))"
    with running([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def stopped_after_an_epoch(
    folder: Path, arguments: list[str], checkpoint: str, sign: signal.Signals
) -> tuple[int, str]:
    """Start a job, send a signal once an epoch is done; return the exit code and standard error."""
    with running(
        [*COMMAND, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (folder / checkpoint / "history.csv").exists():
            assert process.poll() is None, "the job ended before it could be stopped"
            time.sleep(0.01)
        process.send_signal(sign)
        _, err = process.communicate()
    return process.returncode, err


def test_stopped_by_ctrl_c_or_killed_it_goes_on(tmp_path: Path) -> None:
    code, err = stopped_after_an_epoch(tmp_path, [*JOB, "--output", "stopped"], "stopped/checkpoint", signal.SIGINT)
    assert code == 130
    last = err.splitlines()[-1]
    kept = "Finished epochs, trials and grids are kept"
    assert last == f"Stopped. {kept}; go on with: gatecell {' '.join(JOB)} --output stopped --resume"
    assert "Traceback" not in err
    code, _ = stopped_after_an_epoch(tmp_path, [*JOB, "--output", "killed"], "killed/checkpoint", signal.SIGKILL)
    assert code == -signal.SIGKILL
    for name in ("stopped", "killed", "whole"):
        arguments = [*JOB, "--output", name, *([] if name == "whole" else ["--resume"])]
        subprocess.run([*COMMAND, *arguments], cwd=tmp_path, check=True, capture_output=True)
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == [
            "history.csv",
            "model.safetensors",
            "report.html",
            "result.json",
        ]
    whole, *others = (
        load_artifact(tmp_path / name / "model.safetensors").tensors for name in ("whole", "stopped", "killed")
    )
    for other in others:
        assert all(other[label].equal(whole[label]) for label in whole)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_line_that_a_stopped_fit_prints_goes_on_with_it(sign: signal.Signals, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", X=generator.normal(size=(200, 20, 2)), y=np.arange(200) % 2)
    fit = ["fit", "classify", "d.npz", "-o", "m.safetensors", "--force"]
    subprocess.run([*COMMAND, *fit, "--set", "max_epochs=1"], cwd=tmp_path, check=True, capture_output=True)
    fit += ["--set", "max_epochs=20"]
    code, err = stopped_after_an_epoch(tmp_path, fit, "m.safetensors.checkpoint", sign)
    assert code == 128 + sign
    assert "Traceback" not in err
    _, _, line = err.splitlines()[-1].partition("go on with: gatecell ")
    again = subprocess.run([*COMMAND, *shlex.split(line)], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "epoch 20/20" in again.stderr
    assert "epoch 1/20" not in again.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.npz", "m.report.html", "m.safetensors"]

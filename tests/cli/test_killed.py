"""A job that is killed in the middle of writing: it goes on with --resume, and nothing else is left."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from gatecell.artifact.store import load_artifact
from tests.cli.conftest import Done

_KILLED_AT_A_WRITE = """
import os, signal, sys
at, n_writes, fsync = int(sys.argv.pop(1)), 0, os.fsync
def writing(descriptor):
    global n_writes
    n_writes += 1
    if n_writes == at:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)
os.fsync = writing
from gatecell.cli.main import main
sys.exit(main())
"""
FIT = ["fit", "classify", "d.npz", "-q", "--set", "max_epochs=3", "--set", "hidden_size=3", "--set", "patience=3", "-o"]


def killed(at: int, *words: str) -> set[str]:
    """Run a command, kill it at a write, and return the names of what it left."""
    code = [sys.executable, "-c", _KILLED_AT_A_WRITE, str(at)]
    done = subprocess.run([*code, *words], capture_output=True, timeout=200, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    return {str(path) for path in Path().rglob("*")}


def test_killed_twice_it_ends_as_one_that_never_was_and_leaves_nothing(
    gatecell: Callable[..., Done], data: Path
) -> None:
    assert gatecell(*FIT, "whole.safetensors").code == 0
    before = {path.name for path in Path().iterdir()}
    # every epoch writes two files; after the last come the model and the report
    left = killed(3, *FIT, "k.safetensors")
    assert {".k.safetensors.lock", "k.safetensors.checkpoint/.gatecell.lock"} < left
    assert len([name for name in left if name.endswith(".part")]) == 1
    left = killed(2 * 2 + 2, *FIT, "k.safetensors", "--resume")
    assert len([name for name in left if name.endswith(".part")]) == 1
    assert "k.safetensors" in left
    assert "k.report.html" not in left
    done = gatecell(*FIT, "k.safetensors", "--resume")
    assert done.code == 0, done.err
    assert "What wrote to k.safetensors before ended without tidying up" in done.err
    assert {path.name for path in Path().iterdir()} == before | {"k.safetensors", "k.report.html"}
    whole, resumed = (load_artifact(f"{name}.safetensors").tensors for name in ("whole", "k"))
    assert whole.keys() == resumed.keys()
    assert all(whole[name].equal(resumed[name]) for name in whole)

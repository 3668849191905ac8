"""What tests rely on where they start processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import RELIED_ON, default_signals, running

ROOT = Path(__file__).parents[1]


def ignored_by(pid: int, field: str = "SigIgn") -> set[int]:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(field)]
    bits = int(line.split()[1], 16)
    return {number for number in range(1, 32) if bits >> (number - 1) & 1}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_starts_with_signals_as_at_a_terminal() -> None:
    # without SIGCHLD, by which this session learns how the process ended
    numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        with running([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
            assert not ignored_by(process.pid) & numbers
            assert not ignored_by(process.pid, "SigBlk") & numbers
        assert process.returncode == -signal.SIGKILL
        assert {signal.getsignal(number) for number in numbers} == {signal.SIG_IGN}
        assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) >= {signal.SIGINT, signal.SIGHUP}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_process_is_ended_with_the_test_that_fails() -> None:
    def failing() -> None:
        with running([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            found.append(process)
            raise ZeroDivisionError

    found: list[subprocess.Popen[bytes]] = []
    with pytest.raises(ZeroDivisionError):
        failing()
    assert found[0].returncode == -signal.SIGKILL
    assert found[0].stdout is not None
    assert found[0].stdout.closed


def test_ctrl_c_reaches_every_test() -> None:
    """Whatever this session was started with."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, set()) & set(RELIED_ON)
    with pytest.raises(KeyboardInterrupt), default_signals({signal.SIGINT}):
        os.kill(os.getpid(), signal.SIGINT)


def test_no_test_starts_a_process_that_it_may_leave() -> None:
    """``subprocess.run`` ends its process, ``running`` does, ``Popen`` alone does not."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if path.parent != ROOT / "tests"]
    assert files
    assert not [path for path in files if "Popen(" in path.read_text(encoding="utf-8")]

"""Signals that end a command, in processes that load nothing heavy; tests/cli/test_processes.py has whole jobs."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from tests.cli.conftest import Done

_BEGIN = """
import os, signal, sys, time
from gatecell.cli import main as entry
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
def job(arguments):
    {job}
    return 0
entry._run = job
sys.exit(entry.main())
"""


def ended(job: str, *arguments: str) -> tuple[int, str]:
    """Run a command whose job is some Python; return the exit code and standard error."""
    code = _BEGIN.format(job=job.replace("\n", "\n    "))
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("name", "code", "said"), [("SIGINT", 130, ""), ("SIGTERM", 143, " by SIGTERM"), ("SIGHUP", 129, " by SIGHUP")]
)
def test_each_signal_has_its_code_and_one_line(name: str, code: int, said: str) -> None:
    job = f"os.kill(os.getpid(), signal.{name}); time.sleep(50)"
    kept = "Finished epochs are kept; go on with: gatecell fit classify d.npz --resume"
    assert ended(job, "fit", "classify", "d.npz") == (code, f"Stopped{said}. {kept}\n")


@pytest.mark.parametrize("command", ["predict", "evaluate", "backtest", "report", "learning-rate"])
def test_of_a_command_that_writes_at_its_end_nothing_is_half_written(command: str) -> None:
    job = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(50)"
    line = f"Stopped by SIGTERM. Nothing is half-written; begin again with: gatecell {command} 'a b'\n"
    assert ended(job, command, "a b") == (143, line)


def test_during_an_import_which_would_swallow_an_interruption(tmp_path: Path) -> None:
    (tmp_path / "optional_part.py").write_text(
        "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\nexcept BaseException:\n    pass\n"
    )
    job = f"sys.path.insert(0, {str(tmp_path)!r}); import optional_part"
    assert ended(job, "doctor") == (143, "Stopped by SIGTERM.\n")


def test_in_code_that_cannot_pass_an_exception_on() -> None:
    job = "class A:\n    def __del__(self): os.kill(os.getpid(), signal.SIGTERM)\nA(); time.sleep(50)"
    assert ended(job, "doctor") == (143, "Stopped by SIGTERM.\n")


def test_the_last_word_of_a_process_that_is_ended_at_once_steers_no_terminal() -> None:
    job = "class A:\n    def __del__(self): os.kill(os.getpid(), signal.SIGTERM)\nA(); time.sleep(50)"
    code, err = ended(job, "fit", "a\x1b[2Jb.npz")
    assert code == 143
    assert r"a\x1b[2Jb.npz" in err
    assert "\x1b" not in err


def test_an_interruption_that_other_code_made_an_error_of() -> None:
    job = "try: os.kill(os.getpid(), signal.SIGTERM)\nexcept KeyboardInterrupt:\n    raise ImportError from None"
    assert ended(job, "doctor") == (143, "Stopped by SIGTERM.\n")


def test_the_same_signal_twice_is_one_wish_and_tidying_up_goes_on() -> None:
    job = (
        "try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "finally:\n    os.kill(os.getpid(), signal.SIGTERM); sys.stderr.write('tidy\\n')"
    )
    assert ended(job, "doctor") == (143, "tidy\nStopped by SIGTERM.\n")


def test_who_insists_is_heard_at_once() -> None:
    job = (
        "entry.signals = sys.modules['gatecell.cli.signals']; entry.signals._ONE_WISH_S = 0.0\n"
        "try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "finally:\n    time.sleep(0.01); os.kill(os.getpid(), signal.SIGINT); time.sleep(50)"
    )
    assert ended(job, "doctor") == (143, "Stopped by SIGTERM.\n")


def test_a_signal_that_is_ignored_stays_so() -> None:
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\nimport os, sys\n"
    code += "from gatecell.cli import main as entry\n"
    code += "entry._run = lambda _: os.kill(os.getpid(), signal.SIGHUP) or 0\nsys.exit(entry.main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_is_gone_does_not_change_the_code() -> None:
    job = "os.close(2); os.close(1); os.kill(os.getpid(), signal.SIGHUP); time.sleep(50)"
    assert ended(job, "fit") == (129, "")


def test_a_process_without_standard_streams() -> None:
    code = "import sys; from gatecell.cli.main import main; sys.exit(main())"
    words = " ".join(f'"{word}"' for word in (sys.executable, "-c", code, "recipes", "nothing"))
    done = subprocess.run(f"{words} >&- 2>&-", shell=True, timeout=60, check=False)
    assert done.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_where_standard_output_is_full() -> None:
    code = "import sys; from gatecell.cli.main import main; sys.exit(main())"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", code, "recipes", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the files could not be handled: No space left on device.")
    assert "Exception" not in done.stderr


def test_in_a_process_of_others_the_handlers_come_back(gatecell: Callable[..., Done]) -> None:
    def stop(_: list[str]) -> int:
        signal.raise_signal(signal.SIGTERM)
        time.sleep(50)
        return 0

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    with mock.patch("gatecell.cli.main._run", stop):
        done = gatecell("doctor")
    assert (done.code, done.err) == (143, "Stopped by SIGTERM.\n")
    assert [signal.getsignal(number) for number in numbers] == handlers

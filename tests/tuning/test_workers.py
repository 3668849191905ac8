"""Searches that are killed, and searches of two processes: with the real network and the real system."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest

from gatecell.tuning.study_file import STUDY_NAME
from gatecell.tuning.trials import Trial
from gatecell.tuning.workers import RERUN_OF, WORKER
from tests.processes import running
from tests.tuning import searching_process
from tests.tuning.searching_process import N_TRIALS, search


@contextmanager
def started(study: Path, at_epoch: int, go: Path, sign: str = "SIGKILL") -> "Iterator[subprocess.Popen[bytes]]":
    words = [sys.executable, searching_process.__file__, str(study), str(at_epoch), sign, str(go)]
    with (
        study.with_name(f"errors-{time.monotonic_ns()}").open("wb") as errors,
        running(words, stderr=errors, cwd=Path(__file__).parents[2]) as process,
    ):
        yield process


def raw_trials(study: Path) -> list[Any]:
    return optuna.load_study(study_name=STUDY_NAME, storage=f"sqlite:///{study}").trials


def tried(trials: tuple[Trial, ...]) -> list[Any]:
    return [(dict(trial.params), trial.state, trial.score, trial.losses) for trial in trials]


@pytest.fixture(scope="module")
def whole() -> list[Any]:
    """The trials of a search that nobody stopped."""
    return tried(search(None).trials)


def test_a_search_that_was_killed_goes_on_and_repeats_nothing(tmp_path: Path, whole: list[Any]) -> None:
    study, go = tmp_path / "s.db", tmp_path / "go"
    go.touch()
    with started(study, 16, go) as killed:
        assert killed.wait() == -signal.SIGKILL
    before = [trial for trial in raw_trials(study) if trial.state.is_finished()]
    running = [trial for trial in raw_trials(study) if not trial.state.is_finished()]
    assert 2 < len(before) < 8
    assert len(running) == 1

    found = search(study)
    assert len(found.trials) == N_TRIALS
    assert {trial.state for trial in found.trials} <= {"finished", "pruned"}
    after = raw_trials(study)
    # what had finished stands as it was
    assert [trial.datetime_complete for trial in after[: len(before)]] == [trial.datetime_complete for trial in before]
    # what was running is marked failed, and is run again first of all
    assert after[running[0].number].state == optuna.trial.TrialState.FAIL
    assert after[running[0].number + 1].user_attrs[RERUN_OF] == running[0].number
    assert after[running[0].number + 1].params == running[0].params
    assert running[0].number not in {trial.number for trial in found.trials}
    assert len({str(trial.params) for trial in found.trials}) == N_TRIALS
    # and it is the search that it would have been
    assert tried(found.trials) == whole
    assert not (tmp_path / "s.db.workers").exists()


def test_two_workers_finish_a_study_together(tmp_path: Path) -> None:
    study, go = tmp_path / "s.db", tmp_path / "go"
    with started(study, 0, go) as first, started(study, 0, go) as second:
        while len(list(tmp_path.glob("go.*"))) < 2:
            assert first.poll() is None
            assert second.poll() is None
            time.sleep(0.05)
        go.touch()
        for worker in (first, second):
            assert worker.wait() == 0, [path.read_text() for path in tmp_path.glob("errors-*")]
    trials = raw_trials(study)
    assert len(trials) == N_TRIALS
    assert all(trial.state.is_finished() and "error" not in trial.user_attrs for trial in trials)
    assert len({str(trial.params) for trial in trials}) == N_TRIALS
    assert len({trial.user_attrs[WORKER] for trial in trials}) == 2
    assert not (tmp_path / "s.db.workers").exists()


def test_a_worker_waits_for_the_trial_of_another_and_takes_it_over_where_that_is_killed(tmp_path: Path) -> None:
    study, go = tmp_path / "s.db", tmp_path / "go"
    go.touch()
    with started(study, 3, go, "SIGSTOP") as frozen:
        assert os.WIFSTOPPED(os.waitpid(frozen.pid, os.WUNTRACED)[1])
        with started(study, 0, go) as worker:
            while sum(trial.state.is_finished() for trial in raw_trials(study)) < N_TRIALS - 1:
                assert worker.poll() is None
                time.sleep(0.5)
            # all else is done, and it neither leaves nor takes what another one still has
            time.sleep(1)
            assert worker.poll() is None
            (taken,) = [trial for trial in raw_trials(study) if not trial.state.is_finished()]
            frozen.kill()
            assert worker.wait() == 0
    trials = raw_trials(study)
    assert trials[taken.number].state == optuna.trial.TrialState.FAIL
    assert [trial.params for trial in trials if trial.user_attrs.get(RERUN_OF) == taken.number] == [taken.params]
    assert len(trials) == N_TRIALS + 1
    assert not (tmp_path / "s.db.workers").exists()


def test_the_trial_of_a_worker_that_was_killed_is_taken_over(tmp_path: Path) -> None:
    study, go = tmp_path / "s.db", tmp_path / "go"
    go.touch()
    with started(study, 3, go) as killed:
        assert killed.wait() == -signal.SIGKILL
    assert len(list((tmp_path / "s.db.workers").iterdir())) == 1
    found = search(study)
    assert len(found.trials) == N_TRIALS
    assert raw_trials(study)[0].state == optuna.trial.TrialState.FAIL
    assert not (tmp_path / "s.db.workers").exists()

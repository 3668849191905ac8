"""A forked process, which has none of the threads of the one that it came from."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from gatecell._core.forks import ForkSafeLock
from gatecell.kernels.memory import lend

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which this system does not have"),
    # what it warns of is what is tested
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]

TWO_THREADS = """
import multiprocessing
import sys

import numpy as np
import torch

from gatecell import LSTMClassifier, LSTMLanguageModel

torch.set_num_threads(2)
X, y = np.random.default_rng(0).normal(size=(64, 30, 8)), np.arange(64) % 2
options = {"hidden_size": 64, "max_epochs": 1, "random_state": 0, "dropout": 0.2, "num_layers": 2}
model = LSTMClassifier(**options).fit(X, y)
expected = model.predict_proba(X)
assert torch.get_num_threads() == 2


def work(queue):
    again = LSTMClassifier(**options).fit(X, y)
    queue.put((model.predict_proba(X), again.predict_proba(X), torch.get_num_threads()))


context = multiprocessing.get_context("fork")
queue = context.Queue()
children = [context.Process(target=work, args=(queue,), daemon=True) for _ in range(2)]
for child in children:
    child.start()
for _ in children:
    predicted, fitted, threads = queue.get(timeout=100)
    assert np.allclose(predicted, expected, rtol=1e-5), abs(predicted - expected).max()
    assert np.allclose(fitted, expected, rtol=1e-3), abs(fitted - expected).max()
    assert threads == 1
assert torch.get_num_threads() == 2
assert np.array_equal(model.predict_proba(X), expected)
"""


def test_predicting_and_fitting_in_a_forked_process_of_one_with_two_threads() -> None:
    done = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def exit_code_of_fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # nothing may go on into the tests of the parent
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_lock_that_another_thread_held_is_free_in_a_forked_process() -> None:
    lock, held, ended = ForkSafeLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            ended.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()

    def take() -> None:
        found = threading.Event()

        def try_it() -> None:
            with lock:
                found.set()

        threading.Thread(target=try_it, daemon=True).start()
        assert found.wait(30)

    try:
        assert exit_code_of_fork(take) == 0
    finally:
        ended.set()
        thread.join()


def test_memory_is_lent_in_a_process_that_was_forked_while_other_threads_asked_for_it() -> None:
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            lend(1 << 20)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert all(exit_code_of_fork(lambda: lend(1 << 20)) == 0 for _ in range(20))
    finally:
        ended.set()
        for thread in threads:
            thread.join()

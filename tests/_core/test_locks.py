"""One writer a place: who else comes is told, whoever was killed leaves the place free."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatecell._core import locks
from gatecell._core.errors import OutputInUseError
from gatecell._core.files import remove_left_parts
from gatecell._core.locks import LOCK_FILE, remove_left_lock, sole_writer
from tests.processes import running

_HOLD = """
import sys
from pathlib import Path
from gatecell._core.locks import sole_writer
with sole_writer(sys.argv[1], folder=sys.argv[2] == "folder"):
    print("held", flush=True)
    sys.stdin.read()
"""


_PROCESSES = ExitStack()


@pytest.fixture(autouse=True)
def processes_are_ended() -> Iterator[None]:
    with _PROCESSES:
        yield


class Holder:
    """A process that writes to a place until it is let go or killed."""

    def __init__(self, target: Path, *, folder: bool = False) -> None:
        words = [sys.executable, "-c", _HOLD, str(target), "folder" if folder else "file"]
        self.process = _PROCESSES.enter_context(
            running(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate()
        assert self.process.returncode == (-signal.SIGKILL if kill else 0)


@pytest.mark.parametrize("folder", [False, True])
def test_a_second_writer_is_told_who_is_writing(folder: bool, tmp_path: Path) -> None:
    target = tmp_path / "new" / "out"
    holder = Holder(target, folder=folder)
    with pytest.raises(OutputInUseError) as caught, sole_writer(target, folder=folder):
        pass
    message = str(caught.value)
    assert message.startswith(f"{target} is being written by another process: -c {target}")
    assert f"(process {holder.process.pid} on " in message
    assert ", since 2" in message
    assert message.endswith("). Wait until that has ended, or name another place.")
    holder.end()
    with sole_writer(target, folder=folder):
        assert len([path for path in tmp_path.rglob("*") if path.name.endswith(".lock")]) == 1
    # also the folders that were made for it are gone
    assert list(tmp_path.iterdir()) == []


def test_who_was_killed_leaves_the_place_free_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    target = tmp_path / "out"
    holder = Holder(target)
    holder.end(kill=True)
    assert [path.name for path in tmp_path.iterdir()] == [".out.lock"]
    with sole_writer(target):
        pass
    (message,) = caplog.messages
    assert message.startswith(f"What wrote to {target} before ended without tidying up: -c {target}")
    assert f"(process {holder.process.pid} on " in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff", b"[" * 60_000])
def test_a_lock_file_of_any_content_is_taken(content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".out.lock").write_bytes(content)
    with sole_writer(tmp_path / "out"):
        pass
    assert caplog.messages == []
    assert list(tmp_path.iterdir()) == []


def test_one_file_under_two_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, link = tmp_path / "out", tmp_path / "link"
    link.symlink_to(target)
    monkeypatch.chdir(tmp_path)
    holder = Holder(target)
    for other in (link, Path("out"), tmp_path / "x" / ".." / "out"):
        with pytest.raises(OutputInUseError), sole_writer(other):
            pass
    holder.end()


def test_a_thread_may_take_it_again_and_another_may_not(tmp_path: Path) -> None:
    errors: list[str] = []

    def other() -> None:
        try:
            with sole_writer(tmp_path / "out"):
                pass
        except OutputInUseError as error:
            errors.append(str(error))

    with sole_writer(tmp_path / "out"), sole_writer(tmp_path / "out"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert errors == [
        f"{tmp_path / 'out'} is being written by another thread of this process. "
        "Wait until that has ended, or name another place."
    ]
    other()
    assert len(errors) == 1


def test_what_is_neither_file_nor_folder_is_not_locked(tmp_path: Path) -> None:
    with sole_writer("/dev/null"), sole_writer(tmp_path), sole_writer(__file__, folder=True):
        assert not Path("/dev/.null.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: int) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks, "try_lock", refuse)
    with sole_writer(tmp_path / "out"):
        assert list(tmp_path.iterdir()) == []
    (message,) = caplog.messages
    assert message == (
        f"The file system of {tmp_path / 'out'} has no locks, "
        "so nothing keeps another process from writing there as well."
    )


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory|File exists") as caught, sole_writer(tmp_path / "file" / "out"):
        pass
    assert caught.value.filename == str(tmp_path / "file" / "out")


def test_of_many_at_once_one_writes_at_a_time(tmp_path: Path) -> None:
    """Locks that come and go: a file that is removed while another waits for it must not be two locks."""
    inside, refused = [], []
    overlaps = []

    def work() -> None:
        for _ in range(200):
            try:
                with sole_writer(tmp_path / "out"):
                    inside.append(1)
                    overlaps.append(len(inside) > 1)
                    inside.pop()
            except OutputInUseError:
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(overlaps) + len(refused) == 800
    assert overlaps
    assert not any(overlaps)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_killed_writer_of_a_folder_is_removed_that_of_a_living_one_not(tmp_path: Path) -> None:
    holder = Holder(tmp_path, folder=True)
    remove_left_lock(tmp_path)
    assert (tmp_path / LOCK_FILE).exists()
    holder.end(kill=True)
    remove_left_lock(tmp_path)
    remove_left_lock(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="what is open cannot be removed there")
def test_what_was_left_is_removed_with_its_lock_in_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a writer could take the file in between, and a third one could then be beside it."""
    taken: list[bool] = []
    unlink = os.unlink

    def take_and_unlink(path: str | os.PathLike[str]) -> None:
        with Path(path).open("rb+") as stream:
            taken.append(locks.try_lock(stream.fileno()))
        unlink(path)

    monkeypatch.setattr(os, "unlink", take_and_unlink)
    for name in (LOCK_FILE, ".model.0123abcd.part"):
        (tmp_path / name).write_bytes(b"")
    remove_left_lock(tmp_path)
    remove_left_parts(tmp_path)
    assert taken == [False, False]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="what is open cannot be removed there")
def test_a_lock_that_came_in_place_of_the_one_that_was_left_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / LOCK_FILE
    lock.write_bytes(b"")
    try_lock = locks.try_lock

    def replaced_meanwhile(descriptor: int) -> bool:
        lock.unlink()
        lock.write_bytes(b"of the next writer")
        return try_lock(descriptor)

    monkeypatch.setattr(locks, "try_lock", replaced_meanwhile)
    remove_left_lock(tmp_path)
    assert lock.read_bytes() == b"of the next writer"

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from gatecell._core.files import atomic_path, remove_left_parts
from tests.processes import running


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    with atomic_path(target) as path:
        path.write_text("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert os.listdir(target.parent) == ["file.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")

    def write_half() -> None:
        with atomic_path(target) as path:
            path.write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_half()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    missing = tmp_path / ("x" * 255)
    for target, error in ((folder, IsADirectoryError), (missing, OSError)):
        with pytest.raises(error) as caught, atomic_path(target):
            pass
        assert caught.value.filename == str(target)
    assert os.listdir(folder) == []


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")

    def writing(filename: str | None) -> None:
        with atomic_path(target):
            raise OSError(errno.ENOSPC, "No space left on device", filename)

    with pytest.raises(OSError, match="No space left on device") as caught:
        writing(None)
    assert caught.value.filename == str(target)
    assert caught.value.errno == errno.ENOSPC
    # an error about another file, such as one that is read meanwhile, keeps its name
    with pytest.raises(OSError, match="No space left on device") as caught:
        writing("other.txt")
    assert caught.value.filename == "other.txt"
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_what_the_system_says_of_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught, atomic_path(tmp_path / "f"):
        Path("/dev/full").write_bytes(b"x")
    assert caught.value.filename == str(tmp_path / "f")


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "file") as path:
            path.write_text("")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


_WRITE = """
import sys
from gatecell._core.files import atomic_path, remove_left_parts
with atomic_path(sys.argv[1]) as part:
    part.write_text("half")
    print(part.name, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    words = [sys.executable, "-c", _WRITE, str(target)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with running(words, **pipes) as killed, running(words, **pipes) as living:
        names = [process.stdout.readline().strip() for process in (killed, living) if process.stdout is not None]
        killed.kill()
        killed.communicate()
        # of other files, and of the user
        others = [".other.txt.0123abcd.part", ".file.txt.part", "file.txt.0123abcd.part"]
        for name in others:
            (tmp_path / name).touch()
        assert names[0] in os.listdir(tmp_path)
        with atomic_path(target) as part:
            part.write_text("new")
        assert sorted(os.listdir(tmp_path)) == sorted(["file.txt", names[1], *others])
        living.communicate()
        assert living.returncode == 0
    assert target.read_text() == "half"
    remove_left_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(["file.txt", *others[1:]])


def test_a_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "folder" / "file.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    link.symlink_to(target)
    with atomic_path(link) as path:
        path.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_and_a_device_are_written_to_and_stay(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with running(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
        with atomic_path(pipe) as path:
            path.write_text("new")
        assert reader.communicate()[0] == "new"
    assert pipe.is_fifo()
    with atomic_path("/dev/null") as path:
        path.write_text("new")
    assert Path("/dev/null").is_char_device()
    assert os.listdir(tmp_path) == ["pipe"]


def test_writers_in_threads_do_not_take_each_others_files(tmp_path: Path) -> None:
    """Each tidies up before it writes; a file that is just being made must not be taken for one that was left."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(100):
                with atomic_path(tmp_path / "file.txt") as path:
                    path.write_text("whole")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert os.listdir(tmp_path) == ["file.txt"]

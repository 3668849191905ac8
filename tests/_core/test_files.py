import errno
import os
from pathlib import Path

import pytest

from gatecell._core.files import atomic_path


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

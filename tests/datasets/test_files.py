import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gatecell._core.errors import DatasetError
from gatecell.datasets import files
from gatecell.datasets.files import DataFile, read_file

CONTENT = b"a small data set\n" * 10
PUBLISHED = gzip.compress(CONTENT, mtime=0)
FILE = DataFile(
    "toy", "toy.txt.gz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), hashlib.sha256(PUBLISHED).hexdigest()
)
NOWHERE = ("http://127.0.0.1:9/",)


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path


def put(content: bytes, home: Path) -> Path:
    path = home / "toy" / "toy.txt.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on this machine: no test leaves it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

    folder = tmp_path / "web"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}/", folder
        http.shutdown()
        thread.join()


@pytest.mark.parametrize("home", ["home", "cache"])
def test_found_in_the_data_home_and_in_the_cache(homes: Path, home: str) -> None:
    put(PUBLISHED, homes / home)
    assert read_file(FILE, urls=NOWHERE) == CONTENT


def test_the_data_home_comes_first(homes: Path) -> None:
    put(b"not even gzip", homes / "cache")
    put(PUBLISHED, homes / "home")
    assert read_file(FILE, urls=NOWHERE) == CONTENT


def test_another_gzip_wrapper_of_the_same_content_is_taken(homes: Path) -> None:
    other = gzip.compress(CONTENT, compresslevel=1, mtime=7)
    assert other != PUBLISHED
    put(other, homes / "home")
    assert read_file(FILE, urls=NOWHERE) == CONTENT


def test_offline_says_where_to_put_the_file(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DatasetError) as caught:
        read_file(FILE, urls=("https://example.org/data/",))
    text = str(caught.value)
    assert "toy.txt.gz is not on this machine, and nothing is downloaded unless asked" in text
    assert "download=True" in text
    assert "from https://example.org/data/ at" in text
    assert str(homes / "home" / "toy" / "toy.txt.gz") in text
    assert str(homes / "cache" / "toy" / "toy.txt.gz") in text
    monkeypatch.delenv("GATECELL_DATA_HOME")
    with pytest.raises(DatasetError, match=r"or set GATECELL_DATA_HOME to the folder that holds toy/"):
        read_file(FILE, urls=("https://example.org/data/",))


def test_download_lands_in_the_cache_and_is_used_again(homes: Path, server: tuple[str, Path]) -> None:
    url, folder = server
    (folder / "toy.txt.gz").write_bytes(PUBLISHED)
    assert read_file(FILE, urls=(url,), download=True) == CONTENT
    assert (homes / "cache" / "toy" / "toy.txt.gz").read_bytes() == PUBLISHED
    assert read_file(FILE, urls=NOWHERE) == CONTENT


def test_the_second_address_is_tried(server: tuple[str, Path]) -> None:
    url, folder = server
    (folder / "toy.txt.gz").write_bytes(PUBLISHED)
    assert read_file(FILE, urls=(url + "gone/", url), download=True) == CONTENT


def test_a_download_with_a_wrong_sum_is_refused_and_not_kept(homes: Path, server: tuple[str, Path]) -> None:
    url, folder = server
    (folder / "toy.txt.gz").write_bytes(gzip.compress(b"something else"))
    with pytest.raises(DatasetError, match=r"toy.txt.gz could not be downloaded .*SHA256.*put it at .*cache"):
        read_file(FILE, urls=(url,), download=True)
    assert list((homes / "cache").rglob("*.gz")) == []


def test_no_network() -> None:
    with pytest.raises(
        DatasetError, match=r"could not be downloaded \(http://127.0.0.1:9/toy.txt.gz: .*Check the network"
    ):
        read_file(FILE, urls=NOWHERE, download=True)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (gzip.compress(b"X" + CONTENT[1:]), "has another SHA-256 sum"),
        (gzip.compress(CONTENT[:-1]), "has 169 bytes instead of 170"),
        (gzip.compress(bytes(10_000_000)), "has more than 170 bytes instead of 170"),
        (PUBLISHED[:-20], "cannot be read: "),
        (PUBLISHED[:12] + b"\xff\xff\xff" + PUBLISHED[15:], "cannot be read: |another SHA"),
        (CONTENT, "cannot be read: "),
        (b"", "has 0 bytes instead of 170"),
    ],
    # names of their own: those made of the bytes would hold the time of compression, another one in each test process
    ids=["changed", "shorter", "bomb", "cut off", "damaged", "not compressed", "empty"],
)
def test_a_hostile_or_broken_file(homes: Path, content: bytes, text: str) -> None:
    path = put(content, homes / "home")
    with pytest.raises(DatasetError, match=text) as caught:
        read_file(FILE, urls=NOWHERE)
    assert str(path) in str(caught.value)
    assert "Remove it" in str(caught.value)


def test_the_cache_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    assert files.cache_folder().name == "gatecell"


def test_what_a_killed_download_left_is_removed_by_the_next(homes: Path, server: tuple[str, Path]) -> None:
    url, folder = server
    (folder / FILE.name).write_bytes(PUBLISHED)
    with pytest.raises(DatasetError):
        read_file(FILE, urls=NOWHERE, download=True)
    place = homes / "cache" / "toy" / FILE.name
    # a download that failed leaves nothing
    assert list(place.parent.iterdir()) == []
    (place.parent / f".{place.name}.0123abcd.part").write_bytes(b"half")
    assert read_file(FILE, urls=(url,), download=True) == CONTENT
    assert [path.name for path in place.parent.iterdir()] == [place.name]

"""The loaders of texts and of vowels: on small files of their formats, and on the real ones where they are."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from gatecell._core.errors import DatasetError
from gatecell.datasets import imdb, thucnews, trec, vowels
from gatecell.datasets.files import DataFile, read_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("gatecell.datasets.files.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("gatecell.datasets.imdb.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "home"


def put(home: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, content: bytes) -> Path:
    """Write a small file in the place of a real one, whose sums then are those of the small one."""
    file: DataFile = getattr(module, name)
    small = replace(file, n_bytes=len(content), content_sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(module, name, small)
    path = home / file.folder / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if file.name.endswith(".gz") else content)
    return path


def test_trec_of_small_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, monkeypatch, trec, "TRAIN", "NUM:dist How far ?\nHUM:ind Who is Andr\u00e9 ?\n".encode("latin-1"))
    put(home, monkeypatch, trec, "TEST", b"LOC:city Where ?\n")
    data = trec.load_trec()
    assert data.train.X == ["How far ?", "Who is Andr\u00e9 ?"]
    assert data.train.y.tolist() == ["NUM", "HUM"]
    assert data.test.y.tolist() == ["LOC"]
    put(home, monkeypatch, trec, "TEST", b"LOC:city Where ?\nnothing\n")
    with pytest.raises(DatasetError, match=r"TREC.test, line 2 is no CLASS:kind and a question: 'nothing'"):
        trec.load_trec()


def test_thucnews_of_small_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, monkeypatch, thucnews, "CLASSES", b"finance\nsports")
    put(home, monkeypatch, thucnews, "TRAIN", "\u80a1\u5e02\t0\n\u8db3\u7403\t1\n".encode())
    put(home, monkeypatch, thucnews, "VALIDATION", "\u7bee\u7403\t1\n".encode())
    put(home, monkeypatch, thucnews, "TEST", b"x\t1\n").rename(home / "text/thucnews/test.txt.gz")
    data = thucnews.load_thucnews()
    assert data.train.X == ["\u80a1\u5e02", "\u8db3\u7403"]
    assert data.train.y.tolist() == ["finance", "sports"]
    assert data.validation is not None
    assert data.validation.y.tolist() == ["sports"]
    put(home, monkeypatch, thucnews, "TEST", b"x\t2\n")
    with pytest.raises(DatasetError, match=r"test.txt.gz, line 1 is no headline, tab, class of 0..1"):
        thucnews.load_thucnews()


def test_what_is_published_under_another_name_is_found_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home, monkeypatch, thucnews, "TEST", b"x\t1\n")
    path.unlink()
    path.with_name("test.txt").write_bytes(b"x\t1\n")
    assert read_file(thucnews.TEST, urls=("https://example.org/",)) == b"x\t1\n"


TS = b"@dimensions 2\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n1,2:4,5:b\n"


def test_vowels_of_small_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, monkeypatch, vowels, "TRAIN", TS)
    path = put(home, monkeypatch, vowels, "TEST", TS)
    path.unlink()
    with zipfile.ZipFile(path.with_name("JapaneseVowels.zip"), "w") as archive:
        archive.writestr("JapaneseVowels_TEST.ts", TS)
    data = vowels.load_vowels()
    for part in (data.train, data.test):
        assert [row.tolist() for row in part.X] == [[[1, 4], [2, 5], [3, 6]], [[1, 4], [2, 5]]]
        assert part.y.tolist() == ["a", "b"]
    with zipfile.ZipFile(path.with_name("JapaneseVowels.zip"), "w") as archive:
        archive.writestr("other.ts", TS)
    with pytest.raises(DatasetError, match=r"JapaneseVowels.zip cannot be read: .*JapaneseVowels_TEST.ts"):
        vowels.load_vowels()


def archive_of(path: Path, reviews: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in reviews.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))


def test_imdb_of_a_small_table_and_a_small_archive(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = "1\t9\tpos/0_9.txt\tgood\ttab\n1\t7\tpos/2_7.txt\tfine\n0\t1\tneg/1_1.txt\tb\u00e4d\n".encode()
    put(home, monkeypatch, imdb, "TRAIN", table)
    put(home, monkeypatch, imdb, "TEST", table)
    from_table = imdb.load_imdb()
    assert from_table.train.X == ["good\ttab", "fine", "b\u00e4d"]
    assert from_table.train.y.tolist() == [1, 1, 0]
    for name in ("train.tsv.gz", "test.tsv.gz"):
        (home / "imdb" / name).unlink()
    texts = {"pos/2_7.txt": "fine", "neg/1_1.txt": "b\u00e4d", "pos/0_9.txt": "good\ttab", "unsup/0_0.txt": "none"}
    archive_of(
        home / "imdb" / imdb.ARCHIVE,
        {f"aclImdb/{part}/{name}": text for part in ("train", "test") for name, text in texts.items()},
    )
    from_archive = imdb.load_imdb()
    assert from_archive.train.X == from_table.train.X
    assert from_archive.test.y.tolist() == from_table.test.y.tolist()
    archive_of(home / "imdb" / imdb.ARCHIVE, {"other.txt": "x"})
    with pytest.raises(DatasetError, match="is not the archive of reviews"):
        imdb.load_imdb()
    (home / "imdb" / imdb.ARCHIVE).write_bytes(b"no archive")
    with pytest.raises(DatasetError, match="cannot be read"):
        imdb.load_imdb()


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (imdb.load_imdb, "train.tsv.gz"),
        (thucnews.load_thucnews, "train45k_no_overlap.txt.gz"),
        (trec.load_trec, "TREC.train"),
        (vowels.load_vowels, "JapaneseVowels_TRAIN.ts.gz"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_is_not_at_hand(load: object, name: str) -> None:
    assert callable(load)
    with pytest.raises(DatasetError, match=f"{name} is not on this machine"):
        load()


def test_the_real_questions(data_home: Path) -> None:
    data = trec.load_trec()
    assert (len(data.train.X), len(data.test.X)) == (5452, 500)
    assert Counter(data.test.y.tolist()) == {"ABBR": 9, "DESC": 138, "ENTY": 94, "HUM": 65, "LOC": 81, "NUM": 113}
    assert data.train.X[0] == "How did serfdom develop in and then leave Russia ?"


def test_the_real_headlines(data_home: Path) -> None:
    data = thucnews.load_thucnews()
    assert data.validation is not None
    assert [len(part.X) for part in (data.train, data.validation, data.test)] == [44_872, 10_000, 10_000]
    assert set(Counter(data.test.y.tolist()).values()) == {1000}
    assert data.test.X[0].startswith("\u8bcd\u6c47\u9605\u8bfb\u662f\u5173\u952e 08")
    assert not set(data.train.X) & set(data.test.X)


def test_the_real_vowels(data_home: Path) -> None:
    data = vowels.load_vowels()
    assert (len(data.train.X), len(data.test.X)) == (270, 370)
    lengths = [len(row) for row in (*data.train.X, *data.test.X)]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert {row.shape[1] for row in data.train.X} == {12}
    assert Counter(data.train.y.tolist()) == {str(speaker): 30 for speaker in range(1, 10)}


def test_the_real_reviews(data_home: Path) -> None:
    data = imdb.load_imdb()
    for part in (data.train, data.test):
        assert part.y.tolist() == [1] * 12_500 + [0] * 12_500
        assert all(part.X)
    assert data.train.X[0].startswith("Bromwell High is a cartoon comedy.")
    assert len(set(data.train.X) & set(data.test.X)) == 123

"""The loaders of texts for language models: on small files, and on the real ones where they are."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from gatecell._core.errors import DatasetError
from gatecell.datasets import ptb, shakespeare
from gatecell.datasets.files import DataFile


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("gatecell.datasets.files.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "home"


def put(
    home: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, content: bytes, *, packed: bool
) -> None:
    file: DataFile = getattr(module, name)
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(module, name, replace(file, n_bytes=len(content), content_sha256=digest))
    path = home / file.folder / (file.name if packed else file.web_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize("packed", [True, False])
def test_ptb_of_small_files(home: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    for name in ("TRAIN", "VALIDATION", "TEST"):
        put(home, monkeypatch, ptb, name, f" {name} <unk> \n".encode(), packed=packed)
    data = ptb.load_ptb()
    assert (data.train, data.validation, data.test) == (" TRAIN <unk> \n", " VALIDATION <unk> \n", " TEST <unk> \n")


def test_shakespeare_of_a_small_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, monkeypatch, shakespeare, "TEXT", b"First Citizen:\n", packed=False)
    assert shakespeare.load_shakespeare() == "First Citizen:\n"


def test_what_is_not_at_hand_or_another(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DatasetError, match=r"ptb.train.txt.gz is not on this machine.*put the file from https://raw"):
        ptb.load_ptb()
    with pytest.raises(DatasetError, match=r"tinyshakespeare.txt.gz is not on this machine.*karpathy/char-rnn"):
        shakespeare.load_shakespeare()
    (home / "charlm").mkdir(parents=True)
    (home / "charlm" / "input.txt").write_text("Second Citizen:\n")
    with pytest.raises(DatasetError, match="input.txt is not the published file: its content has 16 bytes instead"):
        shakespeare.load_shakespeare()


def test_the_real_ptb(data_home: Path) -> None:
    data = ptb.load_ptb()
    assert data.validation is not None
    tokens = [text.replace("\n", " <eos> ").split() for text in (data.train, data.validation, data.test)]
    assert [len(part) for part in tokens] == [929_589, 73_760, 82_430]
    assert len(set(tokens[0])) == 10_000
    assert set(tokens[2]) <= set(tokens[0])


def test_the_real_shakespeare(data_home: Path) -> None:
    text = shakespeare.load_shakespeare()
    assert (len(text), len(set(text))) == (1_115_394, 65)
    assert text.startswith("First Citizen:\nBefore we proceed any further, hear me speak.")

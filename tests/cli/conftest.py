import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatecell.cli.main import main


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without their drawings, which take seconds; tests/reporting has them."""
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and no data but those that a test brings."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path / "nothing"))
    monkeypatch.setattr("gatecell.datasets.files.cache_folder", lambda: tmp_path / "cache")
    return folder


@pytest.fixture
def gatecell(here: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command line in this process."""

    def run(*arguments: str | Path) -> Done:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture
def data(here: Path) -> Path:
    """Ragged rows of two classes."""
    generator = np.random.default_rng(0)
    y = np.arange(30) % 2
    X = generator.normal(size=(30, 6, 2)) + 3 * y[:, None, None]
    np.savez(here / "d.npz", X=X, y=np.array(["no", "yes"])[y], lengths=generator.integers(1, 7, 30))
    return Path("d.npz")


@pytest.fixture
def model(gatecell: Callable[..., Done], data: Path) -> Path:
    """A classifier fitted to ``data``."""
    done = gatecell("fit", "classify", data, "-o", "m.safetensors", "--set", "max_epochs=2", "--set", "hidden_size=3")
    assert done.code == 0, done.err
    return Path("m.safetensors")

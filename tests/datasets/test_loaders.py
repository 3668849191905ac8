import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatecell._core.errors import DatasetError
from gatecell.datasets import mnist
from gatecell.datasets.digits import load_digits
from gatecell.datasets.files import DataFile
from gatecell.datasets.mnist import load_mnist
from gatecell.datasets.temperatures import load_temperatures


def test_digits() -> None:
    digits = load_digits()
    assert digits.train.X.shape == (1437, 8, 8)
    assert digits.test.X.shape == (360, 8, 8)
    assert digits.train.X.dtype == np.float32
    assert digits.train.X.min() == 0.0
    assert digits.train.X.max() == 1.0
    assert np.bincount(digits.test.y).min() >= 34
    again = load_digits()
    np.testing.assert_array_equal(digits.test.X, again.test.X)
    # No test row is among the training rows.
    seen = {row.tobytes() for row in digits.train.X}
    assert sum(row.tobytes() in seen for row in digits.test.X) == 0


def test_mnist(data_home: Path) -> None:
    data = load_mnist()
    assert data.train.X.shape == (60_000, 28, 28)
    assert data.test.X.shape == (10_000, 28, 28)
    assert data.train.X.dtype == np.float32
    assert data.train.X.max() == 1.0
    assert data.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.test.y[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.train.X.mean() == pytest.approx(0.1307, abs=1e-4)


def test_mnist_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("gatecell.datasets.files.cache_folder", lambda: tmp_path / "cache")
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte.gz is not on this machine"):
        load_mnist()


def test_mnist_with_more_labels_than_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {
        "TRAIN_IMAGES": bytes([0, 0, 8, 3]) + struct.pack(">3I", 1, 2, 2) + bytes(4),
        "TRAIN_LABELS": bytes([0, 0, 8, 1]) + struct.pack(">I", 2) + bytes(2),
    }
    for name, content in contents.items():
        file = DataFile("mnist", f"{name}.gz", len(content), hashlib.sha256(content).hexdigest(), "")
        (tmp_path / "mnist").mkdir(exist_ok=True)
        (tmp_path / "mnist" / file.name).write_bytes(gzip.compress(content))
        monkeypatch.setattr(mnist, name, file)
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path))
    with pytest.raises(DatasetError, match=r"TRAIN_IMAGES.gz has 1 images, but TRAIN_LABELS.gz 2 labels"):
        load_mnist()


def test_temperatures(data_home: Path) -> None:
    series = load_temperatures()
    assert len(series) == 3650
    assert series.iloc[0] == 20.7
    assert series.iloc[-1] == 13.0
    missing = pd.date_range(series.index[0], series.index[-1]).difference(pd.DatetimeIndex(series.index))
    assert missing.strftime("%Y-%m-%d").tolist() == ["1984-12-31", "1988-12-31"]
    assert series.index.is_monotonic_increasing

"""MNIST: 70,000 hand-written digits of 28 x 28 pixels (LeCun, Bottou, Bengio & Haffner 1998)."""

import numpy as np

from gatecell._core.errors import DatasetError
from gatecell.datasets.files import DataFile, read_file
from gatecell.datasets.idx import parse_idx
from gatecell.datasets.parts import LabelledRows, TrainTest

URLS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
"""Public mirrors of the original files, whose first home is gone; the sums are those of the originals."""

TRAIN_IMAGES = DataFile(
    "mnist",
    "train-images-idx3-ubyte.gz",
    47_040_016,
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
)
TRAIN_LABELS = DataFile(
    "mnist",
    "train-labels-idx1-ubyte.gz",
    60_008,
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
)
TEST_IMAGES = DataFile(
    "mnist",
    "t10k-images-idx3-ubyte.gz",
    7_840_016,
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
)
TEST_LABELS = DataFile(
    "mnist",
    "t10k-labels-idx1-ubyte.gz",
    10_008,
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
)

_LARGEST_PIXEL = np.float32(255.0)


def load_mnist(*, download: bool = False) -> TrainTest[LabelledRows]:
    """Load MNIST as sequences: the 28 rows of an image are 28 steps of 28 values.

    The four gzip files are looked for in ``$GATECELL_DATA_HOME/mnist`` and then in the cache of downloads.

    Parameters
    ----------
    download : bool
        Whether to download (11 MB) what is not at hand.

    Returns
    -------
    TrainTest
        60,000 and 10,000 rows; ``X`` of ``(n, 28, 28)``, float32 in 0..1; ``y`` of ``(n,)``, the digits 0 to 9.

    Raises
    ------
    DatasetError
        Where a file is missing (the message says where to put it), or its content is not the published one.
    """
    return TrainTest(
        _rows(TRAIN_IMAGES, TRAIN_LABELS, download=download), _rows(TEST_IMAGES, TEST_LABELS, download=download)
    )


def _rows(image_file: DataFile, label_file: DataFile, *, download: bool) -> LabelledRows:
    images = parse_idx(read_file(image_file, urls=URLS, download=download), image_file.name, n_axes=3)
    labels = parse_idx(read_file(label_file, urls=URLS, download=download), label_file.name, n_axes=1)
    if len(images) != len(labels):
        raise DatasetError(
            f"{image_file.name} has {len(images):,} images, but {label_file.name} {len(labels):,} labels."
        )
    return LabelledRows(images.astype(np.float32) / _LARGEST_PIXEL, labels.astype(np.int64))

"""THUCNews headlines: Chinese news titles of 10 classes (Tsinghua University, from Sina News 2005 to 2011)."""

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import DatasetError
from gatecell.datasets.files import DataFile, places, read_file
from gatecell.datasets.parts import LabelledTexts, TrainTest

URLS = ("https://raw.githubusercontent.com/649453932/Chinese-Text-Classification-Pytorch/master/THUCNews/data/",)
"""The selection of headlines that the tutorials use."""
_FOLDER = "text/thucnews"
CLASSES = DataFile(
    _FOLDER,
    "class.txt",
    82,
    "005e8813ad639c219e5902dc84889202b4a717b4238497d26c3fbd5e43927a86",
    "005e8813ad639c219e5902dc84889202b4a717b4238497d26c3fbd5e43927a86",
)
TRAIN = DataFile(
    _FOLDER,
    "train45k_no_overlap.txt.gz",
    2_480_391,
    "87534601207dddc486d917fda823a57cbaed4ea964d7c8dd5bad892252ed0f16",
    None,
)
VALIDATION = DataFile(
    _FOLDER,
    "dev.txt.gz",
    551_313,
    "6ed73aa2c57ee1560c8f76570d48735c4b1c29ae4983fe3523d56e115813e175",
    "6ed73aa2c57ee1560c8f76570d48735c4b1c29ae4983fe3523d56e115813e175",
    published_name="dev.txt",
)
TEST = DataFile(
    _FOLDER,
    "test.txt.gz",
    551_596,
    "ebecc8c896635ad69730083ca7b81d37c42c9a5779bc05c9d2479d894e34f026",
    "ebecc8c896635ad69730083ca7b81d37c42c9a5779bc05c9d2479d894e34f026",
    published_name="test.txt",
)


def load_thucnews(*, download: bool = False) -> TrainTest[LabelledTexts]:
    """Load the THUCNews headlines.

    The files are looked for in ``$GATECELL_DATA_HOME/text/thucnews`` and then in the cache of downloads. THUCNews is
    free for research; the selection is under the MIT licence. The training part must be brought by hand: it is a
    quarter of the published one, without the headlines that are in the two other parts, and is not published by itself.

    Parameters
    ----------
    download : bool
        Whether to download (1.1 MB) the two other parts and the names of the classes.

    Returns
    -------
    TrainTest
        44,872, 10,000 (validation) and 10,000 headlines; ``y`` is the name of the class, such as ``"finance"``.

    Raises
    ------
    DatasetError
        Where a file is missing (the message says where to put it), or its content is not the expected one.
    """
    if not any(place.is_file() for place in places(TRAIN)):
        raise DatasetError(
            f"{TRAIN.name} is not on this machine, and cannot be downloaded: it is a quarter of train.txt from "
            f"{URLS[0]}, without the headlines of the two other parts. Put it at {places(TRAIN)[0]}."
        )
    names = np.array(read_file(CLASSES, urls=URLS, download=download).decode("utf-8").split())
    return TrainTest(
        _rows(TRAIN, names, download=False),
        _rows(TEST, names, download=download),
        _rows(VALIDATION, names, download=download),
    )


def _rows(file: DataFile, names: NDArray[np.str_], *, download: bool) -> LabelledTexts:
    texts, classes = [], []
    content = read_file(file, urls=URLS, download=download).decode("utf-8")
    for number, line in enumerate(content.rstrip("\n").split("\n"), start=1):
        text, tab, place = line.rpartition("\t")
        if not tab or not place.isdecimal() or int(place) >= len(names):
            raise DatasetError(
                f"{file.name}, line {number} is no headline, tab, class of 0..{len(names) - 1}: {line!r}."
            )
        texts.append(text)
        classes.append(int(place))
    return LabelledTexts(texts, names[classes])

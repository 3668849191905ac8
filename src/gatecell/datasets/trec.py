"""TREC questions, by the kind of answer that they ask for (Li & Roth 2002)."""

import numpy as np

from gatecell._core.errors import DatasetError
from gatecell.datasets.files import DataFile, read_file
from gatecell.datasets.parts import LabelledTexts, TrainTest

URLS = ("https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data/raw/",)
"""A collection of the classic data sets of sentences; the first home is the University of Illinois."""

TRAIN = DataFile(
    "text/trec",
    "TREC.train",
    335_858,
    "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3",
    "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3",
)
TEST = DataFile(
    "text/trec",
    "TREC.test",
    23_354,
    "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e",
    "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e",
)


def load_trec(*, download: bool = False) -> TrainTest[LabelledTexts]:
    """Load the TREC questions with their coarse classes.

    The files are looked for in ``$GATECELL_DATA_HOME/text/trec`` and then in the cache of downloads. They were
    published for research, without a licence of their own.

    Parameters
    ----------
    download : bool
        Whether to download (360 kB) what is not at hand.

    Returns
    -------
    TrainTest
        5,452 and 500 questions; ``y`` is one of ABBR, DESC, ENTY, HUM, LOC, NUM.

    Raises
    ------
    DatasetError
        Where a file is missing (the message says where to put it), or its content is not the published one.
    """
    return TrainTest(_rows(TRAIN, download=download), _rows(TEST, download=download))


def _rows(file: DataFile, *, download: bool) -> LabelledTexts:
    # the files are in Latin-1, as their few accented letters show
    lines = read_file(file, urls=URLS, download=download).decode("latin-1").splitlines()
    labels, texts = [], []
    for number, line in enumerate(lines, start=1):
        label, space, text = line.partition(" ")
        coarse, colon, _ = label.partition(":")
        if not space or not colon:
            raise DatasetError(f"{file.name}, line {number} is no CLASS:kind and a question: {line[:40]!r}.")
        labels.append(coarse)
        texts.append(text.strip())
    return LabelledTexts(texts, np.array(labels))

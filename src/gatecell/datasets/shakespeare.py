"""Tiny Shakespeare: a megabyte of his plays (Karpathy 2015)."""

from gatecell.datasets.files import DataFile, read_file

URLS = ("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",)
"""The code of "The Unreasonable Effectiveness of Recurrent Neural Networks"."""

_DIGEST = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
TEXT = DataFile("charlm", "tinyshakespeare.txt.gz", 1_115_394, _DIGEST, _DIGEST, published_name="input.txt")


def load_shakespeare(*, download: bool = False) -> str:
    """Load a text of 1,115,394 characters, 65 different ones: scenes of Shakespeare's plays, one after the other.

    The file is looked for in ``$GATECELL_DATA_HOME/charlm`` and then in the cache of downloads. Shakespeare's plays are
    in the public domain.

    Parameters
    ----------
    download : bool
        Whether to download it (1 MB) where it is not at hand.

    Raises
    ------
    DatasetError
        Where the file is missing (the message says where to put it), or its content is not the published one.
    """
    return read_file(TEXT, urls=URLS, download=download).decode("utf-8")

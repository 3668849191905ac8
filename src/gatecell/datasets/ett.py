"""ETTh1: the load and the oil temperature of an electricity transformer, by the hour (Zhou et al. 2021)."""

import io
from typing import TYPE_CHECKING

from gatecell.datasets.files import DataFile, read_file

if TYPE_CHECKING:
    import pandas as pd

URLS = ("https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/",)
"""The authors' own collection."""

ETTH1 = DataFile(
    "timeseries/ett",
    "ETTh1.csv.gz",
    2_589_657,
    "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
    "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
    published_name="ETTh1.csv",
)

MONTH = 30 * 24
"""Steps of a month, as the authors count them."""
TRAIN, VALIDATION, TEST = 12 * MONTH, 4 * MONTH, 4 * MONTH
"""Steps of the parts that published figures are of; the last 3,020 hours are in none."""


def load_ett(*, download: bool = False) -> "pd.DataFrame":
    """Load ETTh1: six loads of a transformer in China and its oil temperature ``OT``, July 2016 to June 2018.

    The file is looked for in ``$GATECELL_DATA_HOME/timeseries/ett`` and then in the cache of downloads. The data are
    under CC BY-ND 4.0: use them as they are, and name the authors.

    Parameters
    ----------
    download : bool
        Whether to download the file (2.6 MB) where it is not at hand.

    Returns
    -------
    DataFrame
        17,420 hours by date, without gaps; columns HUFL, HULL, MUFL, MULL, LUFL, LULL and OT.

    Raises
    ------
    DatasetError
        Where the file is missing (the message says where to put it), or its content is not the published one.
    """
    import pandas as pd  # noqa: PLC0415  the other loaders do without pandas

    content = read_file(ETTH1, urls=URLS, download=download)
    return pd.read_csv(io.BytesIO(content), index_col="date", parse_dates=True)

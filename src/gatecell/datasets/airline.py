"""International airline passengers, 1949 to 1960 (Box & Jenkins 1976, series G)."""

import io
from typing import TYPE_CHECKING

from gatecell.datasets.files import DataFile, read_file

if TYPE_CHECKING:
    import pandas as pd

URLS = ("https://raw.githubusercontent.com/jbrownlee/Datasets/master/",)
"""The collection that the tutorials take the file from."""

PASSENGERS = DataFile(
    "timeseries/jbrownlee",
    "airline-passengers.csv",
    2_180,
    "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
    "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
)


def load_airline(*, download: bool = False) -> "pd.Series[float]":
    """Load the passengers of international airlines, in thousands a month.

    The file is looked for in ``$GATECELL_DATA_HOME/timeseries/jbrownlee`` and then in the cache of downloads. The
    numbers were published in a textbook, and the collection names no licence for them.

    Parameters
    ----------
    download : bool
        Whether to download the file (2 kB) where it is not at hand.

    Returns
    -------
    Series
        144 values by the first day of their month.

    Raises
    ------
    DatasetError
        Where the file is missing (the message says where to put it), or its content is not the published one.
    """
    import pandas as pd  # noqa: PLC0415  the other loaders do without pandas

    content = read_file(PASSENGERS, urls=URLS, download=download)
    frame = pd.read_csv(io.BytesIO(content), index_col="Month", parse_dates=True)
    return frame["Passengers"].astype(float).rename("passengers")

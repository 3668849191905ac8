"""Daily minimum temperatures in Melbourne, 1981 to 1990 (Australian Bureau of Meteorology)."""

import io
from typing import TYPE_CHECKING

from gatecell.datasets.files import DataFile, read_file

if TYPE_CHECKING:
    import pandas as pd

URLS = ("https://raw.githubusercontent.com/jbrownlee/Datasets/master/",)
"""The collection that the tutorials take the file from."""

TEMPERATURES = DataFile(
    "timeseries/jbrownlee",
    "daily-min-temperatures.csv",
    67_921,
    "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da",
    "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da",
)


def load_temperatures(*, download: bool = False) -> "pd.Series[float]":
    """Load the lowest temperature of each day in Melbourne, in degrees Celsius.

    The file is looked for in ``$GATECELL_DATA_HOME/timeseries/jbrownlee`` and then in the cache of downloads.

    Parameters
    ----------
    download : bool
        Whether to download the file (68 kB) where it is not at hand.

    Returns
    -------
    Series
        3,650 values by date, in order; the last day of the two leap years is missing in the source.

    Raises
    ------
    DatasetError
        Where the file is missing (the message says where to put it), or its content is not the published one.
    """
    import pandas as pd  # noqa: PLC0415  the other loaders do without pandas

    content = read_file(TEMPERATURES, urls=URLS, download=download)
    frame = pd.read_csv(io.BytesIO(content), index_col="Date", parse_dates=True)
    return frame["Temp"].rename("temperature")

"""Daily prices of three shares, January 2015 to January 2020, as a tutorial has them."""

import io
from typing import TYPE_CHECKING

from gatecell._core.errors import DatasetError, unknown_name
from gatecell.datasets.files import DataFile, places, read_file

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = "timeseries/stocks"
_FILES = {
    "AAPL": DataFile(
        _FOLDER, "AAPL_data.csv", 146_213, "9630a128e6f227f2f26bc0744f0d09abae276c6d9b45696999a01488ff558078", None
    ),
    "GOOGL": DataFile(
        _FOLDER, "GOOGL_data.csv", 136_269, "7095e5c0e58e38a359eb205dd0077ff97e3f8cef36a06c28b7d9c5a7ff07357a", None
    ),
    "MSFT": DataFile(
        _FOLDER, "MSFT_data.csv", 145_643, "2a2718dffe48b5d46f54e6acf4cc7fb9fbe2a881c43dfbcdb1aa4c61b07a6479", None
    ),
}


def load_stocks(name: str = "AAPL") -> "pd.DataFrame":
    """Load the daily prices of a share.

    The file is looked for in ``$GATECELL_DATA_HOME/timeseries/stocks`` and then in the cache of downloads. It must be
    brought by hand: prices belong to the exchanges, and those who show them do not allow that they are passed on, so
    there is no public home to download them from.

    Parameters
    ----------
    name : "AAPL", "GOOGL" or "MSFT"

    Returns
    -------
    DataFrame
        1,259 trading days by date; columns High, Low, Open, Close, Volume and Adj Close, in US dollars and shares. The
        days that the exchange is closed are not in it.

    Raises
    ------
    DatasetError
        Where the file is missing (the message says where to put it), or its content is not the expected one.
    UnknownNameError
        Where there is no such share.
    """
    import pandas as pd  # noqa: PLC0415  the other loaders do without pandas

    if name not in _FILES:
        raise unknown_name("share", name, _FILES)
    file = _FILES[name]
    if not any(place.is_file() for place in places(file)):
        raise DatasetError(
            f"{file.name} is not on this machine, and cannot be downloaded: prices may not be passed on. Put the "
            f"tutorial's file (SHA-256 {file.content_sha256}) at {places(file)[0]}. To forecast prices of another "
            "file, use gatecell fit forecast."
        )
    content = read_file(file, urls=("where you had it",))
    return pd.read_csv(io.BytesIO(content), index_col="Date", parse_dates=True).drop(columns="Name")

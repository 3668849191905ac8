"""M4 Hourly: the 414 hourly series of the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020)."""

import io
from typing import TYPE_CHECKING

import numpy as np

from gatecell.datasets.files import DataFile, read_file
from gatecell.datasets.parts import TrainTest

if TYPE_CHECKING:
    import pandas as pd

HOME = "https://raw.githubusercontent.com/Mcompetitions/M4-methods/master/Dataset/"
"""The organisers' collection."""

TRAIN = DataFile(
    "timeseries/m4",
    "Hourly-train.csv.gz",
    2_347_115,
    "ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f",
    "ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f",
    published_name="Hourly-train.csv",
)
TEST = DataFile(
    "timeseries/m4",
    "Hourly-test.csv.gz",
    132_820,
    "71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42",
    "71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42",
    published_name="Hourly-test.csv",
)

HORIZON = 48
"""Hours that the competition asked for."""
SEASON = 24
"""Hours of a season in the competition's measures and simple forecasts."""


def load_m4_hourly(*, download: bool = False) -> "TrainTest[pd.DataFrame]":
    """Load the M4 Hourly series in Nixtla's long form.

    The files are looked for in ``$GATECELL_DATA_HOME/timeseries/m4`` and then in the cache of downloads. The organisers
    published them for anyone's research; their collection names no licence.

    Parameters
    ----------
    download : bool
        Whether to download (2.5 MB) what is not at hand.

    Returns
    -------
    TrainTest
        Columns ``unique_id`` (``"H1"`` to ``"H414"``), ``ds`` and ``y``. The files have no dates: ``ds`` counts the
        hours of a series from 1, and goes on in the test part. Of each series 700 or 960 hours to learn from, and 48
        to judge by.

    Raises
    ------
    DatasetError
        Where a file is missing (the message says where to put it), or its content is not the published one.
    """
    train = _long(read_file(TRAIN, urls=(f"{HOME}Train/",), download=download))
    test = _long(read_file(TEST, urls=(f"{HOME}Test/",), download=download))
    test["ds"] += test["unique_id"].map(train.groupby("unique_id")["ds"].max())
    return TrainTest(train, test)


def _long(content: bytes) -> "pd.DataFrame":
    """Return one row an hour from one row a series, in which blanks follow the end of shorter ones."""
    import pandas as pd  # noqa: PLC0415  the other loaders do without pandas

    wide = pd.read_csv(io.BytesIO(content), index_col=0)
    values = wide.to_numpy(np.float64)
    series, step = np.nonzero(~np.isnan(values))
    return pd.DataFrame({"unique_id": wide.index.to_numpy()[series], "ds": step + 1, "y": values[series, step]})

"""Japanese vowels, spoken by nine men (Kudo, Toyama & Shimbo 1999)."""

from gatecell.data.ts_file import parse_ts
from gatecell.datasets.files import DataFile, read_file
from gatecell.datasets.parts import LabelledRagged, TrainTest

URLS = ("https://timeseriesclassification.com/aeon-toolkit/", "https://www.timeseriesclassification.com/Downloads/")
"""The UEA archive of multivariate time series."""

TRAIN = DataFile(
    "sensors/ucr_uea",
    "JapaneseVowels_TRAIN.ts.gz",
    487_971,
    "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    None,
    published_name="JapaneseVowels.zip",
)
TEST = DataFile(
    "sensors/ucr_uea",
    "JapaneseVowels_TEST.ts.gz",
    649_132,
    "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    None,
    published_name="JapaneseVowels.zip",
)


def load_vowels(*, download: bool = False) -> TrainTest[LabelledRagged]:
    """Load the Japanese vowels: 12 cepstral coefficients over 7 to 29 steps.

    The files are looked for in ``$GATECELL_DATA_HOME/sensors/ucr_uea`` and then in the cache of downloads. The data
    come from the UCI repository, under CC BY 4.0.

    Parameters
    ----------
    download : bool
        Whether to download (about 500 kB) what is not at hand.

    Returns
    -------
    TrainTest
        270 and 370 utterances, arrays ``(T_i, 12)``; ``y`` is the speaker, ``"1"`` to ``"9"``.

    Raises
    ------
    DatasetError
        Where a file is missing (the message says where to put it), or its content is not the published one.
    """
    return TrainTest(_rows(TRAIN, download=download), _rows(TEST, download=download))


def _rows(file: DataFile, *, download: bool) -> LabelledRagged:
    data = parse_ts(read_file(file, urls=URLS, download=download), file.name)
    assert data.y is not None
    return LabelledRagged(list(data.X), data.y)

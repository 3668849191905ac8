"""Large Movie Review Dataset: good and bad reviews of films (Maas et al. 2011)."""

import re
import tarfile
from pathlib import Path

import numpy as np

from gatecell._core.errors import DatasetError
from gatecell.datasets.files import DataFile, cache_folder, places, read_file
from gatecell.datasets.parts import LabelledTexts, TrainTest

URL = "https://ai.stanford.edu/~amaas/data/sentiment/"
ARCHIVE = "aclImdb_v1.tar.gz"
ARCHIVE_MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
"""Of the archive, as several libraries that load it have it."""

TRAIN = DataFile(
    "imdb", "train.tsv.gz", 33_645_067, "6701469637b5db731ba2f959771e852ce3872f069f88f0d88d7d5b7bdb91bbd9", None
)
TEST = DataFile(
    "imdb", "test.tsv.gz", 32_863_463, "64775e83a655a89b10ff7db8647d46a26df5ed65a35cd0757799b72d6fdf708d", None
)
"""One review a line: label, rating, file of the archive, text. Made from the archive, whose 50,000 small files take
long to read."""

_MEMBER = re.compile(r"aclImdb/(train|test)/(pos|neg)/(\d+)_(\d+)\.txt")


def load_imdb(*, download: bool = False) -> TrainTest[LabelledTexts]:
    """Load the film reviews.

    Two tables, ``train.tsv.gz`` and ``test.tsv.gz``, are looked for in ``$GATECELL_DATA_HOME/imdb`` and in the cache of
    downloads; where they are not, the archive ``aclImdb_v1.tar.gz`` is. The data are free for research, without a
    licence of their own; the authors ask to be cited.

    Parameters
    ----------
    download : bool
        Whether to download the archive (84 MB) where nothing is at hand.

    Returns
    -------
    TrainTest
        25,000 and 25,000 reviews, the good ones first; ``y`` is 1 for good and 0 for bad. Line breaks are ``<br />``,
        as published; 123 texts are in both parts.

    Raises
    ------
    DatasetError
        Where nothing is at hand (the message says where to put what), or a content is not the published one.
    """
    tables = all(any(place.is_file() for place in places(file)) for file in (TRAIN, TEST))
    archive = next((path for path in _archive_places() if path.is_file()), None)
    if not tables and (archive is not None or download):
        return _from_archive(_downloaded() if archive is None else archive)
    return TrainTest(_from_table(TRAIN), _from_table(TEST))


def _from_table(file: DataFile) -> LabelledTexts:
    lines = read_file(file, urls=(URL,)).decode("utf-8").rstrip("\n").split("\n")
    columns = [line.split("\t", 3) for line in lines]
    wrong = next((number for number, parts in enumerate(columns, start=1) if len(parts) != 4), None)
    if wrong is not None:
        raise DatasetError(f"{file.name}, line {wrong} is no label, rating, file and text.")
    return LabelledTexts([text for *_, text in columns], np.array([int(label) for label, *_ in columns]))


def _archive_places() -> list[Path]:
    return [place.with_name(ARCHIVE) for place in places(TRAIN)]


def _downloaded() -> Path:
    import pooch  # noqa: PLC0415  loads an HTTP library that only a download needs

    target = cache_folder() / TRAIN.folder
    try:
        return Path(pooch.retrieve(URL + ARCHIVE, f"md5:{ARCHIVE_MD5}", fname=ARCHIVE, path=target))
    # pooch passes on whatever its HTTP library raises, and a ValueError for a wrong sum
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{ARCHIVE} could not be downloaded ({URL + ARCHIVE}: {reason}). Check the network, or bring the file by "
            f"other means and put it at {target / ARCHIVE}."
        ) from error


def _from_archive(path: Path) -> TrainTest[LabelledTexts]:
    reviews: dict[str, list[tuple[bool, int, str]]] = {"train": [], "test": []}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                match = _MEMBER.fullmatch(member.name)
                stream = archive.extractfile(member) if match else None
                if match and stream is not None:
                    part, kind, number, _ = match.groups()
                    reviews[part].append((kind == "neg", int(number), stream.read().decode("utf-8")))
    except (OSError, EOFError, tarfile.TarError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}. Remove it and bring it again.") from error
    if not all(reviews.values()):
        raise DatasetError(f"{path} is not the archive of reviews: it has none below aclImdb/train and aclImdb/test.")
    return TrainTest(_sorted(reviews["train"]), _sorted(reviews["test"]))


def _sorted(reviews: list[tuple[bool, int, str]]) -> LabelledTexts:
    ordered = sorted(reviews)
    return LabelledTexts([text for *_, text in ordered], np.array([int(not bad) for bad, *_ in ordered]))

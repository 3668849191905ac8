"""Where the files of data sets lie, how they are brought, and how their content is checked."""

import gzip
import hashlib
import os
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from gatecell._core.errors import DatasetError
from gatecell._core.files import atomic_path

DATA_HOME_VARIABLE = "GATECELL_DATA_HOME"
"""The environment variable that names a folder with data sets; it is looked into before the cache."""


@dataclass(frozen=True)
class DataFile:
    """One file of a data set."""

    folder: str
    """The folder of the data set, relative to the data home."""
    name: str
    """The file's name; one that ends in ``.gz`` is decompressed when it is read."""
    n_bytes: int
    """The size of the content, decompressed."""
    content_sha256: str
    """Of the content, decompressed: a gzip wrapper may differ between copies of the same data."""
    download_sha256: str | None
    """Of the file as it is published; None: its wrapper is not known, and the content alone is checked."""
    published_name: str = ""
    """What is published, where that is not ``name``: the same content plain, or a ``.zip`` that holds it."""

    @property
    def web_name(self) -> str:
        """The name at its public home."""
        return self.published_name or self.name


def cache_folder() -> Path:
    """Return where downloads are kept: the operating system's folder for caches of this user."""
    import pooch  # noqa: PLC0415  loads an HTTP library that only a look into the cache or a download needs

    return Path(pooch.os_cache("gatecell"))


def places(file: DataFile) -> list[Path]:
    """Return the paths at which a file is looked for, in order: the data home if one is set, then the cache."""
    homes = [cache_folder()]
    if home := os.environ.get(DATA_HOME_VARIABLE):
        homes.insert(0, Path(home).expanduser())
    return [folder / file.folder / name for folder in homes for name in dict.fromkeys((file.name, file.web_name))]


def read_file(file: DataFile, *, urls: Sequence[str], download: bool = False) -> bytes:
    """Return the content of a file of a data set, checked byte for byte.

    Parameters
    ----------
    file : DataFile
        Which file, and the sums it must have.
    urls : sequence of str
        Folders on the web that hold the file, tried in order.
    download : bool
        Whether to download the file where it is not at hand.

    Returns
    -------
    bytes
        The content, decompressed.

    Raises
    ------
    DatasetError
        Where the file is missing and is not to be downloaded (the message says where to put it), where no address
        could be reached, or where the content is not the published one.
    """
    path = next((place for place in places(file) if place.is_file()), None)
    if path is None:
        if not download:
            raise _missing(file, urls)
        path = _download(file, urls)
    content = _decompressed(path, file)
    if hashlib.sha256(content).hexdigest() != file.content_sha256:
        raise DatasetError(
            f"{path} is not the published file: its content has another SHA-256 sum than {file.content_sha256}. "
            f"Remove it, and bring {file.name} from {urls[0]}."
        )
    return content


def _missing(file: DataFile, urls: Sequence[str]) -> DatasetError:
    wanted = " or ".join(str(place) for place in places(file) if place.name == file.name)
    hint = (
        ""
        if os.environ.get(DATA_HOME_VARIABLE)
        else f", or set {DATA_HOME_VARIABLE} to the folder that holds {file.folder}/"
    )
    return DatasetError(
        f"The data file {file.name} is not on this machine, and nothing is downloaded unless asked. "
        f"Allow it with download=True (on the command line: --set download=true), "
        f"or put the file from {urls[0]} at {wanted}{hint}."
    )


def _download(file: DataFile, urls: Sequence[str]) -> Path:
    import pooch  # noqa: PLC0415  as in cache_folder

    target = cache_folder() / file.folder
    failures = []
    for url in urls:
        path = target / file.web_name
        try:
            # not by `pooch.retrieve`, whose temporary file stays where the process is killed
            with atomic_path(path) as part:
                pooch.get_logger().info("Downloading data from %r to file %r.", url + file.web_name, str(path))
                pooch.HTTPDownloader()(url + file.web_name, str(part), None)
                _check_download(pooch.file_hash(str(part)), file)
        # pooch passes on whatever its HTTP library raises
        except Exception as error:
            failures.append(
                f"{url + file.web_name}: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
            )
        else:
            return path
    raise DatasetError(
        f"{file.name} could not be downloaded ({'; '.join(failures)}). Check the network, or bring the file "
        f"by other means and put it at {target / file.name}."
    )


def _check_download(found_sha256: str, file: DataFile) -> None:
    if file.download_sha256 not in (None, found_sha256):
        raise DatasetError(f"its SHA256 sum is {found_sha256} instead of {file.download_sha256}")


def _decompressed(path: Path, file: DataFile) -> bytes:
    """Read at most one byte more than the content has, so that a bomb of zeros does not fill the memory."""
    try:
        with _opened(path, file) as stream:
            content = stream.read(file.n_bytes + 1)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, KeyError) as error:
        raise DatasetError(
            f"{path} cannot be read: {error}. Remove it and bring it again; the copy or download was broken off."
        ) from error
    if len(content) != file.n_bytes:
        size = f"{len(content):,}" if len(content) < file.n_bytes else f"more than {file.n_bytes:,}"
        raise DatasetError(
            f"{path} is not the published file: its content has {size} bytes instead of {file.n_bytes:,}. "
            "Remove it and bring it again."
        )
    return content


def _opened(path: Path, file: DataFile) -> AbstractContextManager[IO[bytes]]:
    if path.suffix == ".zip":
        return zipfile.ZipFile(path).open(file.name.removesuffix(".gz"))
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")

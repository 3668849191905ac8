"""Going on with a job that was stopped: begin, resume or refuse, never lose what is there without being told to."""

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatecell._core.errors import OptionError
from gatecell._core.files import remove_left_parts
from gatecell._core.locks import remove_left_lock
from gatecell.training.checkpoint import CHECKPOINT_FILE, HISTORY_FILE


def seconds_done(folder: Path, *, resume: bool, force: bool) -> float:
    """Check that a job may have a folder for its checkpoints; nothing is removed yet.

    Parameters
    ----------
    folder : Path
        Where the job keeps its checkpoint, or those of the trials that it fitted.
    resume : bool
        Whether to go on from a checkpoint that is there.
    force : bool
        Whether it is to be discarded.

    Returns
    -------
    float
        Seconds of training that the checkpoint stands for; 0 where the job begins anew.

    Raises
    ------
    OptionError
        Where there is a checkpoint, and neither is said.
    """
    _put_back(folder)
    places = _with_checkpoint(folder)
    if not places:
        return 0.0
    seconds = [epoch for place in places for epoch in _epoch_seconds(place)]
    if resume:
        return sum(seconds)
    if not force:
        n_epochs = len(seconds)
        raise OptionError(
            f"{folder} has the checkpoint of an unfinished run ({n_epochs} epoch{'s' if n_epochs != 1 else ''} done). "
            "Go on with it by --resume, or discard it by --force."
        )
    return 0.0


@contextmanager
def begun(folder: Path) -> Iterator[None]:
    """Have the folder of checkpoints stand from the beginning of a job on, where it has a place to stand.

    So a job that is killed before its first checkpoint is not taken for a finished one whose files it was to replace.
    After an error the folder goes, if nothing is in it.
    """
    if folder.parent.is_dir():
        folder.mkdir(exist_ok=True)
    try:
        yield
    except Exception:
        _remove_empty(folder)
        raise


@contextmanager
def replaced(folder: Path, *, discards: bool) -> Iterator[None]:
    """Set a folder of checkpoints aside for a job that ``discards`` it, and remove it when that is done.

    Where the job fails before its first checkpoint, as by an option out of its range, the old ones are put back. A job
    that is killed leaves them aside, where the next one finds them.
    """
    if not discards or not _with_checkpoint(folder):
        yield
        return
    folder.rename(_aside(folder))
    folder.mkdir()
    try:
        yield
    except BaseException:
        _put_back(folder)
        raise
    discard(_aside(folder))


def discard(folder: Path) -> None:
    """Remove the checkpoint of a job that is done with; what else is in the folder stays."""
    for place in reversed(_places(folder)):
        for name in (CHECKPOINT_FILE, HISTORY_FILE):
            (place / name).unlink(missing_ok=True)
        # of a run that was killed
        remove_left_parts(place)
        remove_left_lock(place)
        _remove_empty(place)


def of_trial(folder: Path, number: int) -> Path:
    """Return the folder for the checkpoint of a search's best trial, in that of the job.

    A search that goes on may find a better one, whose fit cannot go on from the other's checkpoint.
    """
    return folder / f"{_TRIAL}{number}"


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.replaced")


def _put_back(folder: Path) -> None:
    """Have what was set aside be the folder again, unless a job has put a checkpoint in its place."""
    aside = _aside(folder)
    if not aside.is_dir():
        return
    if _with_checkpoint(folder):
        discard(aside)
        return
    _remove_empty(folder)
    if not folder.exists():
        aside.rename(folder)


def _with_checkpoint(folder: Path) -> list[Path]:
    return [place for place in _places(folder) if (place / CHECKPOINT_FILE).exists()]


_TRIAL = "trial-"


def _places(folder: Path) -> list[Path]:
    return [folder, *sorted(folder.glob(f"{_TRIAL}*"))]


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _epoch_seconds(folder: Path) -> list[float]:
    try:
        with (folder / HISTORY_FILE).open(newline="", encoding="utf-8") as stream:
            seconds = [float(row["seconds"]) for row in csv.DictReader(stream)]
    except (OSError, KeyError, ValueError, TypeError, csv.Error):
        # a kill between checkpoint and history, or another file: the run can still go on, only its clock is short
        return []
    return [value if 0 <= value < math.inf else 0.0 for value in seconds]

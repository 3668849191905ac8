"""The file of a study: an SQLite database that Optuna writes, checked before Optuna touches it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecell._core.errors import OptionError, StudyError
from gatecell._core.optional import require
from gatecell._core.stated import shown

if TYPE_CHECKING:
    import optuna

STUDY_NAME = "gatecell"
"""Of the one study in a file."""
LOCK_TIMEOUT_S = 60.0
"""How long another process may hold the file: a write takes milliseconds, but a process may be stopped in it."""
_IDENTITY = "gatecell_search"
"""The attribute of the study that says of which search it is."""
_HEADER = b"SQLite format 3\0"
_TRIAL_PARTS = ("params", "values", "user_attributes", "system_attributes", "intermediate_values", "heartbeats")
_TABLES = frozenset(
    {
        *("studies", "study_directions", "study_user_attributes", "study_system_attributes", "version_info", "trials"),
        *(f"trial_{part}" for part in _TRIAL_PARTS),
    }
)
"""Of Optuna; it would make those that are missing."""


def optuna_module() -> Any:
    """Import Optuna.

    Raises
    ------
    MissingDependencyError
        Where it is not installed; says which ``pip install`` brings it.
    """
    return require("optuna", extra="tune", purpose="A search by Optuna")


def open_study(path: Path | None, identity: Mapping[str, Any]) -> "optuna.Study":
    """Open the study of a file, or begin one where there is no file; None: one in memory.

    To be called by one process at a time.

    Raises
    ------
    StudyError
        Where the file is no study, one of another search, or locked.
    """
    optuna = optuna_module()
    if path is None:
        return optuna.create_study(direction="maximize")  # type: ignore[no-any-return]
    if not path.exists():
        _create(path, identity)
    check_study_file(path)
    with storage_errors(path):
        try:
            study = optuna.load_study(study_name=STUDY_NAME, storage=_storage(path))
            known = dict(json.loads(study.user_attrs[_IDENTITY]))
        except optuna.exceptions.StorageInternalError:
            raise
        except Exception as error:  # whatever Optuna makes of a file of another origin
            raise foreign(path, f", or damaged ({type(error).__name__}: {shown(str(error))})") from error
        _check_identity(path, known, json.loads(json.dumps(identity)))
    return study  # type: ignore[no-any-return]


def _identity_in(connection: sqlite3.Connection, path: Path) -> Any:
    """Return the row that says of which search a database is; None where there is none."""
    schema = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    # a view or a trigger is a program, which could run without end
    if any(kind not in ("table", "index") or "VIRTUAL" in (sql or "").upper() for kind, _, sql in schema):
        raise foreign(path, ": it has more than tables")
    missing = sorted(_TABLES - {name for kind, name, _ in schema if kind == "table"})
    if missing:
        raise foreign(path, f", or damaged (it has no table {missing[0]})")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise foreign(path, ", or damaged (its pages do not fit together)")
    query = "SELECT value_json FROM study_user_attributes WHERE key = ?"
    return connection.execute(query, (_IDENTITY,)).fetchone()


def study_url(path: Path) -> str:
    """Return the address of a study's file for Optuna, whatever characters the path has."""
    url = require("sqlalchemy", extra="tune", purpose="A search by Optuna").URL.create("sqlite", database=str(path))
    # Optuna formats it
    text: str = url.render_as_string().replace("{", "{{").replace("}", "}}")
    return text


def remove_study(path: Path) -> None:
    """Remove the file of a study, if it is there, and what lies beside it, the locks of killed workers included."""
    workers = workers_folder(path)
    part = _part(path)
    journals = (item.with_name(f"{item.name}-journal") for item in (path, part))
    beside = (*journals, part, lock_file(path), *workers.glob("*.lock"))
    for file in (path, *beside):
        file.unlink(missing_ok=True)
    if workers.is_dir() and not any(workers.iterdir()):
        workers.rmdir()


def lock_file(path: Path) -> Path:
    """Return the file of the lock that all workers on a study have in common."""
    return path.with_name(f"{path.name}.lock")


def workers_folder(path: Path) -> Path:
    """Return the folder in which each worker on a study has a lock."""
    return path.with_name(f"{path.name}.workers")


def _part(path: Path) -> Path:
    """Return where a new file is made, under the lock of all workers."""
    return path.with_name(f".{path.name}.part")


def _storage(path: Path) -> Any:
    optuna = optuna_module()
    return optuna.storages.RDBStorage(study_url(path), engine_kwargs={"connect_args": {"timeout": LOCK_TIMEOUT_S}})


def _create(path: Path, identity: Mapping[str, Any]) -> None:
    """Make the file under another name first, so that there is a whole one or none."""
    optuna = optuna_module()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    for left in (part, part.with_name(f"{part.name}-journal")):
        left.unlink(missing_ok=True)
    storage = _storage(part)
    study = optuna.create_study(study_name=STUDY_NAME, storage=storage, direction="maximize")
    study.set_user_attr(_IDENTITY, json.dumps(identity))
    storage.engine.dispose()
    part.replace(path)


def check_study_file(path: Path) -> None:
    """Raise unless a file is a study of ours that can be read.

    Raises
    ------
    StudyError, OptionError
        Where it is another file, locked, or a folder; it is left as it is.
    """
    if path.is_dir():
        raise OptionError(f"{path} is a folder. Name a file for the study, such as {path / 'study.db'}.")
    with path.open("rb") as stream:
        is_database = stream.read(len(_HEADER)) == _HEADER
    if not is_database:
        raise foreign(path, ": it is no SQLite database")
    try:
        address = f"{path.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=LOCK_TIMEOUT_S)) as connection:
            found = _identity_in(connection, path)
    except (sqlite3.Error, UnicodeError) as error:
        if "locked" in str(error):
            raise _locked(path) from error
        raise foreign(path, f", or damaged ({error})") from error
    if found is None:
        raise foreign(path, ", but another study of Optuna")


def foreign(path: Path, what: str) -> StudyError:
    """Build the error for a file that is no study of ours, whatever it is."""
    return StudyError(f"{path} is no study of Gatecell{what}. Name another file; this one is left as it is.")


def _check_identity(path: Path, known: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    for name, value in asked.items():
        if known.get(name) != value:
            before, now = _differing(known.get(name), value)
            raise StudyError(
                f"{path} is the study of another search: what differs is the {name}, then {_told(before)} and now "
                f"{_told(now)}, and scores of the two do not compare. Name another file for this search, or ask for "
                "that one again."
            )


def _differing(before: Any, now: Any) -> tuple[Any, Any]:
    """Return of two dicts what differs, since what is the same would hide it; of other values the two."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return before, now
    names = [name for name in (before | now) if before.get(name) != now.get(name)]
    old, new = ({name: side[name] for name in names if name in side} for side in (before, now))
    return old, new


def _told(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:297]}..."


def _locked(path: Path) -> StudyError:
    return StudyError(
        f"{path} is locked: another program has held it for {LOCK_TIMEOUT_S:g} s. Close that program, or look for one "
        "that hangs, and begin again; the trials that had finished are kept."
    )


@contextmanager
def storage_errors(path: Path | None) -> Iterator[None]:
    """Turn what Optuna says of a file that it cannot use into ``StudyError``."""
    optuna = optuna_module()
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        text = str(error.__cause__ or error)
        if path is not None and "locked" in text:
            raise _locked(path) from error
        first, *_ = text.splitlines() or [type(error).__name__]
        raise StudyError(
            f"{path} could not be read or written: {first}. Free some space, or name another file; the "
            "trials that had finished are kept."
        ) from error

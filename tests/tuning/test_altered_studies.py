"""Studies of another origin: whatever the file holds, a search goes on with one of its own, or refuses."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gatecell._core.errors import StudyError
from gatecell.tuning.search import tune
from gatecell.tuning.space import Range
from tests import fuzzing
from tests.fuzzing import altered_bytes, generator, refused
from tests.tuning.toys import Toy, X, Y

SPACE = {"a": Range(1.0, 5.0), "b": ["x", "y"]}
N_FILES = fuzzing.N_FILES // 20
_VALUES = (None, "", "x", "[]", "{", "1e999", b"\xff", 0, -1, 2.5, 10**15, float("inf"), "RUNNING", "WAITING", "NaN")


def search(study: Path, n_trials: int = 6) -> int:
    return len(tune(Toy(), X, Y, SPACE, n_trials=n_trials, study=study, refit=False).trials)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with five trials."""
    study = tmp_path_factory.mktemp("whole") / "s.db"
    search(study, 5)
    return study


def changed(study: Path, *statements: str) -> None:
    with closing(sqlite3.connect(study)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TABLE trial_heartbeats", "is no study of Gatecell, or damaged (it has no table trial_heartbeats)"),
        ("CREATE VIEW v AS SELECT 1", "is no study of Gatecell: it has more than tables"),
        ("CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM trials; END", "it has more than tables"),
        ("UPDATE study_directions SET direction = 'MINIMIZE'", "its scores are not such that more is better"),
        ("UPDATE trial_values SET value = 9e999", "the score of trial 0 must be a finite number, but is "),
        ("UPDATE trial_params SET param_value = 99 WHERE param_name = 'a'", "a of a trial must be from 1.0 to 5.0"),
        ("UPDATE trial_params SET param_value = 7 WHERE param_name = 'b'", "or damaged (IndexError"),
        ("DELETE FROM trial_params WHERE param_name = 'b'", "trial 0 has not all parameters of the space"),
        ("UPDATE trial_params SET param_name = 'c' WHERE param_name = 'b'", "trial 0 has a parameter 'c' of another"),
        ("UPDATE trial_user_attributes SET value_json = '[\"x\"]' WHERE key = 'scores'", "must be a finite number"),
        ("UPDATE trial_user_attributes SET value_json = '1' WHERE key = 'worker'", "worker of trial 0 must be text"),
        ("UPDATE trials SET state = 'WAITING'", "trial 0 waits, and it is not said what for"),
        ("UPDATE trials SET state = 'DONE'", "or damaged (LookupError"),
        ("UPDATE alembic_version SET version_num = 'x'", "or damaged (RuntimeError"),
    ],
)
def test_what_it_holds(statement: str, message: str, whole: Path, tmp_path: Path) -> None:
    study = tmp_path / "s.db"
    shutil.copy(whole, study)
    changed(study, statement)
    before = study.read_bytes()
    with pytest.raises(StudyError) as caught:
        search(study)
    assert message in str(caught.value)
    assert str(caught.value).endswith(" Name another file; this one is left as it is.")
    assert study.read_bytes() == before


def test_a_view_that_never_ends_is_not_looked_at(whole: Path, tmp_path: Path) -> None:
    study = tmp_path / "s.db"
    shutil.copy(whole, study)
    endless = "WITH RECURSIVE n(key) AS (SELECT 1 UNION ALL SELECT key + 1 FROM n) SELECT key, key AS value_json FROM n"
    changed(study, "DROP TABLE study_user_attributes", f"CREATE VIEW study_user_attributes AS {endless}")
    with pytest.raises(StudyError, match="it has more than tables"):
        search(study)


def _altered(study: Path, draw: random.Random) -> None:
    """Change a cell, a row, a table or the schema of a study."""
    with closing(sqlite3.connect(study)) as connection, connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = [t for t in tables if connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0]]
        table = draw.choice(filled)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        rowids = [row[0] for row in connection.execute(f"SELECT rowid FROM {table}")]
        column, rowid = draw.choice(columns), draw.choice(rowids)
        match draw.randrange(10):
            case 0:
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
            case 1:
                connection.execute(f"DELETE FROM {table}")
            case 2:
                connection.execute(f"DROP TABLE {table}")
            case 3:
                connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
            case _:
                value: Any = draw.choice(_VALUES)
                connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?", (value, rowid))


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(2))
def test_any_other_is_refused_with_an_error_of_ours_or_gone_on_with(part: int, whole: Path, tmp_path: Path) -> None:
    n_refused = 0
    for number in range(part, N_FILES, 2):
        draw = generator(number)
        study = tmp_path / f"{number}.db"
        shutil.copy(whole, study)
        if draw.random() < 0.3:
            study.write_bytes(altered_bytes(study.read_bytes(), draw))
        else:
            try:
                _altered(study, draw)
            except sqlite3.Error:
                continue
        n_refused += refused(number, lambda study=study: search(study))  # type: ignore[misc]
    assert n_refused > N_FILES / 2 * 0.2

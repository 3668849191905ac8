"""Files of studies: any name, damaged ones, and what is removed with one."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gatecell._core.errors import StudyError
from gatecell.tuning.search import tune
from gatecell.tuning.study_file import remove_study
from tests.tuning.toys import Toy, X, Y


def search(study: Path) -> int:
    """Search, or go on, and return the number of trials."""
    return len(tune(Toy(), X, Y, {"a": [1.0, 2.0]}, n_trials=2, study=study, refit=False).trials)


@pytest.mark.parametrize("name", ["a#b.db", "a?b=c.db", "100%.db", "a%20b.db", "{a}.db", "{{a.db", "a b é.db"])
def test_any_name_will_do(name: str, tmp_path: Path) -> None:
    study = tmp_path / f"of {name}" / name
    assert search(study) == search(study) == 2
    assert sorted(path.name for path in study.parent.iterdir()) == sorted([name, f"{name}.lock"])
    assert len(list(tmp_path.iterdir())) == 1
    assert len(Toy.fitted) == 2


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert search(Path("s#.db")) == search(tmp_path / "s#.db") == 2
    assert len(Toy.fitted) == 2


@pytest.mark.parametrize("identity", ["{", "3", "[1]", '"{"', '"3"', '"[1, 2]"'])
def test_a_study_whose_search_cannot_be_read(identity: str, tmp_path: Path) -> None:
    study = tmp_path / "s.db"
    search(study)
    with closing(sqlite3.connect(study)) as connection, connection:
        connection.execute("UPDATE study_user_attributes SET value_json = ?", (identity,))
    message = (
        rf"{re.escape(str(study))} is no study of Gatecell, or damaged \(.*\)\. Name another file; this one is left"
    )
    with pytest.raises(StudyError, match=message):
        search(study)


def test_a_study_of_ours_under_another_name(tmp_path: Path) -> None:
    study = tmp_path / "s.db"
    search(study)
    with closing(sqlite3.connect(study)) as connection, connection:
        connection.execute("UPDATE studies SET study_name = 'mine'")
    with pytest.raises(StudyError, match=r"is no study of Gatecell, or damaged \(KeyError"):
        search(study)


def test_a_study_is_removed_with_all_that_lies_beside_it(tmp_path: Path) -> None:
    study, workers = tmp_path / "s.db", tmp_path / "s.db.workers"
    search(study)
    workers.mkdir()
    (workers / "dead.lock").touch()
    (tmp_path / "s.db-journal").touch()
    remove_study(study)
    assert list(tmp_path.iterdir()) == []
    remove_study(study)


def test_what_others_keep_there_stays(tmp_path: Path) -> None:
    workers = tmp_path / "s.db.workers"
    workers.mkdir()
    (workers / "mine.txt").write_text(json.dumps("mine"))
    remove_study(tmp_path / "s.db")
    assert (workers / "mine.txt").exists()

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.cli.conftest import Done

Run = Callable[..., Done]


def test_a_report_of_data(gatecell: Run, model: Path, data: Path, here: Path) -> None:
    done = gatecell("report", model, data)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].split() == ["report", "m.report.html"]
    assert "d.npz, 30 rows" in (here / "m.report.html").read_text()
    found = gatecell("report", model, data, "--output", "new/r.html", "--json").json
    assert found["report"] == str((here / "new" / "r.html").resolve())
    evaluated = gatecell("evaluate", model, data, "--json").json
    assert {key: found[key] for key in ("model", "data", "metrics", "intervals")} == evaluated


def test_a_report_without_data(gatecell: Run, model: Path) -> None:
    done = gatecell("report", model)
    assert done.code == 0
    assert "The model is of no recipe, so its data are not known." in done.err
    refused = gatecell("report", model, "--label", "x")
    assert refused.code == 2
    assert "Columns are of DATA, which is missing" in refused.err


def test_a_report_that_cannot_be(gatecell: Run, model: Path, here: Path) -> None:
    (here / "mine.html").write_text("mine")
    for output, text in (("mine.html", "is no report of Gatecell"), (".", "is a folder. Name a file for the report")):
        done = gatecell("report", model, "--output", output)
        assert done.code == 2
        assert text in done.err
    assert (here / "mine.html").read_text() == "mine"
    done = gatecell("report", model, "--output", "/proc/none/r.html")
    assert done.code == 1
    assert "the files could not be handled" in done.err
    assert model.exists()


def test_two_models_on_the_same_rows(gatecell: Run, model: Path, data: Path, here: Path) -> None:
    other = ("--set", "max_epochs=20", "--set", "learning_rate=0.05", "--set", "hidden_size=8")
    assert gatecell("fit", "classify", data, "-o", "n.safetensors", *other).code == 0
    done = gatecell("evaluate", "n.safetensors", data, "--against", model)
    assert done.code == 0, done.err
    assert "on 30 rows: difference +" in done.out
    assert "McNemar p = " in done.out
    found = gatecell("evaluate", "n.safetensors", data, "--against", model, "--json").json["comparison"]
    assert found["n_rows"] == 30
    assert found["difference"] == found["first"] - found["second"]
    assert found["more_than_noise"] == (found["p_value"] < 0.05)
    np.savez(here / "e.npz", X=np.zeros((9, 4, 1)), y=np.arange(9.0))
    assert gatecell("fit", "regress", "e.npz", "-o", "r.safetensors", "--set", "max_epochs=1").code == 0
    assert gatecell("evaluate", "n.safetensors", data, "--against", "r.safetensors").code == 2

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatecell.kernels import core
from gatecell.recipes.registry import RECIPES
from tests.cli.conftest import Done

Run = Callable[..., Done]
QUICK = ("--set", "max_epochs=2", "--set", "hidden_size=3")


def test_help_names_every_command(gatecell: Run) -> None:
    done = gatecell("--help")
    assert done.code == 0
    for command in ("quickstart", "recipes", "run", "fit", "predict", "evaluate", "info", "doctor"):
        assert f"\n  {command} " in done.out
        assert gatecell(command, "--help").code == 0


def test_version(gatecell: Run) -> None:
    assert gatecell("--version").out.startswith("gatecell 0.")


def test_recipes(gatecell: Run) -> None:
    done = gatecell("recipes")
    assert all(line in done.out for line in RECIPES)
    assert [recipe["name"] for recipe in gatecell("recipes", "--json").json["recipes"]] == list(RECIPES)
    one = gatecell("recipes", "mnist").out
    for text in ("hidden_size", "validation=held-out", "test_accuracy >= 0.980", "--set validation=test"):
        assert text in one
    assert max(len(line) for line in one.splitlines()) <= 110


def test_quickstart_says_what_it_reached_and_what_is_next(gatecell: Run, here: Path) -> None:
    done = gatecell("quickstart")
    assert done.code == 0
    report = json.loads((here / "runs" / "quickstart" / "result.json").read_text())
    assert f"{report['metrics']['test_accuracy']:.1%} of 360 digits" in done.out
    assert "runs/quickstart/model.safetensors" in done.out
    evaluate = next(line for line in done.out.splitlines() if line.startswith("  gatecell evaluate"))
    again = gatecell(*evaluate.split()[1:], "--json").json
    assert again["metrics"]["accuracy"] == pytest.approx(report["metrics"]["test_accuracy"])


def test_run(gatecell: Run, here: Path) -> None:
    done = gatecell("run", "digits", *QUICK, "--seed", "5", "--output", "out")
    assert done.code == 0
    assert "test_accuracy" in done.out
    assert "out/model.safetensors" in done.out
    assert "epoch 2/2" in done.err
    assert sorted(path.name for path in (here / "out").iterdir()) == [
        "history.csv",
        "model.safetensors",
        "report.html",
        "result.json",
    ]


def test_run_json_is_one_object_on_standard_output(gatecell: Run, here: Path) -> None:
    result = gatecell("run", "digits", *QUICK, "--json")
    assert result.code == 0
    assert result.json.keys() == {"recipe", "seed", "metrics", "intervals", "seconds", "artifact", "report"}
    assert result.json["recipe"] == "digits"
    assert result.json["seed"] == 0
    assert 0 <= result.json["metrics"]["test_accuracy"] <= 1
    assert result.json["seconds"]["fit"] > 0
    assert Path(result.json["artifact"]) == (here / "runs" / "digits-seed0" / "model.safetensors").resolve()
    assert "epoch 2/2" in result.err
    assert gatecell("run", "digits", *QUICK, "--json", "--quiet").err == ""


def test_fit_reports_what_it_read(gatecell: Run, data: Path, here: Path) -> None:
    done = gatecell("fit", "classify", data, "--output", "new/m.safetensors", *QUICK)
    assert done.code == 0
    assert "classes" in done.out
    assert "no, yes" in done.out
    assert "validation_accuracy" in done.out
    assert sorted(path.name for path in (here / "new").iterdir()) == ["m.report.html", "m.safetensors"]
    found = gatecell("fit", "classify", data, "-o", "n.safetensors", *QUICK, "--json").json
    assert found["data"]["classes"] == ["no", "yes"]
    assert found["artifact"] == str((here / "n.safetensors").resolve())


def test_fit_a_long_table(gatecell: Run, here: Path) -> None:
    lines = ["who,t,a,size,note"] + [f"p{row},{t},{row + t},{row / 2},x" for row in range(12) for t in range(3)]
    (here / "d.csv").write_text("\n".join(lines))
    columns = ("--id", "who", "--time", "t", "--label", "size")
    done = gatecell("fit", "regress", "d.csv", *columns, "-o", "m.safetensors", *QUICK)
    assert done.code == 0
    assert "Left out, since they do not hold numbers, or have no name: note." in done.err
    # The columns are known from the model.
    assert gatecell("evaluate", "m.safetensors", "d.csv", "--json").json["metrics"]["mae"] >= 0
    assert gatecell("predict", "m.safetensors", "d.csv").out.startswith("row,prediction\np0,")


def test_fit_a_ts_file(gatecell: Run, here: Path) -> None:
    rows = "\n".join(f"{row},1,2:{row},{row},3:{'ab'[row % 2]}" for row in range(12))
    (here / "d.ts").write_text(f"@classLabel true a b\n@data\n{rows}\n")
    assert gatecell("fit", "classify", "d.ts", "-o", "m.safetensors", *QUICK).code == 0
    assert gatecell("evaluate", "m.safetensors", "d.ts").out.startswith("accuracy")


def test_predict(gatecell: Run, model: Path, data: Path, here: Path) -> None:
    rows = list(csv.DictReader(gatecell("predict", model, data).out.splitlines()))
    assert len(rows) == 30
    assert rows[7]["row"] == "7"
    assert {row["prediction"] for row in rows} <= {"no", "yes"}
    assert float(rows[0]["probability_no"]) + float(rows[0]["probability_yes"]) == pytest.approx(1, abs=1e-5)
    done = gatecell("predict", model, data, "--output", "out/p.csv")
    assert done.out == ""
    assert "30 predictions are in out/p.csv" in done.err
    assert list(csv.DictReader((here / "out" / "p.csv").read_text().splitlines())) == rows
    found = gatecell("predict", model, data, "--json").json["predictions"]
    assert [row["prediction"] for row in found] == [row["prediction"] for row in rows]


def test_predict_several_targets(gatecell: Run, here: Path) -> None:
    from gatecell.estimators.regressor import LSTMRegressor  # noqa: PLC0415

    X = np.zeros((4, 3, 1))
    LSTMRegressor(max_epochs=1, hidden_size=2).fit(X, np.ones((4, 2))).save(here / "m.safetensors")
    np.savez(here / "d.npz", X=X)
    assert gatecell("predict", "m.safetensors", "d.npz").out.splitlines()[0] == "row,prediction_0,prediction_1"


def test_evaluate(gatecell: Run, model: Path, data: Path) -> None:
    found = gatecell("evaluate", model, data, "--json").json
    assert {"accuracy", "log_loss", "accuracy_majority"} <= found["metrics"].keys()
    low, high = found["intervals"]["accuracy"]
    assert low <= found["metrics"]["accuracy"] <= high
    text = gatecell("evaluate", model, data).out
    assert f"{found['metrics']['accuracy']:.4f}  (95 %: {low:.4f} to {high:.4f})" in text


def test_info(gatecell: Run, model: Path) -> None:
    text = gatecell("info", model).out
    for part in ("LSTMClassifier", "sequences of 2 channels", "no, yes", "hidden_size", "Total parameters", "->"):
        assert part in text
    assert not re.search(r"[{}\[\]]", text.replace(str(model), "")), text
    found = gatecell("info", model, "--json").json
    assert found["parameters"]["hidden_size"] == 3
    assert found["trained"]["epochs"] == 2
    assert found["versions"]["torch"].startswith("2.")


def test_doctor(gatecell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = gatecell("doctor").out
    for part in ("torch", "threads", "native core", "plain LSTM", "GATECELL_DATA_HOME", "not on this machine"):
        assert part in text
    found = gatecell("doctor", "--json").json
    assert "PyTorch's LSTM has no layer_norm" in found["engines"]["layer normalisation"]
    assert found["machine"]["native core"].startswith("instruction set ")
    monkeypatch.setattr(core, "missing", lambda: "there is no compiler")
    assert gatecell("doctor", "--json").json["machine"]["native core"] == "there is no compiler"
    monkeypatch.delenv("GATECELL_DATA_HOME")
    assert gatecell("doctor", "--json").json["data"]["GATECELL_DATA_HOME"] == "not set"

"""The scripts that write tables."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_the_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("run_recipes")
    calls = []

    def command(*arguments: str) -> dict[str, Any]:
        calls.append(arguments)
        if arguments == ("recipes",):
            return {"recipes": [{"name": "a", "target": "test_mae below 3"}, {"name": "b", "target": "it trains"}]}
        seed = int(arguments[3])
        return {"metrics": {"test_mae": 1.0 + seed, "test_accuracy": 0.5}, "seconds": {"fit": 10.0 * seed}}

    monkeypatch.setattr(module, "command", command)
    monkeypatch.chdir(tmp_path)
    module.main(["a"])
    text = Path("docs/recipes.md").read_text()
    assert text.splitlines()[-1] == "| `a` | test_mae below 3 | test_mae | 2.0000 | 1.0000, 2.0000, 3.0000 | 10 |"
    assert calls[1:] == [("run", "a", "--seed", str(seed), "--resume") for seed in (0, 1, 2)]
    module.main([])
    last = Path("docs/recipes.md").read_text().splitlines()[-1]
    assert last == "| `b` | it trains | test_accuracy | 0.5000 | 0.5000, 0.5000, 0.5000 | 10 |"
    with pytest.raises(SystemExit, match="There is no recipe named c"):
        module.main(["c"])

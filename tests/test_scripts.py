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


RECIPES = [
    {"name": "a", "target": "test_mae below test_mae_mean and test_mae_last"},
    {"name": "b", "target": "test_accuracy >= 0.5"},
    {"name": "c", "target": "it trains"},
]


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = script("run_recipes")
    module.calls = []

    def command(*arguments: str) -> dict[str, Any]:
        module.calls.append(arguments)
        if arguments == ("recipes",):
            return {"recipes": RECIPES}
        seed = int(arguments[arguments.index("--seed") + 1])
        metrics = {
            "test_mae": 1.0 + seed,
            "test_mae_mean": 2.5,
            "test_mae_last": 1.9,
            "test_accuracy": 0.4 + 0.1 * seed,
        }
        return {"metrics": metrics, "seconds": {"fit": 10.0 * seed}}

    monkeypatch.setattr(module, "command", command)
    monkeypatch.chdir(tmp_path)
    return module


def lines() -> list[str]:
    return [row for row in Path("docs/recipes.md").read_text().splitlines() if row.startswith("| `")]


def test_the_table_of_the_recipes(recipes: Any) -> None:
    recipes.main(["b", "--where", "here"])
    b = "| `b` | test_accuracy >= 0.5 | test_accuracy 0.5000 | 0.4000, 0.5000, 0.6000 | yes | 10 | here |"
    assert lines() == [b]
    assert recipes.calls[1:] == [("run", "b", "--seed", str(seed), "--resume") for seed in (0, 1, 2)]
    recipes.main(["a", "c", "--where", "there"])
    a = (
        "| `a` | test_mae below test_mae_mean and test_mae_last | test_mae 2.0000 | 1.0000, 2.0000, 3.0000 | **no** "
        "| 10 | there |"
    )
    c = "| `c` | it trains | test_mae 2.0000 | 1.0000, 2.0000, 3.0000 |  | 10 | there |"
    assert lines() == [a, b, c]
    with pytest.raises(SystemExit, match="There is no recipe named d"):
        recipes.main(["d"])


def test_a_recipe_with_settings_has_a_row_and_a_folder_of_its_own(recipes: Any) -> None:
    recipes.main(["b", "--set", "validation=test"])
    recipes.main(["b"])
    assert [row.split(" | ")[0] for row in lines()] == ["| `b`", "| `b --set validation=test`"]
    assert recipes.calls[1][:4] == ("run", "b", "--set", "validation=test")
    assert recipes.calls[1][-2:] == ("--output", "runs/b-validation=test-seed0")
    assert "threads" in lines()[0]


@pytest.mark.parametrize(
    ("isa", "arguments", "names"),
    [
        ("avx512_bf16", [], "avx512_bf16 avx2 baseline"),
        ("avx512", ["--narrower"], "avx2"),
        ("avx2", ["--narrower"], "baseline"),
        ("baseline", [], "baseline"),
        ("baseline", ["--narrower"], ""),
        (None, [], ""),
    ],
)
def test_the_instruction_sets_to_test_on(
    isa: str | None, arguments: list[str], names: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    module = script("instruction_sets")
    monkeypatch.setattr(module.core, "missing", lambda: None if isa else "there was no compiler")
    monkeypatch.setattr(module.core, "isa", lambda: isa)
    module.main(arguments)
    assert capsys.readouterr().out.split() == names.split()

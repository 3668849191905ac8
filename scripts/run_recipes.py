"""Run recipes in full over three seeds and write what they reached as a table: ``make recipes``."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean

SEEDS = (0, 1, 2)
TABLE = Path("docs/recipes.md")
HEADER = f"""# What the recipes reach

Written by `make recipes`: each recipe in full (`gatecell run NAME --seed N --json`), figures on the test part, the
mean of the seeds {", ".join(map(str, SEEDS))} and each of them, and the mean seconds of a fit.

| recipe | must reach | figure | mean | each seed | seconds |
|---|---|---|---|---|---|
"""


def command(*arguments: str) -> dict[str, object]:
    """Run a command of Gatecell and return the JSON object that it prints; its progress goes to standard error."""
    gatecell = Path(sys.executable).with_name("gatecell")
    done = subprocess.run([gatecell, *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def row(recipe: dict[str, str]) -> str:
    """Run a recipe with every seed and return its line of the table; a run that was stopped goes on."""
    name = recipe["name"]
    results = [command("run", name, "--seed", str(seed), "--resume") for seed in SEEDS]
    figure = recipe["target"].split()[0]
    figure = figure if figure.startswith("test_") else "test_accuracy"
    values = [result["metrics"][figure] for result in results]  # type: ignore[index]
    seconds = [result["seconds"]["fit"] for result in results]  # type: ignore[index]
    each = ", ".join(f"{value:.4f}" for value in values)
    return f"| `{name}` | {recipe['target']} | {figure} | {mean(values):.4f} | {each} | {mean(seconds):.0f} |\n"


def main(names: list[str]) -> None:
    """Run the recipes of these names, or all that train on data of this machine, and write the table."""
    recipes: list[dict[str, str]] = command("recipes")["recipes"]  # type: ignore[assignment]
    chosen = [recipe for recipe in recipes if not names or recipe["name"] in names]
    unknown = set(names) - {recipe["name"] for recipe in recipes}
    if unknown:
        raise SystemExit(f"There is no recipe named {sorted(unknown)[0]}; `gatecell recipes` lists them.")
    lines = [row(recipe) for recipe in chosen]
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(HEADER + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

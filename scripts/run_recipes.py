"""Run recipes in full over three seeds and add what they reached to a table: ``make recipes``."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

SEEDS = (0, 1, 2)
TABLE = Path("docs/recipes.md")
FIGURES = Path("docs/recipes.json")
"""What the table is made of: the rows of earlier calls are kept."""
HEADER = f"""# What the recipes reach

Written by `make recipes`, from `recipes.json` beside it. Each recipe was run in full with the seeds
{", ".join(map(str, SEEDS))}, by `gatecell run RECIPE --seed N --json`. The figure is of the test part; the seconds are
of a fit, the mean of the seeds, and depend on where it ran.

| recipe | must reach | mean | each seed | reached | seconds | where |
|---|---|---|---|---|---|---|
"""
_BOUND = r"(?:(?:test|baseline)_\w+|[\d.]+)"
_CONDITION = re.compile(rf"(test_\w+) (>=|<=|below) ({_BOUND}(?: and {_BOUND})*)")
"""A target that can be judged from the figures; others are shown as they are."""


def command(*arguments: str) -> dict[str, Any]:
    """Run a command of Gatecell and return the JSON object that it prints; its progress goes to standard error."""
    gatecell = Path(sys.executable).with_name("gatecell")
    done = subprocess.run([gatecell, *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def run(recipe: dict[str, Any], settings: list[str], where: str) -> dict[str, Any]:
    """Run a recipe with every seed and return what the table needs; finished runs are only read again."""
    name = recipe["name"]
    changes = [part for setting in settings for part in ("--set", setting)]
    results = []
    for seed in SEEDS:
        # the usual folder is for the recipe as it is
        output = ("--output", f"runs/{'-'.join([name, *settings])}-seed{seed}") if settings else ()
        results.append(command("run", name, *changes, "--seed", str(seed), "--resume", *output))
    return {
        "target": recipe["target"],
        "metrics": [result["metrics"] for result in results],
        "seconds": [result["seconds"]["fit"] for result in results],
        "where": where,
    }


def line(title: str, row: dict[str, Any]) -> str:
    """Return a line of the table."""
    condition = _CONDITION.fullmatch(row["target"])
    figure = condition[1] if condition else next(name for name in row["metrics"][0] if name.startswith("test_"))
    average = _mean(row, figure)
    reached = ""
    if condition:
        # numbers, or figures of simple rules
        bounds = [
            _mean(row, bound) if bound in row["metrics"][0] else float(bound) for bound in condition[3].split(" and ")
        ]
        good = all(average >= bound if condition[2] == ">=" else average <= bound for bound in bounds)
        reached = "yes" if good else "**no**"
    each = ", ".join(f"{values[figure]:.4f}" for values in row["metrics"])
    cells = (
        f"`{title}`",
        row["target"],
        f"{figure} {average:.4f}",
        each,
        reached,
        f"{mean(row['seconds']):.0f}",
        row["where"],
    )
    return f"| {' | '.join(cells)} |\n"


def _mean(row: dict[str, Any], figure: str) -> float:
    return mean(each[figure] for each in row["metrics"])


def this_machine() -> str:
    """Return what the seconds depend on, as far as the machine itself knows."""
    cores = os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS", str(cores))
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.+)$", info.read_text(encoding="utf-8"), re.M) if info.exists() else None
    return f"{found[1].strip() if found else platform.machine()}, {cores} cores, {threads} threads"


def main(arguments: list[str]) -> None:
    """Run the recipes of these names, or all that train on data of this machine, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="RECIPE", help="all that there are if none is named")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of `gatecell run`")
    parser.add_argument("--where", default=this_machine(), help="what the table says of machine, threads and load")
    chosen = parser.parse_args(arguments)
    recipes: dict[str, dict[str, Any]] = {recipe["name"]: recipe for recipe in command("recipes")["recipes"]}
    unknown = sorted(set(chosen.names) - set(recipes))
    if unknown:
        raise SystemExit(f"There is no recipe named {unknown[0]}; `gatecell recipes` lists them.")
    rows: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    FIGURES.parent.mkdir(exist_ok=True)
    for name in chosen.names or recipes:
        title = " ".join([name, *(f"--set {setting}" for setting in chosen.set)])
        rows[title] = run(recipes[name], chosen.set, chosen.where)
        order = list(recipes)
        rows = dict(sorted(rows.items(), key=lambda row: (order.index(row[0].split()[0]), row[0])))
        FIGURES.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(HEADER + "".join(line(title, row) for title, row in rows.items()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

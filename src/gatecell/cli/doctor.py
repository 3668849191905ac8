"""``gatecell doctor``."""

from typing import Any

from gatecell.cli import show
from gatecell.cli.options import Json


def doctor(json: Json = False) -> None:
    """Say what is installed and which engines run.

    Versions, threads, the engine that runs each kind of LSTM and why the others do not, where data are looked for.
    """
    from gatecell.recipes.examination import examine  # noqa: PLC0415  heavy imports wait until a command runs

    found = examine()
    if json:
        show.print_json(found)
        return
    for index, (title, values) in enumerate(found.items()):
        show.print_line(f"{chr(10) if index else ''}{title.capitalize()}:")
        for name, value in values.items():
            _print_item(name, value)


def _print_item(name: str, value: Any) -> None:
    first, *others = str(value).splitlines() or [""]
    show.print_line(f"  {name:<28}  {first}")
    for line in others:
        show.print_line(f"  {'':<28}  {line}")

"""The commands that messages advise. Gatecell's name alone installs nothing: it stands on no package index."""

import json
import re
import sys
from importlib.metadata import distribution, requires
from pathlib import Path
from urllib.parse import unquote, urlsplit


def pip_install(*words: str) -> str:
    """Return the command that installs into the environment that runs, whichever ``pip`` comes first on the path."""
    plain = re.compile(r"[\w@%+=:,./\\-]+").fullmatch
    return " ".join(word if plain(word) else f'"{word}"' for word in (sys.executable, "-m", "pip", "install", *words))


def packages_of(extra: str) -> list[str]:
    """Return the requirements that an extra of this package brings, as ``["pyarrow>=17"]``.

    Raises
    ------
    KeyError
        Where the package has no such extra.
    """
    parts = [requirement.partition(";") for requirement in requires("gatecell") or ()]
    found = [name.strip() for name, _, marker in parts if re.search(rf"""extra == ['"]{extra}['"]""", marker)]
    if not found:
        raise KeyError(extra)
    return found


def install_again() -> str:
    """Return the end of a sentence that says how to build and install Gatecell once more."""
    source = json.loads(distribution("gatecell").read_text("direct_url.json") or "{}")
    folder = Path(unquote(urlsplit(source.get("url", "")).path))
    editable = ["--editable"] if source.get("dir_info", {}).get("editable") else []
    if "dir_info" in source and folder.is_dir():
        return f"Gatecell again: {pip_install('--force-reinstall', '--no-deps', *editable, str(folder))}"
    return f"Gatecell again, in the project's folder: {pip_install('--force-reinstall', '--no-deps', '.')}"

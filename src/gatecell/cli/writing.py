"""Commands that write one file, each the only one that writes it."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

P = ParamSpec("P")


def one_writer(command: Callable[P, None]) -> Callable[P, None]:
    """Have a command be the only writer of the file that its ``--output`` names, from its beginning on."""

    @wraps(command)
    def alone(*args: P.args, **kwargs: P.kwargs) -> None:
        output = kwargs.get("output")
        if not isinstance(output, Path):
            command(*args, **kwargs)
            return
        from gatecell._core.locks import sole_writer  # noqa: PLC0415  what help needs not waits until a command runs

        with sole_writer(output.expanduser()):
            command(*args, **kwargs)

    return alone

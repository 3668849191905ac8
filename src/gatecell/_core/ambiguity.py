"""Say that data can be meant in two ways, at the line of the caller's own code."""

import os
import sys
import warnings
from itertools import count
from pathlib import Path

from gatecell._core.errors import AmbiguousInputWarning

_PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"


def warn_ambiguous(message: str) -> None:
    """Warn with an ``AmbiguousInputWarning``, as if from the first frame outside the package."""
    for level in count(1):
        try:
            inside = sys._getframe(level).f_code.co_filename.startswith(_PACKAGE)
        except ValueError:  # the package was called from nowhere, as in a thread of its own
            inside = False
        if not inside:
            warnings.warn(message, AmbiguousInputWarning, stacklevel=level + 1)
            return

"""The surroundings of a run: the user's process is afterwards what it was before."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from lightning.fabric.utilities.warnings import PossibleUserWarning

from gatecell._core.quiet import WarningRule, quiet_loggers, warning_rules


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Silence Lightning's notices (devices found, tips, hints at other products); its errors still come through."""
    rules = (WarningRule("ignore", PossibleUserWarning), WarningRule("ignore", module=r"lightning\."))
    with quiet_loggers(lightning=logging.ERROR), warning_rules(*rules):
        yield

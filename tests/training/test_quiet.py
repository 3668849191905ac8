"""The surroundings of a run come back as they were."""

import logging
import warnings

import pytest

from gatecell.training.quiet import quiet_lightning


def test_notices_are_silent_inside_and_not_outside(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("lightning.pytorch")
    level, filters = logger.level, list(warnings.filters)
    with quiet_lightning():
        logger.warning("a hint at another product")
        logger.error("an error")
    assert [record.message for record in caplog.records] == ["an error"]
    assert logger.level == level
    assert warnings.filters == filters


def test_warnings_of_others_come_through() -> None:
    with pytest.warns(UserWarning, match="of the network"), quiet_lightning():
        warnings.warn("of the network", UserWarning, stacklevel=1)

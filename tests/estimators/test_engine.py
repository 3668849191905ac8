"""Which engine runs for the estimators' defaults: seen at the core, not only in what was chosen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gatecell.estimators.classifier import LSTMClassifier
from gatecell.estimators.regressor import LSTMRegressor
from gatecell.kernels import core, inference, launch

absent = core.missing()
pytestmark = pytest.mark.skipif(absent is not None, reason=f"the native engine is not here: {absent}")


@pytest.mark.parametrize("cls", [LSTMClassifier, LSTMRegressor])
def test_the_native_engine_trains_and_predicts(cls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def recorded(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            ran.append(name)
            return original(*arguments, **keywords)

        return call

    monkeypatch.setattr(launch, "forward", recorded("forward", launch.forward))
    monkeypatch.setattr(launch, "backward", recorded("backward", launch.backward))
    monkeypatch.setattr(inference.PreparedStack, "run", recorded("run", inference.PreparedStack.run))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 5, 3)), np.arange(12) % 2
    estimator = cls(hidden_size=4, max_epochs=1, random_state=0).fit(X, y)
    assert {"forward", "backward"} <= set(ran)
    ran.clear()
    estimator.predict(X)
    assert ran
    assert set(ran) <= {"forward", "run"}

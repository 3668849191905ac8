"""The helper by which files are altered: one number, one file; every kind of change comes up."""

from typing import Any

import pytest
import torch

from gatecell._core.errors import ArtifactError
from tests import fuzzing

DOCUMENT = {"a": [1, 2.5, {"b": "text"}], "c": None, "d": {"e": [[0.5], [1.5]]}}


def test_a_number_says_what_is_done() -> None:
    cases: list[tuple[Any, Any]] = [(fuzzing.altered, DOCUMENT), (fuzzing.altered_bytes, bytes(range(200)))]
    for change, value in cases:
        first = [repr(change(value, fuzzing.generator(number))) for number in range(50)]
        assert first == [repr(change(value, fuzzing.generator(number))) for number in range(50)]
        assert len(set(first)) > 40


def test_what_is_altered_is_not_the_original() -> None:
    before, odd = repr(DOCUMENT), repr(fuzzing.ODD_VALUES)
    changed = [fuzzing.altered(DOCUMENT, fuzzing.generator(number)) for number in range(300)]
    assert repr(DOCUMENT) == before
    assert repr(fuzzing.ODD_VALUES) == odd
    assert sum(repr(item) != before for item in changed) > 280
    tensors = {"w": torch.ones(2, 3), "n": torch.tensor(3)}
    for number in range(100):
        fuzzing.altered_tensors(tensors, fuzzing.generator(number))
    assert torch.equal(tensors["w"], torch.ones(2, 3))
    assert sorted(tensors) == ["n", "w"]


def test_only_own_errors_refuse() -> None:
    def fail(error: BaseException) -> None:
        raise error

    assert fuzzing.refused(1, lambda: fail(ArtifactError("damaged")))
    assert not fuzzing.refused(1, lambda: None)
    for foreign in (KeyError("a"), RecursionError(), MemoryError(), BaseException("panic")):
        with pytest.raises(pytest.fail.Exception, match=f"file 7: {type(foreign).__name__}"):
            fuzzing.refused(7, lambda foreign=foreign: fail(foreign))  # type: ignore[misc]

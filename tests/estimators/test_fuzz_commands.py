"""Altered models given to the command line: each command does its work, or refuses in the project's own words."""

import warnings
from functools import cache
from pathlib import Path

import pytest

from gatecell._core.errors import ArtifactError
from gatecell.artifact.store import Artifact
from tests import fuzzing
from tests.estimators.altered import KINDS, write
from tests.estimators.commanded import command_lines, noted, run

N_FILES = fuzzing.N_FILES // 50
"""Each is given to half a dozen commands."""


@cache
def of_kind(kind: str) -> Artifact:
    return noted(kind)


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(2))
def test_each_command_works_or_refuses(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")
    n_lines = n_refused = 0
    for number in range(part, N_FILES, 2):
        draw = fuzzing.generator(number)
        kind = fuzzing.drawn(KINDS, draw)
        tensors, metadata = of_kind(kind).tensors, of_kind(kind).metadata
        if draw.random() < 0.6:
            # what the commands read beside the estimator
            metadata = {**metadata, "notes": fuzzing.altered(metadata["notes"], draw)}
        elif draw.random() < 0.2:
            tensors = fuzzing.altered_tensors(tensors, draw)
        else:
            metadata = fuzzing.altered(metadata, draw)
        try:
            model = write(tmp_path / "model.safetensors", tensors, metadata)
        except (ArtifactError, AttributeError, TypeError, UnicodeEncodeError):
            # not to be written at all
            continue
        for words in command_lines(kind, model, tmp_path):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                n_refused += fuzzing.refused(number, lambda words=words: run(words))  # type: ignore[misc]
            n_lines += 1
    assert n_lines // 20 < n_refused < n_lines

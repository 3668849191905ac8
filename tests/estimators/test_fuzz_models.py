"""Thousands of altered models: each is refused by an error of the project, at the latest when it is used, or works."""

import warnings
from functools import cache
from pathlib import Path

import pytest

import gatecell
from gatecell.artifact.store import Artifact
from tests import fuzzing
from tests.estimators.altered import DATA, KINDS, content, used, write


@cache
def of_kind(kind: str) -> Artifact:
    return content(kind)


@cache
def bytes_of(kind: str) -> bytes:
    return (DATA / f"{kind}.safetensors").read_bytes()


def loaded_and_used(path: Path) -> None:
    model = gatecell.load(path)
    with warnings.catch_warnings():
        # of what an altered number leads to, as a logarithm of 0; whether there is an error is what is asked
        warnings.simplefilter("ignore")
        used(model)


@pytest.mark.fuzz
@fuzzing.parts()
def test_values_and_tensors_with_sums_made_anew(numbers: range, tmp_path: Path) -> None:
    n_refused = 0
    path = tmp_path / "model.safetensors"
    for number in numbers:
        draw = fuzzing.generator(number)
        artifact = of_kind(fuzzing.drawn(KINDS, draw))
        tensors, metadata = artifact.tensors, artifact.metadata
        if draw.random() < 0.25:
            tensors = fuzzing.altered_tensors(tensors, draw)
        else:
            metadata = fuzzing.altered(metadata, draw)
        n_refused += fuzzing.refused(number, lambda t=tensors, m=metadata: loaded_and_used(write(path, t, m)))  # type: ignore[misc]
    assert n_refused > len(numbers) // 3


@pytest.mark.fuzz
@fuzzing.parts()
def test_bytes(numbers: range, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    n_refused = 0
    for number in numbers:
        draw = fuzzing.generator(number)
        kind = fuzzing.drawn(KINDS, draw)
        path.write_bytes(fuzzing.altered_bytes(bytes_of(kind), draw))
        n_refused += fuzzing.refused(number, lambda: loaded_and_used(path))
    assert n_refused > len(numbers) // 3


@pytest.mark.fuzz
def test_bytes_of_a_file_with_sums_are_all_refused(tmp_path: Path) -> None:
    for kind in KINDS:
        artifact = of_kind(kind)
        path = write(tmp_path / "model.safetensors", artifact.tensors, artifact.metadata)
        data = path.read_bytes()
        for number in range(fuzzing.N_FILES // len(KINDS)):
            changed = fuzzing.altered_bytes(data, fuzzing.generator(number))
            path.write_bytes(changed)
            is_refused = fuzzing.refused(number, lambda: gatecell.load(path))  # noqa: B023  called at once
            assert is_refused or changed == data, (kind, number)

"""The checkpoint of a run: one safe file, replaced whole at the end of every epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from torch import nn

from gatecell._core.errors import ArtifactError, TrainingError
from gatecell._core.files import remove_left_parts
from gatecell._core.stated import Stated
from gatecell._core.wording import shortened
from gatecell.artifact.format import to_json
from gatecell.artifact.store import load_artifact, save_artifact
from gatecell.training.batches import BatchSource
from gatecell.training.checkpoint_content import TENSOR_GROUPS, state_of
from gatecell.training.config import NOT_IN_RESULT, TrainingConfig
from gatecell.training.state import TrainingState

CHECKPOINT_FILE = "checkpoint.safetensors"
"""The name of the checkpoint in its folder."""
HISTORY_FILE = "history.csv"
"""The name of the history beside it."""
_LONGEST = 200
"""Of what an error shows of a value."""


def run_identity(
    network: nn.Module,
    train: BatchSource,
    validation: BatchSource | None,
    config: TrainingConfig,
    extra: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return what two runs must share for one to go on from the other's checkpoint, as JSON."""
    settings = {name: value for name, value in config.to_dict().items() if name not in NOT_IN_RESULT}
    weights = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    rows = {"train": len(train), "validation": None if validation is None else len(validation)}
    # as it will come back from the file: tuples as lists, numbers of NumPy as plain ones
    identity: dict[str, Any] = to_json(
        {"config": settings, "weights": weights, "rows": rows, "run": dict(extra or {})}, "identity"
    )
    return identity


class CheckpointFolder:
    """Where a run keeps its checkpoint and its history.

    Parameters
    ----------
    folder : path
        Made when the first epoch is done.
    identity : dict
        See ``run_identity``.
    """

    def __init__(self, folder: str | Path, identity: dict[str, Any]) -> None:
        self.path = Path(folder) / CHECKPOINT_FILE
        self._history_path = Path(folder) / HISTORY_FILE
        self._identity = identity

    def save(self, state: TrainingState) -> None:
        """Write the state of a finished epoch. A kill at any moment leaves the old file or the new one."""
        groups = {group: getattr(state, group) for group in TENSOR_GROUPS}
        tensors = {f"{group}/{name}": tensor for group, items in groups.items() for name, tensor in items.items()}
        metadata = {
            "kind": "checkpoint",
            "identity": self._identity,
            "epochs_done": state.epochs_done,
            "first_epoch": state.first_epoch,
            "stopped_early": state.stopped_early,
            "watch": asdict(state.watch),
            "history": state.history.to_json(),
        }
        save_artifact(self.path, tensors, metadata)
        state.history.to_csv(self._history_path)

    def load(self, network: nn.Module, config: TrainingConfig, columns: Sequence[str]) -> TrainingState | None:
        """Return the state of the last finished epoch; None where no run has finished one.

        Parameters
        ----------
        network, config
            Those of the run that is to go on.
        columns : sequence of str
            What it measures.

        Raises
        ------
        TrainingError
            Where the checkpoint is of another run: other options, other weights, other data.
        ArtifactError
            Where the file is damaged or foreign, or holds what no such run writes.
        """
        if not self.path.exists():
            return None
        artifact = load_artifact(self.path)
        metadata = artifact.metadata
        if metadata.get("kind") != "checkpoint":
            raise TrainingError(
                f"{self.path} is a Gatecell file but no checkpoint. Give the checkpoints a folder of their own."
            )
        try:
            found = metadata.get("identity")
            Stated(found, "identity of the checkpoint")
            self._check_identity(cast("dict[str, Any]", found))
            return state_of(artifact, network, config, columns, self._identity["run"]["first_epoch"])
        except ArtifactError as error:
            raise ArtifactError(
                f"{self.path} is damaged, or was not written by this run: {error}. "
                "Begin anew: in another folder, or in place of what is there."
            ) from error

    def clean(self) -> None:
        """Remove what a killed run left half-written; the folder may have files of others."""
        for path in (self.path, self._history_path):
            remove_left_parts(path.parent, path.name)

    def _check_identity(self, found: dict[str, Any]) -> None:
        differences = list(_differences(found, self._identity))
        if differences:
            raise TrainingError(
                f"The checkpoint in {self.path.parent} belongs to another run, so this one cannot go on from it: "
                f"{'; '.join(differences[:5])}. Give the options and data of then, or another folder, or do not resume."
            )


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> list[str]:
    lines: list[str] = []
    for key in sorted({*found, *wanted}):
        old, new, name = found.get(key), wanted.get(key), f"{prefix}{key}"
        if isinstance(old, dict) and isinstance(new, dict):
            lines += _differences(old, new, f"{name}.")
        elif old != new:
            before, now = (shortened(repr(value), _LONGEST) for value in (old, new))
            lines.append(f"{shortened(name, _LONGEST)} was {before} and is {now}")
    return lines

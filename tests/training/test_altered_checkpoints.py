"""Checkpoints of another origin: whatever they hold, a run goes on from a whole one of its own, or refuses."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gatecell._core.errors import ArtifactError, GatecellError, TrainingError
from gatecell.artifact.store import Artifact, load_artifact, save_artifact
from gatecell.training.checkpoint import CHECKPOINT_FILE
from gatecell.training.loop import TrainingResult, fit
from tests import fuzzing
from tests.fuzzing import altered, altered_bytes, altered_tensors, generator, refused
from tests.training.tools import config_of, identical, rows_of, squared, tiny_network, weights_of

CONFIG = config_of(max_epochs=3, patience=5, clip_norm=1.0)
N_FILES = fuzzing.N_FILES // 5


def go_on(folder: Path, network: torch.nn.Module | None = None) -> TrainingResult:
    return fit(
        network or tiny_network(), squared, rows_of(), rows_of((7, 3)), CONFIG, checkpoint_dir=folder, resume=True
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The checkpoint of a run that was stopped after its second epoch."""
    folder = tmp_path_factory.mktemp("whole")

    def stop(call: int) -> None:
        if call == 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tiny_network(), squared, rows_of(on_take=stop), rows_of((7, 3)), CONFIG, checkpoint_dir=folder)
    return load_artifact(folder / CHECKPOINT_FILE)


def put(folder: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, Any]) -> Path:
    """Write a checkpoint whose sums are right, as who forges one does."""
    return save_artifact(folder / CHECKPOINT_FILE, tensors, metadata)


def test_the_whole_one_is_gone_on_with(whole: Artifact, tmp_path: Path) -> None:
    put(tmp_path, whole.tensors, whole.metadata)
    assert whole.metadata["epochs_done"] == 2
    network, expected = tiny_network(seed=3), tiny_network()
    assert len(go_on(tmp_path, network).history) == 3
    fit(expected, squared, rows_of(), rows_of((7, 3)), CONFIG)
    assert identical(weights_of(network), weights_of(expected))


def _without(key: str) -> Callable[[Any], Any]:
    return lambda data: data.pop(key)


def _with(key: str, value: Any) -> Callable[[Any], Any]:
    return lambda data: data.update({key: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("identity"), "identity of the checkpoint must be an object, but is None"),
        (_with("identity", []), "identity of the checkpoint must be an object"),
        (_without("epochs_done"), "the checkpoint lacks epochs_done"),
        (_with("epochs_done", 0), "epochs_done of the checkpoint must be a whole number from 1 to 3, but is 0"),
        (_with("epochs_done", 4), "must be a whole number from 1 to 3, but is 4"),
        (_with("epochs_done", 1), "best_epoch of watch of the checkpoint must be a whole number from 1 to 1, but is 2"),
        (_with("first_epoch", 1), "first_epoch of the checkpoint must be a whole number from 0 to 0"),
        (_with("stopped_early", True), "stopped_early of the checkpoint does not follow from its watch"),
        (_with("watch", {}), "watch of the checkpoint lacks waited"),
        (_with("history", [{}, {}]), "row 1 of the history lacks epoch"),
        (_with("history", {}), "history of the checkpoint must be a list of 2, but is dict of 0"),
        (lambda data: data["watch"].update(best=None), "a best value without its epoch, or the epoch alone"),
        (lambda data: data["watch"].update(best_epoch=3), "best_epoch of watch of the checkpoint must be a whole"),
        (lambda data: data["history"][1].update(epoch=1), "row 2 of the history is of another epoch: 1"),
        (lambda data: data["history"][1].update(other=1), "row 2 of the history has other columns than this run"),
        (lambda data: data["history"][0].update(train_loss=None), "train_loss of row 1 of the history must be a"),
    ],
)
def test_what_it_states(change: Callable[[Any], Any], message: str, whole: Artifact, tmp_path: Path) -> None:
    metadata = copy.deepcopy(whole.metadata)
    change(metadata)
    path = put(tmp_path, whole.tensors, metadata)
    with pytest.raises(ArtifactError) as caught:
        go_on(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{path} is damaged, or was not written by this run: ")
    assert message in said
    assert said.endswith(" Begin anew: in another folder, or in place of what is there.")


def _moment(tensors: dict[str, Any], key: str) -> str:
    return next(name for name in tensors if name.startswith(f"optimizer/{key}:"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("weights/0.weight"), "weights are those of another network: '0.weight' is in one"),
        (lambda t: t.update({"weights/x": torch.zeros(1)}), "weights are those of another network: 'x' is in one"),
        (lambda t: t.update({"x": torch.zeros(1)}), "it has a tensor 'x', which is of none of weights, best_weights"),
        (lambda t: t.update({"weights/0.weight": torch.zeros(3, 4)}), "weights/0.weight must be (4, 3) of"),
        (lambda t: t.update({"weights/0.weight": torch.zeros(4, 3).double()}), "but is (4, 3) of torch.float64"),
        (lambda t: t.update({"weights/0.bias": torch.full((4,), torch.nan)}), "has numbers that are not finite"),
        (lambda t: [t.pop(n) for n in list(t) if n.startswith("best_")], "best_weights are there without a best"),
        (lambda t: [t.pop(n) for n in list(t) if n.startswith("optim")], "it lacks the moments of the optimiser adam"),
        (lambda t: t.pop(_moment(t, "exp_avg")), "it has the moments ['exp_avg_sq', 'step'] and not ['exp_avg', "),
        (lambda t: t.update({"optimizer/momentum_buffer:0.bias": torch.zeros(4)}), "is a moment that adam has not"),
        (lambda t: t.update({_moment(t, "step"): torch.zeros(3)}), "must be a count of steps"),
        (lambda t: t.update({_moment(t, "exp_avg"): torch.zeros(9)}), "but is (9,) of torch.float32"),
    ],
)
def test_its_tensors(change: Callable[[Any], Any], message: str, whole: Artifact, tmp_path: Path) -> None:
    tensors = dict(whole.tensors)
    change(tensors)
    put(tmp_path, tensors, whole.metadata)
    network = tiny_network()
    with pytest.raises(ArtifactError) as caught:
        go_on(tmp_path, network)
    assert message in str(caught.value)
    # nothing of it was used
    assert identical(weights_of(network), weights_of(tiny_network()))


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(4))
def test_any_other_is_refused_with_an_error_of_ours_or_gone_on_with(part: int, whole: Artifact, tmp_path: Path) -> None:
    path = put(tmp_path, whole.tensors, whole.metadata)
    data = path.read_bytes()
    n_refused = 0
    for number in range(part, N_FILES, 4):
        draw = generator(number)
        match draw.randrange(4):
            case 0 | 1:
                try:
                    put(tmp_path, whole.tensors, altered(whole.metadata, draw))
                except (ArtifactError, AttributeError, TypeError, UnicodeEncodeError):
                    # not to be written at all
                    continue
            case 2:
                put(tmp_path, altered_tensors(whole.tensors, draw), whole.metadata)
            case 3:
                path.write_bytes(altered_bytes(data, draw))
        n_refused += refused(number, lambda: go_on(tmp_path))
    assert n_refused > N_FILES / 4 * 0.5


def test_a_model_and_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_FILE).mkdir()
    with pytest.raises(GatecellError, match="is a folder"):
        go_on(tmp_path)
    (tmp_path / CHECKPOINT_FILE).rmdir()
    save_artifact(tmp_path / CHECKPOINT_FILE, {}, {"kind": "estimator"})
    with pytest.raises(TrainingError, match="is a Gatecell file but no checkpoint"):
        go_on(tmp_path)

"""Models from elsewhere: a file whose sums are right, but whose parts do not fit, is refused when it is loaded."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gatecell
from gatecell._core.errors import ArtifactError, InputError, MissingDependencyError
from gatecell.artifact.store import load_artifact
from tests.estimators.altered import DATA, KINDS, content, used, write


def forged(kind: str, path: Path, *way: Any, value: Any = None) -> Path:
    """Write a file of a kind with one value of its metadata replaced."""
    artifact = content(kind)
    *outer, last = way
    inside: Any = artifact.metadata
    for key in outer:
        inside = inside[key]
    inside[last] = value
    return write(path, artifact.tensors, artifact.metadata)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_version_0_1_0_is_loaded_used_and_written_anew(kind: str, tmp_path: Path) -> None:
    model = gatecell.load(DATA / f"{kind}.safetensors")
    used(model)
    again = gatecell.load(gatecell.load(DATA / f"{kind}.safetensors").save(tmp_path / "m.safetensors"))
    used(again)
    for name, tensor in again.network_.state_dict().items():
        assert torch.equal(tensor, model.network_.state_dict()[name])


@pytest.mark.parametrize("part", ["inputs", "fitted"])
@pytest.mark.parametrize("length", [1, 3])
def test_a_scaler_of_another_length_is_refused(part: str, length: int, tmp_path: Path) -> None:
    # one value would be taken for every channel, and every forecast be another without a word
    kind, name = ("classifier", "scaler") if part == "inputs" else ("regressor", "target_scaler")
    scaler = {"shift": [0.5] * length, "scale": [1.5] * length}
    with pytest.raises(ArtifactError, match=f"scale of the scaler must be a list of 2, but is list of {length}"):
        gatecell.load(forged(kind, tmp_path / "m", part, name, value=scaler))


@pytest.mark.parametrize("name", ["target_scaler", "past_scaler", "static_scaler"])
def test_a_scaler_of_series_of_another_shape_is_refused(name: str, tmp_path: Path) -> None:
    scaler = {"shift": [[0.5, 0.5]], "scale": [[1.5, 1.5]]}
    with pytest.raises(ArtifactError, match=r"scaler is of shape \(1, 2\) instead of"):
        gatecell.load(forged("forecaster", tmp_path / "m", "inputs", "preparation", name, value=scaler))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"shift": [0.0, 0.0], "scale": [1.0, 0.0]}, "has a 0, by which nothing can be divided"),
        ({"shift": [0.0, 0.0], "scale": [1.0, -1.0]}, "must be a finite number of at least 0, but is -1.0"),
        ({"shift": ["0", "0"], "scale": [1.0, 1.0]}, "must be a finite number, but is '0'"),
        ({"shift": [0.0, True], "scale": [1.0, 1.0]}, "must be a finite number, but is True"),
        ({"shift": "ab", "scale": [1.0, 1.0]}, "shift of the scaler must be a list of 2, but is 'ab'"),
        ({"scale": [1.0, 1.0]}, "the scaler lacks shift"),
        ([1, 2], "the scaler must be an object, but is list of 2"),
    ],
)
def test_a_scaler_that_no_fit_gives_is_refused(values: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=why):
        gatecell.load(forged("classifier", tmp_path / "m", "inputs", "scaler", value=values))


@pytest.mark.parametrize(
    ("kind", "way", "value", "why"),
    [
        ("classifier", ("parameters", "hidden_size"), [1], "hidden_size must be an integer"),
        ("classifier", ("parameters", "extra"), 1, "LSTMClassifier has no parameter 'extra'"),
        ("classifier", ("parameters", "random_state"), {"pairs": []}, "random_state must be an integer"),
        (
            "classifier",
            ("parameters", "class_weight"),
            {"pairs": [[1]]},
            "class_weight of the parameters is not made",
        ),
        ("classifier", ("seed",), -1, "seed of the description must be a whole number"),
        ("classifier", ("history",), [{"epoch": "1"}], "epoch of a row of the history must be a finite number"),
        ("classifier", ("epochs_done",), 1.5, "epochs_done of the description must be a whole number"),
        ("classifier", ("training", "seconds"), None, "seconds of training of the description must be a finite number"),
        ("classifier", ("inputs", "n_features_in"), 3, "3 channels for a network of other inputs"),
        ("classifier", ("inputs", "feature_names_in"), ["a"], "must be a list of 2, but is list of 1"),
        ("classifier", ("fitted", "classes"), ["up", "down"], "classes that are not sorted"),
        ("classifier", ("fitted", "classes_dtype"), "<U1", "classes that are not of type '<U1'"),
        ("classifier", ("fitted", "classes_dtype"), "<U99999999", "which take 399,999,996 bytes each"),
        ("classifier", ("fitted", "classes_dtype"), "M8[s]", "classes that are not all text, numbers"),
        ("classifier", ("fitted", "class_prior"), [0.5, "x"], "class_prior of fitted of the description must be"),
        ("text", ("fitted", "multilabel"), "indicator", "the labels of columns are not their numbers"),
        ("text", ("inputs", "max_length"), 1, "leaves no step for the text"),
        ("text", ("inputs", "start_mark"), 10**6, "start_mark of inputs of the description must be a whole number"),
        ("text", ("network", "front"), {"kind": "values", "input_size": 2}, "does not read tokens|lacks|has no"),
        ("text", ("inputs", "tokenizer", "model", "vocab", "zzz"), 99, "are not numbered from 0 on, each once"),
        ("text", ("inputs", "tokenizer", "pre_tokenizer", "pattern"), {"Regex": "(a+)+$"}, "which is not a known one"),
        ("text", ("inputs", "tokenizer", "padding"), {"strategy": {"Fixed": 10**9}}, None),
        ("text_encoder", ("inputs", "max_length"), 9, "texts of up to 9 tokens for an encoder that reads 8"),
        ("text_encoder", ("inputs", "max_length"), None, "texts of up to None tokens for an encoder that reads 8"),
        ("language", ("inputs", "unit"), "byte-pair", "divides texts in another way than by byte-pair"),
        ("language", ("inputs", "one_text"), 1, "one_text of inputs of the description must be true or false"),
        ("regressor", ("fitted", "single_column"), True, "one column for 2 outputs"),
        ("forecaster", ("inputs", "features"), [1, 0, 6, 0], r"features \(1, 0, 6, 0\) of series that have others"),
        ("forecaster", ("inputs", "preparation", "options", "season"), None, "lacks lookback or season"),
        ("forecaster", ("inputs", "preparation", "options", "difference"), 100, "but a window 106"),
        ("forecaster", ("inputs", "columns"), [1], "columns of inputs of the description must be an object"),
        ("forecaster", ("fitted", "learned_ends"), [31], "more steps were learned from than there are"),
        ("forecaster", ("fitted", "panel", "frequency"), "nonsense", "There is no frequency 'nonsense'"),
        ("forecaster", ("fitted", "panel", "frequency"), "-1D", "is not one of steps that follow each other"),
        ("forecaster", ("fitted", "panel", "zones"), ["dateutil//etc/passwd"], "which is not one"),
        ("forecaster", ("fitted", "panel", "zones"), ["../../etc/passwd"], "which is not one"),
        ("forecaster", ("fitted", "panel", "starts"), ["now"], "begins at 'now' in units of"),
        ("forecaster", ("fitted", "panel", "lengths"), [29], r"of shape \(30, 1\) for \(29, 1\)"),
        ("forecaster", ("fitted", "panel", "ids"), [["y"]], "the ids of the series are not text or whole numbers"),
        ("forecaster", ("parameters", "calibration_windows"), "many", "calibration_windows must be an integer"),
    ],
)
def test_parts_that_do_not_fit(kind: str, way: tuple[str, ...], value: Any, why: str | None, tmp_path: Path) -> None:
    path = forged(kind, tmp_path / "m", *way, value=value)
    if why is None:
        used(gatecell.load(path))
        return
    with pytest.raises(ArtifactError, match=f"is damaged: its parts do not fit together .*({why})"):
        gatecell.load(path)


@pytest.mark.parametrize(
    ("kind", "name", "tensor", "why"),
    [
        ("classifier", "network/head.bias", torch.zeros(1, dtype=torch.float64), "is torch.float64 of shape"),
        ("classifier", "network/head.bias", torch.tensor([float("nan")]), "has values that are not finite"),
        ("classifier", "network/head.weight", torch.zeros(1, 3), r"instead of torch.float32 of \(1, 2\)"),
        ("classifier", "optimizer/exp_avg:head.bias", torch.zeros(2), "does not fit its weights"),
        ("classifier", "optimizer/exp_avg:x", torch.zeros(2), "which the network has no weights for"),
        ("language", "fitted/token_counts", torch.zeros(2, dtype=torch.int64), r"counts of shape \(2,\)"),
        ("forecaster", "fitted/target", torch.full((30, 1), float("inf")).double(), "target has infinite values"),
        ("forecaster", "fitted/past_origins", torch.zeros(5).long(), "past forecast"),
        ("forecaster", "fitted/past_raw", torch.zeros(0), r"past forecasts of shape \(0,\)"),
    ],
)
def test_tensors_that_do_not_fit(kind: str, name: str, tensor: torch.Tensor, why: str, tmp_path: Path) -> None:
    artifact = content(kind)
    with pytest.raises(ArtifactError, match=f"is damaged: its parts do not fit together .*({why})"):
        gatecell.load(write(tmp_path / "m", {**artifact.tensors, name: tensor}, artifact.metadata))


def test_past_forecasts_lie_within_their_series(tmp_path: Path) -> None:
    artifact = content("forecaster")
    for origin in (0, 29, 10**9, -1):
        origins = artifact.tensors["fitted/past_origins"].clone()
        origins[0] = origin
        with pytest.raises(ArtifactError, match="a past forecast is of steps that are not there|are not in order"):
            gatecell.load(
                write(tmp_path / "m", {**artifact.tensors, "fitted/past_origins": origins}, artifact.metadata)
            )


@pytest.mark.parametrize("n_layers", [10**6, 10**12, 2**62])
@pytest.mark.parametrize("kind", ["classifier", "language", "forecaster"])
def test_layers_are_counted_before_any_is_built(kind: str, n_layers: int, tmp_path: Path) -> None:
    artifact = content(kind)
    network = copy.deepcopy(artifact.metadata["network"])
    lstm = network["lstm"][0] if isinstance(network["lstm"], list) else network["lstm"]
    lstm["num_layers"] = n_layers
    path = write(tmp_path / "m", artifact.tensors, {**artifact.metadata, "network": network})
    with pytest.raises(ArtifactError, match=f"num_layers={n_layers} is asked for, but there are"):
        gatecell.load(path)


def test_a_horizon_that_no_tensor_tells_of_is_bounded(tmp_path: Path) -> None:
    artifact = content("forecaster")
    options = artifact.metadata["inputs"]["preparation"]["options"]
    options |= {"strategy": "recursive", "horizon": 10**12}
    with pytest.raises(ArtifactError, match=r"a horizon of 1,000,000,000,000 steps for 1 series takes|do not fit"):
        gatecell.load(write(tmp_path / "m", artifact.tensors, artifact.metadata))


def test_places_of_a_run_are_not_taken_from_a_file(tmp_path: Path) -> None:
    artifact = content("classifier")
    places = {"checkpoint_dir": str(tmp_path / "there"), "logger": "csv", "logger_dir": "/etc"}
    artifact.metadata["parameters"] |= places
    back = gatecell.load(write(tmp_path / "m", artifact.tensors, artifact.metadata))
    assert {name: getattr(back, name) for name in places} == dict.fromkeys(places)


def test_what_is_missing_on_the_machine_is_not_a_damage_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    import gatecell.nn.encoder as module  # noqa: PLC0415

    def missing(*_: object, **__: object) -> None:
        raise MissingDependencyError("A pretrained encoder needs the package 'transformers'")

    monkeypatch.setattr(module, "require", missing)
    with pytest.raises(MissingDependencyError, match="needs the package 'transformers'"):
        gatecell.load(DATA / "text_encoder.safetensors")


def test_every_flipped_bit_of_weights_scaler_and_vocabulary_is_refused(tmp_path: Path) -> None:
    for kind in ("classifier", "text", "forecaster"):
        model = gatecell.load(DATA / f"{kind}.safetensors")
        path = model.save(tmp_path / f"{kind}.safetensors")
        data = path.read_bytes()
        artifact = load_artifact(path)
        n_tensor_bytes = sum(tensor.nbytes for tensor in artifact.tensors.values())
        # some hundred places of each file, among them the whole of the scaler or the vocabulary
        begin = data.find(b"scaler") if kind != "text" else data.find(b"vocab")
        places = {*range(begin, begin + 150), *range(len(data) - n_tensor_bytes, len(data), 7)}
        for place in sorted(places):
            changed = bytearray(data)
            changed[place] ^= 1 << (place % 8)
            path.write_bytes(bytes(changed))
            with pytest.raises(ArtifactError, match=r"is damaged|is cut off"):
                gatecell.load(path)


def test_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    model = gatecell.load(DATA / "classifier.safetensors")
    assert isinstance(model, gatecell.LSTMClassifier)
    rows = np.random.default_rng(0).normal(size=(6, 5, 2))
    before = model.predict_proba(rows)
    again = gatecell.load(model.save(tmp_path / "m.safetensors"))
    assert isinstance(again, gatecell.LSTMClassifier)
    np.testing.assert_array_equal(again.predict_proba(rows), before)
    assert json.dumps(again.get_params(), sort_keys=True) == json.dumps(model.get_params(), sort_keys=True)


def test_numbers_beyond_float64_are_said(tmp_path: Path) -> None:
    artifact = content("forecaster")
    artifact.metadata["inputs"]["preparation"]["target_scaler"]["scale"] = [[1e308]]
    model = gatecell.load(write(tmp_path / "m", artifact.tensors, artifact.metadata))
    assert isinstance(model, gatecell.LSTMForecaster)
    with pytest.raises(InputError, match="A forecast is beyond float64 in the unit of the data|no finite forecast"):
        model._preparation.unscaled(np.full((1, 2, 1), 10.0), model._view.stretches, np.array([0]))
    language = content("language")
    tensors = {**language.tensors, "network/softmax.bias": torch.zeros_like(language.tensors["network/softmax.bias"])}
    tensors["network/softmax.bias"][0] = 1e38
    reader = gatecell.load(write(tmp_path / "l", tensors, language.metadata))
    assert isinstance(reader, gatecell.LSTMLanguageModel)
    assert reader.perplexity("no it was") == float("inf")

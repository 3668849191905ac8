"""The language model as an estimator."""

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from gatecell._core.errors import ArtifactError, InputError, InputTypeError, OptionError
from gatecell.artifact.store import load_artifact, save_artifact
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.language_texts import split_text
from gatecell.estimators.loading import load

TEXT = "the cat sat on the mat.\nthe dog sat too.\n" * 12
NAMES = ["anna", "otto", "hannah", "bob", "ada"] * 6


def model_of(**parameters: Any) -> LSTMLanguageModel:
    small = {"tokens": "character", "hidden_size": 12, "batch_size": 4, "bptt": 10, "max_epochs": 2, "random_state": 0}
    return LSTMLanguageModel(**{**small, **parameters})


@pytest.fixture(scope="module")
def on_text() -> LSTMLanguageModel:
    return model_of(max_epochs=6, learning_rate=0.02).fit(TEXT)


@pytest.fixture(scope="module")
def on_names() -> LSTMLanguageModel:
    return model_of(max_epochs=6, learning_rate=0.02).fit(NAMES)


def weights(model: LSTMLanguageModel) -> list[torch.Tensor]:
    return list(model.network_.state_dict().values())


def alike(one: LSTMLanguageModel, other: LSTMLanguageModel) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


def test_it_learns(on_text: LSTMLanguageModel) -> None:
    losses = on_text.history_["train_loss"]
    assert losses[-1] < 0.75 * losses[0]
    assert on_text.perplexity(TEXT) < 0.7 * len(on_text.tokenizer_)
    assert on_text.perplexity("the cat") < on_text.perplexity("tta ceh")


def test_every_token_has_a_probability_given_those_before_it(on_text: LSTMLanguageModel) -> None:
    found = on_text.log_prob("the mat")
    assert found.shape == (7,)
    network, numbers = on_text.network_, on_text.tokenizer_.marked(["the mat"], end=False).values
    for place in range(7):
        with torch.inference_mode():
            features, _ = network(numbers[None, : place + 1])
            expected = network.log_probabilities(features[0, -1])[numbers[place + 1]]
        assert found[place] == pytest.approx(float(expected), abs=1e-5)
    assert on_text.score("the mat") == pytest.approx(found.mean())
    assert on_text.perplexity("the mat") == pytest.approx(math.exp(-found.mean()))


@pytest.mark.parametrize("lanes", [1, 2, 32])
def test_several_texts_begin_anew_and_end(
    on_names: LSTMLanguageModel, lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatecell.estimators.language_reading.LANES", lanes)
    found = on_names.log_prob(["anna", "bob", ""])
    alone = [on_names.log_prob(name) for name in ("anna", "bob", "")]
    assert [len(part) for part in alone] == [5, 4, 1]
    np.testing.assert_allclose(found, np.concatenate(alone), atol=1e-5)
    probabilities = [math.exp(on_names.log_prob(name).sum()) for name in ("anna", "annb")]
    assert probabilities[0] > probabilities[1]


def test_figures_do_not_depend_on_how_much_is_read_at_a_time(
    on_text: LSTMLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = on_text.log_prob(TEXT)
    monkeypatch.setattr("gatecell.estimators.language_reading.TOKENS_AT_ONCE", 7)
    np.testing.assert_allclose(on_text.log_prob(TEXT), whole, atol=1e-5)


def test_the_scores_of_a_few_tokens_are_held_at_a_time(
    on_names: LSTMLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = on_names.log_prob(NAMES)
    of = type(on_names.network_).log_probabilities
    held: list[int] = []

    def spy(self: Any, features: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = of(self, features)
        held.append(found.numel())
        return found

    monkeypatch.setattr(type(on_names.network_), "log_probabilities", spy)
    monkeypatch.setattr("gatecell.estimators.language_reading.SCORES_AT_ONCE", 3 * len(on_names.tokenizer_))
    np.testing.assert_allclose(on_names.log_prob(NAMES), whole, atol=1e-6)
    assert len(held) > 10
    assert max(held) == 3 * len(on_names.tokenizer_)


def test_a_stream_is_what_is_generated_token_by_token(on_text: LSTMLanguageModel) -> None:
    stream = on_text.stream("the ", seed=3)
    assert isinstance(stream, Iterator)
    pieces = list(islice(stream, 40))
    assert "".join(pieces) == on_text.generate("the ", max_new=40, seed=3)
    assert all(len(piece) == 1 for piece in pieces)
    assert not torch.is_inference_mode_enabled()


def test_what_is_generated_goes_on_from_the_prompt(on_text: LSTMLanguageModel) -> None:
    # greedily, each token is the most probable one of all that came before
    text = "the "
    for piece in on_text.generate("the ", max_new=12, temperature=0):
        numbers = on_text.tokenizer_.marked([text], end=False).values
        with torch.inference_mode():
            features, _ = on_text.network_(numbers[None])
            scores = on_text.network_.log_probabilities(features[0, -1])
            scores[[on_text.tokenizer_.mark, on_text.tokenizer_.unknown or 0]] = -math.inf
        assert on_text.tokenizer_.vocabulary[int(scores.argmax())] == piece
        text += piece


def test_the_same_seed_gives_the_same_text(on_text: LSTMLanguageModel) -> None:
    assert on_text.generate("a", 60, seed=1) == on_text.generate("a", 60, seed=1)
    assert on_text.generate("a", 60, seed=1) != on_text.generate("a", 60, seed=2)
    assert on_text.generate("a", 60) != on_text.generate("a", 60)
    assert on_text.generate("a", 60, top_k=1, seed=1) == on_text.generate("a", 60, temperature=0)
    assert on_text.generate("a", 0) == ""


def test_an_empty_prompt_is_the_beginning_of_a_text(on_names: LSTMLanguageModel, on_text: LSTMLanguageModel) -> None:
    firsts = {on_names.generate(max_new=1, seed=seed) for seed in range(20)}
    assert firsts & set("aohb")
    assert on_text.generate(max_new=5, temperature=0) != ""


def test_texts_end_and_one_text_does_not(on_names: LSTMLanguageModel, on_text: LSTMLanguageModel) -> None:
    assert len(on_names.generate(max_new=10_000, seed=0)) < 200
    assert len(on_text.generate(max_new=500, seed=0)) == 500


def test_unknown_tokens_are_read_and_never_written(on_text: LSTMLanguageModel) -> None:
    assert on_text.log_prob("\u00e9").shape == (1,)
    assert on_text.log_prob("\u00e9") == on_text.log_prob("\u4e2d")
    assert on_text.generate("\u00e9", 20, seed=0, temperature=50.0).isascii()
    words = model_of(tokens="word").fit("a <unk> <unk> <unk> b\n" * 9)
    assert "<unk>" not in words.generate("zebra", 50, seed=0)
    assert "\n" in words.generate("a", 50, seed=0)


def test_words_are_kept_apart_from_the_prompt() -> None:
    words = model_of(tokens="word", max_epochs=20, learning_rate=0.03).fit("a b c\n" * 30)
    assert words.generate("a", 3, temperature=0) == " b c\n"
    assert words.generate("a ", 3, temperature=0) == words.generate(" a\t", 3, temperature=0) == "b c\n"
    assert words.generate("a b c\n", 2, temperature=0) == words.generate("", 2, temperature=0) == "a b"


@pytest.mark.parametrize("tokens", ["word", "character", "byte-pair"])
@pytest.mark.parametrize("texts", [TEXT, NAMES], ids=["one", "several"])
def test_saved_and_read_back(tokens: str, texts: Any, tmp_path: Path) -> None:
    model = model_of(tokens=tokens, vocabulary_size=300, num_layers=2, tied=True, dropout=0.1).fit(texts)
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert isinstance(again, LSTMLanguageModel)
    assert again.log_prob(texts).tolist() == model.log_prob(texts).tolist()
    assert again.generate("the ", 20, seed=1) == model.generate("the ", 20, seed=1)
    assert again.get_params() == model.get_params()
    again.partial_fit(texts)
    model.partial_fit(texts)
    assert alike(again, model)


def test_a_vocabulary_that_does_not_match_the_network(on_text: LSTMLanguageModel, tmp_path: Path) -> None:
    on_text.save(tmp_path / "m.safetensors")
    artifact = load_artifact(tmp_path / "m.safetensors")
    other = model_of().fit("ab" * 30)
    artifact.metadata["inputs"]["tokenizer"] = other.tokenizer_.to_json()
    save_artifact(tmp_path / "n.safetensors", artifact.tensors, artifact.metadata)
    with pytest.raises(ArtifactError, match=r"is damaged.*a vocabulary of 4 tokens for a network of 1\d\)"):
        load(tmp_path / "n.safetensors")


def test_partial_fit_goes_on_with_the_vocabulary(on_text: LSTMLanguageModel) -> None:
    asked = {"patience": 3, "validation_fraction": 0.5, "training_options": {"lr_schedule": "cosine"}}
    model = clone(on_text).set_params(**asked).partial_fit(TEXT)
    assert alike(model, clone(on_text).set_params(max_epochs=1).fit(TEXT))
    assert len(model.history_) == 1
    assert model.max_epochs == on_text.max_epochs
    vocabulary = model.tokenizer_.vocabulary
    model.partial_fit("zebra " * 20)
    assert len(model.history_) == 2
    assert model.tokenizer_.vocabulary == vocabulary
    with pytest.raises(OptionError, match="partial_fit goes on with the network of the first call"):
        model.set_params(hidden_size=5).partial_fit(TEXT)


def test_the_state_and_the_steps_matter() -> None:
    plain = model_of().fit(TEXT)
    assert alike(plain, model_of().fit(TEXT))
    for change in ({"stateful": False}, {"bptt": 9}, {"batch_size": 3}, {"random_state": 1}):
        assert not alike(plain, model_of(**change).fit(TEXT))


def test_a_stopped_fit_goes_on(tmp_path: Path) -> None:
    whole = model_of(max_epochs=3, recurrent_dropout=0.2).fit(TEXT)
    resumed = model_of(max_epochs=3, recurrent_dropout=0.2, checkpoint_dir=tmp_path).fit(TEXT)
    assert alike(resumed, whole)
    # all epochs are done: nothing is left but to take what is there
    assert alike(model_of(max_epochs=3, recurrent_dropout=0.2, checkpoint_dir=tmp_path).fit(TEXT), whole)
    with pytest.raises(Exception, match="belongs to another run"):
        model_of(max_epochs=3, recurrent_dropout=0.2, checkpoint_dir=tmp_path).fit(TEXT + "x")


def test_validation(on_text: LSTMLanguageModel) -> None:
    model = model_of(validation_fraction=0.25).fit(TEXT)
    before, behind = split_text(TEXT, 0.25)
    assert before + behind == TEXT
    assert before.endswith("\n")
    other = model_of().fit(before, validation=behind)
    assert alike(model, other)
    assert model.history_["validation_loss"] == other.history_["validation_loss"]
    assert model.history_["validation_perplexity"][-1] == pytest.approx(model.perplexity(behind), rel=0.05)
    assert model_of(validation_fraction=0.3).fit(NAMES).history_["validation_loss"][0] > 0
    assert split_text("abcdefghij", 0.3) == ("abcdefg", "hij")


def test_perplexity_may_be_what_early_stopping_watches() -> None:
    by_loss = model_of(validation_fraction=0.25, patience=1, max_epochs=4).fit(TEXT)
    options = {"monitor": "validation_perplexity"}
    by_perplexity = model_of(validation_fraction=0.25, patience=1, max_epochs=4, training_options=options).fit(TEXT)
    assert alike(by_loss, by_perplexity)
    assert by_perplexity.training_.best_epoch == by_loss.training_.best_epoch


def test_a_search_over_texts() -> None:
    search = GridSearchCV(model_of(max_epochs=1), {"hidden_size": [2, 8]}, cv=2).fit(NAMES)
    assert search.best_score_ < 0


@pytest.mark.parametrize(
    ("parameters", "text", "message"),
    [
        ({}, "", "There is no character in the texts"),
        ({"tokens": "word"}, " \n ", "There is no word in the texts"),
        ({}, [], "X has no texts: it is empty"),
        ({"validation_fraction": 0.1}, "ab", "leaves one part without any"),
        ({"tokens": "letter"}, "ab", "There is no unit named 'letter'"),
        ({"bptt": 0}, "ab", "bptt must be an integer of at least 1, got 0"),
        ({"stateful": 1}, "ab", "stateful must be True or False, got 1"),
        ({"cutoffs": (100,)}, "ab", "cutoffs must rise and stay below the 4 tokens"),
        ({"patience": 1}, "ab", "patience=1 needs rows to validate on"),
        ({"cutoffs": 4}, "ab", "cutoffs must be a sequence of numbers, got 4"),
        ({"cutoffs": np.array([100, 200])}, "ab", "cutoffs must rise and stay below the 4 tokens"),
        ({"vocabulary_size": 2}, "ab", r"no room for a character beside the 2 marks \(<unk>, <eos>\). .* at least 3"),
        ({"lstm_options": {"bidirectional": True}}, "ab", "lstm_options has 'bidirectional', which .* sets itself"),
        ({"lstm_options": {"input_dropout": 0.1}}, "ab", "lstm_options has 'input_dropout', but that is a parameter"),
    ],
)
def test_what_cannot_be_fitted(parameters: dict[str, Any], text: Any, message: str) -> None:
    model = model_of(**parameters)
    with pytest.raises((InputError, OptionError), match=message):
        model.fit(text)
    assert not hasattr(model, "tokenizer_")


def test_other_bad_input(on_text: LSTMLanguageModel) -> None:
    no_texts: list[tuple[Any, str]] = [
        (["a", 3], r"X\[1\] is not a text but int \(3\)"),
        (None, "X must be a list of texts, got NoneType"),
        (b"ab", r"X\[0\] is bytes, not text. Decode it"),
        (np.array("ab"), r"X must be a list of texts, got an array of shape \(\)"),
        ({"a": "b"}, "X is a dict, which is not a list of texts"),
        ("a\ud800", r"X\[0\] has .*half a character"),
    ]
    for texts, message in no_texts:
        with pytest.raises(InputError, match=message):
            model_of().fit(texts)
    with pytest.raises(InputError, match=r"validation\[0\] is not a text but int"):
        model_of().fit(TEXT, validation=[3])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"prompt\[0\] has .*half a character"):
        on_text.generate("\ud800")
    with pytest.raises(InputError, match="The text has no character, so that there is nothing to predict"):
        on_text.perplexity("")
    with pytest.raises(InputTypeError, match="The prompt must be a text, got int"):
        on_text.generate(3)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="max_new must be an integer of at least 0, got -1"):
        on_text.generate("a", -1)
    with pytest.raises(OptionError, match="temperature must be a finite number of at least 0, got -1"):
        on_text.generate("a", temperature=-1)
    with pytest.raises(OptionError, match="Give validation or validation_fraction, not both"):
        model_of(validation_fraction=0.5).fit(TEXT, validation=TEXT)


def test_a_text_shorter_than_a_batch_is_read_whole() -> None:
    model = model_of(batch_size=20, bptt=35).fit("ab")
    assert model.perplexity("ab") > 0
    assert len(model.log_prob("a")) == 1


def test_the_simple_rule_counts_the_tokens_of_the_training_texts(tmp_path: Path) -> None:
    model = LSTMLanguageModel(tokens="character", hidden_size=2, max_epochs=1, random_state=0).fit("aab" * 30)
    found = model.unigram_log_prob("abz")
    assert found is not None
    counts = {"a": 60, "b": 30, "unknown": 0}
    total = sum(counts.values()) + len(model.tokenizer_)
    assert np.exp(found) == pytest.approx([61 / total, 31 / total, 1 / total])
    assert len(found) == len(model.log_prob("abz"))
    again = LSTMLanguageModel.load(model.save(tmp_path / "m.safetensors"))
    np.testing.assert_array_equal(again.unigram_log_prob("abz"), found)
    again.token_counts_ = None
    assert again.unigram_log_prob("abz") is None

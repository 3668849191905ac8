"""Texts as language models read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import InputError, OptionError
from gatecell.data.language import LanguageTokenizer, LanguageTokenizerConfig
from gatecell.data.text import TextTokenizer, TokenizerConfig


def learnt(unit: str, *texts: str, **options: object) -> LanguageTokenizer:
    config = LanguageTokenizerConfig(**{"unit": unit, "lowercase": False, **options})  # type: ignore[arg-type]
    return LanguageTokenizer.learn(texts, config)


def test_words_are_what_stands_between_spaces_and_a_line_end_is_a_mark() -> None:
    tokenizer = learnt("word", " no it was n't black monday \n but <unk> n.v. N \n")
    assert tokenizer.vocabulary[:2] == ["<unk>", "<eos>"]
    assert set(tokenizer.vocabulary[2:]) == {*["no", "it", "was", "n't", "black", "monday", "but", "n.v.", "N"]}
    numbers = tokenizer.numbers("it was <unk>  tuesday\nN\n").tolist()
    assert [tokenizer.vocabulary[number] for number in numbers] == [
        "it",
        "was",
        "<unk>",
        "<unk>",
        "<eos>",
        "N",
        "<eos>",
    ]
    assert tokenizer.decode(numbers) == "it was <unk> <unk>\nN\n"


def test_numbers_go_from_frequent_to_rare_and_then_by_unicode() -> None:
    tokenizer = learnt("character", "bbaac")
    assert tokenizer.vocabulary == ["<unk>", "<eos>", "a", "b", "c"]
    assert learnt("word", "b b b a a c d", vocabulary_size=5).vocabulary == ["<unk>", "<eos>", "b", "a", "c"]


def test_a_character_that_spells_a_mark_is_a_character() -> None:
    tokenizer = learnt("character", "<eos>\n")
    assert tokenizer.decode(tokenizer.numbers("<eos>\n").tolist()) == "<eos>\n"
    assert tokenizer.mark not in tokenizer.numbers("<eos>\n")
    assert tokenizer.numbers("z").tolist() == [tokenizer.unknown]


@pytest.mark.parametrize("unit", ["character", "byte-pair"])
@given(text=st.text(min_size=1, max_size=60))
def test_every_text_comes_back(unit: str, text: str) -> None:
    tokenizer = learnt(unit, text, vocabulary_size=300)
    assert tokenizer.decode(tokenizer.numbers(text).tolist()) == text


def test_byte_pairs_know_every_text_and_hand_out_whole_characters() -> None:
    tokenizer = learnt("byte-pair", "abc abc", vocabulary_size=300)
    assert tokenizer.unknown is None
    numbers = tokenizer.numbers("\u00e9a").tolist()
    assert len(numbers) == 3
    assert list(tokenizer.pieces(numbers)) == ["", "\u00e9", "a"]


def test_marks_stand_before_a_text_and_behind_it() -> None:
    tokenizer = learnt("character", "ab")
    rows = [row.tolist() for row in tokenizer.marked(["ab", ""], end=True).rows()]
    assert rows == [[1, 2, 3, 1], [1, 1]]
    assert [row.tolist() for row in tokenizer.marked(["ab"], end=False).rows()] == [[1, 2, 3]]


def test_lower_case() -> None:
    assert learnt("word", "A a\n", lowercase=True).vocabulary == ["<unk>", "<eos>", "a"]


@pytest.mark.parametrize("unit", ["word", "character", "byte-pair"])
def test_through_json(unit: str) -> None:
    tokenizer = learnt(unit, "the cat sat\non the mat\n", vocabulary_size=300)
    again = LanguageTokenizer.restored(tokenizer.to_json(), unit)
    text = "a cat\nsat on"
    assert again.numbers(text).tolist() == tokenizer.numbers(text).tolist()
    assert again.vocabulary == tokenizer.vocabulary


def test_bad_input() -> None:
    with pytest.raises(InputError, match="There is no word in the texts, so there is nothing to learn from"):
        learnt("word", " \n", "")
    with pytest.raises(
        InputError, match="This tokenizer has no <eos> or no <unk>, so it is not one of a language model"
    ):
        LanguageTokenizer.restored(TextTokenizer.train(["a b"], TokenizerConfig()).to_json(), "word")


def test_many_lines_are_read_in_several_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a b\nc\n\nd a\nb"
    tokenizer = learnt("word", text)
    whole = tokenizer.numbers(text).tolist()
    monkeypatch.setattr("gatecell.data.language._LINES_AT_ONCE", 2)
    assert tokenizer.numbers(text).tolist() == whole
    assert len(whole) == 10


def test_as_small_as_a_vocabulary_can_be() -> None:
    assert learnt("character", "aab", vocabulary_size=3).vocabulary == ["<unk>", "<eos>", "a"]
    assert len(learnt("byte-pair", "aab", vocabulary_size=257)) == 257
    with pytest.raises(
        OptionError, match=r"every one of 256 bytes beside the 1 marks \(<eos>\). Set it to at least 257"
    ):
        learnt("byte-pair", "aab", vocabulary_size=256)

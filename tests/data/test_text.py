"""Tokenizers: what is a token, what stays in the vocabulary, what comes back, and texts that are none."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.data.text import MARKS, UNITS, TextTokenizer, TokenizerConfig, _core, _trainer
from gatecell.data.word_pattern import EARLIER_WORD

TEXTS = [
    "A film, a good film!",
    "It's bad. Don\u2019t go, it's LONG",
    "\u4e2d\u6587\u7535\u5f71\u5f88\u597d 2024",
    "na\u00efve caf\u00e9",
]


def tokenizer_of(unit: str = "word", **changes: Any) -> TextTokenizer:
    return TextTokenizer.train(TEXTS, TokenizerConfig(unit=unit, **{"vocabulary_size": 400, **changes}))  # type: ignore[arg-type]


def numbers(tokenizer: TextTokenizer, text: str) -> list[int]:
    return [int(number) for number in tokenizer.encode([text]).rows()[0]]


def test_words() -> None:
    tokenizer = tokenizer_of()
    assert tokenizer.split("A film, a (good) FILM!!") == ["a", "film", "a", "good", "film"]
    assert tokenizer.split("it's   don\u2019t\nbad") == ["it's", "don\u2019t", "bad"]
    assert tokenizer.split("'film'") == ["film"]
    assert tokenizer.split("unseen film") == ["[UNK]", "film"]
    assert tokenizer.split("\u5f88\u597d2024") == ["\u5f88", "\u597d", "2024"]


@settings(deadline=None)
@given(st.lists(st.text(alphabet=st.sampled_from("abAB01_'-.[] \n\x00\t$+^`<") | st.characters(codec="ascii"))))
@example(["[PAD] a'b 'a' a''b a'", "A_0 -1 a.b"])
def test_plain_words_are_those_of_the_library(texts: list[str]) -> None:
    for lowercase in (True, False):
        config = TokenizerConfig(vocabulary_size=7, lowercase=lowercase)
        library = TextTokenizer(_core(config))
        library._words = None
        library.core.train_from_iterator(texts, _trainer(config), length=len(texts))
        if len(library) == len(MARKS):
            continue
        own = TextTokenizer.train(texts, config)
        assert own.to_json() == library.to_json()
        assert own._words is not None
        for tokenizer in (own, TextTokenizer.from_json(own.to_json())):
            assert tokenizer.encode(texts).values.tolist() == library.encode(texts).values.tolist()


def test_the_vocabulary_of_any_text_is_the_one_of_the_library() -> None:
    config = TokenizerConfig(vocabulary_size=12)
    core = _core(config)
    core.train_from_iterator(TEXTS, _trainer(config), length=len(TEXTS))
    assert TextTokenizer.train(TEXTS, config).to_json() == core.to_str()


@pytest.mark.parametrize("part", ["normalizer", "pre_tokenizer", "model"])
def test_the_short_way_is_for_our_words_alone(part: str) -> None:
    core = Tokenizer.from_str(tokenizer_of().to_json())
    assert TextTokenizer(core)._words is not None
    if part == "normalizer":
        core.normalizer = normalizers.Lowercase()
    elif part == "pre_tokenizer":
        core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        assert TextTokenizer(core).split("film, good") == ["[UNK]", "good"]
    else:
        core.model = models.WordLevel({"film": 0}, unk_token="[none]")
    assert TextTokenizer(core)._words is None
    assert tokenizer_of("character")._words is None


def test_one_word_in_either_unicode_form() -> None:
    tokenizer = tokenizer_of()
    for text in ("caf\u00e9", "cafe\u0301", "\uff43\uff41\uff46\u00e9"):
        assert tokenizer.split(text) == ["caf\u00e9"]


def test_emoji_are_words() -> None:
    tokenizer = TextTokenizer.train(["good \U0001f44d\U0001f44d"], TokenizerConfig())
    assert tokenizer.split("\U0001f44d!") == ["\U0001f44d"]


def test_characters() -> None:
    tokenizer = tokenizer_of("character")
    assert tokenizer.split("\u4e2d\u6587 a\n") == ["\u4e2d", "\u6587", " ", "a", "[UNK]"]
    assert tokenizer.decode(numbers(tokenizer, "\u7535\u5f71\u5f88\u597d")) == "\u7535\u5f71\u5f88\u597d"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_byte_pairs_know_every_text(text: str) -> None:
    tokenizer = BYTE_PAIRS
    normal = tokenizer.core.normalizer.normalize_str(text)
    tokens = numbers(tokenizer, text)
    assert tokenizer.decode(tokens) == normal
    assert tokens == [1] or 1 not in tokens


BYTE_PAIRS = tokenizer_of("byte-pair")


def test_byte_pairs_are_the_frequent_ones() -> None:
    tokenizer = TextTokenizer.train(["abab abab abab"], TokenizerConfig(unit="byte-pair", vocabulary_size=262))
    assert tokenizer.vocabulary[260:] == ["ab", "abab"]


@pytest.mark.parametrize("unit", UNITS)
def test_the_vocabulary_begins_with_the_marks_and_has_its_limit(unit: str) -> None:
    fewest = 261 if unit == "byte-pair" else 6
    tokenizer = tokenizer_of(unit, vocabulary_size=fewest)
    assert tokenizer.vocabulary[:4] == list(MARKS)
    assert len(tokenizer) == len(tokenizer.vocabulary) == fewest
    assert [tokenizer.number(token) for token in MARKS] == [0, 1, 2, 3]
    assert tokenizer.number("nothing at all") is None


def test_the_most_frequent_stay_and_the_order_of_the_texts_does_not_matter() -> None:
    texts = ["c c c", "b b", "a a", "d"]
    one = TextTokenizer.train(texts, TokenizerConfig(vocabulary_size=6))
    assert one.vocabulary[4:] == ["c", "a"]
    assert TextTokenizer.train(texts[::-1], TokenizerConfig(vocabulary_size=6)).to_json() == one.to_json()


def test_case_counts_where_it_is_asked_for() -> None:
    assert tokenizer_of(lowercase=False).split("A a FILM") == ["A", "a", "[UNK]"]


@pytest.mark.parametrize("unit", UNITS)
def test_an_empty_text_is_one_unknown_token(unit: str) -> None:
    rows = tokenizer_of(unit).encode(["", "film"]).rows()
    assert rows[0].tolist() == [1]
    assert 1 not in rows[1].tolist()


def test_a_mark_in_a_text_is_only_letters() -> None:
    tokenizer = TextTokenizer.train(["pad"], TokenizerConfig())
    assert tokenizer.split("[PAD]") == ["pad"]
    assert TextTokenizer.from_json(tokenizer.to_json()).split("[PAD]") == ["pad"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_tokenizer_is_json(unit: str) -> None:
    tokenizer = tokenizer_of(unit)
    again = TextTokenizer.from_json(tokenizer.to_json())
    assert again.to_json() == tokenizer.to_json()
    assert all(numbers(again, text) == numbers(tokenizer, text) for text in TEXTS)
    with pytest.raises(InputError, match=r"This is not a tokenizer: "):
        TextTokenizer.from_json("{}")


def test_many_texts_are_those_of_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatecell.data.text._TEXTS_AT_ONCE", 3)
    tokenizer = tokenizer_of()
    many = tokenizer.encode(TEXTS * 2).rows()
    assert [row.tolist() for row in many] == [numbers(tokenizer, text) for text in TEXTS * 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary_size": 4}, r"vocabulary_size=4 has no room for a word beside the 4 marks \(\[PAD\], .* least 5"),
        ({"unit": "byte-pair", "vocabulary_size": 259}, r"no room for every one of 256 bytes .* at least 260"),
        ({"vocabulary_size": 0}, "vocabulary_size must be an integer of at least 1, got 0"),
        ({"lowercase": 1}, "lowercase must be True or False, got 1"),
    ],
)
def test_options(change: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TokenizerConfig(**change)
    with pytest.raises(UnknownNameError, match=r"There is no unit named 'words'. Did you mean 'word'"):
        TokenizerConfig(unit="words")  # type: ignore[arg-type]


def test_texts_without_a_word() -> None:
    with pytest.raises(InputError, match=r"There is no word in any of the 2 texts, so there is nothing to learn from"):
        TextTokenizer.train(["", " !?"], TokenizerConfig())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I \u2764\ufe0f you \u2764", ["i", "\u2764", "you", "\u2764"]),
        ("\U0001f44d\U0001f3fd!", ["\U0001f44d"]),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f600",
            ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f600"],
        ),
        ("\U0001f469\U0001f3fd\u200d\U0001f4bb", ["\U0001f469\U0001f3fd\u200d\U0001f4bb"]),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"]),
        ("\u0e23\u0e31\u0e01 \u0e51\u0e52", ["\u0e23\u0e31", "\u0e01", "\u0e51\u0e52"]),
        ("\u0e94\u0eb5\u0e9a", ["\u0e94\u0eb5", "\u0e9a"]),
        ("\u179f\u17d2\u178f\u17b8\u1780", ["\u179f\u17d2\u178f\u17b8", "\u1780"]),
        ("\u1019\u103c\u1014\u103a\u1019\u102c", ["\u1019\u103c", "\u1014\u103a", "\u1019\u102c"]),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902",
            ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u092e\u0947\u0902"],
        ),
        ("\u0915\u094d\u200d\u0937", ["\u0915\u094d\u200d\u0937"]),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"]),
        ("\u05e6\u05d4\u05f4\u05dc", ["\u05e6\u05d4\u05f4\u05dc"]),
        ("co\u00adoperate", ["cooperate"]),
        ("\U00020000\U0002a700", ["\U00020000", "\U0002a700"]),
        ("\u845b\U000e0100\u57ce", ["\u845b", "\u57ce"]),
        ("\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab", ["\ud55c\uad6d\uc5b4", "\ud55c"]),
        ("\u30b3\u30fc\u30d2\u30fcab", ["\u30b3", "\u30fc", "\u30d2", "\u30fc", "ab"]),
        ("don\u2019t a_b x2 'quoted'", ["don\u2019t", "a_b", "x2", "quoted"]),
        ("t\u0337e\u0337", ["t\u0337e\u0337"]),
        ("\u0301 \ufe0f", ["[UNK]"]),
    ],
)
def test_words_of_every_script(text: str, expected: list[str]) -> None:
    assert TextTokenizer.train([text, "a"], TokenizerConfig()).split(text) == expected


def test_a_tokenizer_of_an_earlier_version_keeps_its_rule() -> None:
    core = Tokenizer.from_str(tokenizer_of().to_json())
    core.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    core.pre_tokenizer = pre_tokenizers.Split(Regex(EARLIER_WORD), "removed", invert=True)
    vocabulary = {token: number for number, token in enumerate((*MARKS, "\u0e23\u0e31\u0e01", "\ufe0f", "film"))}
    core.model = models.WordLevel(vocabulary, unk_token="[UNK]")
    earlier = TextTokenizer.from_json(core.to_str())
    assert numbers(earlier, "\u0e23\u0e31\u0e01 \u2764\ufe0f") == [4, 1, 5]
    # with the short way for ASCII texts
    assert earlier._words is not None
    assert numbers(earlier, "Film!") == [6]

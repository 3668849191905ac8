"""Words of ASCII texts; that they are those of the library is tested with the tokenizers."""

from gatecell.data.words import AsciiWords, count_words


def test_words_are_counted() -> None:
    assert count_words(["Film, film!", "don't 'film'"], lowercase=True) == {"film": 3, "don't": 1}
    assert count_words(["Film, film!"], lowercase=False) == {"Film": 1, "film": 1}


def test_words_become_numbers() -> None:
    words = AsciiWords({"film": 4, "Film": 5}, unknown=1, lowercase=False)
    assert words.encode("Film: a film").tolist() == [5, 1, 4]
    assert AsciiWords({"film": 4}, unknown=1, lowercase=True).encode("FILM").tolist() == [4]
    assert words.encode("").tolist() == []

import unicodedata

import pytest

from gatecell._core.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\x08c\x7f\x00", "a\\rb\\x08c\\x7f\\x00"),
        ("abc\u202egpj.exe\u2066\u200f", "abc\\u202egpj.exe\\u2066\\u200f"),
        ("\U000e0041\ud83d\ufeff\u2028", "\\U000e0041\\ud83d\\ufeff\\u2028"),
        ("plain, é, 中文, 👩\u200d👩, \\x1b", "plain, é, 中文, 👩\u200d👩, \\x1b"),
    ],
)
def test_what_steers_is_shown_and_all_else_is_as_it_is(text: str, shown: str) -> None:
    assert visible(text) == shown == visible(shown)


def test_line_ends_and_tabs_stay_unless_it_is_one_line() -> None:
    assert visible("a\tb\nc") == "a\tb\nc"
    assert visible("a\tb\nc", line=True) == "a\\tb\\nc"


def test_no_control_character_is_forgotten() -> None:
    every = [chr(code) for code in range(0x110000)]
    steering = [c for c in every if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\t\n"]
    steering += [c for c in every if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI")]
    assert [hex(ord(c)) for c in steering if visible(c) == c] == []

"""What a word is, as a pattern of Unicode: the rule that a tokenizer of words keeps in its JSON."""

_ONE_BY_ONE = r"\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}"
_CLUSTERS = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}]&&\p{L}"
_SPACELESS = rf"[[{_ONE_BY_ONE}][{_CLUSTERS}]]"
_FIRST = rf"[[\p{{L}}\p{{N}}_]&&[^{_SPACELESS}]]"
_NEXT = rf"[[\p{{L}}\p{{N}}\p{{M}}_]&&[^{_SPACELESS}]]"

WORD = "|".join(
    (
        # a flag is two letters of its own kind
        r"[\x{1F1E6}-\x{1F1FF}]{2}",
        # symbols that are joined to one, as a family is; each may have a colour of skin before the joiner
        r"\p{So}(?:[\x{1F3FB}-\x{1F3FF}]?\x{200D}\p{So})*",
        # a Khmer or Burmese letter may stand beneath another
        rf"{_SPACELESS}(?:[\x{{17D2}}\x{{1039}}]{_SPACELESS}|\p{{M}})*",
        # ZWNJ and ZWJ shape the letters of one word in Persian and the scripts of India
        rf"{_FIRST}{_NEXT}*(?:['\x{{2019}}\x{{05F3}}\x{{05F4}}]{_FIRST}{_NEXT}*|[\x{{200C}}\x{{200D}}]{_NEXT}+)*",
    )
)
"""Letters, digits and their marks in a row, with apostrophes inside (``don't``). Of a script that is written without
spaces a character with its marks is a word by itself, as is a symbol such as an emoji. Punctuation and spaces only
separate."""

UNSEEN = r"[\x{00AD}\x{180B}-\x{180D}\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]"
"""What has no meaning for a word and is left out: soft hyphens, and selectors of how the character before is drawn."""

_EARLIER_IN_WORD = r"[[\p{L}\p{N}\p{M}_]&&[^\p{Han}\p{Hiragana}\p{Katakana}]]+"
EARLIER_WORD = rf"[\p{{Han}}\p{{Hiragana}}\p{{Katakana}}\p{{So}}]|{_EARLIER_IN_WORD}(?:['\u2019]{_EARLIER_IN_WORD})*"
"""The rule of tokenizers up to version 0.1; they keep it. On ASCII texts the two are one."""

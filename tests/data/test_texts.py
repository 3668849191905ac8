"""Lists of texts, and what is none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from gatecell._core.errors import InputError
from gatecell.data.texts import Texts


def test_selection() -> None:
    texts = Texts.from_input(["a", "b", "\u00e9"])
    assert texts.select(torch.tensor([2, 0])).rows == ["\u00e9", "a"]
    assert list(texts.row_bytes()) == [b"a", b"b", b"\xc3\xa9"]
    assert Texts.from_input(texts) is texts


def test_texts_may_come_in_any_container() -> None:
    for texts in (["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Series(["a", "b"]), np.array(["a", "b"], object)):
        assert Texts.from_input(texts).rows == ["a", "b"]
        assert {type(text) for text in Texts.from_input(texts).rows} == {str}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", r"X is one text. Give a list of texts, as \[X\]"),
        ([], "X has no texts: it is empty"),
        (3, "X must be a list of texts, got int"),
        ({"a", "b"}, "X is a set, which is not a list of texts. Give one, in an order"),
        ({"a": "b"}, "X is a dict, which is not a list of texts"),
        (np.array([["a"]]), r"X must be a list of texts, got an array of shape \(1, 1\)"),
        (pd.DataFrame({"text": ["a"]}), "X is a table. Give one column of it, as X"),
        (["a", None], r"X\[1\] is missing \(None\). Leave the row out, or give an empty text"),
        (pd.Series(["a", None]), r"X\[1\] is missing"),
        (["a", float("nan")], r"X\[1\] is missing \(nan\)"),
        (["a", 3], r"X\[1\] is not a text but int \(3\)"),
        (["a", b"caf\xe9 x"], r"X\[1\] is bytes, and not in UTF-8: it has e9 at byte 3. Decode it with the encoding"),
        (["a", b"b"], r'X\[1\] is bytes, not text. Decode it, as text.decode\("utf-8"\)'),
        (["a", "b\udce9"], r"X\[1\] has '.udce9' at character 1, which is half a character: .* another encoding"),
    ],
)
def test_what_is_no_text(texts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Texts.from_input(texts)

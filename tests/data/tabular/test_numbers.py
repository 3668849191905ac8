"""Decimal marks: found, told, or asked for; never guessed."""

import pytest

from gatecell._core.errors import InputError, OptionError
from gatecell.data.tabular.numbers import decimal_mark, numbers_of


def mark(*columns: list[str], usual: str | None = None) -> str:
    named = [(f"c{place}", column) for place, column in enumerate(columns)]
    return decimal_mark(named, "d.csv", lambda row: f"line {row + 2}", usual)


@pytest.mark.parametrize(
    ("columns", "usual", "expected"),
    [
        ((["1.5", "2"],), None, "."),
        ((["1,5", "2"],), None, ","),
        ((["0,123", "1,234"],), None, ","),
        ((["1,234"], ["2,5"]), None, ","),
        ((["a, b", "c"], ["2.5", ""]), None, "."),
        ((["1,234"],), ",", ","),
        ((["21.5", "1.234"],), ",", "."),
        ((["1.234"],), None, "."),
        ((["01.02.2026", "x"], ["2,5", "NA"]), None, ","),
        (([],), ",", "."),
    ],
)
def test_what_the_cells_say(columns: tuple[list[str], ...], usual: str | None, expected: str) -> None:
    assert mark(*columns, usual=usual) == expected


@pytest.mark.parametrize(
    ("columns", "usual"), [((["1,234", "2"],), None), ((["1,234"], ["2.5"]), None), ((["1.234"],), ",")]
)
def test_what_may_be_a_thousand(columns: tuple[list[str], ...], usual: str | None) -> None:
    with pytest.raises(OptionError, match=r"d\.csv: c0 is '1[.,]234' in line 2, which may be 1\.234 or 1234\. Say"):
        mark(*columns, usual=usual)


@pytest.mark.parametrize("other", ["2.5", "1.234"])
def test_both_marks(other: str) -> None:
    with pytest.raises(InputError, match=r"c0 is '1,5' in line 2, but c1 is '.*' in line 2: one of the marks stands"):
        mark(["1,5"], [other])


def test_a_column_of_truths_and_of_missing_ones() -> None:
    assert numbers_of(["True", "", "FALSE"]).values[[0, 2]].tolist() == [1, 0]
    assert numbers_of(["NA", "", "nan"]).are_text
    assert numbers_of([True, None, 1]).wrong.tolist() == [0]
    assert numbers_of(["1e5", " 3 ", "+.5", "-inf"]).values.tolist() == [1e5, 3, 0.5, float("-inf")]
    assert numbers_of(["1_0", "0x1", "1 2", "--1"]).wrong.tolist() == [0, 1, 2, 3]
    assert numbers_of([10**400]).values.tolist() == [float("inf")]

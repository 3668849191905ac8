"""What a report shows of a search."""

from dataclasses import replace

from gatecell.reporting.blocks import Paragraph, Picture, Table
from gatecell.reporting.tuning import search_card, search_section
from gatecell.tuning.trials import Trial, Tuning

TUNING = Tuning(
    trials=(
        Trial(number=0, state="finished", params={"h": 2, "p": "<b>"}, score=0.5, scores=(0.4, 0.6), seconds=1.0),
        Trial(number=1, state="failed", params={"h": 3, "p": "<b>"}, error="ValueError: <i>no</i>"),
        Trial(number=3, state="pruned", params={"h": 3, "p": "m"}, losses=(1.0, 2.0)),
        Trial(number=4, state="finished", params={"h": 4, "p": "m"}, score=0.9, scores=(0.8, 1.0), seconds=2.0),
    ),
    space={"h": ["2", "3", "4"], "p": ['"<b>"', '"m"']},
    scoring="accuracy",
    evaluation="2 folds, the mean of their scores",
    by="Optuna",
    seconds=3.0,
    importances={"h": 0.7, "p": 0.3},
)


def test_the_section_of_a_search() -> None:
    blocks = search_section(TUNING).blocks
    words = " ".join(block.text for block in blocks if isinstance(block, Paragraph))
    assert "By Optuna: 2 finished, 1 pruned, 1 failed, in 3.0 s. Best: h=4, p=m." in words
    assert "rows that took no part in the search" in words
    trials, failed = (block for block in blocks if isinstance(block, Table))
    assert [row[0] for row in trials.rows] == ["4", "0", "1", "3"]
    assert trials.rows[0][1:3] == ["0.9000", "0.1000"]
    assert failed.rows == [["1", "h=3, p=<b>", "ValueError: <i>no</i>"]]
    pictures = [block for block in blocks if isinstance(block, Picture)]
    # the trials, the shares, a slice of each parameter
    assert len(pictures) == 4
    assert all("<svg" in picture.svg and "<b>" not in picture.svg for picture in pictures)
    assert search_card(TUNING).value[0] == 0.9


def test_without_shares_there_is_no_picture_of_them() -> None:
    few = replace(TUNING, importances={})
    assert sum(isinstance(block, Picture) for block in search_section(few).blocks) == 3

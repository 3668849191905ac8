"""The page: what it says, that it is safe, whole, and does not take what is not its own."""

import errno
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gatecell import LSTMClassifier, LSTMRegressor, LSTMTextClassifier
from gatecell._core.errors import OptionError
from gatecell.estimators.base import LSTMEstimator
from gatecell.recipes.scoring import judge
from gatecell.reporting.blocks import Figure, Table, figure
from gatecell.reporting.general import duration, less_is_better, next_step, verdict
from gatecell.reporting.report import _headline, write_report
from gatecell.reporting.subject import Judged, Origin
from gatecell.reporting.worst import worst_section

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6, 2))
MARKUP = '<script>alert("x")</script> & <b>bold</b>'


class Seen(HTMLParser):
    """Tags, numbers and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.numbers: list[float] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "data":
            self.numbers.append(float(found["value"] or "nan"))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def classifier() -> LSTMClassifier:
    y = np.where(X[:, :, 0].mean(axis=1) > 0, "<up>", "down & out")
    return LSTMClassifier(hidden_size=4, max_epochs=3, learning_rate=0.02, validation_fraction=0.2, random_state=0).fit(
        X, y
    )


def judged(model: LSTMEstimator, rows: Any, y: Any, **rest: Any) -> Judged:
    return Judged(judgement=judge(model, rows, y), X=rows, what="the test part", **rest)


def page(path: Path) -> Seen:
    return Seen(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model() -> LSTMClassifier:
    return classifier()


def test_a_page_of_classes_says_all_of_it(model: LSTMClassifier, tmp_path: Path) -> None:
    labels = model.predict(X)
    labels[0] = next(label for label in model.classes_ if label != labels[0])
    look = judged(model, X, labels)
    origin = Origin(
        title="my run",
        command="gatecell run my --seed 7",
        seed=7,
        data="60 rows",
        parts={"test": 60, "train": 48, "validation": 12},
        seconds={"fit": 1.5},
        departures=["It departs."],
    )
    seen = page(write_report(tmp_path / "r.html", model, origin=origin, judged=look))
    for text in (
        "my run",
        "gatecell run my --seed 7",
        "Figures on the test part",
        "Better than the best simple rule",
        "Learning curves",
        "Which classes are confused",
        "The worst errors",
        "What it looks at",
        "lstm.0 (LSTM)",
        "version of torch",
        "It departs.",
        "lstm.0, training:",
        "hidden_size",
        "train part 48 rows validation part 12 rows test part 60 rows",
        "steps a row 6",
        "forget gate f",
    ):
        assert text in seen.text, text
    assert set(look.judgement.metrics().values()) <= set(seen.numbers)
    assert seen.tags.count("svg") == 11


def test_a_page_needs_nothing_else(model: LSTMClassifier, tmp_path: Path) -> None:
    path = write_report(tmp_path / "r.html", model, judged=judged(model, X, model.predict(X)))
    seen = page(path)
    assert not {"script", "link", "iframe", "object", "form"} & set(seen.tags)
    assert all(link.startswith(("#", "data:image/png")) for link in seen.links)
    assert not re.findall(r"url\((?!#)", path.read_text())
    assert "@import" not in path.read_text()


def test_markup_stays_text(tmp_path: Path) -> None:
    texts = [f"{MARKUP} good {k}" if k % 2 else f"bad </style><img src=x onerror=y> {k}\x07" for k in range(40)]
    labels = [MARKUP if k % 2 else "<i>$neg$</i>" for k in range(40)]
    model = LSTMTextClassifier(hidden_size=4, max_epochs=2, pooling="attention", random_state=0).fit(texts, labels)
    look = judged(model, texts, np.array(labels), names=[f'"><u>{k}</u>' for k in range(40)])
    path = write_report(
        tmp_path / "r.html", model, origin=Origin(title=MARKUP, data=MARKUP, command=MARKUP), judged=look
    )
    seen = page(path)
    assert not {"script", "img", "b", "i", "u"} & set(seen.tags) - {"b"}
    # the cards' own
    assert seen.tags.count("b") == path.read_text().count('<div class="card">')
    assert MARKUP in seen.text
    assert "<i>$neg$</i>" in seen.text
    assert "\x07" not in seen.text
    assert "Attention" in seen.text


def test_a_page_of_numbers(tmp_path: Path) -> None:
    y = np.stack([X[:, :, 0].sum(axis=1), X[:, :, 1].sum(axis=1)], axis=1)
    model = LSTMRegressor(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    look = judged(model, X, y)
    seen = page(write_report(tmp_path / "r.html", model, judged=look))
    assert "On the line it is right, number 1" in seen.text
    assert set(look.judgement.metrics().values()) <= set(seen.numbers)


def test_several_labels_and_a_table_and_many_classes(tmp_path: Path) -> None:
    table = X[:, :, 0]
    sets = np.stack([table[:, 0] > 0, table[:, 1] > 0], axis=1).astype(int)
    model = LSTMClassifier(hidden_size=4, max_epochs=1, random_state=0).fit(table, sets)
    assert "hamming loss" in page(write_report(tmp_path / "a.html", model, judged=judged(model, table, sets))).text
    many = LSTMClassifier(hidden_size=4, max_epochs=1, random_state=0).fit(np.tile(table, (2, 1)), np.arange(120) % 31)
    seen = page(write_report(tmp_path / "b.html", many, judged=judged(many, table, np.arange(60) % 31)))
    assert "The confusion matrix of 31 classes is too large to draw." in seen.text


def test_images_have_their_rows_from_above(tmp_path: Path) -> None:
    images = RNG.normal(size=(20, 5, 5))
    model = LSTMClassifier(hidden_size=4, max_epochs=1, random_state=0).fit(images, np.arange(20) % 2)
    seen = page(write_report(tmp_path / "r.html", model, judged=judged(model, images, np.arange(20) % 2)))
    assert "a line a step, from above" in seen.text


def test_ragged_rows_and_one_row(model: LSTMClassifier, tmp_path: Path) -> None:
    rows = [row[: 2 + index % 5] for index, row in enumerate(X)]
    assert (
        "2 to 6" in page(write_report(tmp_path / "a.html", model, judged=judged(model, rows, model.predict(rows)))).text
    )
    one = judged(model, X[:1], model.predict(X[:1]))
    assert "steps a row 6 " in page(write_report(tmp_path / "b.html", model, judged=one)).text


def test_chinese_classes_and_texts(tmp_path: Path) -> None:
    texts, labels = ["很好看的电影", "很差的电影"] * 20, ["好评", "差评"] * 20
    model = LSTMTextClassifier(tokens="character", hidden_size=4, max_epochs=2, random_state=0).fit(texts, labels)
    text = write_report(tmp_path / "r.html", model, judged=judged(model, texts, np.array(labels))).read_text("utf-8")
    assert "好评</text>" in re.sub(r"\s+</text>", "</text>", text)
    assert "很差的电影" in text


def test_without_rows_it_says_why(model: LSTMClassifier, tmp_path: Path) -> None:
    seen = page(write_report(tmp_path / "r.html", model, why_not="The data are not here."))
    assert "The data are not here." in seen.text
    assert "No rows were judged here." in seen.text
    assert "Learning curves" in seen.text


def test_a_report_is_replaced_but_nothing_else(model: LSTMClassifier, tmp_path: Path) -> None:
    path = write_report(tmp_path / "r.html", model, origin=Origin(title="first"))
    write_report(path, model, origin=Origin(title="second"))
    assert "second" in path.read_text()
    mine = tmp_path / "mine.html"
    mine.write_text("<p>My own page</p>")
    with pytest.raises(OptionError, match=r"mine.html is there already, and is no report of Gatecell"):
        write_report(mine, model)
    assert mine.read_text() == "<p>My own page</p>"
    with pytest.raises(OptionError, match="is a folder. Name a file for the report"):
        write_report(tmp_path, model)


def test_a_full_disk_leaves_the_earlier_report(
    model: LSTMClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_report(tmp_path / "r.html", model, origin=Origin(title="first"))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(path, model, origin=Origin(title="second"))
    assert "first" in path.read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["r.html"]


def test_verdicts() -> None:
    told: Any = SimpleNamespace(headline="mae", figures={"mae": 1.0}, intervals={"mae": (0.9, 1.1)})
    told.baselines = {"last_value": {"mae": 2.0}, "mean": {"mae": 3.0}}
    assert verdict(told).startswith("Better than the best simple rule (last value, mae 2.0000)")
    told.baselines = {"last": {"mae": 0.5}}
    assert verdict(told).startswith("Worse than")
    told.baselines = {"last": {"mae": 1.05}}
    assert verdict(told).startswith("Not to be told apart from")
    told.baselines = {}
    assert verdict(told) == "No simple rule is known to compare with."


def test_what_to_try_where_a_simple_rule_is_not_beaten() -> None:
    """The advice follows what the training shows."""
    estimator: Any = SimpleNamespace(history_=range(30), training_=SimpleNamespace(best_epoch=30, stopped_early=False))
    assert next_step(estimator).startswith("Try more epochs first (--set max_epochs=60): the last one was the best")
    for best, stopped in ((20, True), (30, True), (20, False), (None, False)):
        estimator.training_ = SimpleNamespace(best_epoch=best, stopped_early=stopped)
        assert next_step(estimator).startswith("Try a search of the learning rate and the size first (gatecell tune)")


@pytest.mark.parametrize(("accuracy", "tried"), [(0.2, True), (0.5, True), (0.9, False)])
def test_a_headline_that_is_not_good_says_what_to_try(model: LSTMClassifier, accuracy: float, tried: bool) -> None:
    told: Any = SimpleNamespace(
        headline="accuracy",
        figures={"accuracy": accuracy},
        intervals={"accuracy": (accuracy - 0.1, accuracy + 0.1)},
        baselines={"majority": {"accuracy": 0.5}},
        verdicts=list,
    )
    found = _headline(model, told)
    assert found.startswith(verdict(told))
    assert found.endswith(next_step(model)) == tried


def test_numbers_as_text() -> None:
    assert figure(0.12345) == Figure(0.12345, "0.1235")
    assert figure(0.0).text == "0.0000"
    assert figure(123456.0).text == "123,456"
    assert figure(1e-9).text == "1.000e-09"
    assert figure(-3.2e9).text == "-3.200e+09"
    assert (duration(3.21), duration(125)) == ("3.2 s", "2 min 5 s")
    assert less_is_better("calibration_error")
    assert not less_is_better("f1_macro")


def test_only_rows_that_are_wrong_are_errors(model: LSTMClassifier, tmp_path: Path) -> None:
    said = model.predict(X)
    right = page(write_report(tmp_path / "right.html", model, judged=judged(model, X, said)))
    assert f"None: the answer to each of the {len(X)} rows is right" in right.text
    labels = said.copy()
    labels[3] = next(label for label in model.classes_ if label != said[3])
    section = worst_section(judged(model, X, labels, names=[f"row {place}" for place in range(len(X))]))
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == ["row 3"]

import logging
import warnings
from collections.abc import Iterator

import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from gatecell.plotting import fonts
from gatecell.plotting.confusion import ConfusionMatrixDisplay
from gatecell.plotting.fonts import MissingFontWarning, chinese_family, use_chinese_fonts


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    chinese_family.cache_clear()
    yield
    chinese_family.cache_clear()


def test_chinese_class_names_are_drawn(tmp_path: object, caplog: pytest.LogCaptureFixture) -> None:
    if chinese_family() is None:
        pytest.skip("needs a font with Chinese characters, as Debian's fonts-noto-cjk")
    figure = Figure()
    ConfusionMatrixDisplay.from_predictions(["财经", "体育"], ["财经", "体育"], ax=figure.subplots())
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")  # matplotlib warns of a glyph that is missing
        figure.savefig(f"{tmp_path}/x.png")
    assert not caplog.records


def test_without_a_font_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "CJK_FAMILIES", ("No Such Family",))
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    ax = Figure().subplots()
    ax.set_title("Größe, naïve")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        use_chinese_fonts(ax)
    ax.set_title("学习")
    with pytest.warns(MissingFontWarning, match="apt install fonts-noto-cjk"):
        use_chinese_fonts(ax)


def test_fonts_that_were_installed_later_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ["DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "get_font_names", lambda: known)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/f/NotoSansCJK-Regular.ttc", "/f/Other.ttf"])
    monkeypatch.setattr(font_manager.fontManager, "addfont", lambda path: known.append("Noto Sans CJK JP"))
    assert chinese_family() == "Noto Sans CJK JP"
    assert len(known) == 2


def test_only_texts_that_need_it_get_another_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "chinese_family", lambda: "Some Family")
    ax = Figure().subplots()
    ax.set(title="学习 curves", xlabel="epoch")
    use_chinese_fonts(ax)
    use_chinese_fonts(ax)
    assert ax.title.get_fontfamily() == ["sans-serif", "Some Family"]
    assert ax.xaxis.label.get_fontfamily() == ["sans-serif"]


def test_a_dollar_sign_is_no_mathematics() -> None:
    figure = Figure()
    ConfusionMatrixDisplay.from_predictions(["$x^$", "b"], ["$x^$", "b"], ax=figure.subplots())
    figure.savefig("/dev/null", format="png")

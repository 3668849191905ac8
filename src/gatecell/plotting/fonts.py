"""Fonts: Latin as the user has it, Chinese from whatever this machine has."""

import re
import warnings
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.text import Text

CJK_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "STHeiti",
    "Microsoft YaHei",
    "SimHei",
    "SimSun",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "AR PL UMing CN",
    "Arial Unicode MS",
)
"""Families with Chinese characters, as Linux, macOS and Windows have them, the better ones first."""
_FILES = re.compile(
    r"noto.*cjk.*regular|notosanssc|sourcehansans|wqy-|msyh|simhei|simsun|pingfang|droidsansfallback|uming", re.I
)
"""Files of these families: matplotlib's list of fonts is made once, and misses what was installed later."""
_CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


class MissingFontWarning(UserWarning):
    """Chinese text is drawn, and no font of this machine has its characters."""


@cache
def chinese_family() -> str | None:
    """Return the family that draws Chinese characters here; None where there is none."""
    known = _first_known()
    if known is None:
        for path in font_manager.findSystemFonts():
            if _FILES.search(Path(path).name):
                font_manager.fontManager.addfont(path)
        known = _first_known()
    return known


def _first_known() -> str | None:
    installed = set(font_manager.fontManager.get_font_names())
    return next((family for family in CJK_FAMILIES if family in installed), None)


def use_chinese_fonts(drawn: Artist) -> None:
    """Let every text of a figure or of axes that has Chinese characters be drawn in a font that has them, too.

    Displays do it by themselves; call it after a title or label of one's own was set.

    Warns
    -----
    MissingFontWarning
        Where there is no such font on this machine; it says what to install.
    """
    texts = [text for text in drawn.findobj(Text) if isinstance(text, Text) and _CHINESE.search(text.get_text())]
    if not texts:
        return
    family = chinese_family()
    if family is None:
        warnings.warn(
            "No font on this machine has Chinese characters, so they are drawn as empty boxes. Install one, as "
            "`apt install fonts-noto-cjk` on Debian and Ubuntu or `dnf install google-noto-sans-cjk-fonts` on Fedora, "
            "and start Python again.",
            MissingFontWarning,
            stacklevel=3,
        )
        return
    for text in texts:
        known = text.get_fontfamily()
        if family not in known:
            text.set_fontfamily([*known, family])

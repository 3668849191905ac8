"""From the bytes of a file to its text."""

import codecs
import re
from pathlib import Path

from gatecell._core.errors import InputError, OptionError
from gatecell._core.wording import quoted
from gatecell.data.labelled import check_file, opened
from gatecell.data.tabular.dialect import UTF_8

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FREE_EXPANSION, _MOST_EXPANSION = 200 * 2**20, 100
"""Bytes that any compressed file may have when unpacked, and how many times its own size a larger one may have.
Tables of text shrink 3 to 30 times; files made to fill a memory a thousand times."""
_NEAR = 12


def read_text(path: Path, encoding: str = UTF_8) -> str:
    """Return the text of a file, plain or ``.gz``, with its own line ends.

    Raises
    ------
    InputError
        Where the file cannot be read, is not in the encoding, or unpacks to far more than a table would; the message
        says line and byte, counted from 1.
    OptionError
        Where there is no such encoding.
    """
    check_file(path)
    content = _unpacked(path)
    is_default = encoding.lower().replace("_", "-") in (UTF_8, "utf8")
    codec = next((codec for mark, codec in _MARKS if content.startswith(mark)), UTF_8) if is_default else encoding
    try:
        return content.decode(codec)
    except (LookupError, ValueError) as error:
        if not isinstance(error, UnicodeDecodeError):
            raise OptionError(
                f"There is no encoding named {quoted(encoding)}. Known are utf-8, utf-16, cp1252, gb18030, ..."
            ) from error
        raise _not_in(codec if codec != "utf-8-sig" else UTF_8, content, error, path) from error


def _unpacked(path: Path) -> bytes:
    size = path.stat().st_size
    most = max(_FREE_EXPANSION, _MOST_EXPANSION * size) if path.suffix.lower() == ".gz" else -1
    with opened(path) as stream:
        content = stream.read(most + 1 if most >= 0 else -1)
    if 0 <= most < len(content):
        raise InputError(
            f"{path} has {size:,} bytes, but unpacks to more than {most:,}, which tables of text do not. If it is "
            "right, unpack it first."
        )
    return content


def _not_in(encoding: str, content: bytes, error: UnicodeDecodeError, path: Path) -> InputError:
    before = _LINE_END.split(content[: error.start])
    near = content[max(error.start - min(len(before[-1]), _NEAR), 0) : error.start + _NEAR]
    if b"\0" in near:
        odd = content[:_MOST_EXPANSION:2].count(0) > content[1:_MOST_EXPANSION:2].count(0)
        return InputError(
            f"{path}, line {len(before)}: not in {encoding}: there are NUL bytes. Every second byte of UTF-16 is one: "
            f"try --encoding {'utf-16-be' if odd else 'utf-16-le'}."
        )
    guess = near.decode("cp1252", errors="replace").splitlines()[0]
    return InputError(
        f"{path}, line {len(before)}: not in {encoding}, at byte {len(before[-1]) + 1} of the line stands "
        f"{content[error.start : error.start + 4].hex(' ')}. "
        f"Say which encoding the file is in, as --encoding cp1252, in which it reads {quoted(guess)}, or gb18030."
    )

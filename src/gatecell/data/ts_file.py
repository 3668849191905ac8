"""The ``.ts`` files of the UCR and UEA archives of time series classification."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell._core.wording import listed
from gatecell.data.labelled import LabelledSequences, check_file, numbered, opened, stacked
from gatecell.data.text_arrays import label_array

_MISSING = ("?", "nan", "")
_LONGEST_HEADER_LINE = 1_000_000
_MOST_FIELDS = 1_000
_MOST_CHANNELS = 100_000
"""The archives have some thousand at most."""


@dataclass(frozen=True)
class _Header:
    """What the lines before ``@data`` say."""

    n_channels: int | None
    labels: frozenset[str] | None
    target: bool

    @property
    def n_label_parts(self) -> int:
        return int(self.target or self.labels is not None)


def read_ts(path: str | Path) -> LabelledSequences:
    """Read a ``.ts`` file, plain or ``.ts.gz``: one or more channels, rows of like or unlike lengths.

    After lines with ``@`` and the line ``@data`` each line is a sequence: its channels, each a list of numbers with
    commas between them, and its label, with colons between them. ``@classLabel true a b`` names the classes, which
    are returned as text; ``@targetLabel true`` says that the labels are numbers.

    Raises
    ------
    InputError
        Where the file is unreadable, foreign or cut off, where a value is missing (``?``) or no number, or where the
        channels of a sequence differ in length. The message says row and channel, counted from 0.
    """
    path = Path(path).expanduser()
    check_file(path)
    with opened(path) as stream:
        return _parsed(stream, path)


def parse_ts(content: bytes, name: str) -> LabelledSequences:
    """Read the content of a ``.ts`` file, which errors call ``name``; see ``read_ts``."""
    return _parsed(content.splitlines(), Path(name))


def _parsed(stream: Iterable[bytes], path: Path) -> LabelledSequences:
    lines = _lines(stream, path)
    header = _header(lines, path)
    sequences: list[NDArray[np.float64]] = []
    labels: list[str] = []
    for line in lines:
        where = f"{path}, row {len(sequences)}"
        if line.count(":") > _MOST_CHANNELS:
            raise InputError(f"{where}: more than {_MOST_CHANNELS:,} channels. The file is damaged; bring it again.")
        parts = line.split(":")
        if header.n_label_parts:
            labels.append(_label(parts.pop().strip(), header, where))
        expected = header.n_channels or (sequences[0].shape[1] if sequences else len(parts))
        if not parts or len(parts) != expected:
            with_label = " and a label" if header.n_label_parts else ""
            raise InputError(
                f"{where}: {len(parts)} channels where {expected or 'some'}{with_label} are expected. "
                "The file is cut off or its header is wrong; bring it again."
            )
        sequences.append(_sequence(parts, where))
    if not sequences:
        raise InputError(f"{path} has no sequences after @data. The file is cut off; bring it again.")
    y: NDArray[Any] | None = None
    if labels:
        if header.target:
            y = np.array(labels, dtype=np.float64)
        else:
            y = label_array(labels, lambda row: f"{path}, row {row}")
    return LabelledSequences(
        stacked(sequences), y, numbered("channel ", sequences[0].shape[1]), numbered("", len(sequences))
    )


def _lines(stream: Iterable[bytes], path: Path) -> Iterator[str]:
    try:
        for line in stream:
            text = line.decode("utf-8").strip()
            if text and not text.startswith(("#", "%")):
                yield text
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no .ts file: it holds bytes that are no text ({error.reason}).") from error


def _header(lines: Iterator[str], path: Path) -> _Header:
    fields: dict[str, list[str]] = {}
    for line in lines:
        if len(fields) > _MOST_FIELDS:
            raise InputError(f"{path} is no .ts file: its header has more than {_MOST_FIELDS} lines.")
        if not line.startswith("@") or len(line) > _LONGEST_HEADER_LINE:
            raise InputError(
                f"{path} is no .ts file: its header has the line {line[:40]!r}, which does not begin with @. "
                "A .ts file has lines such as '@classLabel true a b', then '@data', then a sequence a line."
            )
        name, *values = line[1:].split() or [""]
        if name.lower() == "data":
            break
        fields[name.lower()] = values
    else:
        raise InputError(f"{path} has no line @data, so no sequences. The file is cut off; bring it again.")
    if _flag(fields, "timestamps"):
        raise InputError(
            f"{path} has time stamps (@timeStamps true), which are not read: an LSTM takes steps at equal intervals. "
            "Resample the series, and write it without them."
        )
    has_classes = _flag(fields, "classlabel")
    return _Header(
        n_channels=_n_channels(fields, path),
        labels=frozenset(fields["classlabel"][1:]) if has_classes else None,
        target=_flag(fields, "targetlabel"),
    )


def _flag(fields: dict[str, list[str]], name: str) -> bool:
    return [value.lower() for value in fields.get(name, [])[:1]] == ["true"]


def _n_channels(fields: dict[str, list[str]], path: Path) -> int | None:
    stated = next((fields[name] for name in ("dimensions", "dimension") if name in fields), None)
    if stated is None:
        return 1 if _flag(fields, "univariate") else None
    if len(stated) != 1 or not stated[0].isdecimal() or len(stated[0]) > 9 or int(stated[0]) < 1:
        raise InputError(
            f"{path}: @dimensions must be the number of channels, but is {' '.join(stated) or 'missing'!r}."
        )
    return int(stated[0])


def _label(label: str, header: _Header, where: str) -> str:
    if header.target:
        try:
            number = float(label)
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise InputError(f"{where}: the label {label[:40]!r} is no number, but @targetLabel says that labels are.")
    elif header.labels and label not in header.labels:
        raise InputError(
            f"{where}: the label {label[:40]!r} is none of those that @classLabel names: "
            f"{listed(sorted(header.labels))}. The file is cut off or its header is wrong."
        )
    elif not label:
        raise InputError(f"{where} has no label, but @classLabel says that the rows have one.")
    return label


def _sequence(parts: list[str], where: str) -> NDArray[np.float64]:
    n_steps = parts[0].count(",") + 1
    if all(part.count(",") + 1 == n_steps for part in parts):
        # all channels at once: an array for each takes longer than its numbers where there are few
        with suppress(ValueError):
            numbers = map(float, ",".join(parts).split(","))
            values = np.fromiter(numbers, np.float64, len(parts) * n_steps).reshape(len(parts), n_steps)
            if np.isfinite(values).all():
                return np.ascontiguousarray(values.T)
    channels = [_channel(part.split(","), f"{where}, channel {index}") for index, part in enumerate(parts)]
    lengths = [len(channel) for channel in channels]
    if len(set(lengths)) > 1:
        odd = next(index for index, length in enumerate(lengths) if length != lengths[0])
        raise InputError(
            f"{where}: channel {odd} has {lengths[odd]} steps, but channel 0 has {lengths[0]}; "
            "the channels of a sequence are measured at the same steps."
        )
    return np.stack(channels, axis=1)


def _channel(tokens: list[str], where: str) -> NDArray[np.float64]:
    try:
        values = np.fromiter(map(float, tokens), np.float64, len(tokens))
    except ValueError:
        _explain(tokens, where)
    if not np.isfinite(values).all():
        _explain(tokens, where)
    return values


def _explain(tokens: list[str], where: str) -> NoReturn:
    for step, token in enumerate(tokens):
        text = token.strip()
        if text.lower() in _MISSING:
            raise InputError(f"{where}, step {step}: the value is missing ({text!r}). Fill it, or leave the row out.")
        try:
            finite = bool(np.isfinite(float(text)))
        except ValueError:
            raise InputError(f"{where}, step {step}: {text[:40]!r} is no number.") from None
        if not finite:
            raise InputError(f"{where}, step {step}: {text!r} is not finite. Replace it, or leave the row out.")
    raise AssertionError("only called where a value is no finite number")

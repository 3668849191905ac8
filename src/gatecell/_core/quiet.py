"""Silence for libraries while a block runs, in its thread alone: other threads hear them as before.

Filters are put beside those of the user and taken out again; levels, handlers and filters of others are not touched,
whatever the order in which threads begin and end.
"""

import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from gatecell._core.forks import ForkSafeLock

_lock = ForkSafeLock()
_levels: ContextVar[tuple[tuple[str, int], ...]] = ContextVar("levels", default=())
_rules: ContextVar[tuple["WarningRule", ...]] = ContextVar("rules", default=())
_filtered: Counter[logging.Logger] = Counter()
"""How many blocks, of all threads, have the filter on a logger."""


@contextmanager
def quiet_loggers(**levels: int) -> Iterator[None]:
    """Drop what loggers of these packages say below a level, such as ``optuna=logging.WARNING``."""
    token = _levels.set((*_levels.get(), *levels.items()))
    loggers = [logger for package in levels for logger in _loggers_of(package)]
    _count(loggers, 1)
    try:
        yield
    finally:
        _count(loggers, -1)
        _levels.reset(token)


@dataclass(frozen=True)
class WarningRule:
    """A rule for warnings of a category that come from modules, and have messages, as the patterns begin."""

    action: Literal["ignore", "error"]
    category: type[Warning] = Warning
    module: str = ""
    message: str = ""


@contextmanager
def warning_rules(*rules: WarningRule) -> Iterator[None]:
    """Ignore warnings, or raise them as errors."""
    token = _rules.set((*_rules.get(), *rules))
    with _lock:
        entries = [_entries.setdefault(each, _Entry(each)) for each in rules]
        for entry in entries:
            entry.enter()
    try:
        yield
    finally:
        with _lock:
            for entry in entries:
                entry.leave()
        _rules.reset(token)


class _Level:
    def filter(self, record: logging.LogRecord) -> bool:
        return all(record.levelno >= level for package, level in _levels.get() if _is_of(record.name, package))


_LEVEL = _Level()


def _is_of(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _loggers_of(package: str) -> list[logging.Logger]:
    # a filter of a logger does not hold for those below it
    known = [logging.getLogger(package), *list(logging.Logger.manager.loggerDict.values())]
    return [
        logger for logger in dict.fromkeys(known) if isinstance(logger, logging.Logger) and _is_of(logger.name, package)
    ]


def _count(loggers: list[logging.Logger], blocks: int) -> None:
    with _lock:
        for logger in loggers:
            _filtered[logger] += blocks
            if not _filtered[logger]:
                del _filtered[logger]
                logger.removeFilter(_LEVEL)
            else:
                logger.addFilter(_LEVEL)


class _Pattern:
    """Stands for a compiled pattern in ``warnings.filters``, and matches only within a block with its rule."""

    def __init__(self, rule: WarningRule, pattern: str) -> None:
        self._rules, self._pattern = rule, re.compile(pattern)

    def match(self, text: str) -> bool:
        return self._rules in _rules.get() and bool(self._pattern.match(text))


class _Entry:
    """An entry in the filters for warnings, there while any thread has a block that asks for it."""

    def __init__(self, rule: WarningRule) -> None:
        message, module = _Pattern(rule, rule.message), _Pattern(rule, rule.module)
        self._filter = (rule.action, message, rule.category, module, 0)
        self._blocks = 0
        # catch_warnings, of whatever thread, replaces the list and brings an older one back
        self._lists: list[list[Any]] = []

    def enter(self) -> None:
        filters: list[Any] = warnings.filters  # type: ignore[assignment]
        self._blocks += 1
        ours = list(takewhile(_is_ours, filters))
        if self._filter not in ours:
            filters.insert(0, self._filter)
            self._lists.append(filters)
            _changed()

    def leave(self) -> None:
        self._blocks -= 1
        if self._blocks:
            return
        for filters in (*self._lists, warnings.filters):
            while self._filter in filters:
                filters.remove(self._filter)  # type: ignore[attr-defined]
        self._lists.clear()
        _changed()


_entries: dict[WarningRule, _Entry] = {}


def _is_ours(entry: tuple[Any, ...]) -> bool:
    return isinstance(entry[1], _Pattern)


def _changed() -> None:
    """Tell the machinery of warnings that its filters are others, as its own functions do."""
    warnings._filters_mutated()  # type: ignore[attr-defined]

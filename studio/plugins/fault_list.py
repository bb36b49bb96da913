"""What plugins did wrong this session, by name. Keeps a list and tells; decides nothing."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError

log = logging.getLogger("studio.plugins")


@dataclass(frozen=True)
class Fault:
    """One failure of one plugin.

    Attributes:
        where: What it was doing: ``import of studio_x.plugin``, ``hook studio_pages``.
        error: What to tell the user; ``details`` holds the traceback for the report.
        time: Seconds since the epoch.
    """

    plugin: str
    where: str
    error: ErrorInfo
    time: float = field(default_factory=time.time)

    def report(self) -> str:
        """Return all that an author needs to know, as plain text for the clipboard."""
        when = datetime.fromtimestamp(self.time).astimezone().isoformat(timespec="seconds")
        head = f"Plugin: {self.plugin}\nWhere: {self.where}\nWhen: {when}"
        return f"{head}\n{self.error.code}: {self.error.message}\n\n{self.error.details}".strip()


class Faults:
    """The faults of a session, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._observers: list[Callable[[Fault], None]] = []

    def on_fault(self, call: Callable[[Fault], None]) -> Callable[[], None]:
        """Call with each fault to come; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def record(self, plugin: str, where: str, error: BaseException | ErrorInfo) -> Fault:
        """Keep and announce what ``plugin`` did; returns it in words."""
        info = error if isinstance(error, ErrorInfo) else describe(plugin, where, error)
        fault = Fault(plugin, where, info)
        self._faults.append(fault)
        log.warning("plugin %s, %s: %s\n%s", plugin, where, info.message, info.details)
        for call in list(self._observers):
            call(fault)
        return fault

    def of(self, plugin: str) -> list[Fault]:
        """Return the faults of one plugin."""
        return [fault for fault in self._faults if fault.plugin == plugin]

    def all(self) -> list[Fault]:
        """Return all faults."""
        return list(self._faults)

    def count(self, plugin: str) -> int:
        """Return how often ``plugin`` broke; its expected errors do not count."""
        broken = (ErrorCode.PLUGIN_FAILED, ErrorCode.INTERNAL)
        return sum(fault.error.code in broken for fault in self.of(plugin))

    def forget(self, plugin: str) -> None:
        """Drop the faults of ``plugin``: it gets a fresh start."""
        self._faults = [fault for fault in self._faults if fault.plugin != plugin]


def describe(plugin: str, where: str, error: BaseException) -> ErrorInfo:
    """Return the user's message about an exception raised by ``plugin``."""
    if isinstance(error, StudioError):
        info = error.info()
        return ErrorInfo(info.code, info.message, info.hint, info.details, plugin)
    return ErrorInfo(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin “{plugin}” failed in {place(where)}: {in_words(error)}.",
        "Everything else keeps working. Send the report to the plugin's author, or disable the "
        "plugin.",
        "".join(traceback.format_exception(error)),
        plugin,
    )


def place(where: str) -> str:
    """Return where a plugin failed as part of a sentence: “the hook studio_pages”."""
    return where if where.startswith("its ") else f"the {where}"


def in_words(error: BaseException) -> str:
    """Return an exception as part of a sentence, on one line and of bounded length."""
    if isinstance(error, SystemExit):
        return f"it tried to quit Offline Studio (exit code {error.code})"
    text = " ".join(str(error).split()).rstrip(".")[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

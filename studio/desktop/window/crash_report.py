"""Writes a report file on a crash, offered at the next start. Sends nothing anywhere."""

from __future__ import annotations

import faulthandler
import logging
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO

import studio
from studio.base import disk
from studio.desktop.main_thread.exit_guard import ExitGuard
from studio.protocol.regular_file import open_regular

_log = logging.getLogger("studio.desktop.window.crash_report")
_MAX = 200_000
_READ_AT_ONCE = 64 * 1024


class CrashReports:
    """Two files in the logs: for exceptions nobody caught, and for the interpreter's own death."""

    def __init__(self, folder: Path) -> None:
        self._bugs = folder / "crash.log"
        self._deaths = folder / "crash-native.log"
        self._stream: IO[str] | None = None
        self._exits: ExitGuard | None = None
        self.found = self._take()

    def watch(
        self,
        keep: Callable[[], None],
        tell: Callable[[str], None],
        blame: Callable[[BaseException], bool] = lambda error: False,
    ) -> None:
        """Catch what nobody else does, on any thread.

        Args:
            keep: Saves what must not be lost.
            tell: Takes the report of an exception on the window's thread; the studio goes on.
            blame: Lays an exception at the plugin it is of; False if it is the studio's own, which
                alone is reported here. Called on the thread that raised it.
        """
        try:
            disk.make_folder(self._deaths.parent)
            self._stream = self._deaths.open("w", encoding="utf-8")
            faulthandler.enable(self._stream)
        except OSError as error:
            _log.warning("Crashes cannot be noted down: %s", error)
        sys.excepthook = lambda *what: self._on_exception(keep, tell, blame, *what)
        threading.excepthook = lambda what: _on_thread_exception(blame, what)
        self._exits = ExitGuard()

    def close(self) -> None:
        """The studio ends as it should: nothing to report."""
        faulthandler.disable()
        if self._exits is not None:
            self._exits.close()
            self._exits = None
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        if self._stream is not None:
            self._stream.close()
        for path in (self._deaths, self._bugs):
            path.unlink(missing_ok=True)

    def _take(self) -> str:
        """Return the report of the last session, and move it away."""
        parts = []
        for path in (self._bugs, self._deaths):
            try:
                with open_regular(path) as stream:
                    parts.append(stream.read(_READ_AT_ONCE).decode("utf-8", "replace"))
                path.replace(path.with_suffix(".old"))
            except OSError:
                continue  # none, or none that can be read: then there is nothing to offer
        return "\n".join(part for part in parts if part.strip())

    def _on_exception(
        self,
        keep: Callable[[], None],
        tell: Callable[[str], None],
        blame: Callable[[BaseException], bool],
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        if _is_laid_at_plugin(blame, error):
            return
        report = describe(error)
        _log.error("Unhandled exception:\n%s", report)
        for step in (partial(self._note, report), keep, partial(tell, report)):
            try:
                step()
            except Exception:  # noqa: BLE001  the hook of last resort may not raise itself
                _log.exception("A crash could not be handled in full")

    def _note(self, report: str) -> None:
        if not self._bugs.exists() or self._bugs.stat().st_size < _MAX:
            with self._bugs.open("a", encoding="utf-8") as stream:
                stream.write(report + "\n")


def describe(error: BaseException) -> str:
    """Return a report of an exception: what, where, and on what machine."""
    trace = "".join(traceback.format_exception(error))
    return (
        f"Offline Studio {studio.__version__}, Python {platform.python_version()}, "
        f"{platform.platform()}, {time.strftime('%Y-%m-%d %H:%M:%S')}\n{trace}"
    )


def _is_laid_at_plugin(blame: Callable[[BaseException], bool], error: BaseException) -> bool:
    try:
        return blame(error)
    except Exception:  # noqa: BLE001  the hook of last resort may not raise itself
        _log.exception("Nobody could be blamed for an exception")
        return False


def _on_thread_exception(
    blame: Callable[[BaseException], bool], what: threading.ExceptHookArgs
) -> None:
    if what.exc_value is not None and not _is_laid_at_plugin(blame, what.exc_value):
        name = what.thread.name if what.thread else "?"
        _log.error("Unhandled exception in thread %s:\n%s", name, describe(what.exc_value))

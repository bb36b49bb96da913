"""Notices for the user. Stores sentences and notifies observers; draws nothing."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError

KEPT = 200
"""Older notices are forgotten: the list is a memory aid, not a log."""


class Level(StrEnum):
    """How much a notice matters; a window picks icon and colour by it."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Action:
    """A button of a notice."""

    title: str
    run: Callable[[], None]


@dataclass(frozen=True)
class Notice:
    """One thing to tell.

    Attributes:
        message: What happened and why.
        hint: What to do next; may be empty.
        details: For "copy report" only.
        key: A later notice with the same key takes its place; empty for one that stands alone.
        actions: Buttons, the likeliest first.
        plugin: The plugin at fault, where one is.
        number: Grows with each notice: tells two of the same key apart.
        time: Seconds since the epoch.
    """

    level: Level
    message: str
    hint: str = ""
    details: str = ""
    key: str = ""
    actions: tuple[Action, ...] = ()
    code: ErrorCode | None = None
    plugin: str = ""
    number: int = 0
    time: float = field(default_factory=time.time)


class Notices:
    """The notices of a session, oldest first; implements ``studio.api.window.context.Notices``.

    May be spoken to from any thread: observers are called on the owner's.

    Attributes:
        tr: Returns a sentence in the language of the user; a window sets it.
    """

    def __init__(self, post: Callable[[Callable[[], None]], None] | None = None) -> None:
        """Belong to the calling thread; ``post`` brings notices of other threads to it."""
        self._owner = threading.get_ident()
        self._post = post
        self._numbers = itertools.count(1)
        self._notices: list[Notice] = []
        self._observers: list[Callable[[Notice], None]] = []
        self._farewells: list[Callable[[Notice], None]] = []
        self.tr: Callable[[str], str] = str

    # --- speaking -----------------------------------------------------------------------------

    def info(
        self, message: str, hint: str = "", *, key: str = "", actions: Sequence[Action] = ()
    ) -> None:
        """Say that something is done or different."""
        self._say(Level.INFO, message, hint, key=key, actions=tuple(actions))

    def warn(
        self, message: str, hint: str = "", *, key: str = "", actions: Sequence[Action] = ()
    ) -> None:
        """Say that something needs attention, though it goes on."""
        self._say(Level.WARN, message, hint, key=key, actions=tuple(actions))

    def error(
        self, error: Exception | str, *, key: str = "", actions: Sequence[Action] = ()
    ) -> None:
        """Report an error, its cause and its remedy."""
        if not isinstance(error, StudioError):
            self._say(Level.ERROR, str(error), key=key, actions=tuple(actions))
            return
        self._say(
            Level.ERROR,
            error.message,
            error.hint,
            details=error.details,
            key=key,
            actions=tuple(actions),
            code=error.code,
            plugin=error.plugin,
        )

    def offer(self, message: str, button: str, run: Callable[[], None], *, key: str = "") -> None:
        """Say something with one button (an undo, a retry)."""
        self._say(Level.INFO, message, key=key, actions=(Action(button, run),))

    def dismiss(self, which: Notice | str) -> None:
        """Take back a notice, or the one with the key ``which``; harmless when it is gone."""
        for notice in [n for n in self._notices if n == which or (n.key and n.key == which)]:
            self._notices.remove(notice)
            for call in list(self._farewells):
                call(notice)

    # --- listening ----------------------------------------------------------------------------

    @property
    def all(self) -> list[Notice]:
        """The notices that stand, oldest first."""
        return list(self._notices)

    def on_notice(self, call: Callable[[Notice], None]) -> Callable[[], None]:
        """Call with each notice to come; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def on_dismissed(self, call: Callable[[Notice], None]) -> Callable[[], None]:
        """Call with each notice taken back or replaced; returns the function that ends it."""
        self._farewells.append(call)
        return lambda: self._farewells.remove(call)

    def _say(self, level: Level, message: str, hint: str = "", **more: Any) -> None:
        notice = Notice(level, message, hint, number=next(self._numbers), **more)
        if self._post is not None and threading.get_ident() != self._owner:
            self._post(lambda: self._publish(notice))
        else:
            self._publish(notice)

    def _publish(self, notice: Notice) -> None:
        if notice.key:
            self.dismiss(notice.key)
        self._notices.append(notice)
        del self._notices[:-KEPT]
        for call in list(self._observers):
            call(notice)

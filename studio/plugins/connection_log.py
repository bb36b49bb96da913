"""Attempts of all processes of a session to reach another machine, for the window to show.

The interpreter calls one hook for as long as this process lives, so there is one for all sessions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from studio.base.background import Post
from studio.plugins import PluginHost
from studio.protocol.connections.watch import Attempt, Watch, by_module
from studio.protocol.device_status import Status

KEPT = 200
_DOWNLOADS = "studio.models.download"


def packages_of(plugins: PluginHost) -> dict[str, str]:
    """Return top package → id of each plugin."""
    halves = ((plugin.manifest, plugin.id) for plugin in plugins.plugins)
    modules = ((half.plugin or half.worker, id) for half, id in halves if half)
    return {name.partition(".")[0]: id for name, id in modules if name}


class _Here:
    """What this process is heard by, once; and the sessions that want to know."""

    def __init__(self) -> None:
        self.owners: Callable[[], Mapping[str, str]] = dict
        self.watch = Watch(by_module(lambda: self.owners(), _DOWNLOADS))
        self.logs: list[Callable[[Attempt], None]] = []
        self.watch.on_attempt = self._tell
        self.watch.start()

    def _tell(self, attempt: Attempt) -> None:
        for tell in list(self.logs):
            tell(attempt)


_here: _Here | None = None


class ConnectionLog:
    """Used on the owner's thread.

    Attributes:
        attempts: The last of them, oldest first.
        count: How many there were in this session.
        blocked: How many of them the system refused.
    """

    def __init__(self, post: Post, packages: Callable[[], Mapping[str, str]]) -> None:
        """``packages``: returns the top packages of plugins in this process → their ids."""
        global _here
        _here = _here or _Here()
        self.attempts: deque[Attempt] = deque(maxlen=KEPT)
        self.count = self.blocked = 0
        self._post = post
        self._observers: list[Callable[[], None]] = []
        self._of_runtime = self._blocked_there = 0
        self._seen: tuple[Attempt, ...] = ()
        _here.owners = packages
        _here.logs.append(self._heard)

    def close(self) -> None:
        """Hear no more."""
        if _here is not None and self._heard in _here.logs:
            _here.logs.remove(self._heard)

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when there were attempts; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def take_status(self, status: Status) -> None:
        """Add the connection attempts of the runtime and plugin processes."""
        if status.connections == self._of_runtime:
            return
        before = self._of_runtime if status.connections > self._of_runtime else 0
        new = [attempt for attempt in status.attempts if attempt not in self._seen]
        blocked_before = self._blocked_there if before else 0
        self.count += status.connections - before
        self.blocked += max(0, status.blocked - blocked_before)
        self.attempts.extend(new)
        self._of_runtime, self._seen = status.connections, status.attempts
        self._blocked_there = status.blocked
        self._changed()

    def _heard(self, attempt: Attempt) -> None:
        self._post(lambda: self.add(attempt))

    def add(self, attempt: Attempt) -> None:
        """Take an attempt that no hook hears: of a program that is not Python."""
        self.count += 1
        self.blocked += attempt.blocked
        self.attempts.append(attempt)
        self._changed()

    def _changed(self) -> None:
        for call in list(self._observers):
            call()

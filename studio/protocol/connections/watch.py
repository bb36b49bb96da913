"""Hears what Python code of this process tries to reach, by the interpreter's audit events.

Counts whatever would leave this machine: a name that is looked up, a connection, a datagram. What
stays on it (``127.0.0.1``, a socket in a file) does not count. Code that is not Python is not
heard: in the runtime the kernel refuses it, and tells (``studio.sandbox.network_gate``).
"""

from __future__ import annotations

import ipaddress
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Annotated, Any

import msgspec

KEPT = 50
"""So many attempts are remembered; all are counted."""
_INTERNET = frozenset({2, 10, 23, 30})
"""``AF_INET``, and ``AF_INET6`` of Linux, Windows and macOS."""
_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})


class Attempt(msgspec.Struct, frozen=True):
    """One attempt to reach another machine.

    Attributes:
        at: Seconds since the epoch.
        address: Name or number of the machine, and the port; empty where nobody knows: its process
            was not even given a socket.
        plugin: Whose code it was; empty for the studio's own.
        asked: Whether it belongs to a download that the user has started.
        blocked: Whether its process has no network.
        library: Whose code it was where no plugin's was seen; empty for the studio's own.
    """

    at: float
    address: Annotated[str, msgspec.Meta(max_length=300)]
    plugin: str = ""
    asked: bool = False
    blocked: bool = False
    library: Annotated[str, msgspec.Meta(max_length=100)] = ""


Attempts = Annotated[tuple[Attempt, ...], msgspec.Meta(max_length=KEPT)]
Whose = Callable[[FrameType | None], tuple[str, bool, str]]
"""Takes the frame that connects; returns the plugin, whether the user has asked, the library."""


class Watch:
    """The attempts of a process; any thread may make one.

    Attributes:
        count: How many there were.
        blocked: How many of them came to nothing.
        is_shut: Whether this process can open no socket of the internet.
        heard_at: When Python last had to do with a socket, by ``time.monotonic``.
        on_attempt: Called with each, on the thread that makes it.
    """

    def __init__(self, whose: Whose = lambda frame: ("", False, "")) -> None:
        self.count = self.blocked = 0
        self.is_shut = False
        self.heard_at = float("-inf")
        self.on_attempt: Callable[[Attempt], None] = lambda attempt: None
        self._whose = whose
        self._attempts: deque[Attempt] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._local = threading.local()

    def start(self) -> None:
        """Listen, until this process ends: there is no way to stop."""
        sys.addaudithook(self.hear)

    def attempts(self) -> tuple[Attempt, ...]:
        """Return the last of them, oldest first."""
        with self._lock:
            return tuple(self._attempts)

    def take(self) -> tuple[Attempt, ...]:
        """Return the last of them and forget them."""
        with self._lock:
            taken = tuple(self._attempts)
            self._attempts.clear()
            return taken

    def add(self, attempt: Attempt) -> None:
        """Note an attempt, of this process or of one that belongs to it."""
        with self._lock:
            self.count += 1
            self.blocked += attempt.blocked
            self._attempts.append(attempt)
        self.on_attempt(attempt)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Process an audit event. Never raises: that would block the connection."""
        if not event.startswith("socket."):
            return
        self.heard_at = time.monotonic()
        try:
            address = self._address(event, arguments)
        except Exception:  # noqa: BLE001  arguments nobody foresaw are an attempt all the same
            address = "?"
        if address is not None:
            plugin, task, library = self._whose(sys._getframe(1))
            self.add(Attempt(time.time(), address[:300], plugin, task, self.is_shut, library[:100]))

    def _address(self, event: str, arguments: tuple[Any, ...]) -> str | None:
        """Return the target address; None for none, or for one counted already.

        It is empty for a socket that is refused before anybody learns what it was for.
        """
        if event == "socket.__new__" and self.is_shut and arguments[1] in _INTERNET:
            looked_up, self._local.looked_up = getattr(self._local, "looked_up", None), None
            return "" if looked_up is None else None
        if event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host, port = _text(arguments[0]), arguments[1] if len(arguments) > 1 else None
            if _stays_here(host) or (_is_number(host) and not self.is_shut):
                return None
            if _is_number(host) or not self.is_shut:  # a name leads to no socket where all is shut
                self._local.looked_up = str(port)
            return f"{host}:{port}" if port else host
        if event in ("socket.gethostbyaddr", "socket.getnameinfo"):
            given = arguments[0]
            host = _text(given[0] if isinstance(given, tuple) else given)
            return None if _stays_here(host) else host
        if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            return None
        target = arguments[1]
        if arguments[0].family not in _INTERNET or not isinstance(target, tuple):
            return None
        host, port = _text(target[0]), target[1]
        if _stays_here(host):
            return None
        # The first connection after a name was looked up is the same attempt.
        looked_up, self._local.looked_up = getattr(self._local, "looked_up", None), None
        return None if looked_up == str(port) else f"{host}:{port}"


def by_module(owners: Callable[[], Mapping[str, str]], task: str = "") -> Whose:
    """Return who finds whose code it was by the modules on the stack, innermost first.

    Args:
        owners: Returns top package → id of the plugin.
        task: Package in which only what the user has asked for connects; empty for none.
    """

    def whose(frame: FrameType | None) -> tuple[str, bool, str]:
        plugins, library = owners(), ""
        while frame is not None:
            name = str(frame.f_globals.get("__name__", ""))
            top = name.partition(".")[0]
            if task and name.startswith(task):
                return "", True, ""
            if plugin := plugins.get(top):
                return plugin, False, library
            if top == "studio":
                break
            if top not in sys.stdlib_module_names and top != "__main__":
                library = top  # the outermost: not what it sends with, but who sends
            frame = frame.f_back
        return "", False, library

    return whose


def _text(host: object) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _stays_here(host: str) -> bool:
    if host.lower().rstrip(".") in _LOCAL_NAMES:
        return True
    return _is_number(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback

"""SIGTERM and Ctrl+C as events of the window. The handlers do nothing but wake its loop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier


class SignalWatch(QObject):
    """Calls ``quit_`` on the window's thread when the system asks the studio to end."""

    def __init__(self, quit_: Callable[[], None]) -> None:
        super().__init__()
        self._quit = quit_
        # Python runs a handler only between bytecodes, and Qt's loop runs none: the interpreter's
        # wake-up socket does reach the loop.
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_woken)
        self._before = {number: signal.signal(number, _nothing) for number in _asked_to_end()}
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    def _on_woken(self) -> None:
        numbers = set(self._reader.recv(64))
        if numbers & set(_asked_to_end()):
            self._quit()


def _asked_to_end() -> list[int]:
    names = ("SIGTERM", "SIGINT", "SIGHUP")
    return [int(getattr(signal, name)) for name in names if hasattr(signal, name)]


def _nothing(number: int, frame: object) -> None:
    """Python's default would raise KeyboardInterrupt in the middle of a slot."""

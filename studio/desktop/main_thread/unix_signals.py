"""SIGTERM and Ctrl+C as events of the window. The handlers wake its loop, and end
what plugins of others do in the middle of it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier


class SignalWatch(QObject):
    """Calls ``quit_`` on the window's thread when the system asks the studio to end."""

    def __init__(
        self, quit_: Callable[[], None], end_calls: Callable[[], object] = lambda: None
    ) -> None:
        """``end_calls`` ends what keeps the loop from going round; called in the middle of it."""
        super().__init__()
        self._quit, self._end_calls = quit_, end_calls
        # Python runs a handler only between bytecodes, and Qt's loop runs none: the interpreter's
        # wake-up socket does reach the loop.
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_woken)
        self._before = {number: signal.signal(number, self._heard) for number in _asked_to_end()}
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

    def _heard(self, number: int, frame: object) -> None:
        """Python's default would raise KeyboardInterrupt in the middle of a slot."""
        self._end_calls()


def _asked_to_end() -> list[int]:
    names = ("SIGTERM", "SIGINT", "SIGHUP")
    return [int(getattr(signal, name)) for name in names if hasattr(signal, name)]

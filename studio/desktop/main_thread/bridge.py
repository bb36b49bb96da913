"""Post calls to the main thread, or run work on background threads. Agnostic of the payload."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal
from shiboken6 import isValid

from studio.protocol.errors import Cancelled

_log = logging.getLogger("studio.desktop.main_thread.bridge")
_THREADS = 2


class Bridge(QObject):
    """Belongs to the thread that made it: the window's."""

    _posted = Signal(object)

    def __init__(self, on_fault: Callable[[BaseException], None] | None = None) -> None:
        """Let ``on_fault`` hear of exceptions in posted calls; without it they are logged."""
        super().__init__()
        self._on_fault = on_fault
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Call on the window's thread, in order, soon. Callable from any thread.

        Once the window is gone, nobody is told.
        """
        if isValid(self):
            self._posted.emit(call)

    def _run(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  one bad call must not end the event loop
            _log.error("A posted call failed", exc_info=error)
            if self._on_fault is not None:
                self._on_fault(error)


class Background:
    """A few threads for files and parsing; never for Qt objects."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(_THREADS)

    def run(
        self,
        call: Callable[[], Any],
        then: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run ``call`` beside the window; ``then(result)`` or ``failed(error)`` on its thread."""
        self._pool.start(_Work(self._bridge, call, then, failed))

    def wait(self, milliseconds: int = 5000) -> bool:
        """Wait until all is done; False if that takes longer."""
        return self._pool.waitForDone(milliseconds)


class _Work(QRunnable):
    def __init__(
        self,
        bridge: Bridge,
        call: Callable[[], Any],
        then: Callable[[Any], None] | None,
        failed: Callable[[Exception], None] | None,
    ) -> None:
        super().__init__()
        self._bridge, self._call, self._then, self._failed = bridge, call, then, failed

    def run(self) -> None:
        try:
            result = self._call()
        except Cancelled:  # whoever cancelled it knows
            return
        except Exception as error:  # noqa: BLE001  handed on, whatever it is
            self._hand_on(error)
        else:
            if self._then is not None:
                self._bridge.post(partial(self._then, result))

    def _hand_on(self, error: Exception) -> None:
        failed = self._failed
        if failed is not None:
            self._bridge.post(partial(failed, error))
        else:
            _log.error("Background work failed", exc_info=error)

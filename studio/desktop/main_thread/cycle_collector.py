"""Python's collector of cycles, on the window's thread alone. Collects nothing else.

Left to itself it runs in whichever thread allocates next. If that is one in the background, and the
cycle holds an object of Qt, its destructor takes Qt's locks there and then asks for the
interpreter, while the window's thread has the interpreter and asks for the locks: both wait for
ever. So it is switched off, and asked for by a timer.

WORKAROUND PySide6, all versions: https://github.com/napari/napari/issues/1029 tells it for all of
Qt's bindings. May go when the bindings destroy objects of Qt in their own thread.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 1000
_SETTLED_MS = 10_000
"""By then the code of all pages is there for good. To look through it takes 30 ms each time."""


class CycleCollector(QObject):
    """Runs while the window lives; ``close`` leaves the interpreter as it was."""

    def __init__(self, parent: QObject | None = None, interval_ms: int = _INTERVAL_MS) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(collect_due)
        self._timer.start(interval_ms)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(gc.freeze)
        self._settled.start(_SETTLED_MS)

    def close(self) -> None:
        """Stop, and switch the interpreter's own way on again if it was on."""
        self._timer.stop()
        self._settled.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()


def collect_due() -> None:
    """Collect the oldest generation whose count is above its limit, as the interpreter would."""
    counts, limits = gc.get_count(), gc.get_threshold()
    due = [generation for generation in range(3) if counts[generation] > limits[generation]]
    if due:
        gc.collect(max(due))

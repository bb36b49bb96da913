"""Imports the modules of pages while the window is idle. Builds no page.

The modules of a page take 20 to 100 ms to import, in one piece, when the user has just opened
it. Here they are imported one by one, between events, soon after the start.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import pkgutil
import time
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QObject, QTimer

_log = logging.getLogger("studio.desktop.main_thread.preload")
_AFTER_MS, _PAUSE_MS = 800, 30
_SLOT = 0.005
"""Seconds after which no further module is begun before the next pause."""


class Preload(QObject):
    """Works through packages from its making on; ``close`` ends it early.

    Attributes:
        done: Whether all was tried.
    """

    def __init__(
        self, packages: Sequence[str], parent: QObject | None = None, after_ms: int = _AFTER_MS
    ) -> None:
        super().__init__(parent)
        self.done = False
        self._modules = (name for package in packages for name in _modules_of(package))
        self._timer = QTimer(self)
        self._timer.setInterval(after_ms)
        self._timer.timeout.connect(self._import_some)
        self._timer.start()

    def close(self) -> None:
        """Import no more."""
        self._timer.stop()

    def _import_some(self) -> None:
        self._timer.setInterval(_PAUSE_MS)
        end = time.perf_counter() + _SLOT
        while time.perf_counter() < end:
            name = next(self._modules, "")
            if not name:
                self.done = True
                self.close()
                return
            _import(name)


def _modules_of(package: str) -> Iterator[str]:
    """Yield the names of the modules of a package, those of the packages in it first.

    None if there is no such package.
    """
    spec = importlib.util.find_spec(package)
    inside = spec.submodule_search_locations if spec is not None else None
    for module in pkgutil.iter_modules(inside or ()):
        name = f"{package}.{module.name}"
        if module.ispkg:
            yield from _modules_of(name)
        yield name


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001  the page says it to whoever opens it
        _log.warning("%s cannot be imported ahead: %s", name, error)

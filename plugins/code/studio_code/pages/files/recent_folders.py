"""The open folder and recent folders, stored in the settings off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio.api import PluginContext, WorkQueue

_KEY = "folders"
_MOST = 12


class Folders:
    """Recent folders, newest first; the first is opened at the next start if ``here`` is set."""

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        self._ctx, self._work_queue = ctx, work_queue
        self.recent: list[Path] = []
        self.here = False

    def load(self, then: Callable[[], None]) -> None:
        """Read them, then call."""

        def show(saved: object) -> None:
            settings = saved if isinstance(saved, dict) else {}
            names = settings.get("recent")
            self.recent = [Path(n) for n in names if isinstance(n, str)][:_MOST] if names else []
            self.here = settings.get("here") is True
            then()

        self._work_queue.do(lambda: self._ctx.settings.get(_KEY), show)

    def opened(self, root: Path) -> None:
        """A folder is open now."""
        self.recent = [root, *(folder for folder in self.recent if folder != root)][:_MOST]
        self.here = True
        self._write()

    def forget(self, root: Path) -> None:
        """A folder is not there any more."""
        self.recent = [folder for folder in self.recent if folder != root]
        self._write()

    def _write(self) -> None:
        settings = {"recent": [str(path) for path in self.recent], "here": self.here}
        self._work_queue.do(lambda: self._ctx.settings.set(_KEY, settings))

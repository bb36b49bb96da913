"""A page of a plugin under the hands of a test: a real studio, a scripted runtime, no other page.

A plugin author's whole fixture can be::

    class Desk(PageDesk):
        plugin = "dice"

        def build(self) -> QWidget:
            return DicePage(self.ctx)

    @pytest.fixture
    def desk(qtbot, look, tmp_path, monkeypatch):
        with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
            yield desk
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from studio.api.artifacts import SavedArtifact
from studio.core.notices import Level, Notice
from studio.core.studio import Studio
from studio.desktop.bridge import Background, Bridge
from studio.desktop.look import Look
from studio.desktop.plugin_context import CatalogueView, PluginContext
from studio.desktop.ui import WindowUi
from studio.testing.scripted import ScriptedRuntime

_SIDECAR = """
id = "{id}"
title = "{id}"
file = "{id}.bin"
format = "gguf"
family = "any"
capability = ["{capability}"]
"""


class PageDesk:
    """One start of the studio with the page open; ``again()`` is the next start.

    A subclass names its plugin and builds its page. Weights are looked for in the folder
    ``weights`` beside the home, and nowhere else.

    Attributes:
        plugin: Id of the plugin.
        capabilities: Weights that there are, without anything in them: id → what they are for.
        page: What ``build`` returned.
        runtime: Follows the script that a test gives it.
        picked, target: What the user answers when asked for files, and for a place to write.
        sent: Artifacts that were sent to another page.
    """

    plugin = ""
    capabilities: Mapping[str, str] = {}
    runtime_type: type[ScriptedRuntime] = ScriptedRuntime

    def __init__(self, qtbot: Any, look: Look, home: Path) -> None:
        self.qtbot, self.look, self.home = qtbot, look, home
        self.weights = home.parent / "weights"
        self.runtime: Any = self.runtime_type()
        self.picked: list[Path] = []
        self.target: Path | None = None
        self.sent: list[Any] = []
        self.open()

    @classmethod
    @contextmanager
    def opened(
        cls, folder: Path, qtbot: Any, look: Look, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Self]:
        """Lay out the weights and open in ``folder``; close at the end."""
        weights = folder / "weights"
        weights.mkdir()
        for id, capability in cls.capabilities.items():
            (weights / f"{id}.toml").write_text(_SIDECAR.format(id=id, capability=capability))
            (weights / f"{id}.bin").write_bytes(b"GGUF" + bytes(28))
        monkeypatch.setenv("STUDIO_WEIGHTS", str(weights))
        desk = cls(qtbot, look, folder / "home")
        yield desk
        desk.close()

    # --- what a subclass may say --------------------------------------------------------------

    def build(self) -> Any:
        """Return the page, made with ``self.ctx``."""
        raise NotImplementedError

    def idle(self) -> bool:
        """Whether the page has nothing left to do."""
        return True

    def dress(self, ui: WindowUi) -> None:
        """Replace what the window would do outside itself; files are answered already."""

    def targets(self, artifact: SavedArtifact) -> Sequence[tuple[str, Callable[[], None]]]:
        """Return the pages that take an artifact."""
        return [(self.plugin.title(), lambda: self.sent.append(artifact))]

    # --- starts and ends ----------------------------------------------------------------------

    def open(self) -> None:
        """Start."""
        self._others = set(QApplication.topLevelWidgets())
        self.bridge = Bridge()
        self.background = Background(self.bridge)
        self.studio = Studio.open(post=self.bridge.post, home=self.home, launch=self.runtime.launch)
        self.studio.weights.folders = (self.weights,)  # not those of this machine
        self.studio.weights.rescan()
        self.window = QWidget()
        self.window.resize(1000, 740)
        self.look.theme.dress(self.window)
        ui = _AnsweringUi(self)
        self.dress(ui)
        self.ctx = PluginContext(self.plugin, self.studio, ui, self.background, self.targets)
        self.page = self.build()
        self.page.setParent(self.window)
        self.page.resize(1000, 740)
        self.window.show()
        self.settled()

    def close(self) -> None:
        """End in good order."""
        self.settled()
        self.end()

    def end(self) -> None:
        """End now."""
        self.studio.close()
        self.background.wait()
        self.window.close()
        # Its panel and its menus have no place in this window, and each change of style would visit
        # those of all tests before.
        for widget in set(QApplication.topLevelWidgets()) - self._others:
            widget.deleteLater()

    def again(self, state: Mapping[str, Any] | None = None) -> None:
        """End and start again, with the state of the page that a shell would keep."""
        state = json.loads(json.dumps(self.page.save_state() if state is None else state))
        self.close()
        self.open()
        self.page.restore_state(state)
        self.settled()

    # --- waiting ------------------------------------------------------------------------------

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the window live until something holds."""
        self.qtbot.waitUntil(holds)

    def settled(self) -> None:
        """Wait until all that was asked of other threads has come back."""
        back: list[None] = []
        self.ctx.run_later(lambda: None, back.append)
        self.until(lambda: bool(back) and self.idle())

    # --- seeing and doing ---------------------------------------------------------------------

    def trouble(self) -> str:
        """Return what the page's row of trouble says, if it is in view."""
        return self.page.trouble.words.text() if self.page.trouble.isVisible() else ""

    def listen(self) -> list[str]:
        """Return the list that all further notices go to."""
        said: list[str] = []

        def note(notice: Notice) -> None:
            if notice.level is Level.INFO:
                said.append(f"{notice.message} {notice.hint}")

        self.studio.notices.on_notice(note)
        return said

    def drop(self, data: QMimeData) -> None:
        """Drag something over the page, and drop it where the page takes it."""
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        copy, at = Qt.DropAction.CopyAction, QPoint(200, 200)
        enter = QDragEnterEvent(at, copy, data, left, none)
        enter.ignore()
        QApplication.sendEvent(self.page, enter)
        if enter.isAccepted():
            QApplication.sendEvent(self.page, QDropEvent(QPointF(at), copy, data, left, none))


class _AnsweringUi(WindowUi):
    """Gives the answers of a desk where the window would ask the user for files."""

    def __init__(self, desk: PageDesk) -> None:
        super().__init__(desk.look, desk.window, CatalogueView(desk.studio), lambda: None)
        self._desk = desk

    def pick_files(
        self, title: str, suffixes: Sequence[str] = (), *, many: bool = False
    ) -> list[Path]:
        return self._desk.picked

    def save_file(self, title: str, name: str, suffixes: Sequence[str] = ()) -> Path | None:
        return self._desk.target

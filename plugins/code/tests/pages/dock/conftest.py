"""The right-hand side of the page of code in a real studio with a scripted runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.main_thread.bridge import Background, Bridge
from studio.desktop.plugin_context import CatalogueView, PluginContext
from studio.desktop.ui import WindowUi
from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime
from studio_code.pages.workspace import Workspace

SIDECAR = """
id = "coder"
title = "Coder"
file = "coder.bin"
format = "gguf"
family = "any"
capability = ["text", "code"]
"""


class Desk:
    """A folder that is open, and a window to put a widget into."""

    def __init__(self, qtbot: Any, look: Appearance, home: Path, folder: Path) -> None:
        self.qtbot, self.look, self.folder = qtbot, look, folder
        self.runtime = ScriptedRuntime()
        self.bridge = Bridge()
        self.background = Background(self.bridge)
        self.studio = Studio.open(post=self.bridge.post, home=home, launch=self.runtime.launch)
        self.window = QWidget()
        self.window.resize(900, 640)
        self.column = QVBoxLayout(self.window)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.ui = WindowUi(look, self.window, CatalogueView(self.studio), lambda: None)
        self.ctx = PluginContext(
            "code", self.studio, self.ui, self.background, lambda _artifact: ()
        )
        self.workspace = Workspace(self.ctx)
        self.workspace.open_folder(folder)
        self.window.show()
        self.until(lambda: self.workspace.root is not None)

    def put(self, widget: QWidget) -> Any:
        """Put a widget into the window."""
        self.column.addWidget(widget)
        widget.show()
        return widget

    def open(self, path: str, text: str) -> Any:
        """Write a file into the folder and open it."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")
        self.workspace.open(path)
        self.until(lambda: self.workspace.current is not None)
        self.until(lambda: self.workspace.current.path == path)
        return self.workspace.current

    def on_disk(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def until(self, holds: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(holds)

    def close(self) -> None:
        self.until(lambda: self.workspace.work_queue.idle)
        self.workspace.finish()
        self.studio.close()
        self.background.wait()
        self.window.close()
        self.window.deleteLater()


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    weights, folder = tmp_path / "weights", tmp_path / "folder"
    weights.mkdir()
    folder.mkdir()
    (weights / "coder.toml").write_text(SIDECAR)
    (weights / "coder.bin").write_bytes(b"GGUF" + bytes(28))
    monkeypatch.setenv("STUDIO_WEIGHTS", str(weights))
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(Path(__file__).parents[3]))
    desk = Desk(qtbot, look, tmp_path / "home", folder)
    yield desk
    desk.close()

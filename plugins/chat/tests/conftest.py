"""A chat page in a real studio whose runtime follows a script: no torch, no other page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from studio.core.studio import Studio
from studio.desktop.bridge import Background, Bridge
from studio.desktop.look import Look
from studio.desktop.plugin_context import CatalogueView, PluginContext
from studio.desktop.theme import ThemeMode
from studio.desktop.ui import WindowUi
from studio.testing.scripted import ScriptedRuntime
from studio_chat.pages.chat_page import ChatPage

SIDECAR = """
id = "tiny"
title = "Tiny Talker"
file = "tiny.gguf"
format = "gguf"
family = "llama"
capability = ["text"]
"""


@pytest.fixture(scope="session")
def look(qapp: QApplication) -> Look:
    """Return the dress of the application, put on once."""
    return Look.dress(qapp, ThemeMode.DARK)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home; one set of text weights lies beside it."""
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "tiny.toml").write_text(SIDECAR)
    (weights / "tiny.gguf").write_bytes(b"GGUF" + bytes(28))
    monkeypatch.setenv("STUDIO_WEIGHTS", str(weights))
    return tmp_path / "home"


class Desk:
    """One start of the studio with the chat page open; ``again()`` is the next start.

    Attributes:
        runtime: What answers.
        page: The page of the chat.
    """

    def __init__(self, qtbot: Any, look: Look, home: Path) -> None:
        self.qtbot, self.look, self.home = qtbot, look, home
        self.runtime = ScriptedRuntime()
        self.copied: list[str] = []
        self.links: list[str] = []
        self.open()

    def open(self) -> None:
        """Start."""
        self.bridge = Bridge()
        self.background = Background(self.bridge)
        self.studio = Studio.open(post=self.bridge.post, home=self.home, launch=self.runtime.launch)
        self.studio.weights.folders = (self.home.parent / "weights",)  # not those of this machine
        self.studio.weights.rescan()
        self.window = QWidget()
        self.window.resize(1000, 740)
        ui = WindowUi(self.look, self.window, CatalogueView(self.studio), lambda: None)
        ui.copy = self.copied.append
        ui.open_link = self.links.append
        self.ctx = PluginContext("chat", self.studio, ui, self.background, lambda artifact: [])
        self.page = ChatPage(self.ctx)
        self.page.setParent(self.window)
        self.page.resize(1000, 740)
        self.window.show()
        self.settled()

    def close(self) -> None:
        """End in good order."""
        self.settled()
        self.studio.close()
        self.background.wait()
        self.window.close()
        self.window.deleteLater()

    def again(self, state: dict[str, Any] | None = None) -> None:
        """End and start again, with the state of the page that a shell would keep."""
        state = self.page.save_state() if state is None else state
        self.close()
        self.open()
        self.page.restore_state(state)
        self.settled()

    # --- doing --------------------------------------------------------------------------------

    def until(self, holds: Callable[[], bool], timeout: int = 20_000) -> None:
        """Let the window live until something holds."""
        self.qtbot.waitUntil(holds, timeout=timeout)

    def settled(self) -> None:
        """Wait until all that was asked of the library is done."""
        if hasattr(self, "page"):
            self.until(lambda: self.page.chores.idle and not self.page.session.loading)

    def say(self, text: str) -> None:
        """Type a message and send it, then wait until the reply is over."""
        self.begin(text)
        self.over()

    def begin(self, text: str) -> None:
        """Type a message and send it."""
        self.page.composer.field.setPlainText(text)
        self.page.composer.send()

    def over(self) -> None:
        """Wait until no reply is being written and all is kept."""
        self.until(lambda: not self.page.session.busy)
        self.settled()

    # --- seeing -------------------------------------------------------------------------------

    def thread(self) -> list[tuple[str, str]]:
        """Return role and text of the turns in view."""
        return [(turn.role, turn.content) for turn in self.page.session.turns]

    def stored(self) -> list[tuple[str, str, str]]:
        """Return role, text and state of the branch in the library."""
        rows = self.ctx.library.conversations.thread(self.page.session.id)
        return [(row.role, row.content, str(row.state)) for row in rows]


@pytest.fixture
def desk(qtbot: Any, look: Look, home: Path) -> Iterator[Desk]:
    """Return a started studio with the page of the chat."""
    desk = Desk(qtbot, look, home)
    yield desk
    desk.close()

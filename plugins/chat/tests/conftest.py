"""A chat page in a real studio whose runtime follows a script: no torch, no other page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi
from studio.testing.page_desk import PageDesk
from studio_chat.pages.page import ChatPage

SIDECAR = """
id = "tiny"
title = "Tiny Talker"
file = "tiny.gguf"
format = "gguf"
family = "llama"
capability = ["text"]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home; one set of text weights lies beside it."""
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "tiny.toml").write_text(SIDECAR)
    (weights / "tiny.gguf").write_bytes(b"GGUF" + bytes(28))
    monkeypatch.setenv("STUDIO_WEIGHTS", str(weights))
    return tmp_path / "home"


class Desk(PageDesk):
    """A studio with the page of the chat open.

    Attributes:
        copied, links: What was put on the clipboard, and addresses that were shown.
    """

    plugin = "chat"

    def __init__(self, qtbot: Any, look: Appearance, home: Path) -> None:
        self.copied: list[str] = []
        self.links: list[str] = []
        super().__init__(qtbot, look, home)

    def build(self) -> ChatPage:
        """Return the page."""
        return ChatPage(self.ctx)

    def dress(self, ui: WindowUi) -> None:
        """Note what is copied and which links are shown."""
        ui.copy = self.copied.append
        ui.open_link = self.links.append

    def idle(self) -> bool:
        """Return whether all that was asked of the library is done."""
        return self.page.work_queue.idle and not self.page.session.loading

    # --- doing --------------------------------------------------------------------------------

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
def desk(qtbot: Any, look: Appearance, home: Path) -> Iterator[Desk]:
    """Return a started studio with the page of the chat."""
    desk = Desk(qtbot, look, home)
    yield desk
    desk.close()

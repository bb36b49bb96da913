"""The page of code in a real studio with a scripted runtime, and a folder to work in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QTextCursor

sys.path.insert(0, str(Path(__file__).parents[3]))

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi
from studio.testing.page_desk import PageDesk
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.page import CodePage


class Desk(PageDesk):
    """The page, and ``folder`` beside the home of the studio."""

    plugin = "code"
    capabilities = {"talker": "text"}
    page: CodePage

    def build(self) -> CodePage:
        self.folder = self.home.parent / "folder"
        self.folder.mkdir(exist_ok=True)
        self.offers: list[tuple[str, Any]] = []
        self.ctx.notices.offer = lambda message, button, run, key="": self.offers.append(
            (message, run)
        )
        return CodePage(self.ctx)

    def dress(self, ui: WindowUi) -> None:
        super().dress(ui)
        ui.pick_folder = lambda title: self.folder

    def idle(self) -> bool:
        session = self.page.session
        return (
            self.page.workspace.work_queue.idle and session.work_queue.idle and not session.loading
        )

    def close(self) -> None:
        self.page.session.write()
        super().close()

    @property
    def current(self) -> OpenFile:
        assert self.page.workspace.current is not None
        return self.page.workspace.current

    def write(self, path: str, text: str | bytes) -> Path:
        where = self.folder / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(text.encode() if isinstance(text, str) else text)
        return where

    def open_folder(self) -> None:
        self.page.pick_folder()
        self.until(lambda: self.page.workspace.root == self.folder)
        self.settled()

    def open_file(self, path: str, text: str | bytes) -> OpenFile:
        self.write(path, text)
        if self.page.workspace.root is None:
            self.open_folder()
        self.page.workspace.open(path)
        self.until(lambda: self.page.workspace.find(path) is not None)
        self.settled()
        return self.current

    def type(self, words: str, at: int = -1) -> None:
        """Type at a place of the file in view; −1 is its end."""
        edit = self.page.editor_area.edit
        assert edit is not None
        cursor = edit.textCursor()
        cursor.setPosition(at) if at >= 0 else cursor.movePosition(QTextCursor.MoveOperation.End)
        edit.setTextCursor(cursor)
        if words.isascii() and words.isprintable():
            self.qtbot.keyClicks(edit, words)
        else:  # what a test's keyboard has no key for
            edit.insertPlainText(words)

    def save(self) -> None:
        self.page.save()
        self.settled()

    def banner(self) -> str:
        banner = self.page.editor_area.banner
        return banner.words.text() if banner.isVisible() else ""

    def press(self, title: str) -> None:
        """Press a button of the banner."""
        button = next(each for each in self.page.editor_area.banner.buttons if each.text() == title)
        button.click()
        self.settled()


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(Path(__file__).parents[3]))
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk

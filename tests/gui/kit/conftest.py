"""A bare page of the echo in a real studio, for parts of the kit to be put into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api import JobRequest
from studio.api.artifacts import Kind, NewArtifact, SavedArtifact
from studio.desktop.appearance.appearance import Appearance
from studio.testing.page_desk import PageDesk
from studio.testing.plugins import importable

ECHO = Path(__file__).parents[2] / "plugins" / "good"


class KitDesk(PageDesk):
    plugin = "echo"
    capabilities = {"small": "text", "coder": "code"}

    def build(self) -> QWidget:
        page = QWidget()
        self.column = QVBoxLayout(page)
        self.progress = self.ctx.ui.progress_row(stop=False)
        self.row = self.ctx.ui.trouble_row()
        self.put(self.progress)
        self.put(self.row)
        return page

    def put(self, part: Any) -> Any:
        """Put the widget of a part into the page."""
        self.column.addWidget(part.widget)
        return part

    def made(self, text: str) -> SavedArtifact:
        """Return a text as a task makes it: with a record."""
        library = self.studio.library
        new = NewArtifact(Kind.TEXT, text.encode(), suffix=".txt", title=text, text=text)
        record = library.add_record("echo.say", {"text": text})
        return self.ctx.library.artifact(library.add_artifact(new, record=record.id).id)

    def say(self, text: str, **more: Any) -> JobRequest:
        return JobRequest("echo.say", {"text": text, "seed": 1}, title=text, **more)


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KitDesk]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(ECHO))
    with importable(ECHO), KitDesk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk

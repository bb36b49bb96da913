"""What the window asks the user: where to write, and in which format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi


@pytest.mark.parametrize(
    ("typed", "picked", "written"),
    [
        ("talk.txt", "SRT", "talk.srt"),
        ("talk", "WebVTT", "talk.vtt"),
        ("talk.txt", "Text", "talk.txt"),
        ("talk.srt", "Text", "talk.srt"),
        ("talk.part.1", "WebVTT", "talk.part.1"),
    ],
)
def test_a_format_that_is_picked_in_the_dialog_is_the_one_that_is_written(
    qtbot: Any,
    look: Appearance,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    picked: str,
    written: str,
) -> None:
    window = QWidget()
    qtbot.addWidget(window)

    def answer(_window: QWidget, _title: str, name: str, kinds: str) -> tuple[str, str]:
        assert name == "talk.txt"
        assert kinds.startswith("Text (*.txt);;Subtitles, SRT (*.srt);;Subtitles, WebVTT (*.vtt)")
        return f"/there/{typed}", next(kind for kind in kinds.split(";;") if picked in kind)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    ui = WindowUi(look, window, None, lambda: None)  # type: ignore[arg-type]
    chosen = ui.save_file("Save as", "talk.txt", (".txt", ".srt", ".vtt", ".json"))
    assert chosen == Path("/there") / written

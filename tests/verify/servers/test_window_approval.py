"""Another program uses a tool through the open window: a person presses the buttons."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from studio.testing.guards import PATIENCE
from studio.testing.scripted import Artifact, Result, ScriptedRuntime
from tests.gui.conftest import Runs, first_page, runtime, start  # noqa: F401  fixtures

PROGRAM = Path(__file__).with_name("asking_program.py")


def test_a_call_waits_for_the_button_in_the_window(
    start: Runs,  # noqa: F811
    runtime: ScriptedRuntime,  # noqa: F811
    qtbot: Any,
) -> None:
    app = start()

    def cards() -> list[Any]:
        shown = app.window.notices.cards()
        return [card for card in shown if "wants to use the tool" in card.notice.message]

    def press(words: str) -> None:
        qtbot.waitUntil(lambda: bool(cards()), timeout=PATIENCE * 1000)
        (card,) = cards()
        assert "small coin" in card.notice.hint, "what it would be called with"
        button = next(b for b in card.findChildren(QPushButton) if b.text() == words)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    assert app.session is not None
    library = app.session.studio.library
    runtime.enqueue(Artifact("audio", b"RIFF", ".wav", title="A coin"), Result())
    told = subprocess.Popen(
        [sys.executable, str(PROGRAM), "3"],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        press("Allow once")
        press("Never allow")
        qtbot.waitUntil(lambda: told.poll() is not None, timeout=PATIENCE * 1000)
        assert told.stdout is not None
        first, second, third = told.stdout.read().splitlines()
        (made,) = library.find(kinds=["audio"])
        assert first.startswith("made")
        assert made.id in first
        assert second.startswith("failed")
        assert "The user does not allow it." in second
        assert third.startswith("failed")
        assert "never" in third, "nobody is asked again"
        assert not cards()
    finally:
        told.kill()

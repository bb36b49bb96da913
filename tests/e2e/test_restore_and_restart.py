"""A restored backup in a real window: the process becomes a new studio over the old library."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.library import Library
from studio.library.backups import maker, settings
from studio.testing.guards import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

_CLICKS = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton
from studio import app
from studio.desktop.pages.backups.restore_sheet import RestoreSheet
from studio.desktop.window.shell import MainWindow

application = app.make_application()
asked = []

def click():
    for window in application.topLevelWidgets():
        if isinstance(window, MainWindow) and window.open_page("studio.settings"):
            for sheet in window.findChildren(RestoreSheet):
                if sheet.restore_button.isEnabled():
                    return sheet.restore_button.click()
            for button in [] if asked else window.findChildren(QPushButton):
                if button.text() == "Restore…":
                    asked.append(button.click())
                    return

timer = QTimer()
timer.timeout.connect(click)
timer.start(100)
raise SystemExit(app.main())
"""


def _titles(home: Path) -> set[str]:
    with Library.open(home / "library", read_only=True) as library:
        return {each.title for each in library.find()}


def _command(process: int) -> list[str]:
    return Path(f"/proc/{process}/cmdline").read_text("utf-8").split("\0")[:-1]


def _until(done: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and not done():
        assert time.monotonic() < end
        time.sleep(0.1)
    assert process.poll() is None, process.communicate()


def test_the_window_restarts_with_the_restored_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    paths = StudioPaths.default()
    with Library.open(paths) as library:
        library.add_artifact(NewArtifact("text", b"red", ".txt", "red"))
        maker.make(library, settings.usual_folder(paths), chosen=False)
        library.add_artifact(NewArtifact("text", b"blue", ".txt", "blue"))
    assert _titles(tmp_path) == {"red", "blue"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _CLICKS],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _until(lambda: _command(process.pid)[1:] == ["-P", "-m", "studio"], process)
        _until(lambda: _titles(tmp_path) == {"red"}, process)
        _until((tmp_path / "logs" / "crash-native.log").exists, process)  # the new one is open
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert _titles(tmp_path) == {"red"}

"""The window as a process: a light first frame, a clean end, real keys on a real display."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.desktop.window import window_state
from studio.testing.guards import PATIENCE

ROOT = Path(__file__).parents[3]
HAS_X = all(shutil.which(tool) for tool in ("Xvfb", "xdotool"))
needs_x = pytest.mark.skipif(not HAS_X, reason="needs Xvfb and xdotool")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``python -m studio``; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(**more: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "STUDIO_HOME": str(home), "OMP_NUM_THREADS": "1", **more}
        process = subprocess.Popen(
            [sys.executable, "-m", "studio"],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.mark.slow
def test_the_first_frame_needs_nothing_heavy(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(QT_QPA_PLATFORM="offscreen", STUDIO_MEASURE_START=str(time.time()))
    output, _ = process.communicate(timeout=PATIENCE)
    measured = json.loads(output)
    assert measured["heavy_modules"] == []
    assert measured["first_paint_seconds"] > 0
    assert process.returncode == 0


@pytest.mark.slow
def test_sigterm_ends_it_cleanly_and_keeps_its_state(
    start: Callable[..., subprocess.Popen[str]], home: Path
) -> None:
    process = start(QT_QPA_PLATFORM="offscreen")
    _until((home / "logs" / "crash-native.log").exists, "the studio did not open")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert window_state.load(home / "state.json").page == "studio.home"
    assert not (home / "logs" / "crash-native.log").exists(), "this was no crash"


COPIES = """
from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtWidgets import QApplication
from studio import app

class Copying:
    starts_again = False

    def __init__(self, *words):
        self.quit = QApplication.quit

    def end_calls(self):
        pass

    def start(self):
        data = QMimeData()
        data.setText("a note")
        QApplication.clipboard().setMimeData(data)
        QTimer.singleShot(0, self.quit)

    def finish(self):
        print(QApplication.clipboard().text())

app.App = Copying
raise SystemExit(app.main())
"""


def test_what_was_copied_does_not_outlive_python() -> None:
    command = [sys.executable, "-c", COPIES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "a note\n"), done.stderr


@pytest.mark.slow
def test_a_death_leaves_a_report_for_the_next_start(
    start: Callable[..., subprocess.Popen[str]], home: Path
) -> None:
    process = start(QT_QPA_PLATFORM="offscreen")
    _until((home / "logs" / "crash-native.log").exists, "the studio did not open")
    process.send_signal(signal.SIGSEGV)
    process.communicate(timeout=PATIENCE)
    assert "Segmentation fault" in (home / "logs" / "crash-native.log").read_text("utf-8")


class Display:
    """An X server without a screen."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        # Else it starts anew when its last client leaves, and turns away who is just coming: an
        # xdotool that looked for the window too early kept the studio out, once in 20 times.
        words = "-noreset -nolisten tcp -screen 0 1400x900x24 -displayfd"
        command = ["Xvfb", *words.split(), str(write)]
        self._server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(self._read) as told:
            self.name = f":{told.readline().strip()}"

    @property
    def runs(self) -> bool:
        """Whether the server is there."""
        return self._server.poll() is None

    def do(self, *words: str) -> str:
        """Run xdotool and return what it says; empty where it finds nothing."""
        environment = {**os.environ, "DISPLAY": self.name}
        done = subprocess.run(
            ["xdotool", *words], env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def window(self, process: subprocess.Popen[str]) -> str:
        """Wait for the studio's window and return its id."""
        found: list[str] = []

        def look() -> bool:
            found[:] = self.do("search", "--onlyvisible", "--name", "Offline Studio").split()
            return bool(found) or process.poll() is not None

        _until(look, "no window came up")
        assert found, "the studio ended"
        return found[0]

    def title(self, window: str) -> str:
        """Return the title of a window."""
        return self.do("getwindowname", window)

    def close(self) -> None:
        """End the server."""
        self._server.terminate()
        self._server.wait()


@pytest.fixture
def display() -> Iterator[Display]:
    display = Display()
    yield display
    display.close()


def _open(
    start: Callable[..., subprocess.Popen[str]], display: Display
) -> tuple[subprocess.Popen[str], str]:
    process = start(QT_QPA_PLATFORM="xcb", DISPLAY=display.name)
    try:
        window = display.window(process)
    except AssertionError as error:
        ended, served = process.poll(), display.runs
        process.kill()
        said = "".join(process.communicate())[-3000:]
        raise AssertionError(f"{error}; ended: {ended}, X server: {served}\n{said}") from error
    _until(lambda: "Home" in display.title(window), "the first page did not open")
    display.do("windowfocus", "--sync", window)
    return process, window


@needs_x
@pytest.mark.slow
def test_pages_open_by_real_keys(
    start: Callable[..., subprocess.Popen[str]], display: Display
) -> None:
    _, window = _open(start, display)
    display.do("key", "ctrl+2")
    _until(lambda: "Study" in display.title(window), "Ctrl+2 did not open the second page")
    display.do("key", "ctrl+1")
    _until(lambda: "Chat" in display.title(window), "Ctrl+1 did not open the first page")


@needs_x
@pytest.mark.slow
def test_the_palette_works_by_real_keys(
    start: Callable[..., subprocess.Popen[str]], display: Display
) -> None:
    _, window = _open(start, display)
    display.do("key", "ctrl+k")
    display.do("type", "--delay", "20", "models")
    display.do("key", "Return")
    _until(lambda: "Models" in display.title(window), "the palette did not open the page")


@needs_x
@pytest.mark.slow
def test_a_click_on_the_rail_opens_a_page_and_ctrl_q_ends_it(
    start: Callable[..., subprocess.Popen[str]], display: Display, home: Path
) -> None:
    process, window = _open(start, display)
    geometry = dict(
        line.split("=") for line in display.do("getwindowgeometry", "--shell", window).splitlines()
    )
    lowest = int(geometry["HEIGHT"]) - 99  # above the row that hides the names
    display.do("mousemove", "--window", window, "28", str(lowest), "click", "1")
    _until(lambda: "Settings" in display.title(window), "the lowest page did not open")
    display.do("key", "ctrl+q")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert window_state.load(home / "state.json").page == "studio.settings"

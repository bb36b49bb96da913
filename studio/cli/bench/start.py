"""The bench ``start``: how long until the window is painted, and what it had to import for that."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from studio.cli.doctor.display import has_display
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import ErrorCode, StudioError

RUNS = 5
STARTED = "STUDIO_MEASURE_START"
"""The window reads it: print what the first paint took, and end."""

# The least a PySide6 program can do to show a window, measured in the same way.
_BARE = f"""
import json, os, time
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print(json.dumps({{"first_paint_seconds": time.time() - float(os.environ["{STARTED}"])}}))
        application.exit()
application = QApplication([])
window = Window()
window.resize(1200, 800)
window.show()
application.exec()
"""


def measure(session: StudioSession) -> dict[str, Any]:
    """Start both windows in turn, once to warm the disk's cache and ``RUNS`` times to measure."""
    studio: list[float] = []
    bare: list[float] = []
    heavy: set[str] = set()
    with tempfile.TemporaryDirectory() as home:
        for run in range(RUNS + 1):
            ours = _start([sys.executable, "-m", "studio"], home)
            theirs = _start([sys.executable, "-c", _BARE], home)
            if run:
                studio.append(ours["first_paint_seconds"])
                bare.append(theirs["first_paint_seconds"])
            heavy.update(ours["heavy_modules"])
    seconds, bare_seconds = statistics.median(studio), statistics.median(bare)
    return {
        "ratio": seconds / bare_seconds,
        "seconds": seconds,
        "bare_seconds": bare_seconds,
        "runs": [round(value, 3) for value in studio],
        "bare_runs": [round(value, 3) for value in bare],
        "heavy_modules": sorted(heavy),
        "platform": _environment(home)["QT_QPA_PLATFORM"] or "the system's",
    }


def _start(command: list[str], home: str) -> dict[str, Any]:
    environment = {**_environment(home), STARTED: str(time.time())}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise StudioError(
            ErrorCode.INTERNAL,
            f"No window opened (exit code {done.returncode}).",
            "Run `studio doctor display` for details.",
            done.stderr[-4000:],
        ) from error
    return found


def _environment(home: str) -> dict[str, str]:
    platform = os.environ.get("QT_QPA_PLATFORM", "") or ("" if has_display() else "offscreen")
    return {**os.environ, "STUDIO_HOME": home, "QT_QPA_PLATFORM": platform}

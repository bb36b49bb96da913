"""The bench ``start``: the first frame, the first page, the first answer, and memory when idle."""

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
MINUTES = "STUDIO_MEASURE_MINUTES"
"""The window reads it: print what a first question took, and end."""
_MOST_SECONDS = 600

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


FRESH_RUNS = 3
KEY_SECONDS = 0.12
"""Between two letters of who types fast: 100 words a minute."""
IDLE_SECONDS = 10.0
"""After so long the window has imported ahead what it will."""

_BARE_TORCH = """
import time
started = time.monotonic()
import json, psutil, torch
seconds = time.monotonic() - started
print(json.dumps({"seconds": seconds, "mb": psutil.Process().memory_full_info().pss / 1e6}))
"""


def measure(session: StudioSession) -> dict[str, Any]:
    """Start both windows in turn, once to warm the disk's cache and ``RUNS`` times to measure.

    ``answer_seconds`` is from Return to the first word of who types the question,
    ``pasted_answer_seconds`` of who has it at once. The first minutes are those of ``FRESH_RUNS``
    fresh homes, beside processes that only import torch. ``used_mb`` is after an answer, with no
    model loaded any more; the runtime ends some minutes later.
    """
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
    fresh, pasted = (
        [_first_minutes(key_seconds) for _ in range(FRESH_RUNS)]
        for key_seconds in (KEY_SECONDS, 0.0)
    )
    torch = [_start([sys.executable, "-c", _BARE_TORCH], home) for _ in range(FRESH_RUNS)]
    seconds, bare_seconds = statistics.median(studio), statistics.median(bare)
    return {
        "ratio": seconds / bare_seconds,
        "seconds": seconds,
        "bare_seconds": bare_seconds,
        "runs": [round(value, 3) for value in studio],
        "bare_runs": [round(value, 3) for value in bare],
        "heavy_modules": sorted(heavy),
        **{key: statistics.median(run[key] for run in fresh) for key in fresh[0]},
        "pasted_answer_seconds": statistics.median(run["answer_seconds"] for run in pasted),
        "answer_runs": [round(run["answer_seconds"], 2) for run in fresh],
        **{f"bare_torch_{key}": statistics.median(run[key] for run in torch) for key in torch[0]},
        "platform": _environment(home)["QT_QPA_PLATFORM"] or "the system's",
    }


def _first_minutes(key_seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as home:
        pauses = json.dumps([IDLE_SECONDS, key_seconds])
        return _figures([sys.executable, "-m", "studio"], {**_environment(home), MINUTES: pauses})


def _start(command: list[str], home: str) -> dict[str, Any]:
    return _figures(command, {**_environment(home), STARTED: str(time.time())})


def _figures(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run a program and return the JSON object in its last line."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
    )
    try:
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise StudioError(
            ErrorCode.INTERNAL,
            f"The window ended without its figures (exit code {done.returncode}).",
            "Run `studio doctor display` for details.",
            done.stderr[-4000:],
        ) from error
    return figures


def _environment(home: str) -> dict[str, str]:
    platform = os.environ.get("QT_QPA_PLATFORM", "") or ("" if has_display() else "offscreen")
    return {**os.environ, "STUDIO_HOME": home, "QT_QPA_PLATFORM": platform}

"""What benches do in the window, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks import child_environment
from studio.cli.doctor.display import has_display
from studio.protocol.errors import ErrorCode, StudioError

BEAT = 0.01
"""Seconds between two turns at which a timer is due."""
_TOLD = "told.json"

_OPEN = f"""
import json, pathlib, sys, time
from studio.app import App, let_go_of_clipboard, make_application
from PySide6.QtCore import QEventLoop, Qt, QTimer

application = make_application()
told = json.loads(sys.argv[1])
arguments = told["arguments"]

class Loop:
    def __init__(self):
        self.late, self._last, self._timer = [], time.perf_counter(), QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start({int(BEAT * 1000)})
    def _beat(self):
        now = time.perf_counter()
        self.late.append(max(0.0, now - self._last - {BEAT}))
        self._last = now
    def turn(self, seconds):
        turning = QEventLoop()
        QTimer.singleShot(max(1, int(seconds * 1000)), turning.quit)
        turning.exec()
    def until(self, done, seconds=120.0):
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise TimeoutError("the window stands still")
            self.turn(0.01)

def open_page(page):
    app.window.go_to(page)
    loop.until(lambda: app.window.pages.current == page)

def show(figures):
    pathlib.Path("{_TOLD}").write_text(json.dumps(figures), "utf-8")

app = App(application, only=tuple(told["only"]))
times = {{}}
app.window.painted.connect(lambda: times.setdefault("painted", time.monotonic()))
app.window.pages.opened.connect(lambda page: times.setdefault("page", time.monotonic()))
app.window.resize(1180, 740)
loop = Loop()
app.start()
loop.until(lambda: app.session is not None)
try:
"""
_CLOSE = """
finally:
    app.finish()
    let_go_of_clipboard()
"""


def run(
    script: str,
    arguments: Mapping[str, Any],
    only: Sequence[str] = (),
    home: Path | None = None,
) -> dict[str, Any]:
    """Run a few lines in a process with the whole window; return what they ``show``.

    They find ``app``, ``arguments``, ``open_page(id)``, ``times`` (monotonic seconds of the first
    frame, ``painted``, and of the first ``page``) and ``loop``, whose ``turn(seconds)`` lets
    the window live and whose ``late`` fills up with how late it was, in seconds.

    Args:
        only: The plugins that are started; all without it.
        home: Where the studio keeps things; a folder that is thrown away without it.

    Raises:
        StudioError: The process failed; its last words are the details.
    """
    lines = "\n".join(f"    {line}" for line in script.strip().splitlines())
    environment = child_environment()
    if not has_display():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="offline-studio-bench-") as folder:
        environment["STUDIO_HOME"] = str(home or Path(folder, "home"))
        told = json.dumps({"arguments": arguments, "only": list(only)})
        done = subprocess.run(
            [sys.executable, "-c", _OPEN + lines + _CLOSE, told],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StudioError(
                ErrorCode.INTERNAL,
                "The benchmark failed: its window process ended early.",
                "Run `studio doctor` to see what is missing.",
                done.stderr[-4000:],
            )
        figures: dict[str, Any] = json.loads(Path(folder, _TOLD).read_text("utf-8"))
    return figures


def lateness(late: Sequence[float]) -> dict[str, float]:
    """Return the quantiles of some delays, in milliseconds; ``late`` are seconds."""
    ordered = sorted(late) or [0.0]

    def part(share: float) -> float:
        return 1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    return {"p50": part(0.5), "p99": part(0.99), "p99.9": part(0.999), "max": part(1)}


class Metronome:
    """A program that only wakes up every 10 ms beside a bench: what the machine itself costs.

    Attributes:
        lateness: Its quantiles, once it has ended.
    """

    _SCRIPT = f"""
import json, select, sys, time
late, last = [], time.perf_counter()
while not select.select([sys.stdin], [], [], 0)[0]:
    time.sleep({BEAT})
    now = time.perf_counter()
    late.append(max(0.0, now - last - {BEAT}))
    last = now
print(json.dumps(late))
"""

    def __init__(self) -> None:
        self.lateness: dict[str, float] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        out, _error = self._process.communicate()
        self.lateness = lateness(json.loads(out))

"""The bench ``chat``: window time of a streamed answer and of a long thread, in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from studio.cli.doctor.display import has_display
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import ErrorCode, StudioError

_MOST_SECONDS = 600
# The command line knows no Qt: the window's parts meet the plugin in a process of their own.
_SCRIPT = """
import json
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication([])
from studio.desktop.appearance.appearance import Appearance as Look
from studio.desktop.ui import WindowUi
from studio_chat.bench import run
look = Look.dress(application)
window = QWidget()
window.resize(820, 700)
look.theme.dress(window)
window.show()
print(json.dumps(run(WindowUi(look, window, None, None), window)))
look.theme.close()
"""


def measure(session: StudioSession) -> dict[str, Any]:
    """Stream 5,000 tokens and scroll through 1,000 messages with the page's own widgets.

    ``ratio`` is the median window time of a token against its budget of one millisecond.
    """
    environment = dict(os.environ)
    if not has_display():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        environment["STUDIO_HOME"] = home
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    if done.returncode:
        raise StudioError(
            ErrorCode.INTERNAL,
            "The chat benchmark failed: its window process crashed.",
            "Run `studio doctor` to see what is missing.",
            done.stderr[-4000:],
        )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {"ratio": figures["stream_ms_per_token_by_1_median"], **figures}

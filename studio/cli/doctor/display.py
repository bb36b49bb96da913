"""The doctor on the window: display and fonts. Asks Qt in a child, which may die of the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from studio.cli.doctor.check_result import CheckResult, fine, problem, warning
from studio.cli.terminal.studio_session import StudioSession

# Qt ends its process when there is no display, hence the child. It reads the probe from "-c", so
# that no module of the command line imports Qt.
_PROBE = """
import json
from PySide6.QtCore import qVersion
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QRawFont
application = QGuiApplication([])
samples = json.loads(%r)
missing = dict(samples)
for family in QFontDatabase.families():
    font = QRawFont.fromFont(QFont(family))
    if font.supportsCharacter(0x10FFFE):
        continue  # no font has that: these are the boxes that Qt draws where there are no fonts
    missing = {name: code for name, code in missing.items() if not font.supportsCharacter(code)}
    if not missing:
        break
print(json.dumps({
    "qt": qVersion(),
    "platform": application.platformName(),
    "screens": [[s.name(), s.size().width(), s.size().height(), s.devicePixelRatio()]
                for s in application.screens()],
    "missing": sorted(missing),
}))
"""

SAMPLES = {
    "Chinese": 0x4E2D,
    "Japanese": 0x3042,
    "Korean": 0xD55C,
    "Arabic": 0x0639,
    "Hebrew": 0x05D0,
    "Devanagari": 0x0915,
    "Greek": 0x03A9,
    "Cyrillic": 0x042F,
    "emoji": 0x1F600,
}
"""Script → a character of it."""

_CURES = (
    ("xcb-cursor", "Install libxcb-cursor0 (Debian, Ubuntu) or xcb-util-cursor (Fedora, Arch)."),
    ("libEGL", "Install libegl1 (Debian, Ubuntu) or libglvnd-egl (Fedora)."),
    ("libGL", "Install libgl1 (Debian, Ubuntu) or libglvnd-glx (Fedora)."),
    ("libxkbcommon", "Install libxkbcommon-x11-0 (Debian, Ubuntu) or libxkbcommon-x11 (Fedora)."),
    ("No module named", "Run `make setup` to reinstall the packages."),
    ("could not connect to display", "Start Offline Studio inside a desktop session."),
)


def display(session: StudioSession) -> Iterator[CheckResult]:
    """Whether a window can open, and on what."""
    if not has_display():
        yield warning(
            "There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            "Use `studio run`, `studio chat` and `studio tour`, or start it in a desktop session.",
        )
        return
    facts, complaint = _ask_qt()
    if facts is None:
        cure = next((cure for sign, cure in _CURES if sign in complaint), "Run `make setup`.")
        yield problem(f"A window cannot open: {complaint}.", cure)
        return
    yield fine(f"Qt {facts['qt']}, platform {facts['platform']}.")
    for name, width, height, scale in facts["screens"]:
        yield fine(f"Screen {name or 'without a name'}: {width}×{height} at {scale:g}×.")


def fonts(session: StudioSession) -> Iterator[CheckResult]:
    """Which scripts would be shown as boxes."""
    facts, complaint = _ask_qt("" if has_display() else "offscreen")
    if facts is None:
        facts, complaint = _ask_qt("offscreen")
    if facts is None:
        yield problem(f"The fonts cannot be checked: {complaint}.", "Run `make setup`.")
    elif facts["missing"]:
        yield warning(
            f"No font covers {', '.join(facts['missing'])}: such text is shown as boxes.",
            "Install the Noto fonts: fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji.",
        )
    else:
        yield fine("Fonts cover all scripts that were checked, including emoji.")


def has_display() -> bool:
    """Whether there is a desktop session that a window could open in."""
    if not sys.platform.startswith("linux"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def _ask_qt(platform: str = "") -> tuple[dict[str, Any] | None, str]:
    """Return what Qt says, or None and why it does not."""
    environment = {**os.environ, **({"QT_QPA_PLATFORM": platform} if platform else {})}
    words = [sys.executable, "-c", _PROBE % json.dumps(SAMPLES)]
    try:
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode == 0:
            facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return facts, ""
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        return None, f"{type(error).__name__}: {error}"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    telling = [line for line in lines if any(sign in line for sign, _ in _CURES)]
    return None, ((telling or lines[-1:] or [f"exit code {done.returncode}"])[0]).rstrip(".")

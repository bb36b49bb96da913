"""Whether a window could be seen on this machine, and if not, why. Opens no window itself."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

X_PORT = 6000
PATIENCE = 2.0  # seconds for a forwarded display to answer
INVISIBLE = ("offscreen", "minimal")


def why_none() -> str:
    """Returns why no window could be seen, in words that go on after "There is no display:".

    Empty when there is a display. A display that is named but does not answer counts as none:
    Qt would end the process at once.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform in INVISIBLE:
        return f"QT_QPA_PLATFORM is {platform}"
    if sys.platform in ("win32", "darwin"):
        return ""
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if not wayland and not x11:
        return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    if wayland and _wayland_answers(wayland):
        return ""
    if x11 and _x11_answers(x11):
        return ""
    name, value = ("DISPLAY", x11) if x11 else ("WAYLAND_DISPLAY", wayland)
    return f"{name} is {value} and nothing answers there"


def _wayland_answers(name: str) -> bool:
    """Looks for the compositor's socket: an absolute path, or a name in the runtime folder."""
    return _answers(str(Path(os.environ.get("XDG_RUNTIME_DIR", "")) / name))


def _x11_answers(name: str) -> bool:
    """Tries the places where an X server named `HOST:NUMBER.SCREEN` listens."""
    parts = re.fullmatch(r"(?:unix|(.*?))[:]{1,2}(\d+)(?:\.\d+)?", name)
    if parts is None:
        return os.path.exists(name)  # a path, as XQuartz has it
    host, number = parts.group(1), int(parts.group(2))
    if host:
        return _answers((host, X_PORT + number))
    file = f"/tmp/.X11-unix/X{number}"
    return _answers(file) or _answers(f"\0{file}")


def _answers(address: str | tuple[str, int]) -> bool:
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, PATIENCE).close()
        else:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(PATIENCE)
                line.connect(address)
    except OSError:
        return False
    return True

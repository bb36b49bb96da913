"""A sound server of a test's own: PulseAudio with null sinks, far from the devices of the machine.

``make setup`` installs it for tests.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 60.0
"""It bounds a hang, and measures nothing."""


@contextmanager
def sound_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch, lines: Sequence[str]
) -> Iterator[None]:
    """Run one, found by this process and by those that it starts.

    Args:
        folder: An empty one, for its socket and its log.
        lines: Of its script: which devices there are, and which are the usual ones.
    """
    for program in ("pulseaudio", "parec"):
        assert shutil.which(program), f"{program} is missing: `make setup` installs it"
    socket, script = folder / "pulse.sock", folder / "server.pa"
    protocol = f"load-module module-native-protocol-unix auth-anonymous=1 socket={socket}"
    script.write_text("\n".join([protocol, *lines, ""]))
    for name in ("XDG_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{socket}")
    command = ["pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--exit-idle-time=-1"]
    with (folder / "server.log").open("wb") as log:
        running = subprocess.Popen(
            [*command, "--use-pid-file=no"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: socket.exists() or running.poll() is not None)
        assert running.poll() is None, (folder / "server.log").read_text()
        yield
    finally:
        running.terminate()
        running.wait(PATIENCE)


def until(true: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)

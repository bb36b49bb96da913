"""Targets that a probe could reach without the sandbox: a secret, sockets, a process. Temporary."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from studio.sandbox.inside import syscalls

VARIABLE = "STUDIO_PROBE_SECRET"


@dataclass
class Fixture:
    """Things of the user's that untrusted code must not reach.

    Attributes:
        folder: Holds ``home/secret.txt``, and ``open/`` where everybody may write.
        secret: What is in the secret file, and in the environment of the processes outside.
        marker: A word on the command line of what a probe leaves running.
        facts: All that a script is told.
    """

    folder: Path
    secret: str
    marker: str
    facts: dict[str, Any]

    @property
    def open_folder(self) -> Path:
        """Where everybody may write."""
        return self.folder / "open"

    def tidy(self) -> None:
        """Remove the traces of a probe."""
        for path in self.open_folder.iterdir():
            path.unlink()
        Path(self.facts["secret"]).chmod(0o644)
        for process in self.survivors():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def survivors(self) -> list[int]:
        """Return the processes that a probe has left running."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._is_left(path)]

    def _is_left(self, process: Path) -> bool:
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            return state != "Z" and self.marker.encode() in (process / "cmdline").read_bytes()
        except OSError:  # it has just ended
            return False


@contextmanager
def fixture() -> Iterator[Fixture]:
    """Make it, and clear it away again."""
    folder = Path(tempfile.mkdtemp(prefix="studio-probe-"))
    secret, marker = secrets.token_hex(16), f"left-by-a-probe-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        _folders(folder, secret)
        victim = subprocess.Popen(["sleep", "600"], env={VARIABLE: secret, "PATH": os.defpath})
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        os.environ[VARIABLE] = secret
        stack.callback(os.environ.pop, VARIABLE)
        facts = {
            "secret": str(folder / "home" / "secret.txt"),
            "home": str(folder / "home"),
            "open": str(folder / "open"),
            "package": msgspec.__file__,
            "variable": VARIABLE,
            "marker": marker,
            "victim": victim.pid,
            "supervisor": os.getpid(),
            "python": sys.executable,
            "numbers": syscalls.numbers(syscalls.DENIED, os.uname().machine),
            **_sockets(stack, folder),
        }
        yield Fixture(folder, secret, marker, facts)


def _folders(folder: Path, secret: str) -> None:
    folder.chmod(0o755)
    (folder / "home").mkdir(0o755)
    (folder / "home" / "secret.txt").write_text(secret, encoding="ascii")
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)


def _sockets(stack: contextlib.ExitStack, folder: Path) -> dict[str, Any]:
    """Listen on every kind of socket that needs no rights. Returns where."""
    abstract = f"studio-probe-{secrets.token_hex(8)}"
    path = str(folder / "open.socket")
    listeners: dict[str, tuple[int, int, Any]] = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract),
        "path": (socket.AF_UNIX, socket.SOCK_STREAM, path),
        "letters": (socket.AF_UNIX, socket.SOCK_DGRAM, path + ".letters"),
    }
    facts: dict[str, Any] = {"abstract": abstract, "path": path, "letters": path + ".letters"}
    for name, (family, kind, address) in listeners.items():
        listener = stack.enter_context(socket.socket(family, kind))
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen(16)
        if family == socket.AF_INET:
            facts[name] = listener.getsockname()[1]
        elif name != "abstract":
            os.chmod(str(address), 0o777)
    return facts

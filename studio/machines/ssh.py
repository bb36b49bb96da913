"""Reaching a machine by the user's own ssh: its command line, and its refusals in words.

Configuration, agent, keys and known hosts are those of the user; no check of a host key is ever
taken out, and nothing is asked for: what ssh would have to ask is told in a sentence.
"""

from __future__ import annotations

import collections
import logging
import os
import select
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import studio
from studio.machines.registry import MachineEntry
from studio.machines.wire.messages import MARK, WIRE_VERSION, Arrival
from studio.protocol.errors import ErrorCode, StudioError

log = logging.getLogger("studio.machines")

CONNECT_SECONDS = 15
ARRIVAL_SECONDS = 120.0
"""For the connection, the log-in and the start of Python there."""
MOST_BEFORE = 64 * 1024
"""Bytes that a shell may print at login."""
_KEPT_LINES = 50


class Unreachable(StudioError):
    """The machine is not reached now; it may be later."""


class Ended(StudioError):
    """The session to reattach to no longer exists."""


class SshWire:
    """A connection by ssh; implements ``wire.session.Wire``."""

    def __init__(self, entry: MachineEntry, session: str, again: bool) -> None:
        """Connect, and wait until somebody answers there.

        Args:
            session: Its id.
            again: Attach to a runtime that is there, start none.

        Raises:
            Unreachable: Not now.
            Ended: There is nothing to attach to.
            StudioError: ssh refuses, no studio is there, or one of another version.
        """
        self._entry = entry
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        try:
            self._process = subprocess.Popen(
                command(entry, f"--attach {session}{' --again' if again else ''}"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                # A password prompt of an agent or of ssh has no terminal, and no window.
                env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
                start_new_session=True,
            )
        except OSError as error:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                "The program ssh cannot be started, which reaches other machines.",
                "Install the OpenSSH client.",
                str(error),
            ) from error
        self.reader: Any = self._process.stdout
        self.writer: Any = self._process.stdin
        self._log = threading.Thread(target=self._read_log, name="studio-ssh-log", daemon=True)
        self._log.start()
        try:
            self._welcome(_arrival(self.reader, time.monotonic() + ARRIVAL_SECONDS))
        except (OSError, ValueError):
            code = self._end()
            raise refusal(entry, list(self._lines), code) from None
        except BaseException:
            self._end()
            raise

    def hang_up(self) -> None:
        """Break it; from any thread."""
        self._process.kill()

    def close(self) -> None:
        """Break it, and wait for ssh to be gone."""
        self._end()

    def _end(self) -> int:
        if self._process.poll() is None:
            try:
                self._process.wait(0.2)  # it is about to say why
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._log.join(2.0)
        for pipe in (self.reader, self.writer):
            pipe.close()
        return code

    def _welcome(self, arrival: Arrival) -> None:
        name = self._entry.name
        if arrival.gone:
            raise Ended(ErrorCode.RUNTIME_LOST, f"The runtime on {name} has ended meanwhile.")
        if (arrival.wire, arrival.studio) != (WIRE_VERSION, studio.__version__):
            raise StudioError(
                ErrorCode.PROTOCOL,
                f"{name} has Offline Studio {arrival.studio[:20]}, and this computer has "
                f"{studio.__version__}.",
                "Install the same version on both.",
            )
        if arrival.trouble:
            raise StudioError(ErrorCode.UNSUPPORTED, f"{name}: {arrival.trouble[:500]}")

    def _read_log(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            for raw in stderr:
                line = raw.decode("utf-8", "replace").rstrip()
                self._lines.append(line)
                log.info("%s: %s", self._entry.name, line)


def command(entry: MachineEntry, arguments: str) -> list[str]:
    """Return the command that runs the runtime of ``entry`` with ``arguments`` by ssh."""
    options = ["-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"]
    options += ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]
    options += ["-o", "ClearAllForwardings=yes", "-o", "ForwardAgent=no"]
    if entry.port:
        options += ["-p", str(entry.port)]
    if entry.user:
        options += ["-l", entry.user]
    if entry.identity:
        options += ["-i", str(Path(entry.identity).expanduser())]
    program = shutil.which("ssh") or "ssh"
    return [program, *options, "--", entry.host, f"exec {entry.studio} --runtime {arguments}"]


def _arrival(stream: Any, until: float) -> Arrival:
    """Return the output after the marker; skip anything the login shell printed.

    Raises:
        OSError, ValueError: There is no such output.
    """
    line, passed = bytearray(), 0
    while passed < MOST_BEFORE:
        left = until - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            raise TimeoutError
        byte = stream.read(1)
        if not byte:
            raise OSError("nobody answers")
        passed += 1
        if byte != b"\n":
            line += byte
            continue
        if line.startswith(MARK):
            return msgspec.json.decode(bytes(line[len(MARK) :]), type=Arrival)
        line.clear()
    raise ValueError("too much is said before")


def refusal(entry: MachineEntry, lines: Sequence[str], code: int | None) -> StudioError:
    """Return why a machine could not be reached, by what ssh has said of it."""
    text = "\n".join(lines)
    words = text.lower()
    where = f"{entry.user}@{entry.host}" if entry.user else entry.host
    if entry.identity:
        where = f"-i {shlex.quote(str(Path(entry.identity).expanduser()))} {where}"
    if entry.port:
        where = f"-p {entry.port} {where}"
    name = entry.name
    if "host identification has changed" in words:
        return StudioError(
            ErrorCode.PERMISSION,
            f"The host key of {name} has changed since the last time: it may be another machine.",
            f"Find out why before you continue. If it was set up again, run `ssh-keygen -R "
            f"{entry.host}`, then `ssh {where}` in a terminal and compare its key.",
            text,
        )
    if "host key verification failed" in words:
        return StudioError(
            ErrorCode.PERMISSION,
            f"The host key of {name} is not known on this computer yet.",
            f"Run `ssh {where}` once in a terminal, and compare the key that it shows.",
            text,
        )
    if "permission denied" in words or "too many authentication failures" in words:
        return StudioError(
            ErrorCode.PERMISSION,
            f"{name} did not let you in: it accepts none of your keys, and asks for a password.",
            f"Set up a key with `ssh-copy-id {where}`; if your key has a passphrase, run "
            "`ssh-add` first. Offline Studio never asks for passwords.",
            text,
        )
    if code == 127 or "command not found" in words or "no such file or directory" in words:
        return StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no `{entry.studio}` on {name}.",
            "Install Offline Studio there, or give the path of its `studio` command.",
            text,
        )
    if "could not resolve" in words or "name or service not known" in words:
        return Unreachable(
            ErrorCode.NOT_FOUND,
            f"There is no host “{entry.host}”.",
            "Check the name, and whether you are in the right network.",
            text,
        )
    last = next((line for line in reversed(lines) if line), "it did not answer")
    return Unreachable(
        ErrorCode.NOT_FOUND,
        f"{name} cannot be reached: {last[:200].rstrip('.')}.",
        "Check that it is switched on and in the network, then try again.",
        text,
    )

"""``studio --runtime --attach ID``: leads a connection to its broker, which it starts if need be.

Run by ssh, for a studio elsewhere; what it says first is told from what a shell prints at login.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

import studio
from studio.base.paths import StudioPaths
from studio.machines.wire.messages import MARK, Arrival
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.files.private_folder import runtime_folder

_ID = re.compile(r"[0-9a-f]{32}")
_COPIED = 256 * 1024


def main(arguments: Sequence[str]) -> int:
    """Attach standard input and output to a session, or be its broker."""
    parser = argparse.ArgumentParser(prog="studio --runtime")
    parser.add_argument("--attach", default="")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--broker", default="")
    options = parser.parse_args(list(arguments))
    if options.broker:
        return _be_broker(options.broker)
    if not _ID.fullmatch(options.attach):
        return _say(Arrival(trouble="The id of the session is invalid."))
    try:
        connection = _connect(options.attach, options.again)
    except FileNotFoundError:
        return _say(Arrival(studio=studio.__version__, gone=True))
    except (OSError, StudioError) as error:
        return _say(Arrival(studio=studio.__version__, trouble=str(error)))
    _say(Arrival(studio=studio.__version__))
    with connection:
        _copy_both(connection)
    return 0


def _say(arrival: Arrival) -> int:
    os.write(1, MARK + msgspec.json.encode(arrival) + b"\n")
    return 3 if arrival.trouble or arrival.gone else 0


def _connect(session: str, again: bool) -> socket.socket:
    """Return a connection to the broker of a session.

    Raises:
        FileNotFoundError: It is to be there already, and is not.
        StudioError: It could not be started.
    """
    path = _folder() / session
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
        return _dialled(path)
    path.unlink(missing_ok=True)
    if again:
        raise FileNotFoundError
    command = [sys.executable, "-P", "-m", "studio", "--runtime", "--broker", session]
    ready, signal = os.pipe()
    try:
        subprocess.Popen(
            [*command],
            stdin=subprocess.DEVNULL,
            stdout=signal,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    finally:
        os.close(signal)
    with os.fdopen(ready, "rb", 0) as answer:
        trouble = answer.read(2000).decode("utf-8", "replace")
    if trouble != "ready":
        raise StudioError(ErrorCode.INTERNAL, trouble or "Its runtime could not be started.")
    return _dialled(path)


def _dialled(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def _folder() -> Path:
    """Return the private folder of sockets.

    Raises:
        StudioError: ``PERMISSION``: it is somebody else's.
    """
    folder = runtime_folder() / f"offline-studio-sessions-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise StudioError(ErrorCode.PERMISSION, f"The folder {folder} is not private to you.")
    return folder


def _copy_both(connection: socket.socket) -> None:
    """Copy what comes both ways until either side ends."""

    def inward() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(0, _COPIED):
                connection.sendall(data)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=inward, daemon=True).start()
    with contextlib.suppress(OSError):
        while data := connection.recv(_COPIED):
            view = memoryview(data)
            while view:
                view = view[os.write(1, view) :]


def _be_broker(session: str) -> int:
    """Serve a session until it is over; say on standard output once it can be reached."""
    from studio.machines.there.broker import Broker  # it brings half the studio

    os.umask(0o077)
    path = _folder() / session
    try:
        paths = StudioPaths.default()
        broker = Broker(paths)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(4)
    except (OSError, StudioError) as error:
        os.write(1, str(error).encode()[:2000])
        return 3
    _log_to(paths.logs)
    os.write(1, b"ready")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)  # whoever waits for the end of it reads on
    os.close(nothing)
    try:
        with listener:
            broker.serve(listener)
    finally:
        path.unlink(missing_ok=True)
    os._exit(0)  # threads that wait for connections do not hold it up


def _log_to(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        logging.basicConfig(
            filename=folder / "machines.log",
            level=logging.INFO,
            format="%(asctime)s %(levelname)s %(message)s",
        )

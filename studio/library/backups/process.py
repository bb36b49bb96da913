"""The process that copies: beside the studio, so that no window waits, and the last to compute.

``python -m studio.library.backups.process REQUEST`` with a ``Request`` as JSON. It hears lines on
its standard input: ``pause`` and ``go``; when that ends, its studio is gone or wants it to stop,
and it takes away what it has begun. Its standard output is lines of JSON: how far it is, and how it
ended.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import msgspec
import psutil

from studio.base.background import in_words
from studio.base.paths import StudioPaths
from studio.library.backups import catalogue, maker, restoration
from studio.library.backups.catalogue import Backup
from studio.library.library import Library
from studio.protocol.errors import Cancelled, ErrorInfo

_TELL_SECONDS = 0.1
_LAST_NICE = 19


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request to the backup process.

    Attributes:
        home: Home of the studio.
        folder: Target of the backup; for ``restore``, the backup to restore.
        restore: Prepare a restore, instead of making a backup.
        chosen, kept: See ``maker.make``.
    """

    home: str
    folder: str
    restore: bool = False
    chosen: bool = True
    kept: int = 0


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """Progress of the process, or its result in the last line.

    Attributes:
        made: Folder of the backup, or of the prepared restore.
        error: Reason for a failure; without either, it was stopped.
    """

    done: int = 0
    total: int = 0
    made: str = ""
    error: ErrorInfo | None = None
    over: bool = False


class _Studio:
    """The parent process: receives its commands and reports copy progress to it."""

    def __init__(self, words: TextIO, out: TextIO) -> None:
        self._out = out
        self._told = 0.0
        self._may_go = threading.Event()
        self._may_go.set()
        self._stopped = False
        threading.Thread(target=self._hear, args=(words,), daemon=True).start()

    def progress(self, done: int, total: int) -> None:
        """Tell, wait while it is to wait, and end when it is to end."""
        if time.monotonic() > self._told + _TELL_SECONDS:
            self._told = time.monotonic()
            self.tell(Told(done, total))
        self._may_go.wait()
        if self._stopped:
            raise Cancelled

    def tell(self, status: Told) -> None:
        with suppress(OSError):  # nobody is there any more; the next step finds out
            self._out.write(f"{msgspec.json.encode(status).decode()}\n")
            self._out.flush()

    def _hear(self, words: TextIO) -> None:
        for line in words:
            if line.strip() == "pause":
                self._may_go.clear()
            else:
                self._may_go.set()
        self._stopped = True
        self._may_go.set()


def main(request: Request) -> int:
    """Do it; return the exit code."""
    studio = _Studio(sys.stdin, sys.stdout)
    try:
        folder = _restore(request, studio) if request.restore else _make(request, studio)
    except Cancelled:
        studio.tell(Told(over=True))
        return 0
    except Exception as error:  # noqa: BLE001 - the border of the process
        studio.tell(Told(error=in_words(error).info(), over=True))
        return 1
    studio.tell(Told(made=str(folder.folder), over=True))
    return 0


def _make(request: Request, studio: _Studio) -> Backup:
    _be_last()
    paths = StudioPaths(Path(request.home))
    with Library.open(paths.library, read_only=True) as library:
        return maker.make(
            library,
            Path(request.folder),
            chosen=request.chosen,
            kept=request.kept,
            progress=studio.progress,
        )


def _restore(request: Request, studio: _Studio) -> Backup:
    paths, folder = StudioPaths(Path(request.home)), Path(request.folder)
    backups = catalogue.listed(folder.parent, paths.home)
    backup = next((candidate for candidate in backups if candidate.folder == folder), None)
    if backup is None:
        raise catalogue.missing(folder.name)
    restoration.prepare(backup, paths, studio.progress)
    return backup


def _be_last() -> None:
    """Compute and read only while nobody else wants to."""
    process = psutil.Process()
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.IDLE_PRIORITY_CLASS)
        else:
            os.nice(_LAST_NICE)
        if sys.platform == "linux":
            process.ionice(psutil.IOPRIO_CLASS_IDLE)


if __name__ == "__main__":
    sys.exit(main(msgspec.json.decode(sys.argv[1], type=Request)))

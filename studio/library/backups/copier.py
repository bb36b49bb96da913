"""The studio's end of the process that copies: starts it, hears it, pauses it, stops it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from studio.base.background import Post
from studio.base.child import reader_command, runtime_environment
from studio.library.backups.process import Request, Told
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.process_end import in_words

GRACE_SECONDS = 5.0
_LAST_WORDS = 2000

Over = Callable[[Path | None, StudioError | None], None]
"""Called with the folder that was made, or with why none was; with neither when it was stopped."""


class Copier:
    """One copy under way. Used on the owner's thread, where it also tells.

    Attributes:
        done, total: Files that are copied and verified, and all of them; ``total`` 0 at first.
        is_paused: Whether it waits until it may go on.
        is_stopping: Whether it was told to stop.
    """

    def __init__(self, request: Request, post: Post, moved: Callable[[], None], over: Over) -> None:
        """Start; raise ``OSError`` when no process can be started."""
        self.done = self.total = 0
        self.is_paused = self.is_stopping = False
        self._post, self._moved, self._over = post, moved, over
        self._process = subprocess.Popen(
            reader_command(f"{__package__}.process", _as_text(request)),
            env=runtime_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._thread = threading.Thread(target=self._hear, name="backup", daemon=True)
        self._thread.start()

    def pause(self, paused: bool) -> None:
        """Let it wait, or go on."""
        if paused != self.is_paused:
            self.is_paused = paused
            with suppress(OSError, ValueError):  # it has just ended
                stdin = _pipe(self._process.stdin)
                stdin.write("pause\n" if paused else "go\n")
                stdin.flush()
            self._moved()

    def stop(self) -> None:
        """Stop the copy, delete its partial files, and report once finished."""
        self.is_stopping = True
        with suppress(OSError):
            _pipe(self._process.stdin).close()
        self._moved()

    def close(self) -> None:
        """Stop it and wait; it never outlives its studio for long."""
        self.stop()
        self._thread.join(GRACE_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _hear(self) -> None:
        last, text = Told(), ""
        with self._process as process:  # which also closes its pipes
            for line in _pipe(process.stdout):
                try:
                    last = msgspec.json.decode(line, type=Told)
                except msgspec.MsgspecError:  # a traceback, or a library that says something
                    text = (text + line)[-_LAST_WORDS:]
                else:
                    self._post(partial(self._heard, last))
        code = process.returncode
        error = StudioError.from_info(last.error) if last.error else None
        if not last.over and not self.is_stopping:
            error = StudioError(
                ErrorCode.INTERNAL,
                f"The process that copies the library ended early. {in_words(code)}",
                "Try again. Earlier backups are unchanged.",
                text,
            )
        self._post(lambda: self._over(Path(last.made) if last.made else None, error))

    def _heard(self, status: Told) -> None:
        if not status.over:
            self.done, self.total = status.done, status.total
            self._moved()


def _as_text(request: Request) -> str:
    return msgspec.json.encode(request).decode()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None, "the process was started with pipes"
    return pipe

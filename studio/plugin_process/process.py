"""A plugin's process as the runtime sees it: its messages are queued here, within limits.

Nothing here blocks whoever asks: one thread reads, one writes, one keeps the log. Whoever breaks
the rules of the link is ended, and the reason is told.
"""

from __future__ import annotations

import collections
import contextlib
import io
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from studio.plugin_process.launch import Launched
from studio.plugin_process.messages import WINDOW, FromPlugin
from studio.protocol.errors import StudioError
from studio.protocol.link import Link, LinkClosed, Received
from studio.protocol.messages import Message

log = logging.getLogger(__name__)

MOST_WAITING = 3 * WINDOW
"""Messages that nobody has heard yet; an honest process waits long before."""
MOST_BYTES = 1 << 30
"""Of blobs that nobody has heard yet; beyond, nothing more is read."""
MOST_SAID = 64 << 20
"""Bytes that it may print during one job."""
KEPT_LINES = 200
_LONGEST_LINE = 2000
_PATIENCE = 2.0

Outgoing = tuple[Message, Sequence[Any]]


class PluginProcess:
    """One process of one plugin.

    Attributes:
        end_reason: Why it is gone, in a sentence; empty while it lives.
        was_faulty: Whether it was ended because it broke the rules.
        reserved: Bytes of memory that its jobs have been lent beyond what it may hold.
    """

    def __init__(self, launched: Launched, wake: Callable[[], None]) -> None:
        """Take over a process that has just been started.

        Args:
            wake: Called from another thread whenever there is news of it.
        """
        self._launched = launched
        self._wake = wake
        stdout, stderr = (
            cast("io.FileIO", pipe) for pipe in (launched.process.stdout, launched.process.stderr)
        )
        self._from, self._to = _Counted(stdout), _Counted(launched.stdin)
        self._link = Link.over(self._from, self._to, decode=FromPlugin)
        self._changed = threading.Condition()
        self._waiting: collections.deque[Received] = collections.deque()
        self._outgoing: queue.SimpleQueue[Iterable[Outgoing] | None] = queue.SimpleQueue()
        self._lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self._said = 0
        self._ending = threading.Lock()
        self.end_reason = ""
        self.was_faulty = False
        self.reserved = 0
        self._threads = [
            threading.Thread(target=work, args=arguments, name="plugin-process", daemon=True)
            for work, arguments in (
                (self._read, ()),
                (self._write, ()),
                (self._read_log, (stderr,)),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Of the process that was started; what runs below it is the plugin's, too."""
        return self._launched.process.pid

    @property
    def bytes(self) -> tuple[int, int]:
        """Bytes received from it and sent to it so far."""
        return self._from.count, self._to.count

    @property
    def tier(self) -> str:
        """That of its sandbox; empty for none."""
        return self._launched.tier

    @property
    def is_alive(self) -> bool:
        """Whether it may be asked for more."""
        return not self.end_reason

    @property
    def has_news(self) -> bool:
        """Whether ``next`` has something to return or to raise."""
        return bool(self._waiting) or not self.is_alive

    @property
    def is_clogged(self) -> bool:
        """Whether it does not read its messages."""
        return self._outgoing.qsize() > MOST_WAITING

    def next(self) -> Received | None:
        """Return its next message; None if there is none yet.

        Raises:
            LinkClosed: It is gone, and all messages are read.
        """
        with self._changed:
            if self._waiting:
                self._changed.notify_all()
                return self._waiting.popleft()
            if not self.is_alive:
                raise LinkClosed(self.end_reason)
            return None

    def wait(self, seconds: float) -> Received | None:
        """Return its next message, waiting at most ``seconds``; for separate threads.

        Raises:
            LinkClosed: It is gone, and all messages are read.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.has_news, seconds)
        return self.next()

    def send(self, message: Message, blobs: Sequence[Any] = ()) -> None:
        """Tell it something, when it listens; never blocks."""
        self._outgoing.put([(message, blobs)])

    def send_all(self, messages: Iterable[Outgoing]) -> None:
        """Tell it what ``messages`` yields, piece by piece as it listens."""
        self._outgoing.put(messages)

    def begin_job(self) -> None:
        """Reset the count of its printed output."""
        self._said = 0

    def last_lines(self) -> str:
        """Return the end of its log."""
        return "\n".join(self._lines)

    def end(self, reason: str = "It was stopped.", *, is_fault: bool = False) -> None:
        """End it and all that it has started; return when it is gone.

        Args:
            reason: A sentence that says why, if nobody has said so before.
            is_fault: It broke a rule.
        """
        with self._ending:
            if not self.end_reason:
                self.was_faulty = is_fault
                self.end_reason = reason
            self._outgoing.put(None)
            self._launched.end()
            self._link.close()
        with self._changed:
            self._changed.notify_all()
        self._wake()

    # --- its threads ----------------------------------------------------------------------------

    def _read(self) -> None:
        while self.is_alive:
            try:
                received = self._link.receive()
            except LinkClosed:
                if self.is_alive:
                    self.end(self._own_end())
                return
            except StudioError as error:
                log.warning("process %d broke the rules: %s", self.pid, error.message)
                self.end("It sent something that is not allowed.", is_fault=True)
                return
            except Exception:  # of a field's own check: the peer chose the value
                log.warning("process %d broke the rules", self.pid, exc_info=True)
                self.end("It sent something that is not allowed.", is_fault=True)
                return
            if received is not None and not self._take(received):
                self.end("It sent more messages than it may.", is_fault=True)
                return
            self._wake()

    def _take(self, received: Received) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._held() < MOST_BYTES or not self.is_alive)
            self._waiting.append(received)
            self._changed.notify_all()
            return len(self._waiting) <= MOST_WAITING

    def _held(self) -> int:
        return sum(blob.nbytes for message in self._waiting for blob in message.blobs)

    def _own_end(self) -> str:
        """Return how it ended by itself; one that only hung up is given a moment."""
        return self._launched.told(_PATIENCE)

    def _write(self) -> None:
        while (messages := self._outgoing.get()) is not None:
            try:
                for message, blobs in messages:
                    self._link.send(message, blobs)
            except LinkClosed:  # ``_read`` says why
                return
            except (StudioError, OSError) as error:
                self.end(f"It could not be told what to do: {error}", is_fault=False)
                return

    def _read_log(self, stderr: io.FileIO) -> None:
        rest = b""
        with contextlib.suppress(OSError, ValueError), stderr:
            while piece := stderr.read(1 << 16):
                self._said += len(piece)
                if self._said > MOST_SAID:
                    self.end("It printed more than it may.", is_fault=True)
                    return
                *whole, rest = (rest + piece).split(b"\n")
                rest = rest[-_LONGEST_LINE:]
                for line in whole[-KEPT_LINES:]:
                    self._lines.append(line[:_LONGEST_LINE].decode("utf-8", "replace"))


class _Counted:
    """An unbuffered file that counts what passes through it."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self.count = 0

    def readinto(self, buffer: Any, /) -> int | None:
        read = self._file.readinto(buffer)
        self.count += read or 0
        return read

    def write(self, data: Any, /) -> int | None:
        written = self._file.write(data)
        self.count += written or 0
        return written

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()

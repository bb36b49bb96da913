"""The two threads of one child, from its start to its end. Decides nothing about restarts.

One thread starts the child, reads what it says and sees it off; the other writes, so that a full
pipe never holds up the owner.
"""

from __future__ import annotations

import collections
import contextlib
import queue
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

from studio.base.background import Post
from studio.base.child import Child, Exit, Launch
from studio.protocol import frames
from studio.protocol.errors import StudioError
from studio.protocol.link import LinkClosed, Received, handshake
from studio.protocol.messages import Goodbye, Hello, Shutdown

INBOX = 1000
"""So many messages may wait for the owner's thread."""
LONGEST_REASON = 500
"""Characters of a farewell that are shown."""
SLICE_SECONDS = 0.008
"""Messages are handed on for at most this long at a stretch: the window must breathe."""


class Owner(Protocol):
    """Receives events of the child on the owner's thread, each with the child it concerns."""

    def greeted(self, keeper: RuntimeThreads, hello: Hello) -> None:
        """It is ready."""
        ...

    def heard(self, keeper: RuntimeThreads, received: Received) -> None:
        """It said something."""
        ...

    def ended(self, keeper: RuntimeThreads, end: Exit) -> None:
        """It is gone, with all it had to say heard."""
        ...


class RuntimeThreads:
    """Keeps one child.

    Attributes:
        refused: Whether it is of another version, so that starting it again is no use.
    """

    def __init__(self, launch: Launch, mine: Hello, post: Post, owner: Owner) -> None:
        self.refused = False
        self._launch = launch
        self._mine = mine
        self._post = post
        self._owner = owner
        self._child: Child | None = None
        self._killed = False
        self._closing = False
        self._blame = ""
        self._lock = threading.Lock()
        self._inbox: collections.deque[Received] = collections.deque()
        self._draining = False
        self._room = threading.Semaphore(INBOX)
        self._writes: queue.SimpleQueue[tuple[bytes, Sequence[Any]] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._live, name="studio-runtime", daemon=True)
        self._writer = threading.Thread(target=self._write, name="studio-runtime-out", daemon=True)

    # --- on the owner's thread ----------------------------------------------------------------

    def start(self) -> None:
        """Start the child; returns at once."""
        self._reader.start()

    def write(self, body: bytes, blobs: Sequence[Any]) -> None:
        """Send an encoded message as soon as there is room; returns at once."""
        self._writes.put((body, blobs))

    def blame(self, reason: str) -> None:
        """End it for ``reason``, which then stands for how it ended."""
        self._blame = reason
        self.kill()

    def kill(self) -> None:
        """End it at once; ``ended`` follows."""
        with self._lock:
            self._killed = True
            child = self._child
        if child is not None:
            child.kill()

    def ask_to_end(self) -> None:
        """Ask it to end when its steps at hand are done; ``ended`` follows."""
        self._closing = True
        self.write(frames.encode_body(Shutdown()), ())
        self._writes.put(None)

    def end(self, timeout: float) -> None:
        """Ask it to end, then make it; returns when it is gone."""
        self.ask_to_end()
        self._reader.join(timeout)
        if self._reader.is_alive():
            self.kill()
            self._reader.join()
        while self._inbox:  # its last words: results may be among them
            self._owner.heard(self, self._inbox.popleft())

    def last_lines(self) -> list[str]:
        """Return the end of its log."""
        return self._child.last_lines() if self._child else []

    def at_hand(self) -> tuple[str, ...]:
        """Return the jobs whose step is at hand, where that is known."""
        return self._child.at_hand() if self._child else ()

    # --- on its own threads -------------------------------------------------------------------

    def _live(self) -> None:
        try:
            child = self._launch()
        except OSError as error:
            self._not_started(f"It could not be started: {error.strerror or error}.")
            return
        except StudioError as error:  # there is no use in trying that again
            self.refused = True
            self._not_started(error.message)
            return
        with self._lock:
            self._child = child
            killed = self._killed
        if killed:
            child.kill()
        self._listen(child)
        self._writes.put(None)
        end = child.wait()
        if self._writer.ident:
            self._writer.join()
        if self._blame:
            end = Exit(end.code, self._blame, end.at_hand)
        self._post(self._drain)
        self._post(lambda: self._owner.ended(self, end))

    def _not_started(self, why: str) -> None:
        end = Exit(None, why)
        self._post(lambda: self._owner.ended(self, end))

    def _listen(self, child: Child) -> None:
        try:
            hello = handshake(child.link, self._mine)
            self._writer.start()
            self._post(lambda: self._owner.greeted(self, hello))
            while received := child.link.receive():
                self._take(received)
        except LinkClosed:
            pass
        except StudioError as error:
            self.refused = not self._writer.ident
            self._blame = self._blame or str(error)
            child.kill()

    def _take(self, received: Received) -> None:
        if isinstance(received.message, Goodbye):
            self._blame = received.message.reason[:LONGEST_REASON]
            return
        # A flood waits in the pipe, not in memory; but the last words are always taken.
        while not self._closing and not self._room.acquire(timeout=0.2):
            if self._killed:
                return
        with self._lock:
            self._inbox.append(received)
            wake, self._draining = not self._draining, True
        if wake:
            self._post(self._drain)

    def _drain(self) -> None:
        """Deliver queued messages on the owner's thread: one post for many messages."""
        until = time.monotonic() + SLICE_SECONDS
        while True:
            with self._lock:
                if not self._inbox:
                    self._draining = False
                    return
                received = self._inbox.popleft()
            self._room.release()
            self._owner.heard(self, received)
            if time.monotonic() > until:
                self._post(self._drain)
                return

    def _write(self) -> None:
        assert self._child is not None
        while (item := self._writes.get()) is not None:
            with contextlib.suppress(LinkClosed):  # the reader sees the end and says why
                self._child.link.send_body(*item)
        self._child.link.finish()

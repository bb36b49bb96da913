"""Start, death and restart of the runtime. Knows nothing of jobs, plugins or windows.

All state lives on the owner's thread; the threads of a child are its keeper's.
"""

from __future__ import annotations

import collections
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from studio.api.worker.sentence import sentence
from studio.base.background import Post
from studio.base.child import Exit, Launch
from studio.protocol import frames
from studio.protocol.link import Received
from studio.protocol.messages import Hello, Message, Status
from studio.runtimes.threads import RuntimeThreads

PATIENCE = 5.0
"""A step may take so many times the longest one of late."""
SHORTEST = 15.0
"""Never complain before so many seconds."""
FIRST_STEP = 120.0
"""Before any step was seen: loading large weights from a slow disk takes its time."""
SILENCE = 15.0
"""The heartbeat comes each second from beside the work: silence means the whole process hangs."""

log = logging.getLogger("studio.runtime")

RESTART_SECONDS = (0.0, 2.0, 10.0)
"""Wait before the first, second and each later restart."""
REMEMBERED_SECONDS = 1800.0
"""A death longer ago than this no longer slows a restart down."""
TOO_MANY, TOO_SOON = 3, 300.0
"""So many deaths within so many seconds: nothing more is tried without the user."""
GREETING_SECONDS = 120.0
SHUTDOWN_SECONDS = 3.0
CHECK_SECONDS = 5.0


class RuntimeState(StrEnum):
    """How the runtime is."""

    OFF = "off"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    DEAD = "dead"
    """It died, and is about to be started again."""
    GIVEN_UP = "given_up"
    """It died too often; only the user starts it again."""


@dataclass(frozen=True)
class Death:
    """One end of the runtime.

    Attributes:
        reason: In words.
        asked: Whether the user wanted it: a restart.
        code: Exit code, negative for a signal; None if it never started.
        lines: The end of its log.
        status: Its last heartbeat, which tells what was loaded and what ran.
        at_hand: The jobs whose step it died in, where that is known.
    """

    reason: str
    asked: bool = False
    code: int | None = None
    lines: tuple[str, ...] = ()
    status: Status | None = None
    at_hand: tuple[str, ...] = ()
    at: float = field(default_factory=time.monotonic)


class Supervisor:
    """Keeps one runtime alive.

    Attributes:
        state: How it is now.
        reason: Why, in words, where there is something to say.
        hello: What the present runtime said about itself; None until it is ready.
        status: Its last heartbeat.
        deaths: The latest ends that nobody asked for, oldest first.
    """

    def __init__(
        self,
        launch: Launch,
        *,
        mine: Hello,
        post: Post,
        on_message: Callable[[Received], None],
        on_state: Callable[[RuntimeState, str], None],
        on_death: Callable[[Death], None] = lambda death: None,
        on_stall: Callable[[str], None] = lambda complaint: None,
    ) -> None:
        """Start nothing yet.

        Args:
            launch: Starts a child; called on a thread of its own.
            mine: The greeting.
            post: Runs a function on the owner's thread, soon.
            on_message: Called with each message.
            on_state: Called after each change of state.
            on_death: Called when it has ended, before it is started again or given up.
            on_stall: Called with a complaint when the work seems stuck, with "" when it goes on.
        """
        self._launch = launch
        self._mine = mine
        self._post = post
        self._on_message = on_message
        self._on_state = on_state
        self._on_death = on_death
        self._on_stall = on_stall
        self.state = RuntimeState.OFF
        self.reason = ""
        self.hello: Hello | None = None
        self.status: Status | None = None
        self.deaths: collections.deque[Death] = collections.deque(maxlen=10)
        self._threads: RuntimeThreads | None = None
        self._outbox: list[tuple[bytes, Sequence[Any]]] = []
        self._wanted = ""
        """Why the present end, once it comes, was asked for with a fresh start in mind."""
        self._rests = False
        """Whether the present end, once it comes, is nobody's loss."""
        self._timers: set[threading.Timer] = set()
        self._forget_greeting: Callable[[], None] = lambda: None
        self._watch = ProgressWatchdog()
        self._checked = 0.0
        self._complaint = ""

    @property
    def is_ready(self) -> bool:
        """Whether it can be spoken to at once."""
        return self.state is RuntimeState.READY

    @property
    def words(self) -> str:
        """The reason why a job waits for the runtime."""
        if self.state is RuntimeState.GIVEN_UP:
            return "the runtime has stopped and must be restarted"
        return "" if self.is_ready else "the runtime is starting"

    @property
    def greeting(self) -> Hello:
        """What this studio says of itself."""
        return self._mine

    def start(self) -> None:
        """See to it that the runtime runs or will soon; returns at once.

        Does nothing after it was given up: then ``restart()`` is the user's word.
        """
        if self.state is RuntimeState.OFF:
            self._begin()

    def restart(self, why: str = "The runtime was restarted.") -> None:
        """Start afresh, ending what runs; forgets earlier deaths, for this is the user's word."""
        self.deaths.clear()
        if self._threads is None:
            self._begin()
        else:
            self._wanted = why
            self._become(RuntimeState.STOPPING, "It is being restarted.")
            self._threads.kill()

    def rest(self) -> None:
        """Let a runtime end that nobody needs now; the next message starts another one."""
        if self._threads is not None and self.is_ready:
            self._rests = True
            self._become(RuntimeState.STOPPING, "It is not needed now.")
            self._threads.ask_to_end()
            keeper = self._threads
            self.later(SHUTDOWN_SECONDS, lambda: self._insist(keeper))

    def forgive(self) -> None:
        """Forget the deaths so far: what brought them about is out of the way."""
        self.deaths.clear()

    def at_hand(self) -> tuple[str, ...]:
        """Return the jobs whose step is at hand, where that is known; also while it is silent."""
        return self._threads.at_hand() if self._threads is not None else ()

    def send(self, message: Message, blobs: Sequence[Any] = ()) -> None:
        """Send ``message`` as soon as the runtime is ready, and start it if it is off.

        Raises:
            StudioError: ``BAD_INPUT``: the message is too large.
        """
        body = frames.encode_body(message)
        if self._threads is not None and self.is_ready:
            self._threads.write(body, blobs)
        else:
            self._outbox.append((body, blobs))
            self.start()

    def stop(self, timeout: float = SHUTDOWN_SECONDS) -> None:
        """End the runtime and wait for it: politely, and by force after ``timeout`` seconds."""
        for timer in list(self._timers):
            timer.cancel()
        self._timers.clear()
        self._outbox.clear()
        if self._threads is not None:
            self._become(RuntimeState.STOPPING, "")
            self._threads.end(timeout if self.hello else 0.0)
            self._threads = None
        self._become(RuntimeState.OFF, "")

    def last_lines(self) -> list[str]:
        """Return the end of the log of the runtime, or of the last one."""
        if self._threads is not None:
            return self._threads.last_lines()
        return list(self.deaths[-1].lines) if self.deaths else []

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Run ``call`` on the owner's thread after ``seconds``; return what calls it off."""

        def due() -> None:
            self._timers.discard(timer)
            self._post(lambda: None if cancelled.is_set() else call())

        def cancel() -> None:
            cancelled.set()
            timer.cancel()
            self._timers.discard(timer)

        cancelled = threading.Event()
        timer = threading.Timer(seconds, due)
        timer.daemon = True
        self._timers.add(timer)
        timer.start()
        return cancel

    # --- inside -------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.hello, self.status = None, None
        self._wanted, self._rests = "", False
        self._watch = ProgressWatchdog()
        self._become(RuntimeState.STARTING, "")
        self._threads = keeper = RuntimeThreads(self._launch, self._mine, self._post, self)
        keeper.start()
        self._forget_greeting = self.later(GREETING_SECONDS, lambda: self._too_quiet(keeper))

    def _too_quiet(self, keeper: RuntimeThreads) -> None:
        if keeper is self._threads and self.state is RuntimeState.STARTING:
            keeper.blame(f"It did not respond within {GREETING_SECONDS:.0f} seconds of starting.")

    def greeted(self, keeper: RuntimeThreads, hello: Hello) -> None:
        """Take in that the child of ``keeper`` is ready."""
        if keeper is not self._threads or self.state is not RuntimeState.STARTING:
            return
        self._forget_greeting()
        self.hello = hello
        self._become(RuntimeState.READY, "")
        outbox, self._outbox = self._outbox, []
        for body, blobs in outbox:
            keeper.write(body, blobs)
        self._checked = time.monotonic()
        self.later(CHECK_SECONDS, lambda: self._check(keeper))

    def heard(self, keeper: RuntimeThreads, received: Received) -> None:
        """Take in a message of the child of ``keeper``."""
        if keeper is not self._threads:
            return
        if isinstance(received.message, Status):
            self.status = received.message
            self._watch.take(received.message, time.monotonic())
        self._on_message(received)

    def ended(self, keeper: RuntimeThreads, end: Exit) -> None:
        """Take in that the child of ``keeper`` is gone."""
        if keeper is not self._threads:
            return
        self._threads = None
        self._forget_greeting()
        self._complain("")
        lines = tuple(keeper.last_lines())
        if self._rests and not self._wanted:
            self.hello, self.status = None, None
            self._become(RuntimeState.OFF, "")
            if self._outbox:  # what came meanwhile is for the next one
                self._begin()
            return
        if self._wanted:
            death = Death(self._wanted, True, end.code, lines, self.status, end.at_hand)
            self._on_death(death)
            self._begin()
            return
        death = Death(end.reason, False, end.code, lines, self.status, end.at_hand)
        self.deaths.append(death)
        log.warning("the runtime ended: %s", end.reason)
        self._on_death(death)
        recent = [d for d in self.deaths if death.at - d.at <= REMEMBERED_SECONDS]
        soon = [d for d in recent if death.at - d.at <= TOO_SOON]
        if len(soon) >= TOO_MANY or keeper.refused:
            self._become(RuntimeState.GIVEN_UP, end.reason)
            return
        self._become(RuntimeState.DEAD, end.reason)
        wait = RESTART_SECONDS[min(len(recent), len(RESTART_SECONDS)) - 1] if recent else 0.0
        if wait:
            self.later(wait, self._again)
        else:
            self._again()

    def _insist(self, keeper: RuntimeThreads) -> None:
        if keeper is self._threads:
            keeper.kill()

    def _again(self) -> None:
        if self.state is RuntimeState.DEAD and self._threads is None:
            self._begin()

    def _check(self, keeper: RuntimeThreads) -> None:
        if keeper is not self._threads:
            return
        now = time.monotonic()
        # Where this thread was held up, heartbeats are waiting behind this very call.
        self._watch.excuse(now - self._checked - 2 * CHECK_SECONDS)
        self._checked = now
        self._complain(self._watch.complaint(now))
        self.later(CHECK_SECONDS, lambda: self._check(keeper))

    def _complain(self, complaint: str) -> None:
        if bool(complaint) != bool(self._complaint):
            self._on_stall(complaint)
        self._complaint = complaint

    def _become(self, state: RuntimeState, reason: str) -> None:
        self.state, self.reason = state, reason
        self._on_state(state, reason)


class ProgressWatchdog:
    """Judges the stream of ``Status`` messages."""

    def __init__(self) -> None:
        self._heard: float | None = None
        self._moved = 0.0
        self._step = 0
        self._busy = False
        self._usual: float | None = None
        """Longest step of late, in seconds; None before any was seen."""

    def take(self, status: Status, now: float) -> None:
        """Note a heartbeat heard at ``now``."""
        busy = bool(status.running)
        moved = status.step != self._step
        if moved and busy and self._busy:
            took = now - self._moved
            # Rises at once and falls slowly: a long step now and then is usual too.
            self._usual = max(took, 0.9 * (self._usual or 0.0))
        if moved or not (busy and self._busy):
            self._moved = now
        self._heard, self._busy, self._step = now, busy, status.step

    def excuse(self, seconds: float) -> None:
        """Take in that nothing could be heard for so long: whoever listens was held up."""
        if seconds > 0:
            self._moved += seconds
            self._heard = self._heard + seconds if self._heard is not None else None

    def complaint(self, now: float) -> str:
        """Return the problem at ``now``, as part of a sentence; empty if none."""
        if self._heard is None:
            return ""
        silent = now - self._heard
        if silent > SILENCE:
            return sentence("it has not responded for {seconds} seconds", seconds=f"{silent:.0f}")
        limit = FIRST_STEP if self._usual is None else max(SHORTEST, PATIENCE * self._usual)
        stuck = now - self._moved
        if self._busy and stuck > limit:
            return sentence("the current step has taken {seconds} seconds", seconds=f"{stuck:.0f}")
        return ""

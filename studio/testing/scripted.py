"""A scripted fake runtime. Computes nothing and needs no torch.

    runtime = ScriptedRuntime()
    runtime.enqueue(Tokens("Hel", "lo"), Result(finish_reason="stop"))
    studio = Studio.open(home=tmp_path, launch=runtime.launch)

Each ``enqueue`` is the script of one job, in the order of submission; a job without a script
finishes immediately.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from studio.api.inputs import Inputs
from studio.api.manifest import API_VERSION
from studio.api.plot import Plot
from studio.base.child import Exit
from studio.protocol.blobs import describe
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.link import Link, LinkClosed, Received, handshake
from studio.protocol.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Finished,
    Hello,
    Inspect,
    Inspected,
    JobChanged,
    Message,
    Needs,
    Preview,
    Produced,
    Progress,
    Shutdown,
    Status,
    Submit,
    TextDelta,
    Trace,
    WantTrace,
)
from studio.protocol.states import JobState
from studio.protocol.trace import Span, Use
from studio.testing.inproc import InprocChild

# --- what a script may say --------------------------------------------------------------------


class Tokens:
    """The job writes ``texts``, one message each."""

    def __init__(self, *texts: str, channel: str = "") -> None:
        self.texts = texts
        self.channel = channel


@dataclass(frozen=True)
class Step:
    """The job got so far; ``preview`` is an (H, W, 3 or 4) uint8 array or None."""

    done: float
    total: float
    message: str = ""
    preview: Any = None
    plots: Sequence[Plot] = ()


@dataclass(frozen=True)
class Become:
    """The job moves to a state: waiting with a reason, loading."""

    state: JobState
    reason: str = ""


@dataclass(frozen=True)
class Artifact:
    """The job made something."""

    kind: str
    payload: bytes
    suffix: str
    title: str = ""
    text: str = ""
    verdict: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    preview: bytes = b""


class Result:
    """The job's own result keys."""

    def __init__(self, **values: Any) -> None:
        self.values = values


@dataclass(frozen=True)
class Stall:
    """The job makes no step until ``ScriptedRuntime.release()``, or until it is stopped.

    ``stubborn``: not even then, as a step that takes very long.
    """

    stubborn: bool = False


@dataclass(frozen=True)
class Fail:
    """The job fails."""

    error: StudioError | ErrorInfo


@dataclass(frozen=True)
class Die:
    """The whole runtime ends, as if it crashed in a step of the job."""

    reason: str = "It crashed in native code (SIGSEGV)."
    code: int = -11


Line = Tokens | Step | Become | Artifact | Result | Stall | Fail | Die

# --- the runtime ------------------------------------------------------------------------------


class ScriptedRuntime:
    """Hand ``launch`` to ``Studio.open``.

    Attributes:
        received: What the studio said, in order, over all starts.
        starts: How often it was started.
        facts: Path → facts or error: the answers to ``Inspect``.
        trace: The answer to ``WantTrace``.
        in_turn: Whether one job runs at a time, as in a lane; else all do. To be set before it
            starts.
    """

    def __init__(self, device_name: str = "scripted") -> None:
        self.received: list[Message] = []
        self._inputs: dict[str, Inputs] = {}
        self.starts = 0
        self.facts: dict[str, Mapping[str, Any] | StudioError] = {}
        self.trace: tuple[Span, ...] = ()
        self.in_turn = False
        self._device_name = device_name
        self._scripts: deque[tuple[Line, ...]] = deque()
        self._playing: set[_Performance] = set()
        self._link: Link | None = None

    def enqueue(self, *lines: Line) -> None:
        """Write the script of the next job that has none yet.

        Raises:
            TypeError: A line is none of ``Line`` (``studio.api.Tokens`` is the theme's).
        """
        for line in lines:
            if not isinstance(line, Line):
                raise TypeError(f"a script has no place for {line!r}")
        self._scripts.append(lines)

    def release(self) -> None:
        """Let every job go on from the stall that it has come to, or comes to next."""
        for performance in list(self._playing):
            performance.may_go_on.release()

    def report(self, message: Message, *blobs: Any) -> None:
        """Send ``message`` to the studio."""
        assert self._link is not None, "the runtime was not started yet"
        self._link.send(message, blobs)

    def hang_up(self) -> None:
        """End without a word, as a kill from outside does."""
        if self._link is not None:
            self._link.close()

    @property
    def submitted(self) -> list[Submit]:
        """The jobs it was given, over all starts."""
        return [message for message in self.received if isinstance(message, Submit)]

    def inputs_of(self, submit: Submit) -> Inputs:
        """Return the inputs of a job."""
        return self._inputs[submit.job]

    def launch(self) -> InprocChild:
        """Start it."""
        self.starts += 1
        child: list[InprocChild] = []
        ready = threading.Event()

        def serve(link: Link) -> None:
            ready.wait()
            _Session(self, link, child[0]).serve()

        child.append(InprocChild(serve))
        ready.set()
        return child[0]

    # --- for the session ----------------------------------------------------------------------

    def take(self, received: Received) -> None:
        """Record a message from the studio."""
        message = received.message
        if isinstance(message, Submit):
            given = {name: bytes(received.blobs[at]) for name, at in message.blobs.items()}
            self._inputs[message.job] = Inputs(given)
        self.received.append(message)

    def next_script(self) -> tuple[Line, ...]:
        """Take the script of the next job."""
        return self._scripts.popleft() if self._scripts else ()

    def play(self, performance: _Performance) -> Finished:
        """Let a job follow its script to the end; return its last word."""
        try:
            return performance.play()
        finally:
            self._playing.discard(performance)

    def begin(self, performance: _Performance) -> None:
        """Take note of a job that has come."""
        self._playing.add(performance)

    def open_session(self, link: Link) -> None:
        """Greet over ``link`` and make it the one that ``report`` speaks to."""
        handshake(link, Hello(PROTOCOL_VERSION, API_VERSION, {"scripted": "1"}))
        self._link = link
        link.send(Status("cpu", self._device_name, 1, 0, 8 << 30))


class _Session:
    """One life of the runtime."""

    def __init__(self, runtime: ScriptedRuntime, link: Link, child: InprocChild) -> None:
        self._runtime = runtime
        self._link = link
        self._child = child
        self._stops: dict[str, threading.Event] = {}
        self._lane: SimpleQueue[_Performance] = SimpleQueue()
        if runtime.in_turn:
            threading.Thread(target=self._play_in_turn, daemon=True).start()

    def serve(self) -> None:
        self._runtime.open_session(self._link)
        try:
            while received := self._link.receive():
                self._runtime.take(received)
                if isinstance(received.message, Shutdown):
                    return
                self._obey(received.message)
        finally:
            for stop in self._stops.values():
                stop.set()

    def _obey(self, message: Message) -> None:
        if isinstance(message, Submit):
            stop = self._stops[message.job] = threading.Event()
            performance = _Performance(message.job, self._runtime.next_script(), stop, self)
            if self._runtime.in_turn:
                self._lane.put(performance)
            else:
                self._runtime.begin(performance)
                threading.Thread(target=self._play, args=(performance,), daemon=True).start()
        elif isinstance(message, Cancel) and message.job in self._stops:
            self._stops[message.job].set()
        elif isinstance(message, Inspect):
            self._link.send(self._inspected(message))
        elif isinstance(message, WantTrace):
            self._link.send(Trace(message.request, self._runtime.trace))

    def _inspected(self, message: Inspect) -> Inspected:
        facts = self._runtime.facts.get(
            message.path, StudioError(ErrorCode.BAD_WEIGHTS, "These are no weights.")
        )
        if isinstance(facts, StudioError):
            return Inspected(message.request, error=facts.info())
        needs = Needs(facts.get("weights_bytes", 0), facts.get("working_bytes", 0))
        return Inspected(message.request, dict(facts), needs=needs)

    def _play(self, performance: _Performance) -> None:
        try:
            self._link.send(self._runtime.play(performance))
        except LinkClosed:  # the studio, or this runtime, has ended
            pass

    def _play_in_turn(self) -> None:
        while True:
            performance = self._lane.get()
            self._runtime.begin(performance)
            self._play(performance)

    def send(self, message: Message, *blobs: Any) -> None:
        self._link.send(message, blobs)

    def die(self, line: Die, job: str = "") -> None:
        self._child.die(Exit(line.code, line.reason, (job,) if job else ()))
        raise LinkClosed("died")


class _Performance:
    """One job that follows its script."""

    def __init__(
        self, job: str, script: tuple[Line, ...], stop: threading.Event, session: _Session
    ) -> None:
        self._job = job
        self._script = script
        self._stop = stop
        self._session = session
        self._state: JobState | None = None
        self.may_go_on = threading.Semaphore(0)
        self._tokens = 0
        self._result: dict[str, Any] = {}

    def play(self) -> Finished:
        """Follow the script; return the last word."""
        for line in self._script:
            if self._stop.is_set():
                return Finished(self._job, JobState.CANCELLED, self._result)
            if isinstance(line, Fail):
                error = line.error.info() if isinstance(line.error, StudioError) else line.error
                return Finished(self._job, JobState.FAILED, error=error)
            self._follow(line)
        if self._stop.is_set():
            return Finished(self._job, JobState.CANCELLED, self._result)
        use = Use(busy=0.01, processor=0.01, unmeasured=0.01)
        return Finished(self._job, JobState.DONE, self._result, seconds=0.01, use=use)

    def _follow(self, line: Line) -> None:
        if isinstance(line, Become):
            self._become(line.state, line.reason)
            return
        if self._state is None or not isinstance(line, Stall):  # it may stall while it loads
            self._become(JobState.RUNNING)
        if isinstance(line, Tokens):
            for text in line.texts:
                self._tokens += 1
                self._session.send(TextDelta(self._job, text, self._tokens, line.channel))
        elif isinstance(line, Step):
            self._session.send(
                Progress(
                    self._job,
                    line.done,
                    line.total,
                    line.message,
                    plots=[plot.encode() for plot in line.plots],
                )
            )
            if line.preview is not None:
                spec = describe(line.preview)
                self._session.send(Preview(self._job, 0, spec), line.preview)
        elif isinstance(line, Artifact):
            self._produce(line)
        elif isinstance(line, Result):
            self._result |= line.values
        elif isinstance(line, Stall):
            self._stall(line)
        elif isinstance(line, Die):
            self._session.die(line, self._job)

    def _stall(self, line: Stall) -> None:
        while not self.may_go_on.acquire(timeout=0.005):
            if self._stop.is_set() and not line.stubborn:
                return

    def _become(self, state: JobState, reason: str = "") -> None:
        if state is not self._state or reason:
            self._state = state
            self._session.send(JobChanged(self._job, state, reason))

    def _produce(self, artifact: Artifact) -> None:
        blobs = [artifact.payload, *([artifact.preview] if artifact.preview else [])]
        message = Produced(
            self._job,
            artifact.kind,
            artifact.suffix,
            0,
            describe(artifact.payload),
            artifact.title,
            artifact.text,
            dict(artifact.verdict),
            dict(artifact.meta),
            preview=1 if artifact.preview else -1,
        )
        self._session.send(message, *blobs)

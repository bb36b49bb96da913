"""One run: starts it, reads its output within the limits, and leaves no process alive."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.api.sandbox import SandboxRequest, SandboxResult, SandboxStep
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.inside import order as orders
from studio.sandbox.inside.processes import children, descendants
from studio.sandbox.output import Received
from studio.sandbox.plan import Plan

_COUNTED = (b"RssAnon:", b"RssShmem:")

_PATIENCE_SECONDS = 3.0

_STEP_SECONDS = 0.05
_PIECE = 1 << 16
_GRACE_SECONDS = 2.0
"""After the wall time: what is in the sandbox ends itself, and brings files back."""
_LAST_LOOKS = 4
"""At a run that is over: what it said lies in the pipes, a piece in each at most."""

_ORPHAN = "(bwrap) Z"
"""In the state of a process: bubblewrap's first one, when it is over and nobody has noted that."""
_starting = threading.Lock()
_waited_for: set[int] = set()
"""Processes that this one has started, and whose ends it wants to know."""


@dataclass(frozen=True)
class Started:
    """A run that has begun.

    Attributes:
        process: The process that sets it up; its output is that of the command.
        reports: Descriptor of what is told from inside the sandbox.
        life: Descriptor whose end ends the run.
    """

    process: subprocess.Popen[bytes]
    reports: int
    life: int


def start(plan: Plan, request: SandboxRequest, given: int = -1) -> Started:
    """Begin a run.

    Args:
        given: As of ``Run``.

    Raises:
        StudioError: ``BUSY``: the system has no process for it.
    """
    reports, report = os.pipe()
    life, held = os.pipe()
    with tempfile.TemporaryFile() as order:
        orders.write(order, plan.order, request.files)
        order.write(request.stdin)
        order.seek(0)
        passed = (order.fileno(), report, life, given)
        try:
            with _starting:
                process = subprocess.Popen(
                    [*plan.command, *map(str, passed)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    pass_fds=[descriptor for descriptor in passed if descriptor >= 0],
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
                _waited_for.add(process.pid)
        except OSError as error:
            os.close(reports)
            os.close(held)
            raise StudioError(
                ErrorCode.BUSY,
                f"The sandbox could not be started: {error.strerror}.",
                "Try again when the machine is less busy.",
            ) from error
        finally:
            os.close(report)
            os.close(life)
    return Started(process, reports, held)


class Run:
    """A process in a sandbox of one tier.

    Args:
        given: Descriptor of an open file that becomes its standard input; below 0 for the
            ``stdin`` of the request. Whoever gives it keeps it, and closes it.
    """

    def __init__(self, tier: str, plan: Plan, request: SandboxRequest, given: int = -1) -> None:
        self._tier = tier
        self._request = request
        self._received = Received(request.limits, keeps_stdout=given < 0)  # may be gigabytes
        self._started = time.monotonic()
        self._ended = ""
        started = start(plan, request, given)
        self._process, self._reports, self._life = started.process, started.reports, started.life
        self._noise = b""
        self._looked_at = 0.0
        self._last_looks = 0

    # --- from start to end -------------------------------------------------------------------

    def steps(self) -> Iterator[SandboxStep]:
        """Yield its messages; the last step has the result. Kills the run if closed early."""
        try:
            with selectors.DefaultSelector() as selector:
                yield from self._read(selector)
            yield SandboxStep(result=self._result())
        finally:
            self.end()

    def end(self) -> None:
        """End the run and all that it has started; return when it is gone."""
        if self._life >= 0:
            os.close(self._life)
            self._life = -1
            self._kill()
            os.close(self._reports)
            for stream in (self._process.stdout, self._process.stderr):
                assert stream is not None
                stream.close()

    def _kill(self) -> None:
        if self._tier == "A":
            end_namespace(self._process)
        else:
            end_tree(self._process)

    # --- what it says ------------------------------------------------------------------------

    def _read(self, selector: selectors.BaseSelector) -> Iterator[SandboxStep]:
        stdout, stderr = self._process.stdout, self._process.stderr
        assert stdout is not None
        assert stderr is not None
        for stream in (stdout.fileno(), stderr.fileno(), self._reports):
            os.set_blocking(stream, False)
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map() and not self._ended:
            output = {stdout.fileno(): b"", stderr.fileno(): b"", self._reports: b""}
            for key, _ in selector.select(_STEP_SECONDS):
                output[key.fd] = _read_some(key.fd, selector)
            # What was said before the sandbox stood comes from what sets it up, not from the code:
            # whatever the code says now, the news of the sandbox is in the pipe already.
            output[self._reports] += _drain(self._reports)
            self._received.feed(output[self._reports])
            if not self._received.is_walled:
                self._noise += output[stderr.fileno()]
                yield SandboxStep()
            else:
                yield self._step(output[stdout.fileno()], output[stderr.fileno()])
            self._watch()

    def _step(self, stdout: bytes, stderr: bytes) -> SandboxStep:
        kept_out, kept_err = self._received.output(stdout, stderr)
        if len(kept_out) + len(kept_err) < len(stdout) + len(stderr):
            self._ended = "output"
        return SandboxStep(kept_out, kept_err)

    def _watch(self) -> None:
        """Keep the limits that no rule inside keeps, and the time once more."""
        now, limits = time.monotonic(), self._request.limits
        if now - self._started > limits.wall_seconds + _GRACE_SECONDS:
            # It may have ended long ago, while other jobs kept whoever looks at it.
            over = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            self._last_looks += over is not None  # its number stays its own until it is ended
            if not 0 < self._last_looks <= _LAST_LOOKS:
                self._ended = "wall time"
        elif now - self._looked_at > _STEP_SECONDS:
            self._looked_at = now
            if memory(self._process.pid) > limits.memory_bytes:
                self._ended = "memory"

    def _result(self) -> SandboxResult:
        self.end()
        return self._received.result(self._tier, self._ended, self._noise, self._started)


def _read_some(descriptor: int, selector: selectors.BaseSelector) -> bytes:
    data = os.read(descriptor, _PIECE)
    if not data:
        selector.unregister(descriptor)
    return data


def _drain(descriptor: int) -> bytes:
    held = b""
    while True:
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return held
        if not piece:
            return held
        held += piece


def end_namespace(process: subprocess.Popen[bytes]) -> None:
    """End a run that has processes of its own: when their first one is gone, so are all.

    Args:
        process: The process that sets it up, which waits outside for that first process.
    """
    first = [_opened(child) for child in children(process.pid)]
    with contextlib.ExitStack() as stack:
        for descriptor in filter(None, first):
            stack.callback(os.close, descriptor)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        process.kill()
        process.wait()
        for descriptor in filter(None, first):
            select.select([descriptor], [], [], _PATIENCE_SECONDS)
    _forget(process)


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a run without namespaces. Its parent has been asked to kill it and exit."""
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        while below := descendants(process.pid):
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()
    _forget(process)


def _forget(process: subprocess.Popen[bytes]) -> None:
    """Take note that a run is over, and of the ends of first processes that nobody waits for.

    Bubblewrap does not wait for its own. The runtime adopts orphans: in it each would stay a
    zombie, and keep its number, as long as the runtime lives.
    """
    with _starting:
        _waited_for.discard(process.pid)
        for pid in set(children(os.getpid())) - _waited_for:
            with contextlib.suppress(OSError):  # it has just ended
                if Path(f"/proc/{pid}/stat").read_text().partition(" ")[2].startswith(_ORPHAN):
                    os.waitpid(pid, os.WNOHANG)


def _opened(process: int) -> int | None:
    """Return a descriptor of a process that stays valid if its pid is reused."""
    try:
        return os.pidfd_open(process)
    except ProcessLookupError:
        return None


def memory(process: int, *, with_itself: bool = False) -> int:
    """Return the bytes of memory that are held by what runs below ``process``.

    Program files count nothing: they are read from disk, once for all.

    Args:
        with_itself: Count those of ``process``, too.
    """
    return sum(map(_of_one, [*descendants(process), *([process] if with_itself else ())]))


def _of_one(process: int) -> int:
    try:
        with open(f"/proc/{process}/status", "rb") as file:
            lines = file.read().splitlines()
    except OSError:  # it has just ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_COUNTED))

"""The runtime as a child process: its pipes, its log, its end in words. Restarts nothing."""

from __future__ import annotations

import collections
import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import studio
from studio.base import disk
from studio.protocol.blobs import SHARED_ENV, SharedArea
from studio.protocol.caches import CACHE_ENV
from studio.protocol.connections.telemetry import TELEMETRY
from studio.protocol.link import Link
from studio.protocol.messages import Report
from studio.protocol.process_end import in_words
from studio.protocol.runtime_children import MARK_ENV, end_abandoned, end_marked, new_mark
from studio.protocol.step_note import jobs_at_hand

log = logging.getLogger("studio.runtime")

KEPT_LINES = 1_000
"""Enough for what was said before a crash report with the stacks of many threads."""
LOG_BYTES = 1_000_000
"""A longer log is set aside as ``.1`` at the next start."""
GRACE_SECONDS = 5.0
"""A child whose pipe has ended gets this long to end by itself."""
OOM_SCORE = 800
"""Linux: when memory runs out, the kernel takes the runtime and never the window."""


@dataclass(frozen=True)
class Exit:
    """How a child ended: its exit code (negative: the signal) and a sentence for a person.

    Attributes:
        at_hand: The jobs whose step it died in, where that is known.
    """

    code: int | None
    reason: str
    at_hand: tuple[str, ...] = ()


class Child(Protocol):
    """A running runtime, wherever it runs."""

    link: Link

    def kill(self) -> None:
        """End it and its children at once; from any thread."""
        ...

    def wait(self) -> Exit:
        """Return once it and its children are gone; called when its side of the link is closed."""
        ...

    def last_lines(self) -> list[str]:
        """Return the end of its log."""
        ...

    def at_hand(self) -> tuple[str, ...]:
        """Return the jobs whose step is at hand, where that is known; from any thread."""
        ...


Launch = Callable[[], Child]
"""Starts a runtime.

Raises:
    OSError: It cannot be started.
    StudioError: Nor can it be by another try.
"""


class ProcessChild:
    """A child process with the link on its stdin and stdout and the log on its stderr.

    It leads a session of its own, so that it can be ended with all of its children, and so that a
    Ctrl+C meant for the studio does not reach it. It ends by itself when its stdin does.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log_path: Path | None = None
    ) -> None:
        """Start ``command``.

        Raises:
            OSError: It cannot be started.
        """
        home = environment.get(CACHE_ENV, "")
        end_abandoned(home)
        self._area = SharedArea.create()
        shared = {SHARED_ENV: str(self._area.folder)} if self._area else {}
        self._mark = new_mark(home)
        self._oom_kills = _oom_kills()
        self._lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={**environment, **shared, MARK_ENV: self._mark},
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except BaseException:
            if self._area:
                self._area.close()
            raise
        _offer_to_oom_killer(self._process.pid)
        stdin, stdout, stderr = (
            cast("io.FileIO", pipe)  # bufsize=0: not buffered
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        self.link = Link.over(stdout, stdin, decode=Report, area=self._area)
        self._log = threading.Thread(
            target=self._read_log,
            args=(stderr, log_path),
            name="studio-runtime-log",
            daemon=True,
        )
        self._log.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it and its children at once."""
        strays = _descendants(self._process)
        if sys.platform != "win32":
            # Its pid is ours until wait() has reaped it, so the group cannot be a stranger's.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        for stray in strays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(stray, signal.SIGKILL)

    def wait(self) -> Exit:
        """Return once it and its children are gone; one that lingers is ended."""
        try:
            code = self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        if sys.platform != "win32":  # what it left behind, sandboxes and workers, goes too
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        end_marked(self._mark)
        self.link.close()
        self._log.join(GRACE_SECONDS)
        at_hand = self.at_hand()
        if self._area:
            self._area.close()
        return Exit(code, in_words(code, _oom_kills() > self._oom_kills), at_hand)

    def last_lines(self) -> list[str]:
        """Return the end of its log."""
        return list(self._lines)

    def at_hand(self) -> tuple[str, ...]:
        """Return the jobs whose step is at hand, or was when it died."""
        return jobs_at_hand(self._area.folder) if self._area else ()

    def _read_log(self, stderr: io.FileIO, path: Path | None) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(stderr)
            file = _open_log(path) if path else None
            if file:
                stack.enter_context(file)
            for raw in _lines(stderr):
                self._lines.append(raw.decode("utf-8", "replace").rstrip())
                if file:
                    with contextlib.suppress(OSError):  # a full disk must not stop the reading
                        file.write(raw)


def _descendants(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the descendants of a stopped runtime on Linux, which keeps its orphans."""
    if sys.platform != "linux" or process.poll() is not None:
        return []
    import psutil  # slow, and needed only here

    process.send_signal(signal.SIGSTOP)
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    return []


def runtime_command() -> list[str]:
    """Return the command that starts the runtime with the interpreter of the studio."""
    # -P: a file "torch.py" in the folder the user happens to be in must not be imported.
    return [sys.executable, "-P", "-m", "studio", "--runtime"]


def reader_command(module: str, *arguments: str) -> list[str]:
    """Return the command for a module that reads files from outside: it has no network."""
    return [sys.executable, "-P", "-m", "studio", "--closed", module, *arguments]


def runtime_environment() -> dict[str, str]:
    """Return the environment of the runtime: ours, and the studio importable from a checkout."""
    environment = {**os.environ, **TELEMETRY}
    root = Path(studio.__file__).resolve().parent.parent
    if root.name not in ("site-packages", "dist-packages"):
        paths = [str(root), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment


def _lines(stream: io.FileIO) -> Iterator[bytes]:
    """Yield lines as they come; one without end is cut every 8 KiB."""
    rest = b""
    while piece := stream.read(8192):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in whole)
        if len(rest) > 8192:
            yield rest + b"\n"
            rest = b""
    if rest:
        yield rest + b"\n"


def _open_log(path: Path) -> io.FileIO | None:
    try:
        disk.make_folder(path.parent)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_name(path.name + ".1"))
        return open(path, "ab", buffering=0)
    except OSError as error:
        log.warning("the runtime's log cannot be written: %s", error)
        return None


def _offer_to_oom_killer(pid: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some containers forbid it; then the kernel chooses
            Path(f"/proc/{pid}/oom_score_adj").write_text(str(OOM_SCORE))


def _oom_kills() -> int:
    """Return how many processes the kernel ended for want of memory; 0 where it does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0

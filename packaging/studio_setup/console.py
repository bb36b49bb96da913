"""What the person sees: numbered steps, elapsed time, errors in a sentence."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

HEARTBEAT = 15.0  # seconds between signs of life where the line cannot be redrawn (a log, a pipe)
TICK = 0.2
# What pip says in passing; under a minute of silence it would look like all that happens.
ASIDES = ("Attempting uninstall", "Found existing", "Uninstalling", "Successfully uninstalled")


class SetupError(Exception):
    """Something a person has to know, in one sentence, with what to do about it."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


class CommandError(SetupError):
    """A command ended with an error; `tail` holds its last lines."""

    def __init__(self, sentence: str, tail: Sequence[str]) -> None:
        super().__init__(sentence)
        self.tail = list(tail)


class Stopped(Exception):
    """The person ended a command early."""


class Console:
    """Prints steps and runs their commands with the output in a log.

    Args:
        log: file that takes everything the commands print.
        steps: how many steps are announced.
        out: where to print.
    """

    def __init__(self, log: Path, steps: int, out: IO[str] | None = None) -> None:
        self.log = log
        self._steps = steps
        self._step = 0
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._started = time.monotonic()

    def step(self, title: str) -> None:
        """Announces the next step."""
        self._step += 1
        self._started = time.monotonic()
        self.say(f"[{self._step}/{self._steps}] {title}")

    def done(self, what: str = "done") -> None:
        """Closes the step with how long it took, when that was long enough to matter."""
        seconds = time.monotonic() - self._started
        self.say(f"      {what}" + (f" ({seconds:.0f} s)" if seconds >= 1 else ""))

    def say(self, text: str) -> None:
        self._clear()
        print(text, file=self._out, flush=True)

    def run(
        self,
        command: Sequence[str],
        failing: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[str]:
        """Runs a command quietly, shows that it lives, and logs what it prints.

        Args:
            command: program and arguments.
            failing: sentence for when it fails, without the reason.
            env: the whole environment, or None for this one's.
            cwd: folder to run in.
            stop: tells whether to end the command early, as Ctrl-C does.

        Returns:
            Its last lines (at most 40).

        Raises:
            CommandError: it could not be started, or ended with an error.
            Stopped: `stop` said so.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(f"\n$ {' '.join(command)}\n")
            try:
                process = subprocess.Popen(
                    command,
                    env=env,
                    cwd=cwd,
                    close_fds=False,  # the lock of the setup goes with its commands
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                )
            except OSError as error:
                raise CommandError(f"{failing}: {command[0]}: {error.strerror}", []) from error
            tail = self._watch(process, log, stop)
        if process.returncode:
            raise CommandError(f"{failing}: {_reason(tail, process.returncode)}", tail)
        return tail

    def _watch(
        self, process: subprocess.Popen[str], log: IO[str], stop: Callable[[], bool]
    ) -> list[str]:
        """Copies a command's lines to the log until it ends; Ctrl-C ends the command too."""
        tail: deque[str] = deque(maxlen=40)
        pump = threading.Thread(target=_pump, args=(process.stdout, log, tail), daemon=True)
        pump.start()
        next_beat = time.monotonic() + HEARTBEAT
        try:
            while process.poll() is None:
                time.sleep(TICK)
                if stop():
                    process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
                    process.wait()
                    pump.join()
                    raise Stopped
                if self._live:
                    self._redraw(tail)
                elif time.monotonic() >= next_beat:
                    self.say(self._progress(tail))
                    next_beat += HEARTBEAT
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            self._clear()
        pump.join()
        return list(tail)

    def _progress(self, tail: Sequence[str]) -> str:
        seconds = time.monotonic() - self._started
        telling = [line for line in tail if not line.startswith(ASIDES)]
        return f"      {seconds:4.0f} s  {telling[-1] if telling else ''}"[:100]

    def _redraw(self, tail: Sequence[str]) -> None:
        print(f"\r\x1b[2K{self._progress(tail)}", end="", file=self._out, flush=True)

    def _clear(self) -> None:
        if self._live:
            print("\r\x1b[2K", end="", file=self._out, flush=True)


def _pump(source: IO[str] | None, log: IO[str], tail: deque[str]) -> None:
    with source or contextlib.nullcontext():
        for line in source or ():
            log.write(line)
            if line.strip():
                tail.append(line.strip())


def _reason(tail: Sequence[str], code: int) -> str:
    """The line of a command's output that says most about why it failed."""
    for line in reversed(tail):
        if line.lower().startswith(("error:", "e:", "fatal:")):
            return line.split(":", 1)[1].strip()
    return tail[-1] if tail else f"it exited with code {code} without a message"

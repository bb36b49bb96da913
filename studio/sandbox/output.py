"""The output and results of a run, kept within limits. Trusts nothing else of it."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

from studio.api.sandbox import SandboxLimits, SandboxResult
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.inside import frames
from studio.sandbox.inside.order import MOST_BYTES, MOST_FILES, MOST_REFUSALS


class Received:
    """Takes in the output and the reports of one run.

    Args:
        keeps_stdout: Whether the result has standard output; without, only the steps have it.
    """

    def __init__(self, limits: SandboxLimits, keeps_stdout: bool = True) -> None:
        self.is_walled = False
        self._limits = limits
        self._keeps_stdout = keeps_stdout
        self._said = 0
        self._reader = frames.Reader()
        self._stdout, self._stderr = bytearray(), bytearray()
        self._files: dict[str, bytearray] = {}
        self._refused: list[str] = []
        self._end: dict[str, Any] = {}
        self._failure: dict[str, Any] = {}
        self._name = ""

    def output(self, stdout: bytes, stderr: bytes) -> tuple[bytes, bytes]:
        """Take in output; return what of it is within the limit."""
        room = self._limits.output_bytes - self._said
        stdout = stdout[:room]
        stderr = stderr[: room - len(stdout)]
        self._said += len(stdout) + len(stderr)
        if self._keeps_stdout:
            self._stdout += stdout
        self._stderr += stderr
        return stdout, stderr

    def feed(self, data: bytes) -> None:
        """Take in reports.

        Raises:
            StudioError: They are not of our own part in the sandbox.
        """
        try:
            for kind, payload in self._reader.feed(data):
                self._take(kind, payload)
        except (ValueError, KeyError, TypeError) as error:
            raise StudioError(
                ErrorCode.INTERNAL,
                "The sandbox sent an invalid report, so the run was stopped.",
                "Run it again.",
            ) from error

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == frames.WALLED:
            self.is_walled = True
        elif kind == frames.FAILED:
            self._failure = dict(json.loads(payload))
        elif kind == frames.ENDED:
            self._end = dict(json.loads(payload))
        elif kind == frames.REFUSED and len(self._refused) < MOST_REFUSALS:
            self._refused.append(payload.decode("utf-8", "replace"))
        elif kind == frames.NAME and len(self._files) < MOST_FILES:
            self._name = payload.decode("utf-8")
            self._files[self._name] = bytearray()
        elif kind == frames.CONTENT:
            self._content(payload)

    def _content(self, payload: bytes) -> None:
        held = sum(map(len, self._files.values()))
        if held + len(payload) > min(MOST_BYTES, self._limits.scratch_bytes):
            raise ValueError("more is brought back than was allowed")
        self._files[self._name] += payload

    def result(self, tier: str, ended: str, noise: bytes, started: float) -> SandboxResult:
        """Return how the run ended; ``ended``: why it was ended from outside.

        Raises:
            StudioError: ``UNSUPPORTED``: the sandbox could not be set up, so nothing ran.
                ``BAD_INPUT``: there is no such command.
        """
        if not self.is_walled and not ended:
            raise _no_sandbox(self._failure.get("why", ""), noise)
        if self._failure:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"The command cannot be run: {self._failure['why']}.",
                "The sandbox contains only Python and the system's programs.",
            )
        ended, code = (ended, None) if ended else self._how()
        return SandboxResult(
            tier=tier,
            ended=ended,
            exit_code=code,
            stdout=bytes(self._stdout),
            stderr=bytes(self._stderr),
            seconds=float(self._end.get("seconds", time.monotonic() - started)),
            files={name: bytes(content) for name, content in self._files.items()},
            refused=tuple(self._refused),
        )

    def _how(self) -> tuple[str, int | None]:
        if not self._end:  # our own part was killed with everything else
            return "signal", -int(signal.SIGKILL)
        if self._end["ended"] != "exit":
            return str(self._end["ended"]), None
        code = os.waitstatus_to_exitcode(int(self._end["status"]))
        if code == -signal.SIGXCPU:
            return "cpu time", None
        return ("exit", code) if code >= 0 else ("signal", code)


def _no_sandbox(why: str, noise: bytes) -> StudioError:
    lines = noise.decode("utf-8", "replace").strip().splitlines()
    why = why or (lines[-1] if lines else "the process ended before the sandbox was ready")
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"The sandbox could not be set up, so nothing was run ({why}).",
        "Run “studio doctor sandbox” to see what is missing.",
    )

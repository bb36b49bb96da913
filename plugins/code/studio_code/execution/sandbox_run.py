"""Run one command in the sandbox as steps of a task, streaming its output."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from studio.api import ErrorCode, Event, SandboxRequest, SandboxResult, StudioError, TaskContext
from studio_code.execution.clean_output import Plain, plain

OUTPUT_CHARS = 20_000
"""Of what was printed, so much is kept: the beginning and the end."""


_ENDINGS = {
    "output": "output limit exceeded",
    "cpu time": "CPU time limit exceeded",
    "memory": "memory limit exceeded",
    "disk": "disk limit exceeded",
}


@dataclass(frozen=True)
class Ran:
    """Exit state and printed output of a run, as plain text."""

    result: SandboxResult
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both, the errors last."""
        return "\n".join(text for text in (self.stdout, self.stderr) if text.strip())

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        result = self.result
        if result.ended == "wall time":
            return f"stopped after {result.seconds:.0f} s: time limit exceeded"
        if result.ended in _ENDINGS:
            return f"stopped: {_ENDINGS[result.ended]}"
        if result.ended == "signal":
            return f"terminated by signal {abs(result.exit_code or 0)}"
        return f"exit code {result.exit_code}"


def run(
    ctx: TaskContext, request: SandboxRequest, *, live: bool = False, message: str = ""
) -> Generator[Event, None, Ran]:
    """Run ``request``; yield a step at least every 50 ms.

    Args:
        live: Tell what is printed on the channels ``stdout`` and ``stderr``.
        message: What the progress says meanwhile.
    """
    streams = {"stdout": Plain(), "stderr": Plain()}
    if message:
        yield ctx.progress(0, 0, message)
    result: SandboxResult | None = None
    with closing(ctx.sandbox.run(request)) as steps:
        for step in steps:
            result = step.result or result
            for channel, stream in streams.items():
                text = stream.take(getattr(step, channel), final=step.result is not None)
                if text and live:
                    yield ctx.text(text, channel=channel)
            yield None
    if result is None:
        raise StudioError(ErrorCode.INTERNAL, "The sandboxed run ended without a result.")
    return Ran(result, shortened(plain(result.stdout)), shortened(plain(result.stderr)))


def shortened(text: str, most: int = OUTPUT_CHARS) -> str:
    """Return ``text``, or its beginning and its end if it is longer than ``most``."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - most:,} characters left out …\n{text[-half:]}"


def missing_sandbox(ctx: TaskContext) -> str:
    """Return why nothing can be run on this machine; empty if it can."""
    return (
        ""
        if ctx.sandbox.tier
        else ctx.sandbox.reason or ("no sandbox is available on this machine")
    )

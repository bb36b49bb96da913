"""Ends a run from outside, and says when all of it is gone."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess

from studio.sandbox.inside.processes import children, descendants

_PATIENCE_SECONDS = 3.0


def end_namespace(process: subprocess.Popen[bytes]) -> None:
    """End a run that has processes of its own: when their first one is gone, so are all.

    Args:
        process: The wall builder, which waits outside for that first process.
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


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a run without namespaces. Its parent has been told to end it, and then to end itself."""
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        while below := descendants(process.pid):
            for each in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
        process.kill()
        process.wait()


def _opened(process: int) -> int | None:
    """Return a descriptor that stands for a process whatever becomes of its number."""
    try:
        return os.pidfd_open(process)
    except ProcessLookupError:
        return None

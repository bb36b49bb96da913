"""A small process beside the runtime: ends it and all it started when its studio is gone.

The runtime ends by itself when its pipe does, but only if its threads get a turn: a regular
expression or a library that keeps Python's lock, or an ``open`` that never returns, would keep it
computing for nobody. This process shares no lock with it. It is forked, so it must begin before
anything starts threads.

Not ``PR_SET_PDEATHSIG``: that is told of the end of the *thread* that started us, kills without
time for an orderly end, does not reach our children, and is there on Linux alone. Windows cannot
fork; there the runtime depends on its own threads, and on the studio that ends it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal

import psutil

from studio.protocol.runtime_children import MARK_ENV, end_marked
from studio.runtime.process_cleanup import end, family_of

PATIENCE = 8.0
"""Seconds for an orderly end, once the pipe has ended. Longer than the runtime's own graces."""
_OPENED = 1024
"""More descriptors than are open when the runtime has just begun."""


def watch(pipe: int) -> None:
    """Let a process of its own end this one when nobody is left at the other end of ``pipe``.

    Args:
        pipe: Descriptor of the pipe whose other end only the studio has. It is not read.
    """
    if not hasattr(os, "fork"):
        return
    runtime = os.getpid()
    life, mine = os.pipe()  # ``mine`` is closed by the end of this process, and by nothing else
    try:
        child = os.fork()
    except OSError as error:  # a limit on processes; its own threads must do
        logging.getLogger(__name__).warning("nobody watches for the end of the studio: %s", error)
        os.close(life)
        os.close(mine)
        return
    if child:
        os.close(life)
        return
    try:
        _keep_only(pipe, life)
        _wait(pipe, life, runtime)
    finally:
        os._exit(0)


def _keep_only(pipe: int, life: int) -> None:
    """Let go of everything else: the studio waits for the end of our output."""
    for descriptor in {*range(_OPENED)} - {pipe, life}:  # closerange(0, 0) would close them all
        with contextlib.suppress(OSError):
            os.close(descriptor)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # it ends with the runtime, and only then


def _wait(pipe: int, life: int, runtime: int) -> None:
    if _ended(pipe, life) == life:
        return  # the studio sees to what is left
    _ended(life, patience=PATIENCE)
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        if os.getppid() == runtime:  # its number is still its own
            os.kill(runtime, signal.SIGSTOP)  # so that it starts nothing more
            end([*family_of(runtime), runtime])
        else:  # it was killed, too
            end(family_of(runtime))
    end_marked(os.environ.get(MARK_ENV, ""))


def _ended(*pipes: int, patience: float | None = None) -> int | None:
    """Return a pipe whose other end is closed, once there is one. What waits in it stays there."""
    poll = select.poll()
    for each in pipes:
        poll.register(each, 0)  # the end is told whatever one asks for
    ended = poll.poll(None if patience is None else patience * 1000)
    return ended[0][0] if ended else None

"""Runs one order: puts the files, starts the command, watches it, ends it, brings back results.

It is trusted and not confined itself; what it starts is. It trusts nothing that it finds after.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import IO

from studio.sandbox.inside import kernel
from studio.sandbox.inside import order as orders
from studio.sandbox.inside.confine import Unsafe, become, look_around
from studio.sandbox.inside.frames import DONE, ENDED, FAILED, Writer
from studio.sandbox.inside.order import Order
from studio.sandbox.inside.processes import end_all
from studio.sandbox.inside.results import Collector
from studio.sandbox.inside.scratch import Scratch

_LOOK_SECONDS = 0.05


def main() -> None:
    """Run the order of the first descriptor; report to the second, end with the third.

    The fourth, if there is one, becomes the command's standard input.
    """
    order_fd, report_fd, life_fd, given_fd = map(int, sys.argv[-4:])
    report = Writer(report_fd)
    with open(order_fd, "rb") as file:
        order = orders.read(file)
        try:
            look_around(order)
            _prepare(order, file)
            stdin = given_fd if given_fd >= 0 else _stdin(order, file)
        except (OSError, Unsafe) as error:
            report.send_json(FAILED, what="sandbox", why=str(error))
            return
    scratch = Scratch(order)
    started = time.monotonic()
    command = os.fork()
    if command == 0:
        become(order, report, report_fd, stdin)
    try:
        ended, status = _watch(command, order, scratch, life_fd, started)
        if ended == "stopped":  # nobody listens any more
            return
        end_all(order.has_namespaces)
        report.send_json(ENDED, ended=ended, status=status, seconds=time.monotonic() - started)
        Collector(order, report).collect()
        report.send(DONE)
    finally:
        end_all(order.has_namespaces)
        scratch.empty()


def _prepare(order: Order, file: IO[bytes]) -> None:
    if order.user:
        os.setgroups([])
        os.setgid(order.user)
        os.setuid(order.user)
    kernel.hide_memory()
    if not order.has_namespaces:
        kernel.adopt_orphans()
        os.stat("/proc/thread-self/children")  # how everything is found again
    for name in ("work", "tmp", "shm"):
        os.mkdir(os.path.join(order.box, name), 0o700)
    for name, size in order.sizes.items():
        path = os.path.join(order.work, name)
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(path, "xb") as target:
            target.write(file.read(size))


def _stdin(order: Order, file: IO[bytes]) -> int:
    """Return a pipe-like file with the rest of the order, to be read from its start."""
    descriptor = os.memfd_create("stdin", os.MFD_CLOEXEC)
    os.write(descriptor, file.read())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _watch(
    command: int, order: Order, scratch: Scratch, life: int, started: float
) -> tuple[str, int | None]:
    """Wait for the command's end, or for a reason to end it."""
    poll = select.poll()
    poll.register(os.pidfd_open(command), select.POLLIN)
    poll.register(life, 0)  # told of its end only
    while True:
        left = order.limits["wall_seconds"] - (time.monotonic() - started)
        if left <= 0:
            return "wall time", None
        if poll.poll(min(left, _LOOK_SECONDS) * 1000):
            done, status = os.waitpid(command, os.WNOHANG)
            return ("exit", status) if done else ("stopped", None)
        if reason := scratch.overrun():
            return reason, None

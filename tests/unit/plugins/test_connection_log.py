"""Attempts of all processes come together, and none twice."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

import msgspec

from studio.plugins.connection_log import ConnectionLog
from studio.protocol.connections.watch import Attempt
from studio.protocol.device_status import Status

STATUS = Status("cpu", "cpu", 1, 0, 0)


def connect() -> None:
    """Tell what the interpreter tells of a connection, which tests may not make."""
    with socket.socket() as own:
        sys.audit("socket.connect", own, ("192.0.2.7", 9))


def test_this_process_is_heard_until_the_session_ends() -> None:
    calls: list[Callable[[], None]] = []
    log = ConnectionLog(calls.append, lambda: {__name__.partition(".")[0]: "greedy"})
    connect()
    while calls:
        calls.pop(0)()
    (attempt,) = log.attempts
    assert (log.count, attempt.address, attempt.plugin) == (1, "192.0.2.7:9", "greedy")
    log.close()
    connect()
    assert not calls


def test_the_runtime_tells_the_same_ones_again_and_starts_anew() -> None:
    log = ConnectionLog(lambda call: call(), dict)
    first, second = Attempt(1.0, "a:1", "x"), Attempt(2.0, "b:2", "y", blocked=True)
    for count, attempts in (
        (0, ()), (1, (first,)), (1, (first,)), (2, (first, second)), (0, ()), (1, (second,)),
    ):  # fmt: skip
        log.take_status(msgspec.structs.replace(STATUS, connections=count, attempts=attempts))
    assert log.count == 3
    assert list(log.attempts) == [first, second, second]
    log.close()

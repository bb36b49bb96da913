"""What a plugin's process takes is counted, and told with the heartbeat."""

from __future__ import annotations

import os
import time

import pytest

from studio.cli.plugins.install import process_words
from studio.plugin_process import launch
from studio.plugin_process.launch import Launched
from studio.plugin_process.messages import Ended
from studio.protocol.connections.watch import Attempt
from studio.protocol.errors import StudioError
from studio.protocol.messages import Permits, Status, WorkerEntry
from studio.protocol.trace import ProcessUse
from studio.runtime.hosts.hosts import Hosts
from studio.sandbox.network_gate import Gate, Refusal
from tests.runtime.desk import Desk
from tests.runtime.hosts.conftest import Strangers

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")

CODE = """
import socket

def work(ctx, params):
    held = bytearray(b"x" * (40 << 20))
    socket.socketpair()
    for _ in range(2):
        try:
            socket.create_connection(("127.0.0.1", 9), 0.1)
        except OSError:
            pass
    began = time.process_time()
    while time.process_time() - began < 0.3:
        yield None

def exit(ctx, params):
    yield
    os._exit(7)
"""


def test_the_books_of_a_process(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin("worker", CODE)
    desk.run("worker.work")
    desk.run("worker.exit")

    def told(status: Status) -> ProcessUse | None:
        return next((use for use in status.processes if use.starts), None)

    status = desk.wait(
        lambda each: (
            isinstance(each, Status)
            and (use := told(each)) is not None
            and use.crashes == 1
            and use.memory == 0
        )
    )
    use = told(status)
    assert use is not None
    assert (use.plugin, use.sandbox, use.starts, use.connections) == ("worker", "none", 1, 2)
    assert use.memory_peak > 40 << 20
    assert use.processor_seconds > 0.2
    assert use.start_seconds > 0
    assert "Crashes: 1." in process_words(use)
    assert "without a sandbox" in process_words(use)


LEAVES = """
import contextlib, socket

def work(ctx, params):
    for address in (("192.0.2.7", 80), ("127.0.0.1", 9)):
        with contextlib.suppress(OSError), socket.socket() as own:
            own.settimeout(0.01)
            own.connect(address)
    yield None
"""


def test_what_a_process_tries_to_reach_is_told_with_its_plugin(
    desk: Desk, strangers: Strangers
) -> None:
    strangers.plugin("leaver", LEAVES)
    desk.run("leaver.work")
    status = desk.wait(lambda each: isinstance(each, Status) and each.connections > 0)
    (attempt,) = status.attempts
    assert (attempt.plugin, attempt.address) == ("leaver", "192.0.2.7:80")
    assert not attempt.blocked, "this process has no sandbox"


def test_a_socket_that_was_refused_is_an_attempt_that_was_blocked() -> None:
    told: list[Attempt] = []
    hosts = Hosts(lambda: None, lambda fault: None)
    hosts.on_attempt = told.append
    entry = WorkerEntry("walled", "walled.worker", {})
    ended = Ended(connections=2, attempts=(Attempt(1.0, "a.example:1", "another", asked=True),))
    hosts.note_attempts(entry, "landlock", ended)
    assert told[0] == Attempt(1.0, "a.example:1", "walled", blocked=True)
    assert (told[1].plugin, told[1].address, told[1].blocked) == ("walled", "", True)
    del told[:]
    hosts.note_attempts(entry, "", ended)
    assert told == [Attempt(1.0, "a.example:1", "walled")], "the control: without a sandbox"


def test_a_refusal_of_the_kernel_is_told_once_and_with_its_plugin() -> None:
    told: list[Attempt] = []
    hosts = Hosts(lambda: None, lambda fault: None)
    hosts.on_attempt = told.append
    here, long_ago = os.getpid(), float("-inf")
    hosts.note_refusal(Refusal((here, 1), "onnxruntime", "Python"), time.monotonic())
    hosts.note_refusal(Refusal((here, 1), "Python", "Python"), time.monotonic())
    hosts.note_refusal(Refusal((here, 1), "Python", "Python"), long_ago)
    hosts.note_refusal(Refusal((here + 1, here), "", "git"), time.monotonic())
    assert [each.library for each in told] == ["onnxruntime", "Python", "git"]
    assert all(each.blocked and not each.plugin for each in told)


def test_a_plugin_that_needs_the_network_is_let_through_or_refused_in_words() -> None:
    hosts = Hosts(lambda: None, lambda fault: None)
    launched = launch.without_sandbox([])
    try:
        entry = WorkerEntry("hub", "hub.worker", {}, permits=Permits(network=True), title="Hub")
        hosts.find_sandbox = lambda: _Sandbox(launched)  # type: ignore[assignment, return-value]
        permitted: list[int] = []
        hosts.gate = Gate(is_shut=True, orders=0)
        hosts.gate.permit = permitted.append  # type: ignore[assignment, method-assign]
        assert hosts._launch(entry) is launched
        assert permitted == [launched.process.pid]
        hosts._launch(WorkerEntry("quiet", "quiet.worker", {}))
        assert len(permitted) == 1, "the control"
        hosts.gate = Gate(is_shut=True)
        with pytest.raises(StudioError, match="“Hub” needs the network"):
            hosts._launch(entry)
    finally:
        launched.end()


class _Sandbox:
    tier = "A"

    def __init__(self, launched: Launched) -> None:
        self._launched = launched

    def launch(self, paths: object, **_: object) -> Launched:
        return self._launched

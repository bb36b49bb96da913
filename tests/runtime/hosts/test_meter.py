"""What a plugin's process takes is counted, and told with the heartbeat."""

from __future__ import annotations

import pytest

from studio.cli.plugins.install import process_words
from studio.plugin_process.messages import Ended
from studio.protocol.connections.watch import Attempt
from studio.protocol.messages import Status, WorkerEntry
from studio.protocol.trace import ProcessUse
from studio.runtime.hosts.hosts import Hosts
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

"""Three thousand mangled messages to a real runtime: it refuses each and goes on working."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from studio.api.manifest import API_VERSION
from studio.base.child import ProcessChild, runtime_command, runtime_environment
from studio.protocol import frames
from studio.protocol.link import LinkClosed, handshake
from studio.protocol.messages import (
    PROTOCOL_VERSION,
    Arrange,
    Cancel,
    Configure,
    Hello,
    Inspect,
    Inspected,
    Message,
    Pause,
    Promote,
    Resume,
    Submit,
    Unload,
    WeightsEntry,
    WorkerEntry,
)
from studio.protocol.states import Priority

MESSAGES: list[Message] = [
    Configure((WorkerEntry("p", "m", {"p.t": "m:C"}),), (WeightsEntry("w", "/w"),), 2**40),
    Submit("j", "p.t", {"a": [1, None]}, 7, blobs={"x": 0}),
    Cancel("j"),
    Pause("j"),
    Resume("j"),
    Promote("j"),
    Arrange((("j", Priority.NORMAL),)),
    Unload("w"),
    Inspect("r", "/nowhere"),
]
COUNT = 3_000


def mangled(rng: random.Random) -> Iterator[bytes]:
    bodies = [frames.encode_body(message) for message in MESSAGES]
    while True:
        body = bytearray(rng.choice(bodies))
        for _ in range(rng.randrange(4)):
            body[rng.randrange(len(body))] = rng.choice(
                (0, 0x7F, 0x80, 0xC0, 0xFF, rng.randrange(256))
            )
        yield bytes(body)


@pytest.fixture
def runtime(light: None) -> Iterator[ProcessChild]:
    child = ProcessChild(runtime_command(), runtime_environment())
    handshake(child.link, Hello(PROTOCOL_VERSION, API_VERSION), 120)
    yield child
    child.kill()
    child.wait()


def test_mangled_messages_do_not_harm_it(runtime: ProcessChild) -> None:
    heard: list[Any] = []
    answered = threading.Event()

    def listen() -> None:
        try:
            while received := runtime.link.receive():
                heard.append(received.message)
                if isinstance(received.message, Inspected) and received.message.request == "last":
                    answered.set()
        except LinkClosed:
            answered.set()

    reader = threading.Thread(target=listen)
    reader.start()
    for _, body in zip(range(COUNT), mangled(random.Random(7)), strict=False):
        runtime.link.send_body(body, [b"x"])
    runtime.link.send(Inspect("last", "/nowhere"))
    assert answered.wait(120)
    assert any(getattr(message, "request", "") == "last" for message in heard), "it hung up"
    assert any("connection to the runtime was lost" in line for line in runtime.last_lines()), (
        "control: none was refused"
    )
    runtime.link.finish()
    assert runtime.wait().code == 0
    reader.join()


def test_broken_framing_ends_it_in_good_order(runtime: ProcessChild) -> None:
    noise = random.Random(0).randbytes(100_000)
    try:
        runtime.link._writer.write(noise)
    except OSError:  # it has hung up before all was written
        pass
    assert runtime.wait().code == 0
    assert not [line for line in runtime.last_lines() if "Traceback" in line]

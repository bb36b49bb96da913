"""One contract over both transports: the pair inside a process, and a real child process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest

from studio.base.child import (
    Child,
    ProcessChild,
    runtime_command,
    runtime_environment,
)
from studio.protocol import blobs as blob_rules
from studio.protocol import frames
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import Link, LinkClosed, handshake, pair
from studio.protocol.messages import (
    Arrange,
    BlobSpec,
    Cancel,
    Configure,
    Goodbye,
    Hello,
    Inspect,
    Inspected,
    Message,
    Pause,
    Produced,
    Promote,
    Resume,
    Shutdown,
    Submit,
    TextDelta,
    Unload,
    WeightsEntry,
    WorkerEntry,
)
from studio.protocol.states import Lane, Priority
from studio.testing import echo
from studio.testing.inproc import InprocChild

WAIT = 30.0
MINE = echo.HELLO


class InprocEcho(InprocChild):
    """The echo peer in a thread."""

    def __init__(self) -> None:
        super().__init__(lambda link: echo.serve(link, link._writer.write))


def process_echo() -> ProcessChild:
    command = [*runtime_command()[:2], "-m", "studio.testing.echo"]
    return ProcessChild(command, runtime_environment())


@dataclass
class Peer:
    child: Child

    @property
    def link(self) -> Link:
        return self.child.link

    def next(self) -> Any:
        received = self.link.receive(WAIT)
        assert received is not None, "nothing came"
        return received

    def says_that_it_lives(self) -> bool:
        self.link.send(Inspect("ping", "somewhere"))
        return self.next().message == Inspected("ping", {"path": "somewhere"})

    def is_as_new(self) -> bool:
        """Whether the next test may have it: it lives, and has nothing left to say."""
        try:
            self.link.send(Inspect("as new", "?"))
            received = self.link.receive(0.5)  # where that is too short, another one is started
        except (StudioError, LinkClosed, OSError):
            return False
        return received is not None and received.message == Inspected("as new", {"path": "?"})


@pytest.fixture(scope="module")
def processes() -> Iterator[list[Peer]]:
    """The one that is not broken yet, if there is one."""
    idle: list[Peer] = []
    yield idle
    for peer in idle:
        peer.child.kill()
        peer.child.wait()


@pytest.fixture(params=["pair", "process"])
def peer(request: pytest.FixtureRequest, processes: list[Peer]) -> Iterator[Peer]:
    is_process = request.param == "process"
    if is_process and processes:
        peer = processes.pop()
    else:
        peer = Peer(process_echo() if is_process else InprocEcho())
        handshake(peer.link, MINE, WAIT)
    yield peer
    if is_process and peer.is_as_new():
        processes.append(peer)
    else:
        peer.child.kill()
        peer.child.wait()


# --- messages ---------------------------------------------------------------------------------

ALL = [
    Configure(
        (WorkerEntry("chat", "studio_chat.worker", {"chat.reply": "m:C"}, {"c": Lane.BATCH}),),
        (WeightsEntry("w", "/weights/w.gguf", "llama-text", "ab", ("text",)),),
        2**40,
    ),
    Cancel("j"),
    Pause("j"),
    Resume("j"),
    Promote("j"),
    Arrange((("j", Priority.NORMAL),)),
    Unload("w"),
]


@pytest.mark.parametrize("message", ALL, ids=lambda m: type(m).__name__)
def test_messages_arrive_as_they_were_sent(peer: Peer, message: Message) -> None:
    peer.link.send(message)
    assert peer.next().message == TextDelta("echo", repr(message))


def test_nothing_comes_within_the_timeout(peer: Peer) -> None:
    assert peer.link.receive(0.01) is None
    assert peer.says_that_it_lives()


def test_order_is_kept_and_any_thread_may_send(peer: Peer) -> None:
    def send(thread: int) -> None:
        for number in range(200):
            peer.link.send(Inspect(f"{thread}.{number}", "x" * number))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    heard = [peer.next().message.request for _ in range(800)]
    for thread in threads:
        thread.join()
    for n in range(4):
        mine = [request for request in heard if request.startswith(f"{n}.")]
        assert mine == [f"{n}.{number}" for number in range(200)]


def test_the_last_words_are_heard_after_hanging_up(peer: Peer) -> None:
    peer.link.send(Shutdown())
    peer.link.finish()
    assert peer.next().message == Goodbye("you asked for it")
    with pytest.raises(LinkClosed):
        peer.link.receive(WAIT)
    with pytest.raises(LinkClosed):
        peer.link.send(Cancel("j"))


def test_a_killed_peer_closes_the_link(peer: Peer) -> None:
    peer.child.kill()
    with pytest.raises(LinkClosed):
        peer.link.receive(WAIT)


def test_a_message_beyond_the_cap_is_refused_in_words_and_nothing_is_sent(peer: Peer) -> None:
    with pytest.raises(StudioError, match="too large") as refusal:
        peer.link.send(Submit("j", "t", {"prompt": "x" * (frames.MAX_BODY + 1)}, 0))
    assert refusal.value.code is ErrorCode.BAD_INPUT
    assert peer.says_that_it_lives()


def test_what_is_no_plain_data_is_refused(peer: Peer) -> None:
    with pytest.raises(StudioError, match="cannot be sent"):
        peer.link.send(Submit("j", "t", {"function": print}, 0))
    with pytest.raises(StudioError, match="cannot be sent"):
        peer.link.send(Submit("j", "t", {"number": 2**70}, 0))
    assert peer.says_that_it_lives()


# --- arrays -----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 7, blob_rules.SHARED_FROM // 4, 3_000_000])
def test_arrays_come_back_bit_for_bit_inline_and_shared(peer: Peer, count: int) -> None:
    array = np.arange(count, dtype=np.float32).reshape(-1, 1)
    spec = blob_rules.describe(array) if count else BlobSpec("float32", (0, 1))
    peer.link.send(Submit("j", "t", {}, 0, blobs={"a": 0}, specs={"a": spec}), [array])
    received = peer.next()
    assert received.message == Produced("j", "echo", ".bin", 0, spec, title="a")
    back = np.frombuffer(received.blobs[0], dtype=spec.dtype).reshape(spec.shape)
    np.testing.assert_array_equal(back, array)


def test_many_blobs_travel_with_one_message(peer: Peer) -> None:
    blobs = [bytes([n]) * (n * 20_000) for n in range(30)]
    specs = {str(n): BlobSpec("bytes", (len(blob),)) for n, blob in enumerate(blobs)}
    names = {str(n): n for n in range(30)}
    peer.link.send(Submit("j", "t", {}, 0, blobs=names, specs=specs), blobs)
    for blob in blobs:
        assert bytes(peer.next().blobs[0]) == blob


def test_too_many_blobs_are_refused(peer: Peer) -> None:
    with pytest.raises(StudioError, match="the limit is 64"):
        peer.link.send(Cancel("j"), [b"x"] * 65)
    assert peer.says_that_it_lives()


# --- lies -------------------------------------------------------------------------------------

BROKEN_MESSAGES = [
    "wrong shape",
    "wrong dtype",
    "negative shape",
    "nine axes",
    "no such blob",
    "not a message",
    "unknown message",
    "deeply nested",
]
BROKEN_FRAMES = [
    "garbage",
    "huge body",
    "many blobs",
    "huge blob",
    "unknown kind",
    "missing shared file",
]


@pytest.mark.parametrize("lie", BROKEN_MESSAGES)
def test_a_broken_message_is_a_typed_error_and_the_link_goes_on(peer: Peer, lie: str) -> None:
    peer.link.send(Inspect("lie", lie))
    with pytest.raises(StudioError, match="connection to the runtime was lost") as error:
        peer.link.receive(WAIT)
    assert error.value.code is ErrorCode.PROTOCOL
    assert peer.says_that_it_lives()


@pytest.mark.parametrize("lie", BROKEN_FRAMES)
def test_broken_framing_is_a_typed_error_and_closes_the_link(peer: Peer, lie: str) -> None:
    peer.link.send(Inspect("lie", lie))
    with pytest.raises(StudioError) as error:
        peer.link.receive(WAIT)
    assert error.value.code is ErrorCode.PROTOCOL
    with pytest.raises(LinkClosed):
        peer.link.receive(WAIT)


def test_every_lie_is_told(peer: Peer) -> None:
    assert set(BROKEN_MESSAGES + BROKEN_FRAMES) == set(echo.LIES)


# --- greeting ---------------------------------------------------------------------------------


def greet(mine: Hello, theirs: Hello) -> tuple[str, str]:
    """Return what each side was told."""
    here, there = pair()
    told: dict[str, str] = {}

    def side(name: str, link: Link, hello: Hello) -> None:
        try:
            handshake(link, hello, WAIT)
        except StudioError as error:
            told[name] = error.message
        except LinkClosed:
            told[name] = "closed"

    other = threading.Thread(target=side, args=("there", there, theirs))
    other.start()
    side("here", here, mine)
    other.join()
    return told.get("here", ""), told.get("there", "")


def test_equal_versions_and_minor_differences_are_welcome() -> None:
    assert greet(MINE, MINE) == ("", "")
    assert greet(MINE, msgspec.structs.replace(MINE, api="1.99")) == ("", "")


@pytest.mark.parametrize("change", [{"protocol": 99}, {"api": "2.0"}])
def test_other_versions_are_refused_in_a_sentence_on_both_sides(change: dict[str, Any]) -> None:
    here, there = greet(MINE, msgspec.structs.replace(MINE, **change))
    assert "Two versions" in here
    assert "Two versions" in there


def test_a_peer_that_does_not_greet_is_refused() -> None:
    here, there = pair()
    there.send(TextDelta("j", "hi"))
    with pytest.raises(StudioError, match="handshake is missing"):
        handshake(here, MINE, WAIT)
    with pytest.raises(StudioError, match="did not respond"):
        handshake(pair()[0], MINE, 0.01)


# --- the child --------------------------------------------------------------------------------


def test_stray_prints_of_a_child_end_in_the_log_not_in_the_stream() -> None:
    child = process_echo()
    handshake(child.link, MINE, WAIT)
    assert Peer(child).says_that_it_lives()
    child.link.close()
    assert child.wait().code == 0
    assert child.last_lines() == ["a stray print at the start", "a stray write at the end"]


def test_the_shared_folder_goes_with_the_child() -> None:
    child = process_echo()
    handshake(child.link, MINE, WAIT)
    area = child._area
    assert area is not None
    assert area.folder.stat().st_mode & 0o777 == 0o700
    child.kill()
    child.wait()
    assert not area.folder.exists()


def test_a_child_that_cannot_start_leaves_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    create = blob_rules.SharedArea.create
    monkeypatch.setattr(blob_rules.SharedArea, "create", lambda: made.append(create()) or made[-1])
    with pytest.raises(OSError, match="nonexistent"):
        ProcessChild([os.devnull + "/nonexistent"], {})
    assert made
    assert not made[0].folder.exists()

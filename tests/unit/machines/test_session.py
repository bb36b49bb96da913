"""A session outlives its connections: each parcel comes once, in order, whatever is cut."""

from __future__ import annotations

import os
import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.machines.session_link import SessionLink, checked
from studio.machines.there.broker import SocketWire
from studio.machines.wire import packets
from studio.machines.wire.packets import Packet
from studio.machines.wire.parcels import Assembler, Parcel, pieces
from studio.machines.wire.session import Gone, Session
from studio.protocol.errors import StudioError
from studio.protocol.messages import Finished, Submit
from studio.protocol.states import JobState

PATIENCE = 20.0


class Ends:
    """Two sessions, and the connections between them."""

    def __init__(self, folder: Path) -> None:
        self.came: queue.Queue[Parcel] = queue.Queue()
        self.left = Session(lambda parcel: None, folder / "left")
        self.right = Session(self.came.put, folder / "right")
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def connect(self) -> socket.socket:
        """Connect them; return what cuts that."""
        a, b = socket.socketpair()
        self._sockets += [a, b]
        for session, end in ((self.left, a), (self.right, b)):
            thread = threading.Thread(target=self._serve, args=(session, end))
            thread.start()
            self._threads.append(thread)
        return a

    @staticmethod
    def _serve(session: Session, end: socket.socket) -> None:
        wire = SocketWire(end)
        try:
            session.serve(wire)
        finally:
            wire.close()

    def cut(self, line: socket.socket) -> None:
        line.shutdown(socket.SHUT_RDWR)
        while self._threads:
            self._threads.pop().join(PATIENCE)

    def take(self, count: int) -> list[Parcel]:
        return [self.came.get(timeout=PATIENCE) for _ in range(count)]

    def close(self) -> None:
        self.left.close()
        self.right.close()
        while self._threads:
            self._threads.pop().join(PATIENCE)
        for each in self._sockets:
            each.close()


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    ends = Ends(tmp_path)
    yield ends
    ends.close()


def test_nothing_is_lost_and_nothing_comes_twice_over_cut_lines(ends: Ends, tmp_path: Path) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(3_000_000))
    line = ends.connect()
    ends.left.send("job", b"produced", [b"blob" * 50_000], [file])
    for number in range(200):
        ends.left.send("job" if number % 2 else "", b"%d" % number)
        if number % 50 == 25:
            ends.cut(line)
            line = ends.connect()
    came = ends.take(201)
    bodies = [each.body for each in came]
    assert sorted(bodies) == sorted([b"produced", *(b"%d" % n for n in range(200))])
    of_job = [body for body in bodies if body == b"produced" or int(body) % 2]
    assert of_job == [b"produced", *(b"%d" % n for n in range(1, 200, 2))], (
        "in the order of its key"
    )
    (whole,) = (each for each in came if each.body == b"produced")
    assert bytes(whole.blobs[0]) == b"blob" * 50_000
    (here,) = whole.files.values()
    assert here is not None
    assert here.read_bytes() == file.read_bytes()
    assert ends.left.drained(PATIENCE)


def test_what_is_urgent_passes_what_is_large(ends: Ends) -> None:
    ends.left.send("job", b"large", [os.urandom(2_000_000)])
    ends.left.send("other", b"small")
    ends.left.send("", b"heartbeat")
    ends.connect()
    assert [each.body for each in ends.take(3)] == [b"heartbeat", b"small", b"large"]


def test_a_session_that_began_anew_is_told_from_the_one_before(ends: Ends, tmp_path: Path) -> None:
    ends.left.send("", b"one")
    line = ends.connect()
    ends.take(1)
    ends.cut(line)
    stranger = Session(lambda parcel: None, tmp_path)
    a, b = socket.socketpair()
    refused: list[bool] = []

    def be_strange() -> None:
        with pytest.raises(Gone):
            stranger.serve(far)
        refused.append(True)

    near, far = SocketWire(a), SocketWire(b)
    other = threading.Thread(target=be_strange)
    other.start()
    with pytest.raises(Gone):
        ends.left.serve(near)
    other.join(PATIENCE)
    assert refused
    near.close()
    far.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 18,
        packets.HEADER.pack(packets.DATA, 0, 1, 0, packets.PIECE + 1),
        packets.HEADER.pack(packets.DATA, packets.COMPRESSED, 1, 0, 4) + b"junk",
    ],
)
def test_what_is_no_packet_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "packet"
    path.write_bytes(data)
    with path.open("rb", buffering=0) as stream, pytest.raises(StudioError, match="connection"):
        packets.read(stream)


def test_a_piece_that_would_grow_without_end_is_refused(tmp_path: Path) -> None:
    import zlib

    bomb = zlib.compress(bytes(packets.PIECE + 1))
    head = packets.HEADER.pack(packets.DATA, packets.COMPRESSED, 1, 0, len(bomb))
    path = tmp_path / "packet"
    path.write_bytes(head + bomb)
    with path.open("rb", buffering=0) as stream, pytest.raises(StudioError, match="too large"):
        packets.read(stream)


def test_compressing_is_done_where_it_pays() -> None:
    text = Packet(packets.DATA, packets.COMPRESSED, payload=b"all the same " * 500)
    noise = Packet(packets.DATA, packets.COMPRESSED, payload=os.urandom(5_000))
    assert len(packets.encode(text)[0]) < 500
    assert packets.encode(noise) == (
        packets.HEADER.pack(packets.DATA, 0, 0, 0, 5_000) + noise.payload,
        False,
    )


def test_a_parcel_that_lies_about_its_length_is_refused(tmp_path: Path) -> None:
    data = b"".join(pieces(b"body", [b"blob"]))
    longer = Assembler(tmp_path)
    with pytest.raises(StudioError, match="longer"):
        longer.feed(data + b"more")
    shorter = Assembler(tmp_path)
    shorter.feed(data[:-1])
    with pytest.raises(StudioError, match="shorter"):
        shorter.finish()


def test_a_folder_comes_whole_and_nothing_lands_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "Zoo"
    (folder / "owls").mkdir(parents=True)
    (folder / "owls" / "ö.txt").write_text("an owl")
    (folder / "list.csv").write_text("a,b")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    data = b"".join(pieces(b"body", (), [folder]))
    assembler = Assembler(tmp_path / "there")
    assembler.feed(data)
    ((name, here),) = assembler.finish().files.items()
    assert name == str(folder)
    assert here is not None
    found = {file.relative_to(here).as_posix(): file.read_text() for file in here.rglob("*.*")}
    assert found == {"owls/ö.txt": "an owl", "list.csv": "a,b"}
    for bad in (b"../../a.csv", b"/owls/a.csv", b"owls/../.."):
        lie = data.replace(b"\xa8list.csv", bytes([0xA0 + len(bad)]) + bad)
        longer = (int.from_bytes(data[:4]) + len(bad) - 8).to_bytes(4)
        with pytest.raises(StudioError, match="beside its folder"):
            Assembler(tmp_path / "there").feed(longer + lie[4:])


def test_a_file_for_which_there_is_no_room_is_missed_not_fatal(
    tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / "given.bin"
    file.write_bytes(b"x" * 100)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    assembler = Assembler(blocked)
    for piece in pieces(b"body", (), [file]):
        assembler.feed(piece)
    assert assembler.finish().files == {str(file): None}


def test_a_job_whose_folder_cannot_be_sent_has_failed(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "files").mkdir()
    link = SessionLink(Session(lambda parcel: None, tmp_path), lambda submit: checked([folder]))
    link.send(Submit("job-1", "lab.simulate", {"folder": str(folder)}, 1))
    received = link.receive()
    assert received is not None
    assert isinstance(received.message, Finished)
    assert (received.message.job, received.message.state) == ("job-1", JobState.FAILED)
    assert received.message.error is not None
    assert "The folder empty is empty" in received.message.error.message

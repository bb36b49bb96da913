"""Files are looked at in a process of their own, without a network, however hostile they are."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library.provenance import content_credentials, examination, side_file, verification
from studio.library.provenance.container_writer import rewritten
from studio.library.provenance.containers import Container
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.examination import Verdict, examine
from studio.library.provenance.exporter import Exporter
from studio.library.provenance.statement import Source, Statement
from studio.library.provenance.verification import verify
from studio.protocol.errors import StudioError
from tests.unit.library.provenance.conftest import PAYLOADS, Shelf
from tests.unit.library.provenance.test_tampering import picture


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a PNG with one more chunk after its header."""
    data = picture()
    return data[:33] + chunk(kind, body) + data[33:]


def test_a_file_is_found_again_in_the_library(shelf: Shelf, tmp_path: Path) -> None:
    labelled = [shelf.export(s, tmp_path, Disclosure.LABEL).path for s in (".png", ".txt")]
    copy = tmp_path / "a copy.bin"  # no record, but byte by byte a result
    copy.write_bytes(PAYLOADS[".webp"][1]())
    found = list(verify([*labelled, copy, tmp_path / "gone"], shelf.paths, shelf.library))
    ids = [each.artifact.id if each.artifact else "" for each in found]
    assert ids == [shelf.ids[".png"], shelf.ids[".txt"], shelf.ids[".webp"], ""]
    verdicts = [each.finding.verdict for each in found]
    assert verdicts == [Verdict.OURS, Verdict.OURS, Verdict.NONE, Verdict.UNREADABLE]
    assert found[0].title == "Made by this studio, unchanged"
    binned = shelf.ids[".txt"]
    shelf.library.bin(binned)
    [again] = verify(labelled[1:], shelf.paths, shelf.library)
    shelf.library.restore(binned)
    assert again.artifact is not None
    assert again.artifact.binned_at


@pytest.mark.parametrize("data", [b"", b"{}", b"not JSON", None], ids=str)
def test_an_edited_side_file_is_changed_and_not_unreadable(
    shelf: Shelf, tmp_path: Path, data: bytes | None
) -> None:
    made = shelf.export(".txt", tmp_path, Disclosure.FULL)
    assert made.side is not None
    signed = made.side.read_bytes()
    made.side.write_bytes(signed.replace(b'"key": "', b'"kex": "') if data is None else data)
    [found] = verify([made.path], shelf.paths, shelf.library)
    assert found.finding.verdict is Verdict.CHANGED
    assert found.finding.why == "The file with its record was changed or damaged."


def test_task_model_and_date_are_told(shelf: Shelf, tmp_path: Path) -> None:
    created = shelf.library.record(shelf.library.artifact(shelf.ids[".txt"]).record).created
    for choice in (Disclosure.FULL, Disclosure.LABEL):
        made = shelf.export(".txt", tmp_path, choice)
        [found] = verify([made.path], shelf.paths, shelf.library)
        assert found.run == ("toy.make", ("grande",), created), "the library knows"
        [found] = verify([made.path], shelf.paths)
        told = ("toy.make", ("grande",), created) if choice is Disclosure.FULL else None
        assert found.run == told, "the record does, where it says so"


def test_a_record_from_elsewhere_may_say_anything(shelf: Shelf) -> None:
    for record in (None, 1, {}, {"task": 5}, {"task": "a", "weights": [1]}):
        said = Statement(Source.GENERATED, recipe={"record": record})
        finding = examination.Finding(Verdict.ANOTHER, statement=said)
        assert verification._run(finding, None, None) is None
    said = Statement(Source.GENERATED, recipe={"record": {"task": "x" * 1000}})
    run = verification._run(examination.Finding(Verdict.ANOTHER, statement=said), None, None)
    assert run is not None
    assert len(run.task) == 80


def test_a_file_that_kills_its_reader_costs_no_other(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is ended at its second file, and begins anew after it."""
    files = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for file in files:
        file.write_text("x")
    fatal = tmp_path / "studio_fatal.py"
    fatal.write_text(
        "import os\nfrom studio.library.provenance import reading_process as r\nreal = r.examine\n"
        "r.examine = lambda p, o: os.kill(os.getpid(), 9) if p.name[0] == 'b' else real(p, o)\n"
        "r.main()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(verification, "_MODULE", "studio_fatal")
    found = [each.finding for each in verify(files, shelf.paths)]
    assert [each.verdict for each in found] == [Verdict.NONE, Verdict.UNREADABLE, Verdict.NONE]
    assert "given up" in found[1].why
    assert signal.SIGKILL == 9


@pytest.mark.parametrize(
    ("name", "data", "verdict"),
    [
        ("giant", with_chunk(b"caBX", bytes(examination.LONGEST_RECORD + 1)), Verdict.UNREADABLE),
        ("noise", with_chunk(b"caBX", os.urandom(5000)), Verdict.UNREADABLE),
        ("empty", with_chunk(b"caBX", b""), Verdict.UNREADABLE),
        ("deep", with_chunk(b"caBX", b"\0\0\x10\0jumb" * 500), Verdict.UNREADABLE),
        ("cut", picture()[:-20], Verdict.UNREADABLE),
        ("long", picture()[:33] + b"\xff\xff\xff\xffIDAT" + bytes(100), Verdict.UNREADABLE),
        ("no jpeg", b"\xff\xd8\xff\xe0\xff\xff" + bytes(50), Verdict.UNREADABLE),
        ("no scan", b"\xff\xd8\xff\xda\0\x02" + bytes(50), Verdict.UNREADABLE),
        ("riff", b"RIFF\xff\xff\xff\xffWEBP" + bytes(50), Verdict.UNREADABLE),
        ("chunk", b"RIFF\x14\0\0\0WAVEdata\xff\xff\xff\x7f\0\0\0\0", Verdict.UNREADABLE),
        ("segments", b"\xff\xd8" + b"\xff\xfe\0\x02" * 300_000, Verdict.UNREADABLE),
    ],
)
def test_hostile_files_end_in_a_sentence(
    name: str, data: bytes, verdict: Verdict, shelf: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    found = examine(path, shelf.ours)
    assert found.verdict is verdict
    assert found.why.endswith(".")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"said": 1, "signature": 2}',
        b'{"said": {"sha256": [], "key": 1, "made": {"source": 3}}, "signature": {}}',
        b'{"said": {"sha256": "", "key": "", "made": {"source": ""}}, "signature": "\\ud800"}',
        b" " * (side_file.LONGEST + 1),
    ],
)
def test_hostile_side_files_end_in_a_sentence(said: bytes, shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    side_file.beside(path).write_bytes(said)
    found = examine(path, shelf.ours)
    assert found.verdict in (Verdict.UNREADABLE, Verdict.CHANGED)
    assert found.why.endswith(".")


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_pipe_is_not_waited_for(shelf: Shelf, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert examine(tmp_path / "pipe.png", shelf.ours).verdict is Verdict.UNREADABLE


def test_without_the_library_work_is_saved_and_it_says_what_to_install(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StudioError, match="is missing") as caught:
        list(verify([tmp_path], shelf.paths))
    assert "offline-studio[provenance]" in caught.value.hint
    made = shelf.export(".png", tmp_path, Disclosure.LABEL)
    assert made.remark.startswith("It has no signed record.")
    assert "offline-studio[provenance]" in made.remark
    assert b"Josephine" not in made.path.read_bytes(), "what was to stay behind does"
    assert examine(made.path, shelf.ours).verdict is Verdict.NONE


def test_where_no_key_can_be_kept_work_is_saved_nevertheless(shelf: Shelf, tmp_path: Path) -> None:
    paths = StudioPaths(tmp_path / "home")
    paths.home.mkdir()
    paths.keys.write_text("in the way")
    exporter = Exporter(shelf.library, paths, Settings(paths.settings))
    made = exporter.to_folder(shelf.ids[".txt"], tmp_path / "out")
    assert made.side is None
    assert made.path.read_bytes() == PAYLOADS[".txt"][1]()
    assert "Could not save the key" in made.remark


# --- no network -----------------------------------------------------------------------------------


@contextlib.contextmanager
def counting_server() -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a server on this machine, and what it was asked."""
    asked: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(1000))
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/record.c2pa", asked
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def naming(address: str) -> bytes:
    """Return a PNG that only names an address where its record lies."""
    label = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        f' xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{address}"/>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()
    return rewritten(Container.PNG, picture(), label, keep_told=False)


def test_a_record_that_lies_elsewhere_is_not_fetched(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "remote.png"
    with counting_server() as (address, asked):
        path.write_bytes(naming(address))
        [found] = verify([path], shelf.paths)
        assert found.finding.verdict is Verdict.NONE
        assert "not looked up" in found.finding.why
        with contextlib.suppress(ValueError):
            examination._told(Container.PNG, path.read_bytes(), shelf.ours)
        assert asked == [], "neither by us nor by the library as we set it"
        c2pa = content_credentials.library()
        with contextlib.suppress(c2pa.C2paError):
            c2pa.Reader("image/png", io.BytesIO(path.read_bytes()))
        assert asked, "the control: by itself the library asks"


def test_signing_and_reading_open_no_connection(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    made = shelf.export(".jpg", tmp_path, Disclosure.FULL)
    assert examine(made.path, shelf.ours).verdict is Verdict.OURS

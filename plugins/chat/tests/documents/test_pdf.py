"""PDFs in a conversation: their text page by page, and a sentence for those that have none."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from studio.api import BadInput, finished
from studio.sandbox.sandbox import Sandbox, own_sandbox
from studio_chat.documents import passages, pdf
from studio_chat.documents.passages import Document


def made(pages: Sequence[str]) -> bytes:
    """A PDF with a line of text for each line of ``pages``."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>"
        % (b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(len(pages))), len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, page in enumerate(pages):
        lines = b" T* ".join(b"(%s) Tj" % line.encode() for line in page.split("\n"))
        drawn = b"BT /F1 9 Tf 12 TL 40 800 Td %s ET" % lines if page else b""
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        ]
    out, places = io.BytesIO(b"%PDF-1.4\n"), []
    out.seek(0, io.SEEK_END)
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
              % (len(objects) + 1, start))  # fmt: skip
    return out.getvalue()


def encrypted(data: bytes, password: str) -> bytes:
    writer, out = PdfWriter(clone_from=PdfReader(io.BytesIO(data))), io.BytesIO()
    writer.encrypt(password, "owner", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def put(folder: Path, data: bytes) -> Path:
    path = folder / "book.pdf"
    path.write_bytes(data)
    return path


def read(path: str) -> Document:
    return finished(passages.read(path, own_sandbox()))


def test_pages_begin_at_their_lines_and_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, encrypted(made(["One\ntwo", "", "Three"]), ""))
    document = read(str(path))
    assert document.text == "One\ntwo\n\nThree"
    assert [document.page(line) for line in range(1, 5)] == [1, 1, 2, 3]
    monkeypatch.setattr(pdf, "read_pages", None)
    assert read(str(path)) is document
    monkeypatch.setattr(passages, "KEPT_CHARACTERS", 0)
    assert Document("d", "a\nb").page(2) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (encrypted(made(["Secret"]), "word"), "is encrypted"),
        (made(["", ""]), "contains no text"),
        (b"%PDF-1.7\n" + b"nothing that is one", "is damaged or not a PDF"),
    ],
)
def test_without_text_there_is_a_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=f"^book.pdf {said}") as caught:
        read(str(put(tmp_path, data)))
    assert caught.value.hint


def test_what_takes_too_long_or_is_too_large_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, made(["Text"]))
    monkeypatch.setattr(pdf, "MEMORY_BYTES", 16 << 20)
    with pytest.raises(BadInput, match="too much time or memory"):
        read(str(path))
    monkeypatch.setattr(pdf, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(BadInput, match="too much time or memory"):
        finished(passages.read(str(path), Sandbox(tiers=())))
    monkeypatch.setattr(pdf, "MAX_PAGED_BYTES", 10)
    with pytest.raises(BadInput, match="MB for a document"):
        read(str(path))


PROBE = b"""
import json, os, socket

def can(what):
    try:
        what()
    except OSError:
        return "no"
    return "yes"

found = [
    can(lambda: open("/etc/passwd").close()),
    can(lambda: socket.socket().close()),
    can(lambda: open(os.path.join({folder!r}, "left"), "w").close()),
    can(lambda: os.open("/proc/self/status", os.O_RDONLY)),
]
print(json.dumps({"pages": found}))
"""


def test_what_opens_a_document_can_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PDF that has taken over its reader finds no file, no network and no process."""
    program = tmp_path / "reader.py"
    program.write_bytes(PROBE.replace(b"{folder!r}", repr(str(tmp_path)).encode()))
    path = put(tmp_path, made(["Text"]))
    monkeypatch.setattr(pdf, "__file__", str(program))
    pdf._program.cache_clear()
    try:
        assert read(str(path)).text.split() == ["no"] * 4
        passages._kept.clear()
        control = finished(passages.read(str(path), Sandbox(tiers=())))
        assert control.text.split() == ["yes"] * 4
    finally:
        pdf._program.cache_clear()


def test_without_a_sandbox_documents_are_read_with_limits(tmp_path: Path) -> None:
    path = put(tmp_path, made(["Text"]))
    assert finished(passages.read(str(path), Sandbox(tiers=()))).text == "Text"

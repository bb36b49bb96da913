"""Word documents in a conversation: their text, and a sentence for what is none."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from studio.api import BadInput, finished
from studio.sandbox.sandbox import own_sandbox
from studio_chat.documents import docx, passages

SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
LETTER = """
<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr>
<w:r><w:t>The bri</w:t></w:r><w:r><w:t>dge</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">It is </w:t><w:tab/><w:t>12 m &amp; old.</w:t></w:r>
<w:r><w:delText>new</w:delText></w:r></w:p>
<w:p><mc:AlternateContent><mc:Choice><w:t>Box</w:t></mc:Choice><mc:Fallback><w:p><w:t>Box</w:t></w:p>
</mc:Fallback></mc:AlternateContent><w:r><w:t>é</w:t><w:br/><w:t>日本</w:t></w:r></w:p>"""


def made(body: str, name: str = docx.MEMBER, before: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        xml = f"<?xml version='1.0'?>{before}<w:document {SPACES}><w:body>{body}</w:body>"
        parts.writestr(name, f"{xml}</w:document>")
    return out.getvalue()


def test_the_text_of_a_word_document_is_read(tmp_path: Path) -> None:
    path = tmp_path / "letter.docx"
    path.write_bytes(made(LETTER))
    document = finished(passages.read(str(path), own_sandbox()))
    assert document.text == "## The bridge\nIt is \t12 m & old.\nBoxé\n日本"
    assert not document.pages


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (made("x", name="xl/workbook.xml"), LookupError),
        (made("<w:p>"), ValueError),
        (made("&a;", before="<!DOCTYPE d [<!ENTITY a 'b'>]>"), ValueError),
        (made(LETTER)[:200], ValueError),
        (made(" " * (docx.MAX_BYTES + 1)), MemoryError),
    ],
)
def test_what_is_none_is_refused(data: bytes, said: type[Exception]) -> None:
    with pytest.raises(said):
        docx.read(io.BytesIO(data))


def test_a_spreadsheet_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "sums.xlsx"
    path.write_bytes(made("x", name="xl/workbook.xml"))
    with pytest.raises(BadInput, match=r"^sums\.xlsx is not a text, PDF, Word"):
        finished(passages.read(str(path), own_sandbox()))

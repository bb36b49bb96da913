"""Books, slides, OpenDocument texts, pages of the web and tables: text, places, and refusals."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.api import BadInput, finished
from studio.sandbox.sandbox import own_sandbox
from studio_chat.documents import formats, parts, passages, pdf, web
from studio_chat.documents.evidence import _place
from studio_chat.pages.phrases import drawn_on

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTAINER = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
PACKAGE = """<package><manifest>
<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="the%20a.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="cover.png" media-type="image/png"/>
</manifest><spine><itemref idref="a"/><itemref idref="c"/><itemref idref="b"/></spine></package>"""
BOOK = {
    "META-INF/container.xml": CONTAINER,
    "OPS/book.opf": PACKAGE,
    "OPS/b.xhtml": "<html><body><h2>Whales</h2><p>They sing.</p></body></html>",
    "OPS/the a.xhtml": "<html><head><title>Clocks</title></head><body>They tick.</body></html>",
}
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
LETTER = (
    f'<d xmlns:t="{TEXT}"><t:tracked-changes><t:p>gone</t:p></t:tracked-changes>'
    '<t:h t:outline-level="2">The bridge</t:h><t:p>It is<t:s t:c="2"/>12 m '
    "<t:span>&amp; old</t:span>.<annotation><t:p>no</t:p></annotation></t:p></d>"
)
ODT = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": LETTER}


def relations(**targets: str) -> str:
    found = "".join(
        f'<Relationship Id="{name}" Type="x/{name.rstrip("12")}" Target="{target}"/>'
        for name, target in targets.items()
    )
    return f"<Relationships>{found}</Relationships>"


SLIDES = {
    "ppt/presentation.xml": f'<p xmlns:r="{OFFICE}"><sldIdLst><sldId id="256" r:id="slide2"/>'
    '<sldId id="257" r:id="slide1"/></sldIdLst></p>',
    "ppt/_rels/presentation.xml.rels": relations(slide1="slides/s1.xml", slide2="slides/s2.xml"),
    "ppt/slides/s1.xml": "<s><p><r><t>Sales fell</t></r></p></s>",
    "ppt/slides/s2.xml": "<s><p><r><t>Wel</t></r><r><t>come</t></r></p></s>",
    "ppt/slides/_rels/s1.xml.rels": relations(notesSlide="../notes/n.xml"),
    "ppt/notes/n.xml": "<n><p><r><t>Say why</t></r></p><p><fld><t>7</t></fld></p></n>",
}


def packed(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def encrypted(data: bytes) -> bytes:
    """Set the flag of every member that says so, in its own header and in the directory."""
    found = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            found[at + offset] |= 1
            at = data.find(mark, at + 1)
    return bytes(found)


def told(data: bytes, suffix: str = "") -> dict[str, object]:
    return formats.read(io.BytesIO(data), suffix, pdf.MAX_CHARACTERS)


def test_a_book_has_its_chapters_in_order() -> None:
    assert told(packed(BOOK)) == {
        "pages": ["They tick.", "## Whales\n\nThey sing."],
        "unit": "chapter",
        "titles": ["Clocks", "Whales"],
    }


def test_slides_have_their_order_and_notes() -> None:
    assert told(packed(SLIDES)) == {
        "pages": ["# Slide 1\nWelcome", "# Slide 2\nSales fell\nSpeaker notes:\nSay why"],
        "unit": "slide",
    }


def test_an_opendocument_text_has_no_comments() -> None:
    assert told(packed(ODT)) == {"pages": ["## The bridge\nIt is  12 m & old."]}


def test_of_a_page_only_what_is_seen_is_read() -> None:
    page = (
        "<title>T</title><style>p{}</style><script>var a='<p>';</script><h1>Big</h1>"
        "<p>One &amp;\n two<p hidden>no<p>Three<div style='display: none'><div>no</div>no</div>"
        "<b aria-hidden=true>no</b><table><tr><td>a<td>b</table><pre>x\n  y</pre><!-- no -->"
    )
    (text,) = told(page.encode(), ".html")["pages"]  # type: ignore[misc]  # a list of one
    assert text.startswith("# Big\n\nOne & two\nThree\n")
    assert "no" not in text
    assert "x\n  y" in text
    latin = "<meta charset='iso-8859-2'><p>Łódź".encode("iso-8859-2")
    assert told(latin, ".htm")["pages"] == ["Łódź"]


def test_a_page_of_comments_is_read_at_once() -> None:
    assert web.read("<p>Here</p>" + "<!-- x -->" * 3000 + "<p>there</p>")[1] == "Here\n\nthere"
    assert web.read("<p>Here</p>" + "<!--" * 1_000_000)[1] == "Here"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_the_rows_of_a_table_are_named(encoding: str) -> None:
    data = 'Name;Größe\nAda;1,5\n\n"B;\nob";2\n'.encode(encoding)
    assert told(data, ".csv") == {
        "pages": ["Row 1: Name | Größe\nRow 2: Ada | 1,5\nRow 3\nRow 4: B; ob | 2"],
        "unit": "row",
        "head": "Row 1: Name | Größe",
    }
    assert not formats.is_ours(b"%PDF-1.7", ".csv")
    assert told(b"1,2\n3,4", ".csv")["head"] == ""
    assert told(b"a,b\tc", ".tsv")["pages"] == ["Row 1: a,b | c"]


@pytest.mark.parametrize(
    ("data", "suffix", "problem"),
    [
        (encrypted(packed(ODT)), ".odt", "locked"),
        (packed(ODT | {"META-INF/manifest.xml": "<m><encryption-data/></m>"}), ".odt", "locked"),
        (
            packed(
                BOOK | {"META-INF/encryption.xml": '<e><CipherReference URI="OPS/b.xhtml"/></e>'}
            ),
            ".epub",
            "locked",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", ".pptx", "office"),
        (packed(SLIDES)[:300], ".pptx", "torn"),
        (packed(ODT | {"content.xml": "<a>" * 1_000}), ".odt", "torn"),
        (packed(ODT | {"content.xml": "<!DOCTYPE d [<!ENTITY a 'b'>]><d>&a;</d>"}), "", "torn"),
        (packed({key: BOOK[key] for key in list(BOOK)[:2]}), ".epub", "torn"),
        (b'a,"' + b"b" * 200_000, ".csv", "torn"),
        (b"\x81\x8d\x90", ".csv", "alphabet"),
        (b"a\0b", ".html", "alphabet"),
        (packed({"xl/workbook.xml": "<x/>"}), ".xlsx", "other"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_a_sentence(
    data: bytes, suffix: str, problem: str
) -> None:
    assert told(data, suffix) == {"problem": problem}
    assert all(pdf._PROBLEMS[problem])


def test_what_unfolds_to_too_much_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(ODT | {"content.xml": f"<d>{' ' * 100_000}</d>"})
    assert told(data) == {"pages": [""]}  # the same is read while it is allowed
    monkeypatch.setattr(parts, "MAX_BYTES", 50_000)
    with pytest.raises(MemoryError):
        told(data)


def test_a_long_table_keeps_its_head_and_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,age\n" + "".join(f"person {n},{n}\n" for n in range(2, 200)))
    document = finished(passages.read(str(path), own_sandbox()))
    cut = passages.passages(document)
    assert len(cut) > 2
    assert all(each.text.startswith("Row 1: name | age\n") for each in cut)
    assert f"Row {cut[1].first}: person {cut[1].first} | {cut[1].first}" in cut[1].text
    assert _place(document, cut[1]) == f"rows {cut[1].first} to {cut[1].last}"
    path.write_text("n\n" + ("1" * 999 + "\n") * 4_100)
    with pytest.raises(BadInput, match="has more than 4 million characters"):
        finished(passages.read(str(path), own_sandbox()))


def test_places_are_named_to_the_model_and_to_the_user(tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    path.write_bytes(packed(BOOK))
    document = finished(passages.read(str(path), own_sandbox()))
    assert _place(document, passages.passages(document)[-1]) == "chapter 2: Whales"
    source = {"document": "d", "lines": [[2, 3]], "pages": [[2, 2]], "of": 3, "of_pages": 2}

    def words(**more: object) -> str:
        return drawn_on(SimpleNamespace(extra={"sources": [source | more]}))  # type: ignore[arg-type]  # all it reads

    assert words(unit="chapter", titles=["", "Whales"]) == "From d (2 chapters): chapter “Whales”."
    assert words(unit="slide", titles=[]) == "From d (2 slides): slide 2."
    del source["pages"]
    assert words(unit="row") == "From d (3 rows): rows 2–3."

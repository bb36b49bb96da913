"""The slides of a PowerPoint file (.pptx) in their order, with what their speaker noted.

Format: ECMA-376, part 1, PresentationML.
"""

from __future__ import annotations

from studio_chat.documents.parts import Attributes, Parts, walk

MEMBER = "ppt/presentation.xml"


def read(parts: Parts) -> list[str]:
    """Return the text of each slide, under a heading that names it.

    Raises:
        KeyError, ValueError, SyntaxError: It is damaged.
    """
    related = parts.related(MEMBER)
    order: list[str] = []

    def begin(tag: str, given: Attributes) -> None:
        if tag == "sldId":
            order.extend(value for key, value in given.items() if key.endswith("}id"))

    walk(parts.read(MEMBER), begin)
    texts = [_slide(parts, related[slide][1]) for slide in order]
    if not any(texts):
        return []
    return [f"# Slide {number}\n{text}".strip() for number, text in enumerate(texts, 1)]


def _slide(parts: Parts, name: str) -> str:
    text = _text(parts.read(name))
    for kind, member in parts.related(name).values():
        if kind == "notesSlide" and (notes := _text(parts.read(member))):
            text += f"\nSpeaker notes:\n{notes}"
    return text.strip()


def _text(xml: bytes) -> str:
    """Return the paragraphs; fields, such as the number of a slide, are left out."""
    pieces: list[str] = []
    is_text = is_field = False

    def begin(tag: str, _: Attributes) -> None:
        nonlocal is_text, is_field
        is_field |= tag == "fld"
        is_text = tag == "t" and not is_field
        if tag == "br":
            pieces.append("\n")

    def end(tag: str) -> None:
        nonlocal is_text, is_field
        is_text = False
        is_field = is_field and tag != "fld"
        if tag == "p":
            pieces.append("\n")

    def write(text: str) -> None:
        if is_text:
            pieces.append(text)

    walk(xml, begin, end, write)
    return "\n".join(line for line in "".join(pieces).split("\n") if line.strip())

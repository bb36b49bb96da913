"""Verovio's SVG made flat for QtSvg and other simple readers, in one colour.

QtSvg skips nested ``<svg>`` and nested ``<tspan>`` elements and has no music font for text. Reads
only what the engraver made of our own MusicXML.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Final, NamedTuple

SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_QUARTER, _DOT = "\ueca5", "\uecb7"  # of a metronome mark
_GLYPHS: Final = {  # of chord symbols
    "\uea63": "♭♭",
    "\uea64": "♭",
    "\uea66": "♯",
    "\uea67": "♯♯",
}
_ALTERED: Final = re.compile(r"[b#](?=\d)")
CHORD_SIZE, TEXT_SIZE = 0.72, 0.8
"""Chord symbols and other texts are drawn so much smaller than the engraver makes room for.

Its serif letters are narrower than those drawn here; without this, neighbours run together.
"""

_OUR_ID: Final = re.compile(r"t\d+[nr][\d-]+")
_TITLE: Final = 24  # pixels
_GLYPH_ID: Final = re.compile(r"(#?[0-9A-F]{4,5})-\w+")
_SPACE: Final = re.compile(r"translate\((-?[\d.]+), (-?[\d.]+)\)")

ET.register_namespace("", SVG[1:-1])
ET.register_namespace("xlink", _HREF[1:-5])


class Page(NamedTuple):
    """A page of the engraver: its drawing, its size, and how many of its units make a pixel."""

    root: ET.Element
    body: ET.Element
    width: float
    height: float
    units: float
    margin: tuple[float, float]


def parse(svg: str) -> Page:
    """Return the page that the engraver wrote."""
    root = ET.fromstring(svg)
    inner = root.find(f"{SVG}svg")
    body = inner.find(f"{SVG}g") if inner is not None else None
    if inner is None or body is None:
        raise ValueError("a page of the engraver has its drawing inside another")
    width, height = (float(root.attrib[side].removesuffix("px")) for side in ("width", "height"))
    units = float(inner.attrib["viewBox"].split()[2]) / width
    shift = _SPACE.match(body.get("transform", ""))
    margin = (float(shift[1]), float(shift[2])) if shift else (0.0, 0.0)
    return Page(root, body, width, height, units, margin)


def flat(page: Page, colour: str, font: str = "Inter") -> str:
    """Return the page as plain SVG 1.1, all in ``colour``. Notes keep their ids."""
    _clean(page.body)
    for group in list(page.body.iter(f"{SVG}g")):
        for at, child in enumerate(list(group)):
            if child.tag == f"{SVG}text":
                flat_text = _text(child, group.attrib.get("class", ""), font)
                group[at] = flat_text
    for element in page.body.iter():
        _strip(element)
    defs = page.root.find(f"{SVG}defs")
    x, y = page.margin
    out = ET.Element(
        f"{SVG}svg",
        {
            "width": f"{page.width:g}",
            "height": f"{page.height:g}",
            "viewBox": f"0 0 {page.width * page.units:g} {page.height * page.units:g}",
        },
    )
    if defs is not None:
        for glyph in defs.iter():
            _strip(glyph)
        out.append(defs)
    ink = {"fill": colour, "stroke": colour, "stroke-width": "0"}
    drawn = ET.SubElement(out, f"{SVG}g", {"transform": f"translate({x:g},{y:g})"} | ink)
    drawn.extend(page.body)
    return ET.tostring(out, encoding="unicode")


def _clean(element: ET.Element) -> None:
    """Drop invisible elements: milestones are drawn as dots where styles do not reach."""
    for child in list(element):
        classes = child.get("class", "").split()
        if "placeholder" in classes or child.tag == f"{SVG}style":
            element.remove(child)
        else:
            _clean(child)


def _strip(element: ET.Element) -> None:
    """Drop ids that are not ours, classes and white space: half of the file."""
    if element.tag != f"{SVG}text":
        element.text = None
    element.tail = None
    if name := element.get("id"):
        if glyph := _GLYPH_ID.fullmatch(name):
            element.set("id", glyph[1])  # the engraver makes another end for each page
        elif not _OUR_ID.fullmatch(name):
            del element.attrib["id"]
    if used := element.get(_HREF):
        element.set(_HREF, used.partition("-")[0])
    element.attrib.pop("class", None)


def _text(element: ET.Element, kind: str, font: str) -> ET.Element:
    """Return a text as one run, and the note of a metronome mark as a drawing before it."""
    sizes = (part.get("font-size", "0").removesuffix("px") for part in _text_parts(element))
    size = min((float(size) for size in sizes if float(size) > 0), default=0.0)
    words = "".join(part.text or "" for part in _text_parts(element))
    words = "".join(_GLYPHS.get(letter, letter) for letter in words)
    if kind == "harm":
        words = _ALTERED.sub(lambda mark: {"b": "♭", "#": "♯"}[mark[0]], words)
    size *= CHORD_SIZE if kind == "harm" else TEXT_SIZE
    x, y = float(element.get("x", 0)), float(element.get("y", 0))
    group = ET.Element(f"{SVG}g")
    if _QUARTER in words:
        x += _draw_metronome(group, x, y, size, dotted=_DOT in words)
        words = words.replace(_QUARTER, "").replace(_DOT, "")
    if not words.strip():
        return group
    style = {"x": f"{x:g}", "y": f"{y:g}", "font-family": font, "font-size": f"{size:g}"}
    anchor = next((e.get("text-anchor") for e in element.iter() if e.get("text-anchor")), None)
    if anchor:
        style["text-anchor"] = anchor
    if kind == "tempo":
        style["font-weight"] = "600"
    ET.SubElement(group, f"{SVG}text", style).text = " ".join(words.split())
    return group


def _text_parts(element: ET.Element) -> list[ET.Element]:
    return [part for part in element.iter() if part.text and part.text.strip()]


def _draw_metronome(group: ET.Element, x: float, y: float, size: float, *, dotted: bool) -> float:
    """Draw a small quarter note standing on the line of the text; return how wide it is."""
    rx, ry = size * 0.2, size * 0.14
    head = {"rx": f"{rx:g}", "ry": f"{ry:g}"}
    turned = f"translate({x + rx:g},{y - ry:g}) rotate(-24)"
    ET.SubElement(group, f"{SVG}ellipse", head | {"transform": turned})
    stem = {"x": f"{x + 1.85 * rx:g}", "y": f"{y - size:g}", "width": f"{size * 0.05:g}"}
    ET.SubElement(group, f"{SVG}rect", stem | {"height": f"{size * 0.82:g}"})
    if dotted:
        dot = {"cx": f"{x + 2.8 * rx:g}", "cy": f"{y - ry:g}", "r": f"{size * 0.06:g}"}
        ET.SubElement(group, f"{SVG}circle", dot)
    return size * (0.75 if dotted else 0.6)


def stacked(pages: Sequence[str], sizes: Sequence[tuple[float, float]], title: str) -> str:
    """Return flat pages below each other as one picture, under their title."""
    width = max((size[0] for size in sizes), default=_TITLE * 10)
    height = _TITLE * 3.0
    out = ET.Element(f"{SVG}svg")
    glyphs: dict[str, ET.Element] = {}
    head = {"x": f"{width / 2:g}", "y": f"{_TITLE * 2:g}", "text-anchor": "middle"}
    named = head | {"font-family": "Inter", "font-size": f"{_TITLE}", "font-weight": "600"}
    ET.SubElement(out, f"{SVG}text", named).text = title
    for page, size in zip(pages, sizes):
        root = ET.fromstring(page)
        defs = root.find(f"{SVG}defs")
        if defs is not None:
            glyphs |= {glyph.attrib["id"]: glyph for glyph in defs}
            root.remove(defs)
        units = float(root.attrib["viewBox"].split()[2]) / size[0]
        place = {"transform": f"translate(0,{height:g}) scale({1 / units:g})"}
        ET.SubElement(out, f"{SVG}g", place).extend(root)
        height += size[1]
    out.insert(0, ET.Element(f"{SVG}defs"))
    out[0].extend(glyphs.values())
    out.attrib |= {
        "width": f"{width:g}",
        "height": f"{height:g}",
        "viewBox": f"0 0 {width:g} {height:g}",
    }
    return ET.tostring(out, encoding="unicode")

"""Pieces as engraved pages: SVG that QtSvg draws, with the places of notes and playhead.

The engraver (verovio) only ever reads MusicXML that we wrote. Loaded by the runtime only.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from studio_music.score.engraving.flat_svg import flat, parse, stacked
from studio_music.score.engraving.layout import Engraving, Head, Place
from studio_music.score.engraving.places import find, measures
from studio_music.score.formats.musicxml.writer import Document
from studio_music.score.piece import Piece

__all__ = ["Engraving", "engrave", "picture", "section"]

_SECTION_BARS: Final = 32
_SECTION_NOTES: Final = 500
_LYRIC_SIZE: Final = 5.6  # in units of half a staff space; drawn smaller, as ``flat_svg`` says
_MARGIN: Final = 40  # in units of the engraver, a tenth of a millimetre at full scale


def engrave(
    piece: Piece, *, width_px: int = 960, scale: float = 40, colour: str = "#000000"
) -> Engraving:
    """Return the whole piece, engraved for a screen; arguments as in ``section``."""
    sections = [section(piece, width_px=width_px, scale=scale, colour=colour)]
    while sections[-1].next_bar < sections[-1].total_bars:
        at, pages = sections[-1].next_bar, sum(len(part.pages) for part in sections)
        sections.append(section(piece, at, pages, width_px=width_px, scale=scale, colour=colour))
    return Engraving(
        pages=tuple(page for part in sections for page in part.pages),
        sizes=tuple(size for part in sections for size in part.sizes),
        places=tuple(place for part in sections for place in part.places),
        heads=tuple(head for part in sections for head in part.heads),
        next_bar=sections[-1].next_bar,
        total_bars=sections[-1].total_bars,
    )


def section(
    piece: Piece,
    first_bar: int = 0,
    first_page: int = 0,
    *,
    width_px: int = 960,
    scale: float = 40,
    colour: str = "#000000",
) -> Engraving:
    """Return the systems from ``first_bar`` on that take about a tenth of a second.

    The last one that was laid out is left to the next section, so that no line ends early.

    Args:
        first_page: The number that the first page gets in places and heads.
        width_px: How wide the pages are.
        scale: Size in per cent; at 40 a staff is 29 pixels high.
        colour: Of all ink, as SVG names colours.

    Raises:
        BadInput: The piece has more bars than can be written as a score.
    """
    if not piece.tracks:
        return Engraving()
    document = _document(piece)
    total = len(document.bars.all)
    first = min(first_bar, total - 1)
    last = _section_end(piece, document, first)
    toolkit = _toolkit()
    toolkit.setOptions(_options(width_px, scale))
    toolkit.loadData(document.text(first, last))
    count = toolkit.getPageCount()
    complete = count - 1 if last < total and count > 1 else count
    pages = [parse(toolkit.renderToSVG(number + 1)) for number in range(complete)]
    places: list[Place] = []
    heads: list[Head] = []
    at = first
    for number, page in enumerate(pages, first_page):
        on_it = document.bars.all[at : at + len(measures(page))]
        at += len(on_it)
        places_on_it, heads_on_it = find(page, number, on_it, document.ticks)
        places += places_on_it
        heads += heads_on_it
    if at == first:
        raise RuntimeError(f"Bars {first} to {last} could not be engraved.")
    return Engraving(
        pages=tuple(flat(page, colour) for page in pages),
        sizes=tuple((page.width, page.height) for page in pages),
        places=tuple(places),
        heads=tuple(heads),
        first_bar=first,
        next_bar=at,
        total_bars=total,
    )


@lru_cache(maxsize=2)
def _document(piece: Piece) -> Document:
    return Document(piece, for_display=True)


def _section_end(piece: Piece, document: Document, first: int) -> int:
    """Return the bar before which a part ends: few bars, fewer where there are many notes."""
    bars = document.bars.all
    per_bar = sum(len(track.notes) for track in piece.tracks) / len(bars)
    count = min(_SECTION_BARS, max(4, int(_SECTION_NOTES / max(per_bar, 1))))
    return min(len(bars), first + count)


def _options(width_px: int, scale: float) -> dict[str, Any]:
    return {
        "scale": scale,
        "pageWidth": round(width_px * 100 / scale),
        "pageHeight": 60_000,
        "adjustPageHeight": True,
        "systemMaxPerPage": 1,
        "xmlIdSeed": 1,
        "svgFormatRaw": True,
        "breaksNoWidow": True,
        "pageMarginTop": _MARGIN,
        "pageMarginBottom": _MARGIN,
        "pageMarginLeft": _MARGIN,
        "pageMarginRight": _MARGIN,
        "lyricSize": _LYRIC_SIZE,  # of chord symbols too
        "header": "none",
        "footer": "none",
    }


def _toolkit() -> Any:
    """Return a new engraver: three milliseconds, and threads never meet in one."""
    import verovio

    verovio.enableLog(verovio.LOG_ERROR)
    # The place of its fonts is known to each thread by itself, at first to the importing one only.
    verovio.setDefaultResourcePath(str(Path(verovio.__file__).parent / "data"))
    return verovio.toolkit()


def picture(piece: Piece, *, width_px: int = 1000, scale: float = 40) -> bytes:
    """Return one SVG of the whole piece in black: its title, and all systems below each other."""
    pages = engrave(piece, width_px=width_px, scale=scale)
    return stacked(pages.pages, pages.sizes, piece.title).encode()

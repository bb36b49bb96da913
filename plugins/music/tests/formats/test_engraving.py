"""Engraved pages: QtSvg draws them, notes can be found on them, long pieces come in sections."""

from __future__ import annotations

import re
import threading
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from studio.api import BadInput
from studio.testing.plugins import run_task
from studio_music.schema import Engrave
from studio_music.score.engraving import Engraving, engrave, picture, section
from studio_music.score.piece import Chord, Key, Metre, MetreChange, Note, Piece, Tempo, Track
from studio_music.tasks.engraving import engrave as engrave_task

pytestmark = pytest.mark.gui


def scale_up(bars: int) -> Piece:
    step = 480
    notes = tuple(Note(at * step, 60 + at % 13, step) for at in range(bars * 4))
    return Piece(
        title="Scales",
        length=bars * 1920,
        tracks=(Track("Flute", notes, 73, role="melody"),),
        chords=(Chord(0, "Bb7"),),
    )


def painted(engraving: Engraving, page: int = 0) -> QImage:
    width, height = (int(side) for side in engraving.sizes[page])
    renderer = QSvgRenderer(QByteArray(engraving.pages[page].encode()))
    assert renderer.isValid()
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def darkness(image: QImage, x: float, y: float, width: float, height: float) -> float:
    points = [(int(x + width * i / 8), int(y + height * j / 8)) for i in range(9) for j in range(9)]
    dark = [image.pixelColor(*point).lightness() < 128 for point in points]
    return sum(dark) / len(dark)


def colours(image: QImage) -> np.ndarray:
    """Return (height, width, 3) red, green, blue."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., 2::-1].copy()


def test_every_notehead_is_drawn_where_it_is_said_to_be(qapp) -> None:
    engraving = engrave(scale_up(4))
    assert sorted(head.note for head in engraving.heads) == list(range(16))
    for head in engraving.heads:
        image = painted(engraving, head.page)
        assert darkness(image, head.x, head.y, head.width, head.height) > 0.5, head


def test_the_ink_has_the_colour_that_was_asked_for(qapp) -> None:
    red, green, _ = np.moveaxis(colours(painted(engrave(scale_up(2), colour="#ff0000"))), -1, 0)
    assert green.min() == 0
    assert red.min() > 250


def test_nothing_is_drawn_at_the_edges_nor_stray_dots(qapp) -> None:
    engraving = engrave(scale_up(2))
    ink = colours(painted(engraving)).min(axis=-1) < 255
    assert not ink[[0, -1]].any()
    assert not ink[:, [0, -1]].any()
    assert "ellipse" not in re.sub(r"<ellipse[^>]*rotate[^>]*>", "", engraving.pages[0])


def test_texts_are_runs_of_one_level_with_plain_accidentals() -> None:
    page = engrave(scale_up(2)).pages[0]
    assert "tspan" not in page
    assert ">B♭7</text>" in page
    assert ">Flute</text>" in page
    assert not re.search("[\ue000-\uf8ff]", page)


def test_chord_symbols_and_syllables_do_not_run_together(qapp) -> None:
    names = ("C#m7b5", "Ebmaj7/G", "F#dim7", "Bbmaj9", "G7b9", "Am7/G")
    syllables = ("strengths", "through-", "out", "_")
    notes = tuple(Note(at * 480, 60 + at % 9, 480, 80, syllables[at % 4]) for at in range(48))
    chords = tuple(Chord(at * 480, names[at % 6]) for at in range(48))
    piece = Piece(length=48 * 480, tracks=(Track("Song", notes),), chords=chords)
    engraving = engrave(piece, width_px=800)
    assert sum(page.count(">strengths</text>") for page in engraving.pages) == 12
    assert sum(page.count(">C♯m7♭5</text>") for page in engraving.pages) == 8
    gaps = [gap for page in engraving.pages for gap in gaps_of(page)]
    assert len(gaps) > 48
    assert min(gaps) > 0, "the least room between two texts of one line, in units of the page"


def gaps_of(page: str) -> list[float]:
    """Return the room between texts that stand side by side, as their font is wide."""
    drawn = re.findall(
        r'<text x="([\d.]+)" y="([\d.]+)"[^>]*font-size="([\d.]+)"[^>]*>([^<]+)', page
    )
    texts = sorted((float(y), float(x), float(size), words) for x, y, size, words in drawn)
    gaps = []
    for (y, x, size, words), (other_y, other_x, *_) in pairwise(texts):
        font = QFont("Inter")
        font.setPixelSize(round(size))
        if y == other_y:
            gaps.append(other_x - x - QFontMetricsF(font).horizontalAdvance(words))
    return gaps


def test_the_playhead_only_goes_forward_and_knows_every_onset() -> None:
    piece = scale_up(12)
    engraving = engrave(piece)
    ticks = [place.tick for place in engraving.places]
    assert ticks == sorted(ticks)
    assert {note.start for note in piece.tracks[0].notes} <= set(ticks)
    for before, after in zip(engraving.places, engraving.places[1:]):
        assert after.page > before.page or after.x >= before.x
        assert before.height > 20


def test_a_tied_note_has_a_head_for_each_part() -> None:
    piece = Piece(length=3840, tracks=(Track("T", (Note(960, 60, 1920),)),))
    assert [(h.track, h.note) for h in engrave(piece).heads] == [(0, 0), (0, 0)]


def test_a_long_piece_comes_in_sections_without_a_gap() -> None:
    piece = scale_up(100)
    first = section(piece)
    assert 0 < first.next_bar < 100
    following = section(piece, first.next_bar)
    assert following.first_bar == first.next_bar
    assert following.places[0].tick == first.next_bar * 1920
    assert "Flute" not in following.pages[0]
    whole = engrave(piece)
    assert whole.next_bar == whole.total_bars == 100
    assert sorted(h.note for h in whole.heads) == list(range(400))
    assert whole.pages[0] == first.pages[0]


def test_free_playing_is_shown_readably_and_kept_as_it_is() -> None:
    played = tuple(Note(at * 480 + (7, -9, 4, 11)[at % 4] * (at > 0), 60, 431) for at in range(8))
    piece = Piece(length=3840, tracks=(Track("T", played),))
    assert len(engrave(piece).heads) == 8
    triplets = tuple(Note(at * 160 + (0, 6, -5)[at % 3], 60, 150) for at in range(12))
    page = engrave(Piece(length=1920, tracks=(Track("T", triplets),))).pages[0]
    assert len(re.findall(r'id="t0n\d+"', page)) == 12


@pytest.mark.parametrize(
    "piece",
    [
        Piece(),
        Piece(tracks=(Track("Empty"),), length=1920),
        Piece(tracks=(Track("<&>\x00\ud7ff", (Note(0, 0, 1), Note(1, 127, 1))),), title="</work>"),
        Piece(tracks=(Track("Kit", tuple(Note(0, p, 9) for p in range(128)), drums=True),)),
        Piece(
            key=Key("A#", "minor"),
            metres=(MetreChange(0, Metre(7, 16)), MetreChange(840, Metre(1, 32))),
            tempos=(Tempo(0, 33.3), Tempo(77, 222.0)),
            pickup=130,
            tracks=(Track("Odd", tuple(Note(n * 77, 40 + n, 100 + n) for n in range(40)), 33),),
            chords=(Chord(5, "no chord"), Chord(10, "F##maj7/Bbb")),
        ),
        Piece(tracks=tuple(Track(f"T{n}", (Note(0, 60, 480),)) for n in range(64))),
    ],
    ids=["nothing", "empty", "names", "drums", "odd", "tracks"],
)
def test_strange_pieces_are_engraved(piece: Piece, qapp) -> None:
    engraving = engrave(piece)
    for page in engraving.pages:
        assert QSvgRenderer(QByteArray(page.encode())).isValid()
    heads = {(head.track, head.note) for head in engraving.heads}
    assert heads == {
        (t, n) for t, track in enumerate(piece.tracks) for n in range(len(track.notes))
    }


def test_the_task_gives_plain_data() -> None:
    piece = scale_up(3)
    params = Engrave.parse({"width_px": 700, "colour": "#123456"})
    result = run_task(engrave_task, params, inputs={"piece": piece}).result
    assert result["next_bar"] == result["total_bars"] == 3
    assert result["sizes"][0][0] == 700
    assert {head["note"] for head in result["heads"]} == set(range(12))
    assert "#123456" in result["pages"][0]


def test_no_piece_is_said() -> None:
    with pytest.raises(BadInput, match="no score"):
        run_task(engrave_task, Engrave.parse({}))


def test_the_picture_of_a_piece_has_all_its_systems_under_the_title(qapp) -> None:
    piece = scale_up(40)
    whole, made = picture(piece), engrave(piece, width_px=1000)
    assert len(re.findall(rb'id="t0n\d+"', whole)) == 160
    renderer = QSvgRenderer(QByteArray(whole))
    assert renderer.isValid()
    assert renderer.defaultSize().height() > sum(height for _, height in made.sizes)
    assert b">Scales</text>" in whole
    ids = re.findall(rb' id="([^"]+)"', whole)
    assert len(ids) == len(set(ids))


def test_any_thread_engraves() -> None:
    """The engraver knows its fonts in each thread by itself; the window exports from several."""
    piece = Piece(length=1920, tracks=(Track("Tune", (Note(0, 60, 1920),)),))
    pages: list[int] = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: pages.append(len(engrave(piece).pages)))
        thread.start()
        thread.join()
    assert pages == [1, 1, 1]

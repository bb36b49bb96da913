"""Developments of a few notes as a whole: the menu *Develop*, and the same by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt

from studio.api.window.language import tr
from studio_music.pages.phrases import genre_names
from studio_music.pages.roll.key_bindings import KeyBindings
from studio_music.pages.tracks.instrument_menu import instrument_menu
from studio_music.score.piece import TICKS, Note, Piece
from studio_music.score.theory import development

Change = Callable[[list[Note], Piece, int], list[Note]]


def changes(*, drums: bool = False) -> list[tuple[str, str, Change]]:
    """Return name, words and change of each; of drums, what leaves their pitches alone."""
    beats: list[tuple[str, str, Change]] = [
        ("simplify", tr("Simplify"), lambda n, piece, _: development.simplified(n, _beat(piece))),
        ("humanise", tr("Humanise"), lambda n, _piece, seed: development.humanised(n, seed)),
        ("reverse", tr("Reverse"), lambda n, _piece, _: development.reversed_(n)),
        ("slower", tr("Twice as slow"), lambda n, _piece, _: development.stretched(n, 2)),
        ("faster", tr("Twice as fast"), lambda n, _piece, _: development.stretched(n, 0.5)),
    ]
    if drums:
        return beats
    return [
        ("vary", tr("Vary"), lambda n, piece, seed: development.varied(n, piece.key, seed)),
        ("continue", tr("Continue as a sequence"), _continued),
        ("fill", tr("Fill the leaps"), lambda n, piece, _: development.filled(n, piece.key)),
        ("ornament", tr("Ornament"), lambda n, piece, _: development.ornamented(n, piece.key)),
        ("arpeggiate", tr("Arpeggiate"), lambda n, _piece, _: development.arpeggiated(n)),
        ("invert", tr("Invert"), lambda n, piece, _: development.inverted(n, piece.key)),
        ("step_up", tr("A step of the scale up"), partial(_moved, 1)),
        ("step_down", tr("A step of the scale down"), partial(_moved, -1)),
        *beats,
    ]


def model_words() -> list[tuple[str, str]]:
    """Return (id, label) of each model operation on the bars of a selection."""
    return [
        ("continue", tr("Continue with the model")),
        ("vary", tr("Vary with the model")),
        ("fill", tr("Rewrite with the model")),
    ]


def development_menu(ui: Any, keys: KeyBindings, *, drums: bool) -> Any:
    """Return the menu."""
    menu = ui.menu()
    menu.setTitle(tr("Develop"))
    for _name, words, change in changes(drums=drums):
        action = menu.addAction(words)
        run = partial(keys.develop, words, change)
        action.triggered.connect(lambda _checked=False, run=run: run())
    if not drums:
        menu.addSeparator()
        for how, words in model_words():
            action = menu.addAction(words)
            action.triggered.connect(lambda _checked=False, how=how: keys.write and keys.write(how))
            action.setEnabled(keys.write is not None)
        menu.addSeparator()
        against = instrument_menu(
            ui, None, lambda program, _drums: keys.add_counter_melody(program), drums=False
        )
        against.setTitle(tr("Counter-melody"))
        against.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # it goes with the menu
        against.setParent(menu, against.windowFlags())
        menu.addMenu(against).setEnabled(keys.has_harmony)
        for role, title in (("bass", tr("Add bass")), ("drums", tr("Add drums"))):
            below = ui.menu()
            below.setTitle(title)
            below.setParent(menu, below.windowFlags())
            for genre, words in genre_names():
                below.addAction(words).triggered.connect(
                    lambda _checked=False, role=role, genre=genre: keys.add_player(role, genre)
                )
            menu.addMenu(below)
    return menu


def _continued(notes: list[Note], piece: Piece, _seed: int) -> list[Note]:
    return development.continued(notes, piece.key, piece.metre.bar)


def _moved(steps: int, notes: list[Note], piece: Piece, _seed: int) -> list[Note]:
    return development.moved(notes, steps, piece.key)


def _beat(piece: Piece) -> int:
    metre = piece.metre
    dotted = metre.unit == 8 and metre.beats % 3 == 0
    return 3 * TICKS // 2 if dotted else 4 * TICKS // metre.unit

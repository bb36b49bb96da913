"""Dynamics and accents of a selection, and their menu: signs of the score that notes follow."""

from __future__ import annotations

from functools import partial
from typing import Any

from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.edits import Edited
from studio_music.score.piece import HAIRPINS, LOUDNESS, Track
from studio_music.score.theory.dynamics import marked, unmarked

_SIGNS = tuple(LOUDNESS)[1:-1]


def put_dynamic(document: Document, sign: str) -> None:
    """Put a dynamic where the selection begins; a hairpin from there to its end."""
    chosen = document.selected
    if not chosen:
        return
    start = min(note.start for note in chosen)
    end = max(note.end for note in chosen) if sign in HAIRPINS else 0
    _apply(document, tr("Put a dynamic"), marked(document.track, start, sign, end))


def remove_dynamics(document: Document) -> None:
    """Take the dynamics away that stand at the selection."""
    chosen = document.selected
    if chosen:
        span = min(note.start for note in chosen), max(note.end for note in chosen)
        _apply(document, tr("Remove dynamics"), unmarked(document.track, *span))


def put_accent(document: Document, accent: str) -> None:
    """Put an accent over the selection, or take it away where all have it; "" for none."""
    chosen = document.selected
    if not chosen:
        return
    new = "" if all(note.accent == accent for note in chosen) else accent
    edited = edits.set_accent(document.piece, document.current, chosen, new)
    document.apply(tr("Put an accent") if new else tr("Remove accents"), edited)


def _apply(document: Document, words: str, track: Track) -> None:
    places = {(note.start, note.pitch) for note in document.selected}
    piece = edits.set_track(
        document.piece, document.current, notes=track.notes, dynamics=track.dynamics
    )
    chosen = frozenset(note for note in track.notes if (note.start, note.pitch) in places)
    document.apply(words, Edited(piece, chosen))


def dynamics_menu(ui: Any, document: Document) -> Any:
    """Return the menu."""
    menu = ui.menu()
    menu.setTitle(tr("Dynamics and accents"))
    names = {HAIRPINS[0]: tr("Crescendo"), HAIRPINS[1]: tr("Diminuendo")}
    for sign in (*_SIGNS, *HAIRPINS):
        action = menu.addAction(names.get(sign, sign))
        put = partial(put_dynamic, document, sign)
        action.triggered.connect(lambda _checked=False, put=put: put())
    menu.addSeparator()
    for words, accent in ((tr("Accent"), "accent"), (tr("Marcato"), "marcato")):
        action = menu.addAction(f"{words}\tShift+V" if accent == "accent" else words)
        put = partial(put_accent, document, accent)
        action.triggered.connect(lambda _checked=False, put=put: put())
    away = menu.addAction(tr("Remove accents"))
    away.triggered.connect(lambda _checked=False: put_accent(document, ""))
    away.setEnabled(any(note.accent for note in document.selected))
    menu.addSeparator()
    remove = menu.addAction(tr("Remove dynamics"))
    remove.triggered.connect(lambda _checked=False: remove_dynamics(document))
    return menu

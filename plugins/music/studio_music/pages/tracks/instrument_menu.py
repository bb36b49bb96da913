"""The menu of instruments: the 128 of General MIDI by family, and the drums. Chooses nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_music.pages.phrases import family_names
from studio_music.pages.playback import sound_fonts
from studio_music.score.piece import Track
from studio_music.score.theory.instruments import PROGRAMS


def instrument_menu(
    ui: Any, track: Track | None, choose: Callable[[int, bool], None], *, drums: bool = True
) -> Any:
    """Return the menu; ``choose(program, drums)`` receives the choice.

    Args:
        drums: Offer the drums too.
    """
    menu = ui.menu()
    for family, title in enumerate(family_names()):
        below = ui.menu()
        below.setTitle(title)
        menu.addMenu(below)
        below.setParent(menu, below.windowFlags())
        for program in range(8 * family, 8 * family + 8):
            chosen = track is not None and not track.drums and track.program == program
            _entry(below, PROGRAMS[program], chosen, partial(choose, program, False))
    if drums:
        menu.addSeparator()
        _entry(menu, tr("Drums"), track is not None and track.drums, lambda: choose(0, True))
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def offer_fonts(ctx: PluginContext, menu: Any) -> None:
    """Offer the user's SoundFonts; where there is none at all, one to download."""
    from studio_music.audio.synth.selection import why_no_soundfont

    mine = sound_fonts.fonts(ctx)
    offered = () if mine or not why_no_soundfont() else ctx.weights.to_get(sound_fonts.CAPABILITY)
    if mine or offered:
        menu.addSeparator()
    if mine:
        below = ctx.ui.menu()
        below.setTitle(tr("SoundFont"))
        menu.addMenu(below)
        below.setParent(menu, below.windowFlags())
        now = sound_fonts.chosen(ctx)
        for id, title in mine:
            _entry(below, title, id == now, partial(sound_fonts.choose, ctx, id))
    for name, title, size in offered:
        words = tr("Download {title} ({size} MB)…").format(title=title, size=round(size / 1e6))
        menu.addAction(words).triggered.connect(
            lambda _checked=False, name=name: ctx.weights.get_set(name)
        )


def _entry(menu: Any, words: str, chosen: bool, run: Callable[[], None]) -> None:
    action = menu.addAction(words)
    action.setCheckable(True)
    action.setChecked(chosen)
    action.triggered.connect(lambda _checked=False: run())

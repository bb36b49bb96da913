"""The page of music as the window takes it: with its panel and its commands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from studio.api import Page, PageAction, PluginContext
from studio.api.window.language import tr
from studio_music.pages.modes import BACK, COMPOSE, HARMONISE, LAYERS
from studio_music.pages.page import MusicPage
from studio_music.pages.phrases import format_names
from studio_music.pages.roll.development_menu import model_words


def page_actions(page: MusicPage) -> list[PageAction]:
    """Return the actions of ``page``, each with its keys."""
    undo, playing, roll = page.document.undo, page.playing, page.piece_view.roll
    mode = page.prompt_box.modes.choose
    edits = roll.edits()
    rows = [
        ("run", tr("Start, or add to queue"), page.tasks.run.run, "play", "Ctrl+Return"),
        ("stop_job", tr("Stop"), page.tasks.run.stop, "circle-stop", "Alt+."),
        ("compose", tr("Compose"), lambda: mode(COMPOSE), "sparkles", "Alt+1"),
        ("harmonise", tr("Harmonise"), lambda: mode(HARMONISE), "layers", "Alt+2"),
        ("back", tr("Add a backing"), lambda: mode(BACK), "drum", "Alt+3"),
        ("layers", tr("Make layers"), lambda: mode(LAYERS), "square-stack", ""),
        ("takes", tr("Compose three versions"), lambda: page.tasks.compose_takes(3), "dices", ""),
        ("play", tr("Play or pause (Space)"), playing.toggle, "play", "Ctrl+Space"),
        ("stop", tr("Stop playing"), playing.stop, "square", "Ctrl+."),
        ("open", tr("Open a score"), page.target.pick, "folder-open", "Ctrl+O"),
        ("new", tr("New piece"), page.imports.write_new, "file", "Ctrl+N"),
        ("hum", tr("Hum a melody, or write it down"), page.hum.toggle, "mic", "Alt+H"),
        ("midi", tr("MIDI keyboard: record, or keep"), page.show_midi, "piano", ""),
        ("keep", tr("Save version"), page.keep, "save", "Ctrl+S"),
        ("undo", tr("Undo"), undo.undo, "undo-2", "Ctrl+Z"),
        ("redo", tr("Redo"), undo.redo, "redo-2", "Ctrl+Shift+Z"),
        ("roll", tr("Show the piano roll"), lambda: page.set_view("roll"), "piano", "F6"),
        ("score", tr("Show the score"), lambda: page.set_view("score"), "file-music", "F7"),
        ("split", tr("Show roll and score"), lambda: page.set_view("split"), "rows-2", "F8"),
        ("fit", tr("Show all notes"), page.piece_view.fit, "expand", "Ctrl+0"),
        ("zoom_in", tr("Zoom in"), lambda: page.piece_view.zoom(1.25), "zoom-in", "Ctrl++"),
        ("zoom_out", tr("Zoom out"), lambda: page.piece_view.zoom(0.8), "zoom-out", "Ctrl+-"),
        ("quantise", tr("Quantise (Q in the roll)"), edits["quantise"], "magnet", ""),
        ("duplicate", tr("Duplicate the notes"), edits["duplicate"], "copy", ""),
        ("insert", tr("Insert a note (Return in the roll)"), edits["insert"], "plus", ""),
        ("octave_up", tr("Octave up"), edits["octave_up"], "arrow-up", ""),
        ("octave_down", tr("Octave down"), edits["octave_down"], "arrow-down", ""),
        ("loop_selection", tr("Loop the selection"), edits["loop_selection"], "repeat", "Alt+L"),
        (
            "compare",
            tr("Hear the compared version (X), from the same place"),
            page.comparison.compare,
            "repeat",
            "",
        ),
        (
            "take_bars",
            tr("Take these bars from the version before"),
            page.comparison.take_bars,
            "copy",
            "",
        ),
        ("star", tr("Add or remove star"), page.take_actions.star, "star", "Alt+S"),
        (
            "recall",
            tr("Reuse settings of this version"),
            page.piece_actions.recall,
            "history",
            "Alt+R",
        ),
        ("checks", tr("Show checks"), page.verdicts.show_checks, "shield-check", "Alt+C"),
        ("ask", tr("Describe what to compose"), page.prompt_box.focus, "pencil", "Ctrl+L"),
    ]
    rows += [
        (
            f"export{suffix}",
            tr("Export: {format}").format(format=words),
            partial(page.piece_actions.export, suffix),
            "download",
            "",
        )
        for suffix, words in format_names()
    ]
    rows += [
        (f"develop_{name}", tr("Develop: {what}").format(what=words), run, "wand-sparkles", "")
        for name, words, run in roll.developments()
    ]
    rows += [
        (f"model_{how}", words, partial(page.tasks.develop, how), "wand-sparkles", "")
        for how, words in model_words()
    ]
    return [
        PageAction(f"music.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows
    ]


def build(ctx: PluginContext, make_player: Callable[[], Any] | None = None) -> Page:
    """Return the page; ``make_player`` makes another player than the usual, for a test."""
    page = MusicPage(ctx, make_player)
    return Page(
        page,
        panel=page.prompt_box.modes.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.imports.accept,
        reuse=page.set_recipe,
        run=page.tasks.run.run,
        actions=page_actions(page),
        focus=page.focus,
    )

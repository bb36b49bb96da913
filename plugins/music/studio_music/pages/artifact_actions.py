"""What is done with a piece or a take: star, keep, export, send, recipe, remove. Shows no page."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt

from studio.api import PluginContext, SavedArtifact, StudioError, outcome
from studio_music.pages.editor import edits
from studio_music.pages.file_export import (
    ALL_FORMATS,
    PICTURE_FORMATS,
    SOUND_FORMATS,
    write_picture,
    write_score,
)
from studio_music.pages.phrases import tr
from studio_music.pages.takes.strip import file_stem
from studio_music.pages.takes.takes import Take

if TYPE_CHECKING:
    from studio_music.pages.page import MusicPage


class ArtifactActions:
    """Works on the piece in view."""

    def __init__(self, ctx: PluginContext, page: MusicPage) -> None:
        self._ctx, self._page = ctx, page
        self._sound_target: Path | None = None
        page.work.runner.sounded.connect(self._on_sound)

    # --- menus --------------------------------------------------------------------------------

    def page_menu(self) -> Any:
        """Return the menu of the page."""
        page, menu = self._page, self._ctx.ui.menu()
        there = not page.document.empty
        self._entry(menu, "folder-open", tr("Open…\tCtrl+O"), page.opening.pick)
        self._entry(menu, "file", tr("New piece"), page.opening.write_new)
        keep = self._entry(menu, "save", tr("Keep as a take\tCtrl+S"), page.keep)
        keep.setEnabled(page.document.dirty)
        menu.addSeparator()
        export = self._submenu(menu, "download", tr("Export"))
        for suffix, words in ALL_FORMATS:
            self._entry(export, "", tr(words), partial(self.export, suffix))
        export.setEnabled(there)
        send = self._submenu(menu, "arrow-right", tr("Send to"))
        self._fill_targets(send)
        send.setEnabled(there and not send.isEmpty())
        menu.addSeparator()
        transpose = self._submenu(menu, "arrow-up-down", tr("Transpose all"))
        for semitones, words in _transpositions():
            self._entry(transpose, "", words, partial(self.transpose, semitones))
        transpose.setEnabled(there)
        menu.addSeparator()
        self._entry(menu, "dices", tr("Compose three takes"), lambda: page.work.compose_takes(3))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def take_menu(self, at: QPoint) -> None:
        """Offer what can be done with the take in view."""
        take = self._page.take()
        if take is None:
            return
        menu = self._ctx.ui.menu()
        star = tr("Take the star away\tS") if take.star else tr("Star\tS")
        self._entry(menu, "star", star, self.star)
        recipe = self._entry(menu, "history", tr("Use its recipe\tAlt+R"), self.recall)
        recipe.setEnabled(bool(take.task and take.params))
        export = self._submenu(menu, "download", tr("Export"))
        for suffix, words in ALL_FORMATS:
            self._entry(export, "", tr(words), partial(self.export, suffix))
        self._fill_targets(menu)
        menu.addSeparator()
        self._entry(menu, "trash-2", tr("Remove from the strip\tDel"), self.remove)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def _fill_targets(self, menu: Any) -> None:
        take = self._page.take()
        if take is None:
            return
        for place, (title, _) in enumerate(self._ctx.send_to(take.artifact)):
            if title != tr("Music"):
                words = tr("Send to {page}").format(page=title)
                self._entry(menu, "arrow-right", words, partial(self.send, place))

    def _entry(self, menu: Any, icon: str, words: str, run: Any) -> Any:
        action = menu.addAction(words)
        if icon:
            action.setIcon(self._ctx.ui.icon(icon))
        action.triggered.connect(lambda _checked=False: run())
        return action

    def _submenu(self, menu: Any, icon: str, words: str) -> Any:
        below = self._ctx.ui.menu()
        below.setTitle(words)
        below.setIcon(self._ctx.ui.icon(icon))
        below.setParent(menu, below.windowFlags())
        menu.addMenu(below)
        return below

    # --- takes --------------------------------------------------------------------------------

    def star(self) -> None:
        """Star the take in view, or take its star away."""
        take = self._page.take()
        if take is not None:
            self._page.takes.star(take)
            self._page.strip.draw(take)

    def recall(self) -> None:
        """Set everything as it was for the take in view."""
        take = self._page.take()
        if take is not None and take.task:
            self._page.set_recipe(take)

    def remove(self) -> None:
        """Take the take in view out of the strip; the gallery keeps it."""
        take = self._page.take()
        if take is None:
            return
        page, place = self._page, self._page.takes.place(take.id)
        page.takes.remove(take.id)
        page.strip.take_out(take.id)
        if len(page.takes):
            page.open_take(page.takes[min(place, len(page.takes) - 1)].id)
        else:
            page.close_piece()

        def undo() -> None:
            if page.takes.add(take, min(place, len(page.takes))):
                page.strip.add(page.takes.place(take.id), take)
                page.show_strip()
            page.open_take(take.id)

        words = tr("Removed from the strip. The gallery still has it.")
        self._ctx.notices.offer(words, tr("Undo"), undo, key="music.remove")

    def send(self, place: int) -> None:
        """Hand the piece to another page, as it is now."""

        def hand_over() -> None:
            take: Take | None = self._page.take()
            targets = self._ctx.send_to(take.artifact) if take is not None else ()
            if place < len(targets):
                targets[place][1]()

        self._page.saving.keep(hand_over)

    def transpose(self, semitones: int) -> None:
        """Move all tracks but the drums, and the key."""
        document = self._page.document
        moved = edits.transpose(document.piece, semitones)
        if moved is document.piece:
            self._page.trouble.tell(tr("Some notes would leave the range of MIDI."))
            return
        document.apply(tr("Transpose all"), edits.Edited(moved))

    # --- exporting ----------------------------------------------------------------------------

    def export(self, suffix: str) -> None:
        """Write the piece in view to a file the user names."""
        document = self._page.document
        if document.empty:
            self._page.trouble.tell(tr("There is nothing to export yet."))
            return
        name = file_stem(document.piece.title) + suffix
        path = self._ctx.ui.save_file(tr("Export"), name, [suffix])
        if path is not None:
            self.export_to(path if path.suffix else path.with_suffix(suffix))

    def export_to(self, path: Path) -> None:
        """Write the piece in view to ``path`` in the format of its ending."""
        piece, suffix = self._page.document.settled, path.suffix.lower()
        if suffix in SOUND_FORMATS:
            self._render(path)
        elif suffix in PICTURE_FORMATS:
            self._write(path, lambda: write_picture(piece, path))
        else:
            self._write(path, lambda: write_score(piece, path))

    def _write(self, path: Path, write: Any) -> None:
        def said(result: Any) -> None:
            if isinstance(result, StudioError):
                self._page.trouble.tell(result, lambda: self.export(path.suffix))
            else:
                self._exported(path, result or ())

        self._ctx.run_later(lambda: outcome(write), said)

    def _render(self, path: Path) -> None:
        """Let the runtime play the piece into a file."""
        piece = self._page.document.settled
        if self._page.work.busy:
            self._page.trouble.tell(tr("Wait until the job at work is done, or stop it first."))
            return
        params = {"format": path.suffix[1:].lower()}
        self._sound_target = path
        title = tr("Render {name}").format(name=path.name)
        self._page.work.start("music.render", params, title, inputs={"piece": piece}, keep=False)

    def _on_sound(self, artifact: SavedArtifact) -> None:
        target, self._sound_target = self._sound_target, None
        if target is not None:
            self._write(target, lambda: _copy(artifact.path, target))

    def _exported(self, path: Path, losses: Sequence[str]) -> None:
        words = tr("Exported as {name}.").format(name=path.name)
        hint = " ".join(losses) or str(path.parent)
        self._ctx.notices.info(words, hint, key="music.export")


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _transpositions() -> tuple[tuple[int, str], ...]:
    return (
        (12, tr("Octave up")),
        (2, tr("Whole tone up")),
        (1, tr("Semitone up")),
        (-1, tr("Semitone down")),
        (-2, tr("Whole tone down")),
        (-12, tr("Octave down")),
    )

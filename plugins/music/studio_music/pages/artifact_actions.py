"""Actions on a piece or a take: export, send, recipe, transpose, and their menus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QInputDialog

from studio.api import (
    ArtifactActions,
    JobRequest,
    PluginContext,
    RunController,
    SavedArtifact,
    StudioError,
    TaskResult,
    TroubleRow,
    file_stem,
    outcome,
)
from studio.api.window.language import tr
from studio_music.pages.autosave import Autosave
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.file_export import (
    PICTURE_FORMATS,
    SOUND_FORMATS,
    put,
    write_picture,
    write_score,
)
from studio_music.pages.phrases import format_names
from studio_music.pages.playback import sound_fonts
from studio_music.score.piece import Piece

_LONGEST_TITLE = 200


class PieceActions:
    """Works on the piece in view."""

    def __init__(
        self,
        ctx: PluginContext,
        document: Document,
        saving: Autosave,
        run: RunController,
        trouble: TroubleRow,
        take: Callable[[], TaskResult | None],
        takes: ArtifactActions,
        page: Mapping[str, Callable[..., Any]],
    ) -> None:
        """Work on ``document``.

        Args:
            take: Returns the take that is in view.
            takes: What can be done with that.
            page: What the page does: ``open()``, ``new()``, ``hum()``, ``midi()``,
                ``keep()``, ``compose(takes)``, ``recall(take)``, ``compare(other)``,
                ``take_bars()`` and ``renamed(take)``; ``others()`` returns id and name of each
                take that can be compared.
        """
        self._ctx, self._document, self._saving = ctx, document, saving
        self._run, self._trouble, self._take, self._takes = run, trouble, take, takes
        self._page = page
        self.dialog: QInputDialog | None = None
        """What asks for a title, while it does."""

    # --- menus --------------------------------------------------------------------------------

    def page_menu(self) -> Any:
        """Return the menu of the page."""
        page, menu, there = self._page, self._ctx.ui.menu(), not self._document.empty
        self._entry(menu, "folder-open", tr("Open…\tCtrl+O"), page["open"])
        self._entry(menu, "file", tr("New piece"), page["new"])
        self._entry(menu, "mic", tr("Hum a melody…"), page["hum"])
        self._entry(menu, "piano", tr("MIDI keyboard…"), page["midi"])
        keep = self._entry(menu, "save", tr("Save version\tCtrl+S"), page["keep"])
        keep.setEnabled(self._document.dirty)
        menu.addSeparator()
        export = self._submenu(menu, "download", tr("Export"))
        for suffix, words in format_names():
            self._entry(export, "", words, partial(self.export, suffix))
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
        self._entry(menu, "dices", tr("Compose three versions"), partial(page["compose"], 3))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def take_menu(self, at: QPoint) -> None:
        """Show the menu of actions on the current take."""
        take = self._take()
        if take is None:
            return
        menu = self._ctx.ui.menu()
        star = tr("Remove star\tS") if take.star else tr("Star\tS")
        self._entry(menu, "star", star, self._takes.star)
        recipe = self._entry(menu, "history", tr("Reuse settings\tAlt+R"), self.recall)
        recipe.setEnabled(bool(take.task and take.params))
        export = self._submenu(menu, "download", tr("Export"))
        for suffix, words in format_names():
            self._entry(export, "", words, partial(self.export, suffix))
        self._fill_targets(menu)
        menu.addSeparator()
        self._fill_others(menu)
        menu.addSeparator()
        self._entry(menu, "pencil", tr("Rename…"), self.ask_title)
        self._entry(menu, "x", tr("Remove from list\tDel"), self._takes.remove)
        self._entry(menu, "trash-2", tr("Move to the bin"), self._takes.bin)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def ask_title(self) -> None:
        """Let the user give the version in view another title."""
        take = self._take()
        if take is None:
            return
        dialog = QInputDialog()
        dialog.setWindowTitle(tr("Rename version"))
        dialog.setLabelText(tr("Title"))
        dialog.setTextValue(take.artifact.title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(lambda words: self.rename(take, words))
        dialog.open()
        self.dialog = dialog

    def rename(self, take: TaskResult, words: str) -> None:
        """Give a version another title in the library; the title in its score stays."""
        title = " ".join(words.split())[:_LONGEST_TITLE]
        if not title or title == take.artifact.title:
            return

        def said(error: StudioError | None) -> None:
            if error is not None:
                self._trouble.tell(error)
                return
            take.artifact = replace(take.artifact, title=title)
            self._page["renamed"](take)

        library = self._ctx.library
        self._ctx.run_later(lambda: outcome(lambda: library.rename(take.id, title)), said)

    def _fill_targets(self, menu: Any) -> None:
        take = self._take()
        if take is None:
            return
        for place, (title, _) in enumerate(self._ctx.send_to(take.artifact)):
            if title != tr("Music"):
                words = tr("Send to {page}").format(page=title)
                self._entry(menu, "arrow-right", words, partial(self.send, place))

    def _fill_others(self, menu: Any) -> None:
        """Offer the other versions: the first is the one that is compared by a key."""
        compare, others = self._page["compare"], self._page["others"]()
        if not others:
            return
        (_, name), *_ = others
        words = tr("Hear {version}").format(version=name)
        self._entry(menu, "repeat", f"{words}\tX", compare)
        if others[1:]:
            more = self._submenu(menu, "repeat", tr("Compare with"))
            for id, words in others:
                self._entry(more, "", words, partial(compare, id))
        words = tr("Take these bars from {version}").format(version=name)
        self._entry(menu, "copy", words, self._page["take_bars"])

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

    def recall(self) -> None:
        """Set everything as it was for the take in view."""
        take = self._take()
        if take is not None and take.task:
            self._page["recall"](take)

    def send(self, place: int) -> None:
        """Hand the piece to another page, as it is now."""

        def hand_over() -> None:
            take: TaskResult | None = self._take()
            targets = self._ctx.send_to(take.artifact) if take is not None else ()
            if place < len(targets):
                targets[place][1]()

        self._saving.keep(hand_over)

    def transpose(self, semitones: int) -> None:
        """Move all tracks but the drums, and the key."""
        document = self._document
        moved = edits.transpose(document.piece, semitones)
        if moved is document.piece:
            self._trouble.tell(tr("Some notes would fall outside the MIDI range."))
            return
        document.apply(tr("Transpose all"), edits.Edited(moved))

    # --- exporting ----------------------------------------------------------------------------

    def export(self, suffix: str) -> None:
        """Write the piece in view to a file the user names."""
        document = self._document
        if document.empty:
            self._trouble.tell(tr("Nothing to export yet."))
            return
        piece = document.settled

        def write(path: Path) -> Sequence[str] | None:
            chosen = path.suffix.lower()
            if chosen in SOUND_FORMATS:
                return None  # the runtime plays it
            if chosen in PICTURE_FORMATS:
                write_picture(piece, path)
                return ()
            return write_score(piece, path)

        def said(path: Path, losses: Sequence[str] | None) -> None:
            if losses is None:
                self._render(piece, path)
            else:
                self._exported(path, losses)

        name = file_stem(document.piece.title, tr("music")) + suffix
        labelled = self._ctx.kit.labelled(document.source, write)
        self._ctx.kit.save_as(
            tr("Export"), name, [suffix], labelled, trouble=self._trouble, done=said
        )

    def _render(self, piece: Piece, path: Path) -> None:
        """Let the runtime play the piece into a file."""
        title = tr("Render {name}").format(name=path.name)
        self._run.start(
            JobRequest(
                "music.render",
                {"format": path.suffix[1:].lower(), "soundfont": sound_fonts.chosen(self._ctx)},
                title=title,
                inputs={"piece": piece},
                parents=[self._document.source] if self._document.source else [],
                target=str(path),
            )
        )

    def put_sound(self, artifact: SavedArtifact) -> None:
        """Deliver the rendered sound to its destination."""
        request = self._run.request
        if request is None or not request.target:
            return
        target = Path(request.target)

        def said(error: StudioError | None) -> None:
            if error is not None:
                self._trouble.tell(error, lambda: self.export(target.suffix))
            else:
                self._exported(target, ())

        write = self._ctx.kit.labelled(artifact.id, lambda path: put(path, artifact.read()))
        self._ctx.run_later(lambda: outcome(lambda: write(target)), said)

    def _exported(self, path: Path, losses: Sequence[str]) -> None:
        words = " ".join([tr("Exported as {name}.").format(name=path.name), *losses])
        folder = QUrl.fromLocalFile(str(path.parent))

        def show() -> None:
            QDesktopServices.openUrl(folder)

        self._ctx.notices.offer(words, tr("Show in folder"), show, key="music.export")


def _transpositions() -> tuple[tuple[int, str], ...]:
    return (
        (12, tr("Octave up")),
        (2, tr("Whole tone up")),
        (1, tr("Semitone up")),
        (-1, tr("Semitone down")),
        (-2, tr("Whole tone down")),
        (-12, tr("Octave down")),
    )

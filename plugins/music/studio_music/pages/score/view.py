"""The score: engraved anew after each edit, with the playhead over it; a click picks a note."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout

from studio.api import PluginContext, Role, StudioError, Tokens
from studio.api.window.language import tr, tr_filled
from studio_music.pages.editor.document import Document
from studio_music.pages.roll.colours import Colours
from studio_music.pages.roll.key_bindings import KeyBindings
from studio_music.pages.score.canvas import ScoreCanvas
from studio_music.pages.score.engraving_request import EngravingRequest, Sheet
from studio_music.pages.score.lyrics import LyricTyping

_SCALE = 34.0
_LEAST, _MOST = 20.0, 90.0
_MARGIN, _BAR = 12, 10
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


class ScoreView(QFrame):
    """The score.

    Signals:
        picked: A note was selected: it should be seen in the roll too.
        seek_asked: The playhead is wanted at a tick.
        menu_asked: What can be done with the selection is asked for, at a place of the screen.
    """

    picked = Signal()
    seek_asked = Signal(int)
    menu_asked = Signal(QPoint)

    def __init__(self, ctx: PluginContext, document: Document) -> None:
        super().__init__()
        self._ui, self._document = ctx.ui, document
        self.engraver = EngravingRequest(ctx)
        self.canvas = ScoreCanvas()
        self.lyrics = LyricTyping(self.canvas, document, _SCALE)
        self.keys: KeyBindings | None = None
        """Edits of the selection, those of the roll."""
        self.scale = _SCALE
        self._asked_width = 0
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(self.canvas)
        self._area.setAccessibleName(tr("Score"))
        self._area.viewport().installEventFilter(self)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.setFocusProxy(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Score: arrow keys change the selected notes"))
        self._words = ctx.ui.label(tr("Engraving…"), Role.MUTE)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._words)
        self._stack.addWidget(self._area)
        ctx.ui.wear(self, Role.CARD)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 4, 4, 4)
        column.addWidget(self._stack)
        document.edited.connect(self._ask)
        document.opened.connect(self._on_opened)
        document.picked.connect(self._show_selection)
        self.engraver.engraved.connect(self._on_engraved)
        self.engraver.failed.connect(self._on_failed)
        self.canvas.picked.connect(self._on_picked)
        self.canvas.seek_asked.connect(self.seek_asked)
        self.show_theme(ctx.ui.tokens)

    def show_theme(self, tokens: Tokens) -> None:
        """Take the colours of a theme: the ink is engraved anew."""
        self.canvas.shades = Colours(tokens)
        self._ask()

    # --- engraving ----------------------------------------------------------------------------

    def _ask(self) -> None:
        if not self.isVisible() or self._document.empty:
            return
        self._asked_width = self._room()
        ink = self._ui.tokens.colors["text"]
        self.engraver.ask(self._document.settled, self._asked_width, self.scale, ink)

    def _on_opened(self) -> None:
        self.canvas.show_sheet(None)
        self._words.setText(tr("Engraving…"))
        self._stack.setCurrentWidget(self._words)
        self._ask()

    def _on_engraved(self, sheet: Sheet) -> None:
        shown = self.canvas.sheet
        # While it grows, what was there stays: else the page would jump at each edit.
        if sheet.complete or shown is None or len(sheet.pages) >= len(shown.pages):
            self.canvas.show_sheet(sheet)
            self._stack.setCurrentWidget(self._area)
            self._show_selection()
            self.lyrics.show_sheet()

    def _on_failed(self, error: StudioError) -> None:
        self._words.setText(tr_filled(error))
        self._stack.setCurrentWidget(self._words)

    def showEvent(self, event: QShowEvent) -> None:
        """Engrave the current piece."""
        super().showEvent(event)
        self._ask()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        if abs(self._room() - self._asked_width) > 8:
            self._ask()

    def _room(self) -> int:
        """Return how wide a system may be, the scroll bar beside it."""
        return max(240, self.width() - 2 * _MARGIN - _BAR)

    def zoom(self, factor: float) -> None:
        """Engrave larger or smaller."""
        self.scale = self.lyrics.scale = max(_LEAST, min(_MOST, self.scale * factor))
        self._ask()

    def reset_zoom(self) -> None:
        """Engrave as large as at first."""
        self.zoom(_SCALE / self.scale)

    # --- edits --------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Edit as the keys of the roll do, but that left and right go from note to note."""
        keys, walks = self.keys, {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = walks.get(Qt.Key(event.key()))
        if keys is not None and step and not event.modifiers() & ~_KEYPAD:
            keys.walk(step, False)
        elif keys is None or not keys.press(event):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the keyboard focus: the picked note is edited by keys."""
        self.setFocus()
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the menu of the selection."""
        self.menu_asked.emit(event.globalPos())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl and the wheel zoom."""
        if not isinstance(event, QWheelEvent):
            return False
        zooms = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if zooms:
            self.zoom(1.0015 ** event.angleDelta().y())
        return zooms

    # --- selection and playhead ---------------------------------------------------------------

    def _show_selection(self) -> None:
        self.canvas.select(self._document.current, self._document.selected)

    def _on_picked(self, track: int, note: int, adding: bool) -> None:
        sheet, document = self.canvas.sheet, self._document
        if sheet is None or track >= len(document.piece.tracks):
            return
        picked = sheet.piece.tracks[track].notes[note]
        if picked not in document.piece.tracks[track].notes:
            return  # it was edited since, and the new page is on its way
        document.choose_track(track)
        document.select(document.selected | {picked} if adding else frozenset({picked}))
        self.picked.emit()

    def set_playhead(self, tick: int, *, follow: bool = False) -> None:
        """Move the playhead; ``follow`` scrolls with it."""
        where: QRect = self.canvas.set_playhead(tick)
        if follow and not where.isNull():
            top = self._area.verticalScrollBar().value()
            if where.top() < top or where.bottom() > top + self._area.viewport().height():
                self._area.verticalScrollBar().setValue(max(0, where.top() - 24))

"""The tools above the notes: pointer or pencil, snap, quantise, zoom, undo; mouse position."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_music.pages.editor import edits
from studio_music.pages.editor.document import Document
from studio_music.pages.editor.grid import SNAPS, position
from studio_music.pages.phrases import length_name, note_name
from studio_music.pages.roll.gestures import Desk
from studio_music.pages.roll.viewport import Viewport

_WIDE = 470


class ToolRow(QWidget):
    """The row.

    Signals:
        changed: The snap is another.
        fit_asked: The whole piece should be in view.
        folded: Drums are to have rows for those in use only, or for all again.
    """

    changed = Signal()
    fit_asked = Signal()
    folded = Signal()

    def __init__(
        self, ctx: PluginContext, document: Document, desk: Desk, camera: Viewport
    ) -> None:
        super().__init__()
        self._ui, self._document, self._desk, self._camera = ctx.ui, document, desk, camera
        self._place: tuple[float, int] = (-1.0, -1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        group = QButtonGroup(self)
        self.pointer = self._button("mouse-pointer-2", tr("Select and move  V"))
        self.pencil = self._button("pencil", tr("Draw  B (or double-click)"))
        for tool in (self.pointer, self.pencil):
            tool.setCheckable(True)
            group.addButton(tool)
        self.pointer.setChecked(True)
        self.pencil.toggled.connect(self._on_pencil)
        self.snap = ctx.ui.button("", "magnet", tip=tr("Snap notes to this grid"), dense=True)
        self.snap.setIconSize(QSize(20, 16))  # the wider one keeps a distance
        self.snap.clicked.connect(lambda _checked=False: self._ask_snap())
        self.undo = self._button("undo-2", tr("Undo  Ctrl+Z"))
        self.redo = self._button("redo-2", tr("Redo  Ctrl+Shift+Z"))
        self._zoom_out = self._button("zoom-out", tr("Zoom out  Ctrl+wheel"))
        self._zoom_in = self._button("zoom-in", tr("Zoom in  Ctrl+wheel"))
        self._fit = self._button("expand", tr("Show all  Ctrl+0"))
        self.develop = self._button(
            "wand-sparkles", tr("Develop: vary, continue, ornament and more")
        )
        self.fold = self._button("list-filter", tr("Only the drums in use"))
        self.fold.setCheckable(True)
        self.fold.setChecked(True)
        self.fold.toggled.connect(self.folded)
        self.words = ctx.ui.label("", Role.SMALL)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for part in (self.pointer, self.pencil):
            row.addWidget(part)
        row.addSpacing(6)
        row.addWidget(self.snap)
        row.addSpacing(6)
        row.addWidget(self.develop)
        row.addWidget(self.fold)
        row.addSpacing(6)
        for part in (self.undo, self.redo, self._zoom_out, self._zoom_in, self._fit):
            row.addWidget(part)
        row.addWidget(self.words, 1)
        self._connect()
        self.set_snap(desk.snap)
        for step in (self.undo, self.redo):
            step.setEnabled(False)

    def _connect(self) -> None:
        document = self._document
        self.undo.clicked.connect(document.undo.undo)
        self.redo.clicked.connect(document.undo.redo)
        # Told with the news, not asked for it: the stack still speaks while it is being destroyed.
        document.undo.canUndoChanged.connect(self.undo.setEnabled)
        document.undo.canRedoChanged.connect(self.redo.setEnabled)
        document.undo.undoTextChanged.connect(self._name_undo)
        document.undo.redoTextChanged.connect(self._name_redo)
        document.picked.connect(self._say)
        self._zoom_in.clicked.connect(lambda: self.zoom(1.4))
        self._zoom_out.clicked.connect(lambda: self.zoom(1 / 1.4))
        self._fit.clicked.connect(self.fit_asked)

    def _button(self, icon: str, tip: str) -> QToolButton:
        button: QToolButton = self._ui.icon_button(icon, tip)
        return button

    def zoom(self, factor: float) -> None:
        """Zoom around the middle of the view."""
        self._camera.zoom_time(factor, self._camera.width / 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Zoom buttons give way where there is little room: the wheel zooms too."""
        super().resizeEvent(event)
        for part in (self._zoom_in, self._zoom_out):
            part.setVisible(self.width() >= _WIDE)

    # --- tools and snap -----------------------------------------------------------------------

    def set_pencil(self, pencil: bool) -> None:
        """Take the pencil, or the pointer."""
        (self.pencil if pencil else self.pointer).setChecked(True)

    def _on_pencil(self, on: bool) -> None:
        self._desk.pencil = on

    def set_snap(self, ticks: int) -> None:
        """Choose the grid."""
        names = {value: name for name, value in SNAPS}
        self._desk.snap = ticks if ticks in names else 1
        words = names.get(ticks, tr("Off"))
        self.snap.setText(words)
        self.snap.setAccessibleName(tr("Snap {name}").format(name=words))
        self.changed.emit()

    def _ask_snap(self) -> None:
        menu = self._ui.menu()
        for name, ticks in (*SNAPS, (tr("Off  (Alt while dragging)"), 1)):
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(ticks == self._desk.snap)
            action.triggered.connect(lambda _checked=False, ticks=ticks: self.set_snap(ticks))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.snap.mapToGlobal(self.snap.rect().bottomLeft()))

    # --- words --------------------------------------------------------------------------------

    def _name_undo(self, what: str) -> None:
        self.undo.setToolTip(tr("Undo: {what}  Ctrl+Z").format(what=what))

    def _name_redo(self, what: str) -> None:
        self.redo.setToolTip(tr("Redo: {what}  Ctrl+Shift+Z").format(what=what))

    def show_place(self, tick: float, pitch: int) -> None:
        """Show the time and pitch under the mouse."""
        self._place = (tick, pitch)
        self._say()

    def _say(self) -> None:
        self.fold.setVisible(self._document.track.drums)
        document, (tick, pitch) = self._document, self._place
        track, key = document.track, document.piece.key
        parts = []
        if len(document.selected) == 1:
            note = next(iter(document.selected))
            parts = [
                note_name(note.pitch, track, key),
                length_name(note.length),
                tr("velocity {value}").format(value=note.velocity),
            ]
        elif document.selected:
            parts = [tr("{count} notes").format(count=len(document.selected))]
        elif pitch >= 0:
            here = edits.within(track, tick, tick + 1, pitch, pitch)
            bar, beat, _ = position(document.piece, int(max(0, tick)))
            parts = [
                note_name(pitch, track, key),
                tr("bar {bar}, beat {beat}").format(bar=bar, beat=beat),
            ]
            parts += [tr("velocity {value}").format(value=note.velocity) for note in here]
        self.words.setText(" · ".join(parts))

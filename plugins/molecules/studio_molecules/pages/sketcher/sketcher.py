"""The window in which a lead, a scaffold or a pattern is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, StudioError
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_molecules.pages.sketcher.canvas import SketchCanvas
from studio_molecules.pages.sketcher.conversion import Conversion
from studio_molecules.pages.sketcher.toolbox import Toolbox
from studio_molecules.sketch import molfile
from studio_molecules.sketch.structure import Structure

_FORMATS = ("chemical/x-mdl-molfile", "chemical/x-daylight-smiles")
"""What other programs put on the clipboard beside, or instead of, a plain text."""


def _copied() -> str:
    """Return the structure on the clipboard, or the text; empty without any."""
    data = QGuiApplication.clipboard().mimeData()
    content = next((data.data(format).data() for format in _FORMATS if data.hasFormat(format)), b"")
    return bytes(content).decode("utf-8", "replace").strip("\0") or data.text()


class Sketcher(QDialog):
    """Editor of one structure; the drawing stays when it is closed.

    Attributes:
        text: SMILES, or SMARTS for a pattern; empty while the drawing is unusable.

    Signals:
        used: Text of the structure accepted by the user.
    """

    used = Signal(str)

    def __init__(self, ctx: PluginContext, parent: QWidget, verb: str, *, query: bool) -> None:
        super().__init__(parent)
        self._ctx, self._query = ctx, query
        self.text = self._requested = ""
        self._adds = self._drawn = False
        """Whether what was asked is put beside what is drawn; whether it is what is drawn."""
        self.setWindowTitle(tr("Draw a pattern") if query else tr("Draw a structure"))
        self.resize(720, 600)
        self.canvas = SketchCanvas(ctx)
        self.toolbox = Toolbox(ctx, query=query)
        self.conversion = Conversion(ctx, query=query)
        self.field = QLineEdit()
        words = tr("SMILES or SMARTS") if query else tr("SMILES")
        self.field.setPlaceholderText(words)
        self.field.setAccessibleName(words)
        self.field.setFont(ctx.ui.mono())
        self.status = ctx.ui.label("", Role.MUTE, wrap=True)
        self.status.setMinimumHeight(36)
        self.use = ctx.ui.button(verb, "check", primary=True)
        self.cancel = ctx.ui.button(tr("Cancel"))
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        self.undo = ui.icon_button("undo-2", tr("Undo  Ctrl+Z"))
        self.redo = ui.icon_button("redo-2", tr("Redo  Ctrl+Shift+Z"))
        self.clean = ui.icon_button("wand-sparkles", tr("Tidy up the layout  Ctrl+L"))
        self.fit = ui.icon_button("expand", tr("Show all  Ctrl+0"))
        self.clear = ui.icon_button("trash-2", tr("Clear  Ctrl+Delete"))
        self.copy = ui.icon_button("copy", tr("Copy SMILES  Ctrl+C"))
        self.copy_molfile = ui.icon_button("clipboard-copy", tr("Copy molfile"))
        self.paste = ui.icon_button("clipboard", tr("Paste SMILES or molfile  Ctrl+V"))
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.toolbox.rings, 1)
        for part in (self.undo, self.redo, self.clean, self.fit, self.clear):
            head.addWidget(part)
        middle = QHBoxLayout()
        middle.setSpacing(8)
        middle.addWidget(self.toolbox.column)
        middle.addWidget(self.canvas, 1)
        line = QHBoxLayout()
        line.setSpacing(2)
        line.addWidget(self.field, 1)
        for part in (self.copy, self.copy_molfile, self.paste):
            line.addWidget(part)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.status, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(middle, 1)
        column.addLayout(line)
        column.addLayout(foot)

    def _connect(self) -> None:
        canvas = self.canvas
        self.toolbox.chosen.connect(canvas.set_tool)
        canvas.edited.connect(self._on_drawn)
        canvas.history_changed.connect(self._show)
        self.field.textEdited.connect(self._on_typed)
        self.conversion.converted.connect(self._on_converted)
        self.conversion.failed.connect(self._on_failed)
        does: Mapping[QToolButton, Any] = {
            self.undo: canvas.undo,
            self.redo: canvas.redo,
            self.clean: self.clean_up,
            self.fit: canvas.fit,
            self.clear: lambda: canvas.edit(Structure()),
            self.copy: lambda: self._ctx.ui.copy(self.text),
            self.copy_molfile: lambda: self._ctx.ui.copy(molfile.write(canvas.structure)),
            self.paste: self.paste_structure,
        }
        for button, do in does.items():
            button.clicked.connect(lambda _on=False, do=do: do())
        keys = {
            "Ctrl+Z": canvas.undo,
            "Ctrl+Shift+Z": canvas.redo,
            "Ctrl+L": self.clean_up,
            "Ctrl+0": canvas.fit,
            "Ctrl+Delete": self.clear.click,
            "Ctrl+A": lambda: canvas.choose(range(len(canvas.structure.atoms))),
            "Ctrl+C": self.copy.click,
            "Ctrl+V": self.paste_structure,
        }
        for key, do in keys.items():  # of the canvas alone: the field has its own
            shortcut = QShortcut(QKeySequence(key), canvas)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(do)
        self.use.clicked.connect(lambda _on=False: self._use())
        self.cancel.clicked.connect(lambda _on=False: self.reject())
        end_theme = self._ctx.ui.on_theme(lambda _tokens: canvas.update())
        self.destroyed.connect(lambda: end_theme())

    # --- what is drawn ------------------------------------------------------------------------

    def begin(self, text: str) -> None:
        """Show a structure; an empty text keeps the last drawing."""
        if text.strip() and text.strip() != self.text:
            self.field.setText(text.strip())
            self._ask(text, at_once=True)
        self.open()
        self.canvas.setFocus()

    def clean_up(self) -> None:
        """Lay the structure out anew."""
        if self.canvas.structure.atoms:
            self._ask(molfile.write(self.canvas.structure), clean=True, at_once=True)

    def paste_structure(self) -> None:
        """Add the structure on the clipboard."""
        text = _copied()
        if text.strip():
            self._ask(text, at_once=True)
            self._adds = True
        else:
            self._say(tr("The clipboard holds no text. Copy SMILES or a molfile first."), Role.BAD)

    def _on_drawn(self) -> None:
        if not self.canvas.structure.atoms:
            self.conversion.forget()
            self.text = ""
            self.field.clear()
            self._say("", Role.MUTE)
            self._show()
            return
        try:
            drawn = molfile.write(self.canvas.structure)
        except BadInput as error:
            self._on_failed(error)
            return
        self._ask(drawn)
        self._drawn = True

    def _on_typed(self, text: str) -> None:
        if text.strip():
            self._ask(text)
        else:
            self.canvas.edit(Structure())

    def _ask(self, structure: str, *, clean: bool = False, at_once: bool = False) -> None:
        self._requested, self._adds, self._drawn = structure, False, False
        self.text = ""
        self.conversion.ask(structure, clean=clean, at_once=at_once)
        self._show()

    def _on_converted(self, result: Mapping[str, Any]) -> None:
        block = str(result["molfile"])
        if self._adds and self.canvas.structure.atoms:
            self.canvas.show_structure(self.canvas.structure.beside(molfile.read(block)))
            self._on_drawn()
            return
        if not self._drawn or block != self._requested:  # typed, pasted or laid out anew
            self.canvas.show_structure(molfile.read(block))
        self.text = str(result["smarts" if self._query else "smiles"])
        problem = str(result["problem"])
        self.canvas.mark_wrong(tuple(int(place) for place in result["atoms"]))
        if self.text and not (self.field.hasFocus() and self._requested == self.field.text()):
            self.field.setText(self.text)
        if problem:
            self._say(problem, Role.BAD)
        elif result["formula"]:
            mass = localised(f"{result['mass']:.2f}")
            self._say(f"{result['formula']}  ·  {mass} g/mol", Role.MUTE)
        elif not self.text:
            self._say(tr("A pattern cannot be used here."), Role.BAD)
        else:
            self._say(tr("Pattern"), Role.MUTE)
        self._show()

    def _on_failed(self, error: StudioError) -> None:
        self.text = ""
        self._say(str(error), Role.BAD)
        self._show()

    def _say(self, words: str, role: Role) -> None:
        self._ctx.ui.wear(self.status, role)
        self.status.setText(words)

    def _show(self) -> None:
        self.undo.setEnabled(self.canvas.can_undo)
        self.redo.setEnabled(self.canvas.can_redo)
        drawn = bool(self.canvas.structure.atoms)
        for button in (self.clean, self.clear, self.copy_molfile):
            button.setEnabled(drawn)
        self.copy.setEnabled(bool(self.text))
        self.use.setEnabled(bool(self.text))

    def _use(self) -> None:
        self.used.emit(self.text)
        self.accept()

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> str:
        """Return the drawing as a molfile; empty without atoms."""
        return molfile.write(self.canvas.structure) if self.canvas.structure.atoms else ""

    def restore_state(self, state: Any) -> None:
        """Take what ``save_state`` returned, or anything else."""
        if isinstance(state, str) and state:
            try:
                self.canvas.show_structure(molfile.read(state))
            except BadInput:  # of another version
                return
            self._on_drawn()

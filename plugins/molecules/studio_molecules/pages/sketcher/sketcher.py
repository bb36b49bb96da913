"""The window in which a lead, a scaffold or a pattern is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import BadInput, PluginContext, Role, StudioError, Tokens
from studio.api.window.figures import localised
from studio.api.window.language import tr, tr_filled
from studio_molecules.pages.sketcher.canvas import SketchCanvas
from studio_molecules.pages.sketcher.conversion import Conversion
from studio_molecules.pages.sketcher.painter import icon
from studio_molecules.pages.sketcher.tools import (
    Charge,
    DrawAtom,
    DrawBond,
    Erase,
    PlaceTemplate,
    Select,
    Tool,
)
from studio_molecules.sketch import molfile
from studio_molecules.sketch.structure import (
    ANY,
    ANY_ATOM,
    ATTACHMENT,
    BOND,
    DOUBLE,
    HALOGEN,
    HASH,
    HETERO,
    SINGLE,
    TRIPLE,
    WEDGE,
    Atom,
    Bond,
    Structure,
)
from studio_molecules.sketch.templates import GROUPS, RINGS

_ELEMENTS = ("C", "N", "O", "S", "F", "Cl", "Br", "I", "P", "H")
_SHOWN_RINGS = ("Benzene", "Cyclohexane", "Cyclopentane", "Cyclopropane", "Pyridine", "Thiophene")
_ICON = 24


class Toolbox(QWidget):
    """A row of rings, and a column of bonds and atoms beside the canvas.

    Attributes:
        column, rings: Where the buttons are; the sketcher lays them out.

    Signals:
        chosen: A ``Tool``.
    """

    chosen = Signal(object)

    def __init__(self, ctx: PluginContext, *, query: bool) -> None:
        super().__init__()
        self._ctx = ctx
        self._group = QButtonGroup(self)
        self._drawn: list[tuple[QToolButton | QAction, Structure]] = []
        self.column, self.rings = QWidget(), QWidget()
        self._lay_out_column(query)
        self._lay_out_rings()
        end_theme = ctx.ui.on_theme(self._draw_icons)
        self.destroyed.connect(lambda: end_theme())
        self._draw_icons(ctx.ui.tokens)

    def _lay_out_column(self, query: bool) -> None:
        select = self._add(Select(), tr("Select and move"), icon_name="mouse-pointer-2")
        erase = self._add(Erase(), tr("Erase"), icon_name="eraser")
        bonds = [
            self._add(tool, tip, drawing=_bond(tool))
            for tool, tip in (
                (DrawBond(SINGLE), tr("Single bond")),
                (DrawBond(DOUBLE), tr("Double bond")),
                (DrawBond(TRIPLE), tr("Triple bond")),
                (DrawBond(SINGLE, WEDGE), tr("Wedge bond, towards you")),
                (DrawBond(SINGLE, HASH), tr("Hashed bond, away from you")),
            )
        ]
        self.first = bonds[0]
        self.first.setChecked(True)
        charges = [
            self._add(Charge(1), tr("Increase charge"), icon_name="circle-plus"),
            self._add(Charge(-1), tr("Decrease charge"), icon_name="minus"),
        ]
        atoms = [
            self._add(DrawAtom(Atom(symbol, 0, 0)), symbol, words=symbol) for symbol in _ELEMENTS
        ]
        special = [(ATTACHMENT, "R", tr("Attachment point"))]
        if query:
            any_bond = DrawBond(ANY)
            bonds.append(self._add(any_bond, tr("Any bond"), drawing=_bond(any_bond)))
            special += [
                (ANY_ATOM, "A", tr("Any atom")),
                (HETERO, "Q", tr("Any atom but carbon")),
                (HALOGEN, "X", tr("Any halogen")),
            ]
        atoms += [
            self._add(DrawAtom(Atom(symbol, 0, 0)), tip, words=words)
            for symbol, words, tip in special
        ]
        buttons = [select, erase, *bonds, *charges]
        both = QHBoxLayout(self.column)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(2)
        for part in (buttons, atoms):
            column = QVBoxLayout()
            column.setSpacing(2)
            for button in part:
                column.addWidget(button)
            column.addStretch(1)
            both.addLayout(column)

    def _lay_out_rings(self) -> None:
        row = QHBoxLayout(self.rings)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for name in _SHOWN_RINGS:
            row.addWidget(self._add(PlaceTemplate(RINGS[name]), _called(name), drawing=RINGS[name]))
        more = {name: ring for name, ring in RINGS.items() if name not in _SHOWN_RINGS}
        row.addWidget(self._menu(tr("More rings"), more))
        row.addWidget(self._menu(tr("Groups"), GROUPS))
        row.addStretch(1)

    def _add(
        self,
        tool: Tool,
        tip: str,
        *,
        icon_name: str = "",
        drawing: Structure | None = None,
        words: str = "",
    ) -> QToolButton:
        button: QToolButton = self._ctx.ui.icon_button(icon_name or "circle", tip)
        if words:
            button.setText(words)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        if drawing is not None:
            self._drawn.append((button, drawing))
        button.setCheckable(True)
        button.setFixedSize(32, 30)
        button.setIconSize(QSize(_ICON, _ICON))
        self._group.addButton(button)
        button.clicked.connect(lambda _on=False: self.chosen.emit(tool))
        return button

    def _menu(self, words: str, templates: Mapping[str, Structure]) -> QWidget:
        button = self._ctx.ui.button(words, dense=True)
        menu = self._ctx.ui.menu()
        for name, template in templates.items():
            action = menu.addAction(_called(name))
            self._drawn.append((action, template))
            action.triggered.connect(partial(self._take, PlaceTemplate(template)))
        button.setMenu(menu)
        widget: QWidget = button
        return widget

    def _take(self, tool: Tool, _on: bool = False) -> None:
        """Take a tool that has no button of its own."""
        checked = self._group.checkedButton()
        if checked is not None:
            self._group.setExclusive(False)
            checked.setChecked(False)
            self._group.setExclusive(True)
        self.chosen.emit(tool)

    def _draw_icons(self, tokens: Tokens) -> None:
        for button, drawing in self._drawn:
            button.setIcon(icon(drawing, tokens, _ICON))


def _bond(tool: DrawBond) -> Structure:
    half = BOND * 0.2
    ends = (Atom("C", -half, -half), Atom("C", half, half))
    return Structure(ends, (Bond(0, 1, tool.order, tool.stereo),))


def _called(name: str) -> str:
    return {
        "Benzene": tr("Benzene"),
        "Cyclopropane": tr("Cyclopropane"),
        "Cyclobutane": tr("Cyclobutane"),
        "Cyclopentane": tr("Cyclopentane"),
        "Cyclohexane": tr("Cyclohexane"),
        "Cycloheptane": tr("Cycloheptane"),
        "Pyridine": tr("Pyridine"),
        "Pyrimidine": tr("Pyrimidine"),
        "Pyrrole": tr("Pyrrole"),
        "Furan": tr("Furan"),
        "Thiophene": tr("Thiophene"),
        "Imidazole": tr("Imidazole"),
        "Pyrazole": tr("Pyrazole"),
        "Piperidine": tr("Piperidine"),
        "Piperazine": tr("Piperazine"),
        "Morpholine": tr("Morpholine"),
        "Naphthalene": tr("Naphthalene"),
        "Indole": tr("Indole"),
        "Carboxylic acid": tr("Carboxylic acid"),
        "Amide": tr("Amide"),
        "Nitro": tr("Nitro"),
        "Trifluoromethyl": tr("Trifluoromethyl"),
        "tert-Butyl": tr("tert-Butyl"),
        "Methoxy": tr("Methoxy"),
        "Sulfonamide": tr("Sulfonamide"),
    }[name]


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
        self._say(tr_filled(error), Role.BAD)
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

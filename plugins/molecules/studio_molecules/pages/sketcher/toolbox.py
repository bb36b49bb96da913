"""Buttons of the sketcher's tools, each with a picture of its result."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Tokens
from studio.api.window.language import tr
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

"""One molecule closely: drawn, folded, its figures with their meaning, its family."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from studio.api import PluginContext, StudioError
from studio_molecules.molecule import Molecule
from studio_molecules.pages.collection import Collection
from studio_molecules.pages.conformer import Conformer
from studio_molecules.pages.family import Family
from studio_molecules.pages.folding import Folding
from studio_molecules.pages.painting import draw_structure
from studio_molecules.pages.rows import figure_of, shown
from studio_molecules.pages.structures import Structures, Wish
from studio_molecules.pages.wording import tr


class Drawing(QWidget):
    """One structure, as large as there is room."""

    def __init__(self, ctx: PluginContext, structures: Structures) -> None:
        super().__init__()
        self._ctx, self._structures = ctx, structures
        self.smiles = self.highlight = ""
        self.setMinimumSize(120, 120)
        structures.drawn.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the size that suits it."""
        return QSize(240, 220)

    def show_molecule(self, smiles: str, called: str) -> None:
        """Show another one."""
        self.smiles = smiles
        self.setAccessibleName(tr("Structure of {name}").format(name=called))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        if not self.smiles:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide, high = max(40, self.width() // 20 * 20), max(40, self.height() // 20 * 20)
        wish = Wish(self.smiles, wide, high, self.devicePixelRatioF(), self.highlight)
        colour = QColor(self._ctx.ui.tokens.colors["raised"])
        draw_structure(painter, QRect(self.rect()), self._structures.picture(wish), colour)
        painter.end()


class Detail(QFrame):
    """The dock below the table.

    Attributes:
        drawing, conformer, family: Its parts.
        is_open: Whether it is wanted; closed, it asks the runtime for nothing.

    Signals:
        copy_asked, lead_asked: What its buttons do.
    """

    copy_asked = Signal()
    lead_asked = Signal()

    def __init__(self, ctx: PluginContext, collection: Collection, structures: Structures) -> None:
        super().__init__()
        self._ctx, self._collection, self._structures = ctx, collection, structures
        self.is_open = True
        self.drawing = Drawing(ctx, structures)
        self.conformer = Conformer(ctx)
        self.family = Family(ctx, collection)
        self.folding = Folding(ctx)
        self.name = QLabel()
        self.name.setProperty("role", "heading")
        self.smiles = QLabel()
        self.smiles.setFont(ctx.ui.mono())
        self.smiles.setProperty("role", "mute")
        self.smiles.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notice = QLabel()
        self.notice.setWordWrap(True)
        self.notice.setProperty("role", "warn")
        self.figures = QLabel()
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self._connect()
        self.show_current()

    def _lay_out(self) -> None:
        self.setProperty("surface", "card")
        self.setMinimumHeight(150)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.name)
        head.addWidget(self.smiles, 1)
        for icon, words, signal in (
            ("copy", tr("Copy SMILES"), self.copy_asked),
            ("git-fork", tr("Use as lead"), self.lead_asked),
        ):
            button = self._ctx.ui.button(words, icon)
            button.setProperty("density", "small")
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
            head.addWidget(button)
        facts = QWidget()
        inner = QVBoxLayout(facts)
        inner.setContentsMargins(0, 0, 8, 0)
        for part in (self.notice, self.figures, self.family):
            inner.addWidget(part)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidget(facts)
        area.setWidgetResizable(True)
        body = QHBoxLayout()
        body.setSpacing(8)
        body.addWidget(self.drawing, 2)
        body.addWidget(self.conformer, 2)
        body.addWidget(area, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(body, 1)

    def _connect(self) -> None:
        self._collection.chose.connect(self.show_current)
        self._structures.drawn.connect(self._show_notice)
        self.folding.folded.connect(self._on_folded)
        self.folding.failed.connect(self._on_failed)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self._show_figures())
        self.destroyed.connect(lambda: end_theme())

    def open(self, wanted: bool) -> None:
        """Show the dock, or put it away."""
        self.is_open = wanted
        self.setVisible(wanted)
        self.show_current()

    # --- the molecule -------------------------------------------------------------------------

    def show_current(self) -> None:
        """Show the molecule that is looked at, if the dock is open."""
        molecule = self._collection.molecule()
        if molecule is None or not self.is_open:
            self.folding.stop()
            self.drawing.show_molecule("", "")
            return
        if molecule.smiles == self.drawing.smiles:
            return
        called = molecule.name or tr("Molecule {number}").format(
            number=f"{self._collection.current + 1:,}"
        )
        self.name.setText(called)
        self.smiles.setText(_short(molecule.smiles))
        self.smiles.setToolTip(molecule.smiles)
        self.drawing.show_molecule(molecule.smiles, called)
        self._show_notice()
        self._show_figures()
        self.family.show_current()
        if not self.folding.ask(molecule.smiles):
            self.conformer.say(tr("Folding…"))

    def _show_notice(self) -> None:
        said = self._structures.notices.get(self.drawing.smiles, "")
        self.notice.setText(said)
        self.notice.setVisible(bool(said))

    def _show_figures(self) -> None:
        molecule = self._collection.molecule()
        if molecule is not None:
            self.figures.setText(figures_as_html(molecule, self._ctx.ui.tokens.colors))

    def _on_folded(self, smiles: str, shape: Mapping[str, Any]) -> None:
        if smiles == self.drawing.smiles:
            self.conformer.show_shape(shape)

    def _on_failed(self, smiles: str, error: StudioError) -> None:
        if smiles == self.drawing.smiles:
            self.conformer.say(str(error))


def figures_as_html(molecule: Molecule, colours: Mapping[str, str]) -> str:
    """Return all figures as a table: title, value with unit, what it means."""
    mute = colours["mute"]
    rows = []
    for id, value in molecule.figures.items():
        figure = figure_of(id)
        told = escape(f"{shown(id, value)} {figure.unit}".strip())
        rows.append(
            f"<tr><td style='padding-right:12px'>{escape(figure.title)}</td>"
            f"<td align='right' style='padding-right:12px'><b>{told}</b></td>"
            f"<td style='color:{mute}'>{escape(figure.meaning)}</td></tr>"
        )
    return f"<table cellspacing='0' cellpadding='2'>{''.join(rows)}</table>"


def _short(smiles: str) -> str:
    return smiles if len(smiles) <= 80 else f"{smiles[:77]}…"

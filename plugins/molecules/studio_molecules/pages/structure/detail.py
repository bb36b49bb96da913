"""One molecule closely: drawn, folded, its figures with their meaning, its family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role, StudioError
from studio.api.window.language import tr
from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD
from studio_molecules.molecule import Molecule
from studio_molecules.pages.structure.conformer_request import ConformerRequest
from studio_molecules.pages.structure.conformer_view import ConformerView, moved
from studio_molecules.pages.structure.contributions import ContributionChoice
from studio_molecules.pages.structure.drawing import Drawing
from studio_molecules.pages.structure.lineage import Lineage
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import figure_of, shown
from studio_molecules.pages.table.depiction_cache import DepictionCache
from studio_molecules.properties import DESCRIPTORS, DOCKED, FIGURES

_IN_DOMAIN = "domain"


class Detail(QFrame):
    """The dock below the table.

    Attributes:
        drawing, by_atom, conformer, family: Its parts.
        is_open: Whether it is wanted; closed, it asks the runtime for nothing.

    Signals:
        copy_asked, lead_asked: What its buttons do.
    """

    copy_asked = Signal()
    lead_asked = Signal()

    def __init__(
        self, ctx: PluginContext, collection: Collection, structures: DepictionCache
    ) -> None:
        super().__init__()
        self._ctx, self._collection, self._structures = ctx, collection, structures
        self.is_open = True
        self._molecule: Molecule | None = None
        self._shape = ""
        self.drawing = Drawing(ctx, structures)
        self.by_atom = ContributionChoice(ctx, collection, structures, self.drawing)
        self.conformer = ConformerView(ctx)
        self.family = Lineage(ctx, collection)
        self.conformer_request = ConformerRequest(ctx)
        self.name = ctx.ui.label("", Role.HEADING)
        self.smiles = QLineEdit()
        self.smiles.setFont(ctx.ui.mono())
        self.smiles.setReadOnly(True)
        ctx.ui.wear(self.smiles, Role.PLAIN)
        self.smiles.setAccessibleName(tr("SMILES of the molecule"))
        self.notice = ctx.ui.label("", Role.WARN, wrap=True)
        self.figures = QLabel()
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setWordWrap(True)
        self.figures.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self._connect()
        self.show_current()

    def _lay_out(self) -> None:
        self._ctx.ui.wear(self, Role.CARD)
        self.setMinimumHeight(160)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.name)
        head.addWidget(self.smiles, 1)
        head.addWidget(self.by_atom.button)
        for icon, words, signal in (
            ("copy", tr("Copy SMILES"), self.copy_asked),
            ("git-fork", tr("Use as lead"), self.lead_asked),
        ):
            button = self._ctx.ui.button(words, icon, dense=True)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
            head.addWidget(button)
        facts = QWidget()
        inner = QVBoxLayout(facts)
        inner.setContentsMargins(0, 0, 8, 0)
        for part in (self.family, self.figures):
            inner.addWidget(part)
        inner.addStretch(1)
        area = QScrollArea()
        area.setAccessibleName(tr("Properties and lineage"))
        area.setWidget(facts)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QHBoxLayout()
        body.setSpacing(8)
        body.addWidget(self.drawing, 2)
        body.addWidget(self.conformer, 2)
        body.addWidget(area, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.notice)
        column.addWidget(self.by_atom.legend)
        column.addLayout(body, 1)

    def _connect(self) -> None:
        self._collection.replaced.connect(self._forget)
        self._collection.chose.connect(self.show_current)
        self._structures.drawn.connect(self._show_notice)
        self.conformer_request.folded.connect(self._on_folded)
        self.conformer_request.failed.connect(self._on_failed)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self._show_figures())
        self.destroyed.connect(lambda: end_theme())

    def _forget(self) -> None:
        self._molecule = None
        self.drawing.forget()

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
            self._molecule = None
            self.conformer_request.stop()
            self.drawing.show_molecule("", "")
            return
        if molecule is self._molecule:
            return
        self._molecule, self._shape = molecule, molecule.shape
        called = self._collection.named(self._collection.current).name
        self.name.setText(called)
        self.smiles.setText(molecule.smiles)
        self.smiles.setCursorPosition(0)
        self.drawing.show_molecule(molecule.drawn, called)
        self._show_notice()
        self._show_figures()
        self.family.show_current()
        if not self.conformer_request.ask(self._shape):
            self.conformer.say(tr("Building 3-D…"))

    def _show_notice(self) -> None:
        molecule = self._collection.molecule()
        notices = [self._structures.notices.get(self.drawing.smiles, "")]
        if molecule is not None and molecule.figures.get(_IN_DOMAIN) == 0:
            notices.append(tr("Outside the models' domain: predictions may be unreliable."))
        rows, row = self._collection.rows, self._collection.current
        outside = [id for id in ENDPOINTS if molecule and rows.is_outside(row, id)]
        if outside:
            words = tr("No reliable prediction (impossible value): {figures}.")
            titles = ", ".join(figure_of(id).title for id in outside)
            notices.append(words.format(figures=titles))
        words = " ".join(filter(None, notices))
        self.notice.setText(words)
        self.notice.setVisible(bool(words))

    def _show_figures(self) -> None:
        molecule, colours = self._collection.molecule(), self._ctx.ui.tokens.colors
        if molecule is not None:
            self.figures.setText(figures_as_html(molecule, self._collection.rows.figures, colours))

    def _on_folded(self, smiles: str, shape: Mapping[str, Any]) -> None:
        if smiles != self._shape:
            return
        pocket, molecule = self._collection.pocket, self._molecule
        if pocket is not None and molecule is not None and "docking" in molecule.figures:
            shape = {**shape, "around": moved(pocket, shape["middle"])}
        self.conformer.show_shape(shape)

    def _on_failed(self, smiles: str, error: StudioError) -> None:
        if smiles == self._shape:
            self.conformer.say(str(error))


def figures_as_html(molecule: Molecule, order: Sequence[str], colours: Mapping[str, str]) -> str:
    """Return all figures as a table: title, unit and value, with the meaning below."""
    mute, section = colours["mute"], ""
    rows: list[str] = []
    for id in order:
        if id not in molecule.figures:
            continue
        if section != (section := _section(id)):
            rows.append(_heading(section))
        figure = figure_of(id)
        value = escape(_value(molecule, id))
        rows.append(
            f"<tr><td>{escape(figure.title)} "
            f"<span style='color:{mute}; font-size:12px'>{escape(figure.unit)}</span></td>"
            f"<td align='right'><nobr><b>{value}</b></nobr></td></tr>"
            f"<tr><td colspan='2' style='color:{mute}; font-size:12px; padding-bottom:6px'>"
            f"{escape(figure.meaning)}</td></tr>"
        )
    words = {title: text for title, text in molecule.words.items() if title not in order}
    if words and section != tr("From the file"):
        rows.append(_heading(tr("From the file")))
    for title, text in words.items():
        rows.append(f"<tr><td>{escape(title)}</td><td align='right'>{escape(text)}</td></tr>")
    return f"<table width='100%' cellspacing='0' cellpadding='1'>{''.join(rows)}</table>"


def _heading(words: str) -> str:
    return f"<tr><td colspan='2' style='padding-top:8px'><b>{escape(words)}</b></td></tr>"


def _section(id: str) -> str:
    """Return where a figure comes from, in words; nothing where RDKit or a task computed it."""
    if id in DESCRIPTORS or id in DOCKED:
        return ""
    return tr("Predicted (ADMET)") if id in FIGURES else tr("From the file")


def _value(molecule: Molecule, id: str) -> str:
    """Return a figure with how far networks disagree about it."""
    value = molecule.words.get(id) or shown(id, molecule.figures[id])
    if id + SPREAD in molecule.figures:
        return f"{value} ± {shown(id, molecule.figures[id + SPREAD])}"
    return value

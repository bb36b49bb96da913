"""One molecule closely: drawn, folded, its figures with their meaning, its family."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api import JobHandle, JobRequest, PluginContext, Role, StudioError
from studio.api.window.figures import localised
from studio.api.window.language import tr, tr_filled
from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD
from studio_molecules.molecule import Molecule
from studio_molecules.pages.structure.conformer_view import ConformerView, moved
from studio_molecules.pages.structure.drawing import Drawing
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import figure_of, shown
from studio_molecules.pages.table.depiction_cache import DepictionCache
from studio_molecules.pages.table.property_menu import figure_menus
from studio_molecules.properties import BY_ATOM, DESCRIPTORS, DOCKED, FIGURES


class Lineage(QWidget):
    """Parent, operation, children.

    Attributes:
        parent_button, children_button: What brings them into view.
    """

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        title = ctx.ui.label(tr("Lineage"), Role.SECTION)
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.parent_button = self._button(tr("Show parent"), "arrow-up")
        self.parent_button.clicked.connect(self._show_parent)
        self.children_button = self._button(tr("Select its child"), "git-fork")
        self.children_button.clicked.connect(self._show_children)
        row = QHBoxLayout()
        row.addWidget(self.parent_button)
        row.addWidget(self.children_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(self.words)
        column.addLayout(row)

    def _button(self, words: str, icon: str) -> QPushButton:
        button: QPushButton = self._ctx.ui.button(words, icon, dense=True)
        return button

    def show_current(self) -> None:
        """Show the family of the molecule that is looked at."""
        molecule = self._collection.molecule()
        if molecule is None:
            return
        self.words.setText(_origin(molecule))
        self.parent_button.setVisible(self._collection.rows.place(molecule.parent) >= 0)
        count = len(self.children_rows())
        words = tr("Select {count} children") if count > 1 else tr("Select its child")
        self.children_button.setText(words.format(count=count))
        self.children_button.setVisible(count > 0)

    def children_rows(self) -> list[int]:
        """Return the rows that were made from it."""
        molecule = self._collection.molecule()
        if molecule is None:
            return []
        return [
            row
            for row, entry in enumerate(self._collection.rows.molecules)
            if entry.parent == molecule.smiles
        ]

    def _show_parent(self) -> None:
        molecule = self._collection.molecule()
        if molecule is not None:
            self._collection.choose(self._collection.rows.place(molecule.parent))

    def _show_children(self) -> None:
        rows = self.children_rows()
        self._collection.choose(rows[0], rows)


def _origin(molecule: Molecule) -> str:
    """Return in words how it came about."""
    if molecule.operation == "read":
        return tr("From a list")
    parts = [molecule.operation.capitalize() or tr("Unknown origin")]
    if molecule.parent:
        parts.append(tr("from {parent}").format(parent=molecule.parent))
    if molecule.seed:
        parts.append(tr("with seed {seed}").format(seed=molecule.seed))
    return " ".join(parts) + "."


class ContributionChoice:
    """A button with a menu of figures, and a legend.

    Attributes:
        button, legend: Its widgets.
    """

    def __init__(
        self,
        ctx: PluginContext,
        collection: Collection,
        structures: DepictionCache,
        drawing: Drawing,
    ) -> None:
        """Colour the atoms of ``drawing``."""
        self._ctx, self._collection = ctx, collection
        self._structures, self._drawing = structures, drawing
        self.button = ctx.ui.button(
            tr("Atoms"), "palette", dense=True, tip=tr("Colour atoms by what they add to a figure")
        )
        self.button.clicked.connect(lambda _on=False: self._open())
        self.legend = ctx.ui.label("", Role.MUTE, wrap=True)
        self.legend.hide()
        structures.drawn.connect(self.show_legend)
        collection.chose.connect(self.show_legend)

    def menu(self) -> QMenu:
        """Return the choice among the figures that the table has."""
        menu: QMenu = self._ctx.ui.menu()
        none = menu.addAction(tr("No colours"), partial(self.choose, ""))
        none.setEnabled(bool(self._drawing.by_atom))
        menu.addSeparator()
        there = [id for id in self._collection.rows.figures if id in BY_ATOM]
        for id, below in figure_menus(menu, there):
            below.addAction(figure_of(id).title, partial(self.choose, id))
        if own := list(self._structures.taught()):
            below = menu.addMenu(tr("Your own columns"))
            for id in own:
                below.addAction(figure_of(id).title, partial(self.choose, id))
        return menu

    def choose(self, figure: str) -> None:
        """Colour by another figure, "" by none."""
        self._structures.refused.pop(figure, None)
        self._drawing.by_atom = figure
        self._drawing.update()
        self.show_legend()

    def show_legend(self) -> None:
        """Show the meaning of the colours for the molecule in view."""
        figure = self._drawing.by_atom
        contributions = self._structures.contributions.get((self._drawing.smiles, figure))
        self.legend.setVisible(bool(figure))
        if not figure:
            return
        title = figure_of(figure).title
        if refused := self._structures.refused.get(figure):
            self.choose("")
            self.legend.setText(refused)
            self.legend.show()
            return
        if contributions is None:
            self.legend.setText(tr("Calculating {figure} by atom…").format(figure=title))
            return
        exact = tr(
            "+ orange raises {figure}, − blue lowers it. All atoms together: {value}; "
            "the strongest: {most}."
        )
        occluded = tr(
            "+ orange raises {figure}, − blue lowers it, by hiding each atom from the model. "
            "The molecule: {value}; the strongest atom: {most}."
        )
        words = exact if contributions["exact"] else occluded
        value, most = (
            localised(f"{contributions['figure']:.2f}"),
            localised(f"{contributions['strongest']:.2f}"),
        )
        self.legend.setText(words.format(figure=title, value=value, most=most))

    def _open(self) -> None:
        self.menu().popup(self.button.mapToGlobal(QPoint(0, self.button.height())))


TASK = "molecules.shape"
_AFTER_MS = 150
_KEPT = 200


class ConformerRequest(QObject):
    """Requests for conformers, one job at a time, with a cache.

    Signals:
        folded: The requested SMILES and the task's result.
        failed: The requested SMILES and a ``StudioError``.
    """

    folded = Signal(str, object)
    failed = Signal(str, object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._wanted = self._at_work = ""
        self._job: JobHandle | None = None
        self._cache: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._start)

    def ask(self, smiles: str) -> bool:
        """Queue a conformer; return whether it was cached and signalled already.

        A CXSMILES with 3D coordinates is shown as it is.
        """
        self._wanted = smiles
        if smiles in self._cache:
            self._timer.stop()
            self.folded.emit(smiles, self._cache[smiles])
            return True
        self._timer.start()
        return False

    def stop(self) -> None:
        """Nothing is wanted any more."""
        self._wanted = ""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    def _start(self) -> None:
        if self._job is None:
            self._submit(self._wanted)
        elif self._at_work != self._wanted:
            self._job.cancel()  # its end starts the next

    def _submit(self, smiles: str) -> None:
        params = {"smiles": smiles, "seed": 1}
        try:
            job = self._ctx.tasks.submit(
                JobRequest(TASK, params, title=tr("Build 3-D"), keep=False)
            )
        except StudioError as error:
            self.failed.emit(smiles, error)
            return
        self._job, self._at_work = job, smiles
        job.on_done(lambda result: self._on_done(smiles, result))
        job.on_failed(lambda error: self._on_over(smiles, error))
        job.on_cancelled(lambda: self._on_over(smiles, None))

    def _on_done(self, smiles: str, shape: Mapping[str, Any]) -> None:
        self._cache[smiles] = shape
        while len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        if smiles == self._wanted:
            self.folded.emit(smiles, shape)
        self._on_over(smiles, None)

    def _on_over(self, smiles: str, error: StudioError | None) -> None:
        self._job = None
        if error is not None and smiles == self._wanted:
            self.failed.emit(smiles, error)
        elif self._wanted and self._wanted != smiles and self._wanted not in self._cache:
            self._submit(self._wanted)


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
            self.conformer.say(tr_filled(error))


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

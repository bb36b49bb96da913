"""What each atom adds to a figure: the choice of the figure, and the legend below a drawing."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from studio.api import PluginContext, Role
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_molecules.pages.structure.drawing import Drawing
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import figure_of
from studio_molecules.pages.table.depiction_cache import DepictionCache
from studio_molecules.pages.table.property_menu import figure_menus
from studio_molecules.properties import BY_ATOM


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

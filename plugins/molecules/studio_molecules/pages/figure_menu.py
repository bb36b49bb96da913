"""Menus of figures: reckoned ones in the menu itself, those of networks one level down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtWidgets import QMenu

from studio_molecules.figures import DESCRIPTORS
from studio_molecules.pages.rows import TEXTS
from studio_molecules.pages.wording import tr


def figure_menus(menu: QMenu, columns: Sequence[str]) -> Iterator[tuple[str, QMenu]]:
    """Yield each column with the menu that it belongs into."""
    below: QMenu | None = None
    for column in columns:
        if column in DESCRIPTORS or column in TEXTS:
            yield column, menu
            continue
        if below is None:
            below = menu.addMenu(tr("Predicted by networks"))
        yield column, below

"""What the palette and the keys can do on the page of molecules. Does nothing itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from studio.api import PageAction
from studio_molecules.pages.modes import ANALOGUES, GENERATE, IMPROVE, PREDICT
from studio_molecules.pages.phrases import tr
from studio_molecules.pages.table.toolbar import GRID, PLOT, TABLE

if TYPE_CHECKING:
    from studio_molecules.pages.page import MoleculePage


def page_actions(page: MoleculePage) -> list[PageAction]:
    """Return the actions of ``page``, each with its keys."""
    browser, mode, view = page.browser, page.set_mode, page.browser.show_view
    filters = browser.filters
    rows = (
        ("run", tr("Start or stop"), page.making.run_or_stop, "play", "Ctrl+Return"),
        ("generate", tr("Generate molecules"), partial(mode, GENERATE), "sparkles", "Alt+1"),
        ("analogues", tr("Find analogues"), partial(mode, ANALOGUES), "git-fork", "Alt+2"),
        ("improve", tr("Improve to a profile"), partial(mode, IMPROVE), "wand-sparkles", "Alt+3"),
        ("predict", tr("Predict figures"), partial(mode, PREDICT), "gauge", "Alt+4"),
        ("open", tr("Open molecules"), page.intake.pick, "folder-open", "Ctrl+O"),
        ("paste", tr("Paste SMILES"), page.intake.paste, "clipboard", "Ctrl+Shift+V"),
        ("copy", tr("Copy SMILES"), page.deeds.copy, "copy", "Ctrl+Shift+C"),
        ("lead", tr("Use as lead"), page.deeds.use_as_lead, "git-fork", "Alt+L"),
        ("export", tr("Export molecules"), page.deeds.save_as, "download", "Ctrl+S"),
        ("table", tr("Show the table"), partial(view, TABLE), "table", "Alt+T"),
        ("grid", tr("Show the grid"), partial(view, GRID), "layout-grid", "Alt+G"),
        ("plot", tr("Show the plot"), partial(view, PLOT), "circle-dot", "Alt+P"),
        ("filters", tr("Filters"), browser.toolbar.filters.toggle, "funnel", "Alt+F"),
        ("open_filters", tr("Open all filters"), filters.open_all, "rotate-ccw", ""),
        ("pattern", tr("Look for a substructure"), filters.pattern.setFocus, "hexagon", "Alt+S"),
        ("detail", tr("Closer look"), browser.toolbar.detail.toggle, "panel-bottom", "Alt+D"),
        ("all", tr("Select all in view"), page.deeds.choose_all, "check", ""),
    )
    return [
        PageAction(f"molecules.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows
    ]

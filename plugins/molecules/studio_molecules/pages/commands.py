"""Commands of the molecules page for the palette and shortcuts."""

from __future__ import annotations

from functools import partial

from studio.api import DropTarget, PageAction, RunController
from studio.api.window.language import tr
from studio_molecules.pages.artifact_actions import MoleculeActions
from studio_molecules.pages.composer import Composer
from studio_molecules.pages.modes import ANALOGUES, GENERATE, IMPROVE, PREDICT
from studio_molecules.pages.table.browser import Browser
from studio_molecules.pages.table.toolbar import GRID, PLOT, TABLE


def page_actions(
    run: RunController,
    target: DropTarget,
    composer: Composer,
    browser: Browser,
    actions: MoleculeActions,
) -> list[PageAction]:
    """Return the actions of the page, each with its keys."""
    mode, view, filters = composer.modes.choose, browser.show_view, browser.filters
    rows = (
        ("run", tr("Start, or add to queue"), run.run, "play", "Ctrl+Return"),
        ("stop_job", tr("Stop"), run.stop, "circle-stop", "Alt+."),
        ("generate", tr("Generate molecules"), partial(mode, GENERATE), "sparkles", "Alt+1"),
        ("analogues", tr("Find analogues"), partial(mode, ANALOGUES), "git-fork", "Alt+2"),
        ("improve", tr("Optimise to a profile"), partial(mode, IMPROVE), "wand-sparkles", "Alt+3"),
        ("predict", tr("Predict properties"), partial(mode, PREDICT), "gauge", "Alt+4"),
        ("open", tr("Open molecules"), target.pick, "folder-open", "Ctrl+O"),
        ("paste", tr("Paste SMILES"), target.paste, "clipboard", "Ctrl+Shift+V"),
        ("copy", tr("Copy SMILES"), actions.copy, "copy", "Ctrl+Shift+C"),
        ("lead", tr("Use as lead"), actions.use_as_lead, "git-fork", "Alt+L"),
        ("export", tr("Export molecules"), actions.save_as, "download", "Ctrl+S"),
        ("table", tr("Show the table"), partial(view, TABLE), "table", "Alt+T"),
        ("grid", tr("Show the grid"), partial(view, GRID), "layout-grid", "Alt+G"),
        ("plot", tr("Show the plot"), partial(view, PLOT), "circle-dot", "Alt+P"),
        ("filters", tr("Filters"), browser.toolbar.filters.toggle, "funnel", "Alt+F"),
        ("open_filters", tr("Open all filters"), filters.open_all, "rotate-ccw", ""),
        ("pattern", tr("Search for a substructure"), filters.pattern.setFocus, "hexagon", "Alt+S"),
        ("detail", tr("Details"), browser.toolbar.detail.toggle, "panel-bottom", "Alt+D"),
        ("all", tr("Select all in view"), actions.choose_all, "check", ""),
    )
    return [
        PageAction(f"molecules.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows
    ]

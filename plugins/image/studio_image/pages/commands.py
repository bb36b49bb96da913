"""Commands of the picture page for the palette and the keyboard."""

from __future__ import annotations

from functools import partial

from studio.api import ArtifactActions, DropTarget, PageAction, RunController
from studio.api.window.language import tr
from studio_image.pages.artifact_actions import PictureActions
from studio_image.pages.composer import Composer
from studio_image.pages.modes import DRAW, EDIT, ENLARGE, FILM, GRID, REPAIR, RESTYLE
from studio_image.pages.viewer.canvas import Canvas
from studio_image.pages.viewer.view_controller import ViewController


def page_actions(
    run: RunController,
    target: DropTarget,
    composer: Composer,
    view: ViewController,
    canvas: Canvas,
    actions: ArtifactActions,
    pictures: PictureActions,
) -> list[PageAction]:
    """Return the actions of the page, each with its keys."""
    mode = composer.modes.choose
    rows = (
        ("run", tr("Start, or add to queue"), run.run, "play", "Ctrl+Return"),
        ("stop_job", tr("Stop"), run.stop, "circle-stop", "Alt+."),
        ("draw", tr("Draw pictures"), partial(mode, DRAW), "brush", "Alt+1"),
        ("restyle", tr("Restyle a picture"), partial(mode, RESTYLE), "palette", "Alt+2"),
        ("enlarge", tr("Enlarge a picture"), partial(mode, ENLARGE), "maximize", "Alt+3"),
        ("grid", tr("Compare settings in a grid"), partial(mode, GRID), "grid-3x3", "Alt+4"),
        ("film", tr("Make a film"), partial(mode, FILM), "film", "Alt+5"),
        ("edit", tr("Edit a picture"), partial(mode, EDIT), "sliders-horizontal", "Alt+7"),
        ("repair", tr("Repair a picture"), partial(mode, REPAIR), "eraser", "Alt+6"),
        ("open", tr("Open pictures"), target.pick, "folder-open", "Ctrl+O"),
        ("paste", tr("Paste a picture"), target.paste, "clipboard", "Ctrl+Shift+V"),
        ("copy", tr("Copy the picture"), actions.copy, "copy", "Ctrl+Shift+C"),
        ("save", tr("Save the picture as"), actions.save_as, "download", "Ctrl+S"),
        (
            "export",
            tr("Export several pictures"),
            pictures.export_several,
            "download",
            "Ctrl+Shift+S",
        ),
        ("star", tr("Add or remove star"), actions.star, "star", "Alt+S"),
        (
            "compare",
            tr("Compare before and after"),
            view.toggle_compare,
            "columns-2",
            "Alt+C",
        ),
        ("sheet", tr("Show the whole batch"), view.show_sheet, "layout-grid", "Alt+G"),
        ("recall", tr("Reuse settings"), pictures.recall, "history", "Alt+R"),
        ("again", tr("Regenerate"), pictures.again, "refresh-cw", "Alt+A"),
        ("bin", tr("Move the picture to the bin"), actions.bin, "trash-2", "Ctrl+Backspace"),
        ("before", tr("Before"), lambda: view.step(-1), "chevron-left", "Alt+Left"),
        ("after", tr("After"), lambda: view.step(1), "chevron-right", "Alt+Right"),
        ("fit", tr("Fit the picture"), canvas.fit, "expand", "Ctrl+0"),
        ("actual", tr("Original size"), canvas.actual_size, "scale", "Ctrl+Alt+0"),
        ("zoom_in", tr("Zoom in"), lambda: canvas.zoom(1.25), "zoom-in", "Ctrl++"),
        ("zoom_out", tr("Zoom out"), lambda: canvas.zoom(0.8), "zoom-out", "Ctrl+-"),
        ("prompt", tr("Edit the prompt"), composer.focus, "pencil", "Ctrl+L"),
    )
    return [
        PageAction(f"image.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows
    ]

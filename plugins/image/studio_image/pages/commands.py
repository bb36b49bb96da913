"""What the palette and the keys can do on the page of pictures. Does nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.api import PageAction
from studio_image.pages.modes import DRAW, ENLARGE, RESTYLE
from studio_image.pages.phrases import tr

if TYPE_CHECKING:
    from studio_image.pages.page import PicturePage


def page_actions(page: PicturePage) -> list[PageAction]:
    """Return the actions of ``page``, each with its keys."""
    canvas, looking = page.viewer.canvas, page.looking
    rows = (
        ("run", tr("Start or stop"), page.making.run_or_stop, "play", "Ctrl+Return"),
        ("draw", tr("Draw pictures"), lambda: page.set_mode(DRAW), "brush", "Alt+1"),
        ("restyle", tr("Restyle a picture"), lambda: page.set_mode(RESTYLE), "palette", "Alt+2"),
        ("enlarge", tr("Enlarge a picture"), lambda: page.set_mode(ENLARGE), "maximize", "Alt+3"),
        ("open", tr("Open pictures"), page.intake.pick, "folder-open", "Ctrl+O"),
        ("paste", tr("Paste a picture"), page.intake.paste, "clipboard", "Ctrl+Shift+V"),
        ("copy", tr("Copy the picture"), page.deeds.copy, "copy", "Ctrl+Shift+C"),
        ("save", tr("Save the picture as"), page.deeds.save_as, "download", "Ctrl+S"),
        ("star", tr("Star the picture"), page.deeds.star, "star", "Alt+S"),
        (
            "compare",
            tr("Compare before and after"),
            looking.toggle_compare,
            "columns-2",
            "Alt+C",
        ),
        ("sheet", tr("Show the whole batch"), looking.show_sheet, "layout-grid", "Alt+G"),
        ("recall", tr("Use its recipe"), page.deeds.recall, "history", "Alt+R"),
        ("again", tr("Make it again"), page.deeds.again, "refresh-cw", "Alt+A"),
        ("bin", tr("Move the picture to the bin"), page.deeds.bin, "trash-2", "Ctrl+Backspace"),
        ("before", tr("Picture before"), lambda: looking.step(-1), "chevron-left", "Alt+Left"),
        ("after", tr("Picture after"), lambda: looking.step(1), "chevron-right", "Alt+Right"),
        ("fit", tr("Fit the picture"), canvas.fit, "expand", "Ctrl+0"),
        ("actual", tr("Picture at its own size"), canvas.actual_size, "scale", "Ctrl+Alt+0"),
        ("zoom_in", tr("Zoom in"), lambda: canvas.zoom(1.25), "zoom-in", "Ctrl++"),
        ("zoom_out", tr("Zoom out"), lambda: canvas.zoom(0.8), "zoom-out", "Ctrl+-"),
        ("prompt", tr("Write the prompt"), page.composer.focus, "pencil", "Ctrl+L"),
    )
    return [
        PageAction(f"image.{id}", title, run, icon, keys) for id, title, run, icon, keys in rows
    ]

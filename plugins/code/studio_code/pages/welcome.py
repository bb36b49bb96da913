"""What stands where the editor will be: how to begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr

SLUG = (
    "A function slug(title) that makes a URL slug from a title: lower case, words joined by "
    'hyphens, no accents. slug("Crème Brûlée, twice!") == "creme-brulee-twice"'
)
ROMAN = (
    "Two functions, to_roman(number) and from_roman(text), for 1 to 3999. "
    'to_roman(1994) == "MCMXCIV"; from_roman raises ValueError for anything that is not '
    "a Roman numeral."
)
INTERVALS = (
    "A function merge(intervals) that joins overlapping intervals and returns them sorted. "
    "merge([(1, 4), (8, 9), (3, 6)]) == [(1, 6), (8, 9)]"
)


def welcome(ctx: PluginContext, do: Mapping[str, Callable[..., None]], *, folder: bool) -> QWidget:
    """Return how the page begins.

    Args:
        do: ``open()`` picks a folder, ``write(words)`` describes and writes.
        folder: Whether a folder is open already.
    """
    write = do["write"]
    examples: list[tuple[str, str, Callable[..., None]]] = [
        ("link", tr("A URL slug from a title"), partial(write, SLUG)),
        ("hash", tr("Convert to and from Roman numerals"), partial(write, ROMAN)),
        ("between-horizontal-start", tr("Join overlapping intervals"), partial(write, INTERVALS)),
    ]
    if folder:
        title = tr("Open a file, or describe a function")
        text = tr(
            "Choose a file on the left (Ctrl+P finds files by name), or describe what "
            "you need in the panel. The code is written with tests, and the tests are "
            "run before you see it."
        )
    else:
        title = tr("Describe a function and get code with tests already run")
        text = tr(
            "Describe what the code should do in the panel, or open a folder and work on "
            "what is there. Code runs in a sandbox, and no file changes until you accept "
            "it."
        )
        examples.insert(0, ("folder-open", tr("Open a folder"), do["open"]))
    return ctx.ui.empty_state("code-xml", title, text, examples)

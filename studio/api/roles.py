"""Style roles of widgets: the names that the window's style sheet selects by."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """Purpose of a widget; ``ctx.ui.wear`` applies the matching style, in light and dark.

    The value is the Qt property and its value, as selected by ``style.qss``.
    """

    # Of labels.
    TITLE = ("role", "title")
    """The name of the page."""
    HEADING = ("role", "heading")
    """Above a card or a dialog."""
    STRONG = ("role", "strong")
    """What stands out in a line."""
    SECTION = ("role", "section")
    """Above a group of fields, in small capitals."""
    MUTE = ("role", "mute")
    """Beside what counts: a hint, a subtitle."""
    SMALL = ("role", "small")
    """Below what counts, and smaller: sizes, dates, progress."""
    FAINT = ("role", "faint")
    """Hardly there: what is missing or off."""
    GOOD = ("role", "good")
    """Small, in the colour of success; never by the colour alone."""
    WARN = ("role", "warn")
    """Small, in the colour of what to look at."""
    BAD = ("role", "bad")
    """Small, in the colour of failure."""
    BADGE = ("role", "badge")
    """A word in a rounded box."""
    KEY = ("role", "key")
    """A key of the keyboard."""

    # Of frames (``QFrame``).
    CARD = ("surface", "card")
    """A panel with a border, for one thing of several."""
    COMPOSER = ("surface", "composer")
    """Where a person asks; has a ring while a ``PLAIN`` field in it has the keyboard."""
    RAISED = ("surface", "raised")
    """A ground a little lighter, without a border."""
    SHEET = ("surface", "sheet")
    """Lies over the page."""
    LINE = ("surface", "line")
    """A hairline across; ``LINE_DOWN`` from top to bottom."""
    LINE_DOWN = ("surface", "line-v")

    # Of buttons.
    PRIMARY = ("kind", "primary")
    """The one that starts: one a page."""
    DANGER = ("kind", "danger")
    """What cannot be taken back."""
    GHOST = ("kind", "ghost")
    """One of many, without a box."""
    LINK = ("kind", "link")
    """Words that lead elsewhere."""
    EXAMPLE = ("kind", "example")
    """A card that a click starts."""
    STATUS = ("kind", "status")
    """A ``QToolButton`` with small words, as in the status bar."""
    FOLD = ("kind", "fold")
    """A ``QToolButton`` over a part that it opens and closes."""
    MODES = ("kind", "modes")
    """A ``QToolButton`` that says which of many modes is on, and opens the menu of all."""
    TINY = ("kind", "tiny")
    """A ``QToolButton`` inside a row."""
    DENSE = ("density", "small")
    """A ``QPushButton`` of small height, beside its kind."""

    # Of text fields.
    PLAIN = ("plain", "true")
    """Without a box of its own: it stands in a ``COMPOSER`` or a ``CARD``."""

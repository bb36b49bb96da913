"""Sound fonts of the user."""

from typing import Final

OFFERED: Final = "fluidr3mono"
"""The font that can be got on the Models page."""

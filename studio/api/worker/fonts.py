"""The font that the studio writes with, for words in pictures that a task makes."""

from __future__ import annotations

from pathlib import Path

import studio
from studio.api.stability import since

_FILE = "fonts/Inter-Regular.ttf"


@since("1.1")
def font_file() -> Path | None:
    """Return the file of the studio's font (Inter, SIL OFL 1.1); None where it is out of reach.

    It is in a plugin's own process, and where the installation is not complete.
    """
    package = Path(studio.__file__).resolve().parent
    candidates = (package / "_resources" / _FILE, package.parent / "resources" / _FILE)
    return next((path for path in candidates if path.is_file()), None)

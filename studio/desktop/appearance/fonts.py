"""The fonts of the look, Inter and JetBrains Mono; the system's stand in. Never fails."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication

from studio.desktop.appearance import tokens
from studio.desktop.appearance.resources import folder

_BODY, _MONO = "Inter", "JetBrainsMono"


class Fonts:
    """Loads each family once.

    Attributes:
        missing: Names of families that could not be loaded; the system's fonts stand in.
    """

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._families: dict[str, str] = {}

    def body(self, size: float = tokens.BODY, weight: int = 400) -> QFont:
        """Return the font people read; ``size`` in pixels."""
        family = self._family(_BODY)
        return self._font(family or QFontDatabase.systemFont(_GENERAL).family(), size, weight)

    def mono(self, size: float = tokens.MONO, weight: int = 400) -> QFont:
        """Return the font for code and figures; ``size`` in pixels."""
        family = self._family(_MONO)
        return self._font(family or QFontDatabase.systemFont(_FIXED).family(), size, weight)

    def figures(self, size: float = tokens.BODY) -> QFont:
        """Return the body font with figures of one width, for numbers that change in place."""
        font = self.body(size)
        if hasattr(font, "setFeature"):
            font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def _font(self, family: str, size: float, weight: int) -> QFont:
        font = QFont(family)
        if size == int(size):
            font.setPixelSize(int(size))
        else:  # Qt takes parts of a pixel only as points
            font.setPointSizeF(size * 72 / QGuiApplication.primaryScreen().logicalDotsPerInchY())
        font.setWeight(QFont.Weight(weight))
        return font

    def _family(self, prefix: str) -> str:
        if prefix not in self._families:
            self._families[prefix] = _load(prefix)
            if not self._families[prefix]:
                self.missing.append(prefix)
        return self._families[prefix]


_GENERAL = QFontDatabase.SystemFont.GeneralFont
_FIXED = QFontDatabase.SystemFont.FixedFont


def _load(prefix: str) -> str:
    """Load all faces whose file starts with ``prefix``; return the family, empty for none."""
    family = ""
    for path in sorted(folder("fonts").glob(f"{prefix}-*.ttf")):
        families = QFontDatabase.applicationFontFamilies(
            QFontDatabase.addApplicationFont(str(path))
        )
        family = families[0] if families else family
    return family

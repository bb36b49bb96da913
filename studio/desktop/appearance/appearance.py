"""Theme, icons and fonts in one hand, and small controls made from them. Knows no page."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QPushButton, QToolButton, QWidget

from studio.desktop.appearance import tokens
from studio.desktop.appearance.icons import Icons
from studio.desktop.appearance.kinds import Kinds
from studio.desktop.appearance.language import ENGLISH, Language
from studio.desktop.appearance.resources import folder
from studio.desktop.appearance.theme import Theme, ThemeMode

_BODY, _MONO = "Inter", "JetBrainsMono"
_GENERAL = QFontDatabase.SystemFont.GeneralFont
_FIXED = QFontDatabase.SystemFont.FixedFont


@dataclass(frozen=True)
class Appearance:
    """Theme, colours, fonts and icons that a widget draws with."""

    theme: Theme
    icons: Icons
    fonts: Fonts
    language: Language
    kinds: Kinds

    @classmethod
    def dress(
        cls, app: QApplication, mode: ThemeMode = ThemeMode.SYSTEM, language: str = ENGLISH
    ) -> Appearance:
        """Give the application its language, fonts, palette and style sheet."""
        fonts = Fonts()
        app.setFont(fonts.body())
        theme = Theme(app, mode)
        return cls(theme, Icons(theme), fonts, Language(app, language), Kinds())

    def label(self, text: str, role: str = "", *, wrap: bool = False) -> QLabel:
        """Return a label; ``role`` is one of the style sheet's: ``title``, ``section``, …"""
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(wrap)
        if role:
            label.setProperty("role", role)
        if role == "section":
            font = self.fonts.body(tokens.SECTION, 600)
            font.setLetterSpacing(font.SpacingType.AbsoluteSpacing, 0.6)
            font.setCapitalization(font.Capitalization.AllUppercase)
            label.setFont(font)
        return label

    def icon_label(self, icon: str, color: str = "mute", size: int = tokens.ICON) -> IconLabel:
        """Return a still icon that follows the theme."""
        return IconLabel(self, icon, color, size)

    def button(
        self, text: str, icon: str = "", *, kind: str = "", small: bool = False, tip: str = ""
    ) -> QPushButton:
        """Return a push button; ``kind``: empty, ``primary``, ``danger``, ``ghost``, ``link``."""
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        if kind:
            button.setProperty("kind", kind)
        if small:
            button.setProperty("density", "small")
        if icon:
            button.setIcon(self.icons.icon(icon, _INK.get(kind, "text"), on="accent"))
            # Qt leaves 4 px between icon and text; the wider icon makes that 8 (see icons).
            button.setIconSize(QSize(tokens.ICON + 4 if text else tokens.ICON, tokens.ICON))
        if tip:
            button.setToolTip(tip)
        button.setAccessibleName(text or tip)
        return button

    def icon_button(
        self, icon: str, tip: str, *, size: int = tokens.ICON, color: str = "mute"
    ) -> QToolButton:
        """Return a flat button with an icon, or none yet; ``tip`` names it for everybody."""
        button = QToolButton()
        if icon:
            button.setIcon(self.icons.icon(icon, color, on="accent"))
        button.setIconSize(QSize(size, size))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button


_INK = {"primary": "on-accent", "danger": "bad", "ghost": "mute", "link": "accent"}


class IconLabel(QLabel):
    """An icon as a label; redrawn when the theme changes."""

    def __init__(self, look: Appearance, icon: str, color: str, size: int) -> None:
        super().__init__()
        self._icons, self._icon, self._color, self._size = look.icons, icon, color, size
        self.setFixedSize(size, size)
        look.theme.changed.connect(self._draw)
        self._draw()

    def set_icon(self, icon: str, color: str = "") -> None:
        """Show another icon."""
        self._icon, self._color = icon, color or self._color
        self._draw()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:  # moved to another screen
            self._draw()
        return super().event(event)

    def _draw(self) -> None:
        self.setPixmap(
            self._icons.pixmap(self._icon, self._color, self._size, self.devicePixelRatioF())
        )


def line(vertical: bool = False) -> QFrame:
    """Return a hairline."""
    frame = QFrame()
    frame.setProperty("surface", "line-v" if vertical else "line")
    return frame


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property the style sheet looks at, and look again."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):  # else it still will be
        widget.style().unpolish(widget)
        widget.style().polish(widget)


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


def _load(prefix: str) -> str:
    """Load all faces whose file starts with ``prefix``; return the family, empty for none."""
    family = ""
    for path in sorted(folder("fonts").glob(f"{prefix}-*.ttf")):
        families = QFontDatabase.applicationFontFamilies(
            QFontDatabase.addApplicationFont(str(path))
        )
        family = families[0] if families else family
    return family

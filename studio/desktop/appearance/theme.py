"""The theme in force: palette on Fusion, one style sheet, dark or light. Names no colour itself.

The sheet is worn by the window, not by the application: Qt tells whole trees of each change of
parent while the application wears one, and half of what a page costs went there while it was put
together. So it is dressed once, when it comes into the window.

WORKAROUND Qt 6: ``QStyleSheetStyle`` repolishes all children at each change of parent; no report of
it was found. May go when a page opens as fast with the sheet on the application.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from string import Template
from weakref import WeakSet

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from studio.api.window.ui import Tokens
from studio.desktop.appearance import tokens as table
from studio.desktop.appearance.resources import folder
from studio.protocol.files.private_folder import PrivateFolder, runtime_folder

_SHEET = Path(__file__).with_name("style.qss")
# Parts of controls that a style sheet can only draw from a file: name → (icon, colour token)
_PARTS = {
    "chevron_down": ("chevron-down", "mute"),
    "chevron_up": ("chevron-up", "mute"),
    "chevron_right": ("chevron-right", "mute"),
    "check": ("check", "on-accent"),
    "check_ink": ("check", "text"),
    "minus": ("minus", "on-accent"),
    "x": ("x", "mute"),
}


class ThemeMode(StrEnum):
    """Theme setting: light, dark or as the system."""

    DARK = "dark"
    LIGHT = "light"
    SYSTEM = "system"


class Theme(QObject):
    """Dresses the application and tells when the dress changes.

    Signals:
        changed: The tokens or the mode are different; painters repaint.
    """

    changed = Signal()

    def __init__(self, app: QApplication, mode: ThemeMode = ThemeMode.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._mode = mode
        self._colors: dict[str, QColor] = {}
        self._parts = _folder_for_parts()
        self.reduced_motion = False
        self.tokens = Tokens(True)
        self._windows: WeakSet[QWidget] = WeakSet()
        self._sheet = ""
        self._hints = app.styleHints()
        self._hints.colorSchemeChanged.connect(self._on_system)
        if app.style().objectName() != "fusion":  # to set it looks at every widget there is
            app.setStyle("Fusion")
        self.apply()

    @property
    def mode(self) -> ThemeMode:
        """The mode set by the user; ``tokens.dark`` holds the resolved value."""
        return self._mode

    def set_mode(self, mode: ThemeMode) -> None:
        """Switch at once, everywhere."""
        before, self._mode = self._mode, mode
        if self._wants_dark() != self.tokens.dark:
            self.apply()
        elif mode is not before:
            self.changed.emit()

    def color(self, token: str) -> QColor:
        """Return the colour of a token, or the colour that is written there (``#rrggbb``)."""
        if token not in self._colors:
            self._colors[token] = QColor(self.tokens.colors.get(token, token))
        return self._colors[token]

    def motion(self, milliseconds: int = table.MOTION_MS) -> int:
        """Return how long a movement takes: 0 where the user asked for none."""
        return 0 if self.reduced_motion else milliseconds

    def dress(self, window: QWidget) -> None:
        """Give a window the style sheet, now and whenever it changes."""
        window.setStyleSheet(self._sheet)
        self._windows.add(window)

    def close(self) -> None:
        """Remove the drawn parts."""
        if self._parts is not None:
            self._parts.close()

    def _wants_dark(self) -> bool:
        if self._mode is ThemeMode.SYSTEM:
            # Unknown (no desktop settings in reach) counts as dark: the look was drawn so first.
            return self._hints.colorScheme() is not Qt.ColorScheme.Light
        return self._mode is ThemeMode.DARK

    def _on_system(self) -> None:
        self.set_mode(self._mode)

    def apply(self) -> None:
        """Apply palette, fonts and style sheet to the application, replacing the current ones."""
        self.tokens = table.tokens(self._wants_dark())
        self._colors.clear()
        self._app.setPalette(self._palette())
        self._sheet = self._written()
        for window in filter(isValid, self._windows):
            window.setStyleSheet(self._sheet)
        self.changed.emit()

    def _palette(self) -> QPalette:
        palette = QPalette()
        roles = QPalette.ColorRole
        for role, token in {
            roles.Window: "bg",
            roles.WindowText: "text",
            roles.Base: "panel",
            roles.AlternateBase: "raised",
            roles.Text: "text",
            roles.Button: "raised",
            roles.ButtonText: "text",
            roles.BrightText: "bad",
            roles.Highlight: "accent",
            roles.HighlightedText: "on-accent",
            roles.Accent: "accent",
            roles.Link: "accent",
            roles.LinkVisited: "accent",
            roles.PlaceholderText: "mute",
            roles.ToolTipBase: "raised",
            roles.ToolTipText: "text",
            roles.Light: "hover",
            roles.Midlight: "raised",
            roles.Mid: "line",
            roles.Dark: "line",
            roles.Shadow: "shadow",
        }.items():
            palette.setColor(role, self.color(token))
        for role in (roles.WindowText, roles.Text, roles.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("faint"))
        return palette

    def _written(self) -> str:
        names = {name.replace("-", "_"): _rgba(self.color(name)) for name in self.tokens.colors}
        parts = {f"part_{name}": self._part(*how) for name, how in _PARTS.items()}
        return Template(_SHEET.read_text("utf-8")).substitute(names | parts)

    def _part(self, icon: str, token: str) -> str:
        """Return the path of ``icon`` in the colour of ``token``, as a style sheet takes it."""
        color = self.color(token).name()
        source = folder("icons") / f"{icon}.svg"
        if self._parts is None:
            return source.as_posix()  # black, but there
        drawn = self._parts.path / f"{icon}-{color[1:]}.svg"
        try:
            if not drawn.exists():
                drawn.write_text(source.read_text("utf-8").replace("currentColor", color), "utf-8")
        except OSError:  # the disk is full, or an icon was taken from the installation
            return source.as_posix()
        return drawn.as_posix()


def _folder_for_parts() -> PrivateFolder | None:
    try:
        return PrivateFolder("look", runtime_folder())
    except OSError:  # no disk takes anything: the window opens to say so
        return None


def _rgba(color: QColor) -> str:
    return f"rgba({color.red()}, {color.green()}, {color.blue()}, {color.alpha()})"

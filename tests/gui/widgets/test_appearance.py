"""Tokens, theme, icons, fonts: the look holds in both themes, and where parts are missing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)
from shiboken6 import delete

from studio import desktop
from studio.desktop.appearance import appearance, tokens
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.resources import folder
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.widgets.focus_ring import ComposerRing
from studio.desktop.window.shell import MainWindow

GROUNDS = ("bg", "panel", "raised")


def _luminance(color: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["text", "bad", "kind-text", "syntax-comment"])
def test_words_can_be_read(dark: bool, ground: str, ink: str) -> None:
    colors = tokens.tokens(dark).colors
    least = 4.5 if ink == "text" else 4.0
    assert _contrast(colors[ink], colors[ground]) >= least


@pytest.mark.parametrize("dark", [True, False])
def test_secondary_words_can_be_read_on_page_and_card(dark: bool) -> None:
    colors = tokens.tokens(dark).colors
    assert min(_contrast(colors["mute"], colors[ground]) for ground in ("bg", "panel")) >= 4.5


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("make", [QLineEdit, QPlainTextEdit])
def test_what_stands_in_an_empty_field_can_be_read(
    window: MainWindow, dark: bool, make: type[QLineEdit] | type[QPlainTextEdit]
) -> None:
    window.look.theme.set_mode(ThemeMode.DARK if dark else ThemeMode.LIGHT)
    field = make(window.centralWidget())
    field.setPlaceholderText("Search")
    field.show()
    field.ensurePolished()
    ink = field.palette().color(QPalette.ColorRole.PlaceholderText)
    colors = tokens.tokens(dark).colors
    assert ink.alpha() == 255
    assert _contrast(ink.name(), colors["field"]) >= 4.5
    assert dark or QColor(colors["field"]) == QColor("white"), "grey looks disabled on light"


@pytest.mark.parametrize("dark", [True, False])
def test_see_through_colours_are_written_as_qt_reads_them(dark: bool) -> None:
    focus = QColor(tokens.tokens(dark).colors["focus"])
    accent = QColor(tokens.tokens(dark).colors["accent"])
    assert focus.rgb() == accent.rgb()
    assert 0 < focus.alpha() < 255


def test_a_switch_of_theme_reaches_palette_icons_and_listeners(
    look: Appearance, qapp: QApplication
) -> None:
    heard: list[bool] = []
    look.theme.changed.connect(lambda: heard.append(look.theme.tokens.dark))
    icon = look.icons.icon("send")
    before = _ink(icon)
    look.theme.set_mode(ThemeMode.LIGHT)
    assert heard == [False]
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == "#f6f7f9"
    assert before == QColor("#e7e9ee")
    assert _ink(icon) == QColor("#1b1f2a"), "the same icon follows the theme"


def test_the_style_sheet_points_at_drawn_parts_that_exist(window: MainWindow) -> None:
    parts = re.findall(r"url\(([^)]+)\)", window.styleSheet())
    assert len(parts) >= 8
    assert [part for part in parts if not Path(part).is_file()] == []
    assert all("currentColor" not in Path(part).read_text("utf-8") for part in parts)


def test_parts_that_were_tidied_away_are_drawn_anew_with_the_next_theme(
    window: MainWindow, look: Appearance
) -> None:
    look.theme.set_mode(ThemeMode.DARK)
    (drawn,) = {Path(part).parent for part in re.findall(r"url\(([^)]+)\)", window.styleSheet())}
    shutil.rmtree(drawn)
    look.theme.set_mode(ThemeMode.LIGHT)
    parts = re.findall(r"url\(([^)]+)\)", window.styleSheet())
    assert [part for part in parts if not Path(part).is_file()] == []
    assert look.theme.tokens.dark is False
    assert window.palette().color(QPalette.ColorRole.Window).name() == "#f6f7f9"


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_icons_are_drawn_at_the_pixels_of_the_screen(look: Appearance, ratio: float) -> None:
    pixmap = look.icons.icon("settings").pixmap(QSize(20, 20), ratio)
    assert pixmap.width() == 20 * ratio
    assert pixmap.deviceIndependentSize().width() == 20


def test_a_disabled_icon_is_faint_and_a_checked_one_has_its_own_colour(look: Appearance) -> None:
    icon = look.icons.icon("lock", "mute", on="accent")
    assert _ink(icon, QIcon.Mode.Disabled) == look.theme.color("faint")
    assert _ink(icon, state=QIcon.State.On) == look.theme.color("accent")


def test_an_unknown_icon_is_still_an_icon(look: Appearance, caplog: Any) -> None:
    pixmap = look.icons.pixmap("no-such-icon", "text", 16, 1.0)
    assert pixmap.toImage() != look.icons.pixmap("send", "text", 16, 1.0).toImage()
    assert any(pixmap.toImage().pixelColor(x, 8).alpha() for x in range(16)), "it is not blank"
    assert "no-such-icon" in caplog.text


NAMES_AN_ICON = re.compile(
    r"(?:icon_label|icon_button|icons\.icon|set_icon)\(\s*\"([a-z0-9-]+)\""
    r"|look\.button\([^\n]*?, \"([a-z0-9]+-[a-z0-9-]+)\""
)


def test_every_icon_the_window_names_is_shipped() -> None:
    shipped = {path.stem for path in folder("icons").glob("*.svg")}
    named: dict[str, str] = {}
    for file in Path(desktop.__file__).parent.rglob("*.py"):
        for groups in NAMES_AN_ICON.findall(file.read_text("utf-8")):
            named |= {name: file.name for name in groups if name}
    assert len(named) > 15
    assert {name: file for name, file in named.items() if name not in shipped} == {}


def test_the_fonts_of_the_look_are_in_force(look: Appearance) -> None:
    assert look.fonts.body().family().startswith("Inter")
    assert look.fonts.mono().family().startswith("JetBrains Mono")
    assert look.fonts.missing == []


def test_without_its_fonts_the_system_stands_in(
    qapp: QApplication, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(appearance, "folder", lambda name: tmp_path)
    bare = appearance.Fonts()
    assert bare.body().family()
    assert bare.mono().family()
    assert bare.missing == ["Inter", "JetBrainsMono"]


def _ink(
    icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off
) -> QColor:
    """Return the colour of the most solid pixel of an icon."""
    image = icon.pixmap(QSize(64, 64), 1.0, mode, state).toImage()
    spots = ((x, y) for x in range(image.width()) for y in range(image.height()))
    best = max((image.pixelColor(x, y) for x, y in spots), key=QColor.alpha)
    return QColor(best.rgb())


def test_a_composer_has_a_ring_while_its_field_has_the_keys(look: Appearance, qtbot: Any) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    composer, field, button = QFrame(), QLineEdit(), QPushButton()
    composer.setProperty("surface", "composer")
    field.setProperty("plain", True)
    row = QHBoxLayout(composer)
    row.addWidget(field)
    row.addWidget(button)
    QHBoxLayout(window).addWidget(composer)
    ring = ComposerRing(QApplication.instance())
    with qtbot.waitActive(window):
        window.show()
    button.setFocus()
    inside = field.geometry()
    field.setFocus()
    assert composer.property("lit") is True
    assert field.geometry() == inside, "nothing moves"
    button.setFocus()
    assert composer.property("lit") is False
    delete(ring)

"""What runs here, and whose work it stands on. Reads installed metadata; asks nobody."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib import metadata

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

import studio
from studio.api.window.language import tr
from studio.desktop.appearance.appearance import Appearance, line
from studio.desktop.appearance.resources import folder
from studio.desktop.widgets.sheet import Sheet

_LONGEST = 32
_DISTRIBUTION = "offline-studio"
_FOR_US = re.compile("extra == ['\"](test|bench)['\"]")
"""What developers need is no part of the studio."""
_WITHOUT_TEXT = {
    "PySide6-Essentials": "qt-LGPL-3.0.txt",
    "PySide6-Addons": "qt-LGPL-3.0.txt",
}
"""Packages whose wheels leave their licence out, and its file among ours."""
_SHIPPED = (
    ("Inter", "inter-OFL.txt", "SIL OFL 1.1"),
    ("JetBrains Mono", "jetbrains-mono-OFL.txt", "SIL OFL 1.1"),
    ("Lucide", "lucide-ISC.txt", "ISC, MIT"),
    ("Fluent Emoji", "fluent-emoji-MIT.txt", "MIT"),
    ("FxEmojis", "fxemojis-CC-BY-4.0.txt", "CC BY 4.0"),
    ("SmolLM2-135M-Instruct", "smollm2-Apache-2.0.txt", "Apache-2.0"),
)


@dataclass(frozen=True)
class Part:
    """Something the studio stands on.

    Attributes:
        text: Its licence in full; empty where only the name is known.
    """

    name: str
    version: str
    licence: str
    text: str = ""


def dependencies() -> list[Part]:
    """Return the installed packages the studio declares, its extras among them, by name."""
    try:
        declared = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    ours = [need for need in declared if not _FOR_US.search(need)]
    names = {re.split(r"[\s<>=!~;\[(]", need)[0] for need in ours}
    parts = [part for name in sorted(names, key=str.casefold) if (part := _package(name))]
    if _package("PySide6-Addons"):
        text = _read("ffmpeg-LGPL-2.1.txt")
        parts.append(Part(tr("FFmpeg, in Qt Multimedia"), "", "LGPL-2.1-or-later", text))
    return parts


def shipped() -> list[Part]:
    """Return the fonts, icons and weights that come with the studio."""
    return [Part(name, "", licence, _read(file)) for name, file, licence in _SHIPPED]


def show_about(look: Appearance, window: QWidget) -> None:
    """Open the sheet."""
    sheet = Sheet(look, window, tr("About Offline Studio"), 600)
    sheet.body.addLayout(_head(look))
    sheet.body.addWidget(line())
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 8, 0)
    column.setSpacing(8)
    shown = _Licence(look)
    for heading, parts in (
        (tr("Included components"), shipped()),
        (tr("Packages"), dependencies()),
    ):
        column.addWidget(look.label(heading, "section"))
        column.addLayout(_table(look, parts, shown))
        column.addSpacing(6)
    column.addStretch()
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(min(320, inside.sizeHint().height()))
    sheet.body.addWidget(area, 1)
    sheet.body.addWidget(shown)
    sheet.show_sheet()


class _Licence(QPlainTextEdit):
    """The licence that was asked for; out of the way until then."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setFont(look.fonts.mono(12))
        self.setFixedHeight(150)
        self.setAccessibleName(tr("Licence"))
        self.hide()

    def show_part(self, part: Part) -> None:
        self.setPlainText(part.text)
        self.show()


def _head(look: Appearance) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(14)
    row.addWidget(look.icon_label("sparkles", "accent", 32))
    column = QVBoxLayout()
    column.setSpacing(2)
    column.addWidget(look.label(f"Offline Studio {studio.__version__}", "strong"))
    words = tr("Everything runs on this machine and nothing is sent anywhere. Apache-2.0.")
    column.addWidget(look.label(words, "small", wrap=True))
    qt = _package("PySide6-Essentials")
    python, system = platform.python_version(), platform.platform()
    versions = f"Python {python} · Qt {qt.version if qt else '?'} · {system}"
    machine = look.label(versions, "small", wrap=True)
    machine.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    column.addWidget(machine)
    row.addLayout(column, 1)
    return row


def _table(look: Appearance, parts: list[Part], shown: _Licence) -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(5)
    grid.setHorizontalSpacing(16)
    grid.setColumnStretch(0, 1)
    for row, part in enumerate(parts):
        grid.addWidget(look.label(part.name), row, 0)
        grid.addWidget(look.label(part.version, "small"), row, 1)
        if part.text:
            button = look.button(_short(part.licence), kind="link", tip=part.licence)
            button.setAccessibleName(f"{part.name}: {part.licence}")
            button.clicked.connect(lambda _checked=False, part=part: shown.show_part(part))
            grid.addWidget(button, row, 2, Qt.AlignmentFlag.AlignRight)
        else:
            words = look.label(_short(part.licence), "small")
            words.setToolTip(part.licence)
            grid.addWidget(words, row, 2, Qt.AlignmentFlag.AlignRight)
    return grid


def _package(name: str) -> Part | None:
    try:
        package = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    licence = (
        _field(package, "License-Expression") or _classified(package) or _field(package, "License")
    )
    licence = licence.strip().partition("\n")[0] or tr("see its licence file")
    return Part(package["Name"], package["Version"], licence, _licence_text(name))


def _field(package: metadata.PackageMetadata, name: str) -> str:
    return next(iter(package.get_all(name) or ()), "")


def _short(licence: str) -> str:
    return licence if len(licence) <= _LONGEST else licence[: _LONGEST - 1] + "…"


def _classified(package: metadata.PackageMetadata) -> str:
    licences = [c for c in package.get_all("Classifier") or [] if c.startswith("License ::")]
    return ", ".join(c.rpartition("::")[2].strip() for c in licences)


def _licence_text(name: str) -> str:
    if ours := _WITHOUT_TEXT.get(name):
        return _read(ours)
    for file in metadata.files(name) or []:
        if "dist-info" in str(file) and re.search(r"(?i)licen[cs]e", file.name):
            try:
                return file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
    return ""


def _read(file: str) -> str:
    try:
        return (folder("licences") / file).read_text("utf-8")
    except OSError:
        return ""

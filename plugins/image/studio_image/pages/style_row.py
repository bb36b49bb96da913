"""The style pictures of Restyle: those of the gallery and the user's own, to switch on and off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QToolButton, QWidget

from studio.api import PluginContext, StudioError, Tokens
from studio.api.window.language import tr
from studio_image.pages.phrases import gallery_titles
from studio_image.pages.picture_files import read_thumbnail
from studio_image.restyle.styles import STYLES

_SIDE, _FRAME = 44, 6
_NAMED, _NAME = 124, 28
"""Width of a style with its name, and height of the name."""
_ELIDE = Qt.TextElideMode.ElideRight


class StyleRow(QScrollArea):
    """Thumbnails that stay pressed.

    Signals:
        changed: Other styles are chosen.
        pick_asked: The user wants to add a picture of theirs.
    """

    changed = Signal()
    pick_asked = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._buttons: dict[str, QToolButton] = {}
        self._own: list[str] = []
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedHeight(_SIDE + _FRAME + _NAME + 14)
        inside = QWidget()
        inside.setAccessibleName(tr("Style pictures"))
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 8)
        self._row.setSpacing(0)
        add = ctx.ui.icon_button("image-plus", tr("Add a style picture of your own"))
        add.setFixedSize(_SIDE + _FRAME, _SIDE + _FRAME)
        add.clicked.connect(lambda _checked=False: self.pick_asked.emit())
        self._row.addWidget(add)
        self._row.addStretch(1)
        self._inside = inside
        self.setWidget(inside)
        self._mark(ctx.ui.tokens)
        end_theme = ctx.ui.on_theme(self._mark)
        self.destroyed.connect(lambda: end_theme())
        for style in STYLES:
            self._add(style.name, gallery_titles().get(style.name, style.title))
        paths = {style.name: style.path for style in STYLES}
        ctx.run_later(lambda: _thumbnails(paths), self._show)

    def _mark(self, tokens: Tokens) -> None:
        """Frame the selected styles: a tint alone is hard to see beside pictures."""
        accent = tokens.colors["accent"]
        self._inside.setStyleSheet(f"QToolButton:checked {{ border: 2px solid {accent}; }}")

    @property
    def chosen(self) -> list[str]:
        """Names of the gallery, and paths of the user's own."""
        return [name for name, button in self._buttons.items() if button.isChecked()]

    @property
    def own(self) -> list[str]:
        """Paths of the user's own style pictures."""
        return list(self._own)

    def choose(self, styles: Sequence[str]) -> list[str]:
        """Press just these; paths that are new here are added. Return those that are not there."""
        for style in styles:
            if style not in self._buttons and Path(style).is_file():
                self.add_own(Path(style))
        for name, button in self._buttons.items():
            button.setChecked(name in styles)
        self.changed.emit()
        return [style for style in styles if style not in self._buttons]

    def add_own(self, path: Path) -> None:
        """Add a picture of the user's, pressed."""
        name = str(path)
        if name not in self._buttons:
            self._own.append(name)
            self._add(name, path.name)
            self._ctx.run_later(lambda: _thumbnails({name: path}), self._show)
        self._buttons[name].setChecked(True)
        self.changed.emit()

    def _add(self, name: str, title: str) -> None:
        button = self._ctx.ui.icon_button("image", tr("Style {title}").format(title=title))
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setText(button.fontMetrics().elidedText(title, _ELIDE, _NAMED - 8))
        button.setFixedSize(_NAMED, _SIDE + _FRAME + _NAME)
        button.setIconSize(QSize(_SIDE, _SIDE))
        button.clicked.connect(lambda _checked=False: self.changed.emit())
        self._buttons[name] = button
        self._row.insertWidget(self._row.count() - 2, button)

    def _show(self, thumbnails: Mapping[str, Any]) -> None:
        for name, image in thumbnails.items():
            if isinstance(image, QImage):
                self._buttons[name].setIcon(QIcon(QPixmap.fromImage(image)))
            else:
                self._ctx.notices.error(image, key="image.style")
                self._buttons[name].setChecked(False)
                self._buttons[name].setEnabled(False)


def _thumbnails(files: Mapping[str, Path]) -> dict[str, QImage | StudioError]:
    return {name: _thumbnail(path) for name, path in files.items()}


def _thumbnail(path: Path) -> QImage | StudioError:
    try:
        image = read_thumbnail(path, 4 * _SIDE)
    except StudioError as error:
        return error
    side = min(image.width(), image.height())
    left, top = (image.width() - side) // 2, (image.height() - side) // 2
    return image.copy(left, top, side, side).scaled(
        2 * _SIDE,
        2 * _SIDE,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )

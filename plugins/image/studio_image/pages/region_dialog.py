"""Which part of a drawing shows what: a prompt for each colour, and where it is painted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from studio.api import BadInput, PluginContext, Role
from studio.api.window.language import tr
from studio_image.pages.picture_files import png_of
from studio_image.pages.picture_reader import read_later
from studio_image.pages.viewer.mask_desk import MaskDesk
from studio_image.pages.viewer.region_canvas import RegionCanvas, RegionLayer
from studio_image.schema.generate import REGION_COLOURS

_SIDE = 768
"""Pixels of the longer side of what is painted: finer than any latents."""
_WHOLE = Qt.AspectRatioMode.KeepAspectRatio
_LONGEST = 1000
_SWATCH = 18


def color_titles() -> dict[str, str]:
    """Return the titles of the region colours."""
    return {
        "red": tr("Red"),
        "green": tr("Green"),
        "blue": tr("Blue"),
        "yellow": tr("Yellow"),
        "cyan": tr("Cyan"),
        "magenta": tr("Magenta"),
    }


class RegionDialog(QDialog):
    """Asks for prompts and regions; ``answer`` has prompts and the painted picture, a PNG file."""

    def __init__(self, ctx: PluginContext, parent: QWidget, size: QSize) -> None:
        super().__init__(parent)
        self.answer: tuple[list[str], bytes] | None = None
        self.setWindowTitle(tr("Regions"))
        self.resize(980, 680)
        self.layer = RegionLayer()
        self.canvas = RegionCanvas(ctx, self.layer)
        self.desk = MaskDesk(ctx, self.canvas, tr("Paint where each prompt counts."))
        self.desk.invert.hide()
        self.trouble = ctx.ui.trouble_row()
        self._colors = {name: QColor(*rgb).name() for name, rgb in REGION_COLOURS.items()}
        self.swatches: dict[str, QToolButton] = {}
        self.prompts: dict[str, QLineEdit] = {}
        self._lay_out(ctx)
        paper = QImage(
            size.scaled(_SIDE, _SIDE, _WHOLE),
            QImage.Format.Format_RGB32,
        )
        paper.fill(QColor("white"))
        self.desk.show_picture(paper)
        self.choose("red")

    def show_below(self, picture: QImage) -> None:
        """Show a picture under the paint: centred, as large as fits."""
        paper = self.canvas.image.copy()
        place = QRect(QPoint(), picture.size().scaled(paper.size(), _WHOLE))
        place.moveCenter(paper.rect().center())
        painter = QPainter(paper)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, picture)
        painter.end()
        self.canvas.show_image(paper, keep_view=True)

    def _lay_out(self, ctx: PluginContext) -> None:
        side = QVBoxLayout()
        side.setSpacing(8)
        side.addWidget(ctx.ui.label(tr("What the regions show"), Role.HEADING))
        words = tr("Choose a colour, paint, and describe it. What is not painted shows the prompt.")
        side.addWidget(ctx.ui.label(words, Role.MUTE, wrap=True))
        group = QButtonGroup(self)
        for name, title in color_titles().items():
            swatch = QToolButton()
            swatch.setIcon(_icon(self._colors[name], QColor(ctx.ui.tokens.colors["text"])))
            swatch.setIconSize(QSize(_SWATCH, _SWATCH))
            swatch.setCheckable(True)
            swatch.setToolTip(title)
            swatch.setAccessibleName(title)
            swatch.clicked.connect(partial(self._on_swatch, name))
            group.addButton(swatch)
            prompt = QLineEdit()
            prompt.setMaxLength(_LONGEST)
            prompt.setPlaceholderText(title)
            prompt.setAccessibleName(tr("Prompt of the region: {color}").format(color=title))
            row = QHBoxLayout()
            row.addWidget(swatch)
            row.addWidget(prompt, 1)
            side.addLayout(row)
            self.swatches[name], self.prompts[name] = swatch, prompt
        side.addStretch(1)
        side.addWidget(self.trouble.widget)
        done = ctx.ui.button(tr("Use regions"), "check", primary=True)
        done.clicked.connect(lambda _checked=False: self._on_done())
        cancel = ctx.ui.button(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(done)
        side.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 16, 20, 16)
        row.setSpacing(20)
        row.addWidget(self.desk, 1)
        right = QWidget()
        right.setFixedWidth(300)
        right.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        row.addWidget(right)

    def choose(self, name: str) -> None:
        """Paint in the colour of this name."""
        self.swatches[name].setChecked(True)
        self.canvas.set_color(self._colors[name])

    def show_answer(self, prompts: list[str], painting: bytes) -> None:
        """Show prompts and regions that were answered before."""
        for field, words in zip(self.prompts.values(), prompts, strict=False):
            field.setText(words)
        self.layer.take(QImage.fromData(painting))

    def _on_swatch(self, name: str, _checked: bool = False) -> None:
        self.choose(name)

    def _on_done(self) -> None:
        try:
            self.answer = self._answered()
        except BadInput as error:
            self.trouble.tell(error)
            return
        self.accept()

    def _answered(self) -> tuple[list[str], bytes]:
        """Return prompts and picture, the colours in their order without a gap.

        Raises:
            BadInput: A region has no prompt, or a prompt no region.
        """
        layer = self.layer
        titles = color_titles()
        texts = {name: field.text().strip() for name, field in self.prompts.items()}
        for name, color in self._colors.items():
            is_painted = not layer.part(color).isEmpty()
            words = tr("{color} is painted, but has no prompt.")
            if is_painted and not texts[name]:
                hint = tr("Describe it, or erase it.")
                raise BadInput(words.format(color=titles[name]), hint)
            words = tr("“{prompt}” has no region.")
            if texts[name] and not is_painted:
                hint = tr("Paint it, or empty its prompt.")
                raise BadInput(words.format(prompt=texts[name][:40]), hint)
        used = [name for name in self._colors if texts[name]]
        moved = zip((self._colors[name] for name in used), self._colors.values(), strict=False)
        return [texts[name] for name in used], layer.recolored(dict(moved))


def _icon(color: str, ring: QColor) -> QIcon:
    """Return a swatch that has a ring while it is the one that is painted with."""
    icon = QIcon()
    for state, inset in ((QIcon.State.Off, 1), (QIcon.State.On, 4)):
        pixels = QPixmap(4 * _SWATCH, 4 * _SWATCH)
        pixels.fill(QColor(0, 0, 0, 0))
        painter = QPainter(pixels)
        if state == QIcon.State.On:
            painter.setPen(QPen(ring, 6))
            painter.drawRect(pixels.rect().adjusted(3, 3, -4, -4))
        gap = 4 * inset
        painter.fillRect(pixels.rect().adjusted(gap, gap, -gap, -gap), QColor(color))
        painter.end()
        icon.addPixmap(pixels, QIcon.Mode.Normal, state)
    return icon


class RegionRow(QWidget):
    """A heading, how many regions there are, and the button that paints them.

    Attributes:
        prompts: Of the regions.
        painting: Where they are, a PNG file; empty if nothing is painted.
        size_of: Returns width and height of the next drawing.
        picture_of: Returns the picture that is shown below what is painted, if there is one.

    Signals:
        changed: Other regions.
    """

    changed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.prompts: list[str] = []
        self.painting = b""
        self.size_of: Callable[[], QSize] = lambda: QSize(1, 1)
        self.picture_of: Callable[[], Path | None] = lambda: None
        self._words = ctx.ui.label("", Role.MUTE)
        self.button = ctx.ui.button(tr("Paint"), "brush", dense=True)
        self.button.setAccessibleName(tr("Paint regions"))
        self.button.clicked.connect(lambda _checked=False: self.open())
        self.clear_button = ctx.ui.icon_button("x", tr("Remove the regions"))
        self.clear_button.clicked.connect(lambda _checked=False: self.set([], b""))
        head = QHBoxLayout(self)
        head.setContentsMargins(20, 4, 16, 4)
        head.addWidget(ctx.ui.label(tr("Regions"), Role.STRONG))
        head.addWidget(self._words)
        head.addStretch(1)
        head.addWidget(self.clear_button)
        head.addWidget(self.button)
        self.set([], b"")

    def set(self, prompts: list[str], painting: bytes) -> None:
        """Have these regions."""
        self.prompts, self.painting = prompts, painting
        words = "" if not prompts else tr("{n} painted").format(n=len(prompts))
        self._words.setText(words if painting or not prompts else tr("not painted yet"))
        self.clear_button.setVisible(bool(prompts))
        self.changed.emit()

    def regions(self) -> tuple[str, bytes]:
        """Return the prompts, one a line, and the painting; both empty while this is out of view.

        Raises:
            BadInput: Prompts came with settings that were reused, but nothing is painted.
        """
        if self.isHidden() or not self.prompts:
            return "", b""
        if not self.painting:
            raise BadInput(tr("The regions are not painted."), tr("Paint them, or remove them."))
        return "\n".join(self.prompts), self.painting

    def dialog(self) -> RegionDialog:
        """Return the dialog with the current regions."""
        dialog = RegionDialog(self._ctx, self.window(), self.size_of())
        if self.prompts:
            dialog.show_answer(self.prompts, self.painting)

        def put(picture: Any) -> None:
            if isinstance(picture, QImage) and isValid(dialog):
                dialog.show_below(picture)

        if (path := self.picture_of()) is not None:
            read_later(self._ctx, path, put)
        return dialog

    def open(self) -> None:
        """Ask for regions."""
        dialog = self.dialog()
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.take(dialog))
        dialog.open()

    def take(self, dialog: RegionDialog) -> None:
        """Store the answers of the dialog."""
        if dialog.answer is not None:
            self.set(*dialog.answer)

    def read(self, path: Path) -> None:
        """Take regions that a result was painted with; its prompts are there already."""

        def put(image: Any) -> None:
            if isinstance(image, QImage):
                self.set(self.prompts, png_of(image))

        read_later(self._ctx, path, put)

    def save_state(self) -> list[str]:
        """Return the state to restore after a restart."""
        return [base64.b64encode(self.painting).decode(), *self.prompts]

    def restore_state(self, state: Any) -> None:
        """Take what ``save_state`` returned, or anything else."""
        if isinstance(state, list) and len(state) > 1 and all(isinstance(s, str) for s in state):
            try:
                painting = base64.b64decode(state[0], validate=True)
            except (binascii.Error, ValueError):
                return
            self.set(state[1:][: len(REGION_COLOURS)], painting)

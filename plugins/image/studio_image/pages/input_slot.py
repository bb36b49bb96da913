"""The picture that a mode works on: its thumbnail, its name, and ways to choose another."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, SavedArtifact
from studio.api.window.language import tr

_SIDE = 56


class InputSlot(QWidget):
    """Holds one artifact.

    Signals:
        pick_asked: Ask for a file.
        paste_asked: Take the clipboard.
        show_asked: Show it large.
        cleared: The user took it out.
        taken: Another one is in it.
    """

    pick_asked = Signal()
    paste_asked = Signal()
    show_asked = Signal()
    cleared = Signal()
    taken = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self.artifact: SavedArtifact | None = None
        self.picture_size = QSize()
        """Of the picture itself."""
        self.hint = ""
        """What stands below its name."""
        self._thumb = ctx.ui.icon_button("image-plus", tr("Choose a picture"))
        self._thumb.setFixedSize(_SIDE + 8, _SIDE + 8)
        self._thumb.clicked.connect(self._on_thumb)
        self._name = ctx.ui.elided_label("", Role.STRONG)
        self._hint = ctx.ui.elided_label("", Role.SMALL)
        self._pick = ctx.ui.button(tr("Choose…"), "folder-open", dense=True)
        self._pick.clicked.connect(lambda _checked=False: self.pick_asked.emit())
        self._paste = ctx.ui.icon_button("clipboard", tr("Paste a picture  Ctrl+Shift+V"))
        self._paste.clicked.connect(lambda _checked=False: self.paste_asked.emit())
        self._clear = ctx.ui.icon_button("x", tr("Remove the picture"))
        self._clear.clicked.connect(self._on_clear)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name.widget)
        words.addWidget(self._hint.widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self._pick, self._paste, self._clear):
            buttons.addWidget(button)
        buttons.addStretch(1)
        words.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._thumb, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Show that there is none."""
        self.artifact = None
        self._name.set_text(tr("No picture yet"))
        self._hint.set_text(tr("Drop or choose one"))
        self._thumb.setIcon(self._ui.icon("image-plus", "mute"))
        self._thumb.setIconSize(QSize(24, 24))
        self._thumb.setToolTip(tr("Choose a picture"))
        self._thumb.setAccessibleName(tr("Choose a picture"))
        self._clear.hide()

    def show_picture(self, artifact: SavedArtifact, thumbnail: QImage, size: QSize) -> None:
        """Show a picture; ``size`` is that of the picture itself."""
        self.artifact, self.picture_size = artifact, size
        name = artifact.title or tr("Picture")
        self._name.set_text(name)
        self._hint.set_text(pixels(size))
        self._thumb.setIcon(QIcon(_square(thumbnail, self.devicePixelRatioF())))
        self._thumb.setIconSize(QSize(_SIDE, _SIDE))
        self._thumb.setToolTip(tr("Show the picture"))
        self._thumb.setAccessibleName(tr("Show the picture {name}").format(name=name))
        self._clear.show()
        self.taken.emit()

    def show_result(self, words: str) -> None:
        """Say beside its size what becomes of it; nothing with an empty text."""
        if self.artifact is not None:
            own = pixels(self.picture_size)
            self.hint = f"{own} → {words}" if words else own
            self._hint.set_text(self.hint)

    def _on_thumb(self) -> None:
        (self.show_asked if self.artifact is not None else self.pick_asked).emit()

    def _on_clear(self) -> None:
        self.show_nothing()
        self.cleared.emit()


def pixels(size: QSize) -> str:
    """Return a size in words."""
    return tr("{width} × {height} px").format(width=size.width(), height=size.height())


def _square(image: QImage, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    size = image.size().scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio)
    left, top = (_SIDE - size.width()) // 2, (_SIDE - size.height()) // 2
    painter.drawImage(QRect(left, top, size.width(), size.height()), image)
    painter.end()
    return pixmap

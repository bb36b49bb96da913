"""Where a mask is painted: the canvas, and its tools above it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_image.pages.viewer.mask_canvas import BRUSH, ERASER, LASSO, MaskCanvas

_WIDEST = 300


class MaskDesk(QWidget):
    """Paints the mask of one picture.

    Attributes:
        canvas: What is painted on.
    """

    def __init__(
        self, ctx: PluginContext, canvas: MaskCanvas | None = None, hint: str = ""
    ) -> None:
        super().__init__()
        self._ui = ctx.ui
        self.canvas = canvas or MaskCanvas(ctx)
        layer = self.canvas.layer
        self._tools = {
            BRUSH: self._tool("brush", tr("Brush  B"), "B"),
            ERASER: self._tool("eraser", tr("Eraser  E"), "E"),
            LASSO: self._tool("pentagon", tr("Lasso  L"), "L"),
        }
        for name, button in self._tools.items():
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, name=name: self.canvas.set_tool(name))
        self.undo = self._tool("undo-2", tr("Undo the stroke  Ctrl+Z"), "Ctrl+Z")
        self.redo = self._tool("redo-2", tr("Redo the stroke  Ctrl+Shift+Z"), "Ctrl+Shift+Z")
        self.clear = self._tool("x", tr("Clear the mask  Ctrl+Delete"), "Ctrl+Delete")
        self.invert = self._tool("sun-moon", tr("Invert the mask  Ctrl+I"), "Ctrl+I")
        self.undo.clicked.connect(lambda _checked=False: layer.history.undo())
        self.redo.clicked.connect(lambda _checked=False: layer.history.redo())
        self.clear.clicked.connect(lambda _checked=False: layer.clear())
        self.invert.clicked.connect(lambda _checked=False: layer.invert())
        self.width_slider = QSlider(Qt.Orientation.Horizontal)
        self.width_slider.setRange(1, _WIDEST)
        self.width_slider.setMaximumWidth(160)
        self.width_slider.setAccessibleName(tr("Brush size"))
        self.width_slider.setToolTip(tr("Brush size: wheel, or [ and ]"))
        self.width_slider.valueChanged.connect(self._on_slider)
        self._px = ctx.ui.label("", Role.SMALL)
        self._px.setMinimumWidth(52)
        hint = hint or tr("Paint over the area to replace.")
        self._hint = ctx.ui.elided_label(hint, Role.SMALL)
        self._lay_out()
        self.canvas.brush_changed.connect(self._show)
        layer.history.indexChanged.connect(self._show)
        layer.changed.connect(self._show)
        end_theme = ctx.ui.on_theme(lambda _tokens: self.canvas.update())
        self.destroyed.connect(lambda: end_theme())
        self._show()

    def show_picture(self, image: QImage) -> None:
        """Begin a mask for a picture."""
        self.canvas.show_picture(image)
        self._show()

    def painted(self) -> bytes | None:
        """Return the mask as a PNG file; None if nothing is masked."""
        return None if self.canvas.layer.is_empty else self.canvas.layer.png()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        for button in self._tools.values():
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.width_slider)
        row.addWidget(self._px)
        row.addSpacing(8)
        for button in (self.undo, self.redo, self.invert, self.clear):
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self._hint.widget, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.canvas, 1)

    def _tool(self, icon: str, tip: str, keys: str) -> QToolButton:
        button: QToolButton = self._ui.icon_button(icon, tip)
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(button.click)
        return button

    def _on_slider(self, value: int) -> None:
        if value != min(self.canvas.width_of_brush, _WIDEST):
            self.canvas.set_width(value)

    def _show(self, *_now: object) -> None:
        canvas, history = self.canvas, self.canvas.layer.history
        for name, button in self._tools.items():
            button.setChecked(name == canvas.tool)
        self.width_slider.setValue(min(canvas.width_of_brush, _WIDEST))
        self._px.setText(tr("{size} px").format(size=canvas.width_of_brush))
        self.undo.setEnabled(history.canUndo())
        self.redo.setEnabled(history.canRedo())

"""Which weights write and answer: a small button with a menu. Loads none."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton

from studio.api import PluginContext
from studio_code.pages.phrases import tr

_KEY = "weights"
_AROUND = 44
"""Pixels beside the title: icon and padding."""


class WeightsButton(QToolButton):
    """Says what is chosen; the menu has what else there is, those made for code first."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._title = ""
        self._chosen = str(ctx.settings.get(_KEY, "") or "")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIcon(ctx.ui.icon("chevrons-up-down", "mute"))
        self.setIconSize(QSize(18, 14))
        self.setProperty("kind", "status")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self.open_menu)
        self.refresh()

    @property
    def weights(self) -> str:
        """Id of what is chosen; empty where the studio chooses."""
        known = [id for id, _title in self.known()]
        return self._chosen if self._chosen in known else (known[0] if known else "")

    def known(self) -> list[tuple[str, str]]:
        """Return (id, title) of the weights that can be used, those made for code first."""
        return list(self._ctx.weights.for_capability("text", "code"))

    def has_coder(self) -> bool:
        """Whether there are weights that are made for code."""
        return bool(self._ctx.weights.for_capability("code"))

    def refresh(self) -> None:
        """Look again at what there is."""
        id = self.weights
        self._title = dict(self.known()).get(id, "") or tr("No language model yet")
        tip = tr("Weights that write and answer: {title}").format(title=self._title)
        if id and not self.has_coder():
            tip += "\n" + tr("Weights that are made for code do it better.")
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self._fit()

    def open_menu(self) -> None:
        """Offer what there is, and what can be got."""
        self.refresh()
        menu = self._ctx.ui.menu()
        for id, title in self.known():
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(id == self.weights)
            action.triggered.connect(lambda _on=False, id=id: self._choose(id))
        getting = self._ctx.weights.to_get("code")
        if getting:
            menu.addSeparator()
        for name, title, size in getting:
            words = tr("Get {title} ({size} MB), made for code…")
            action = menu.addAction(words.format(title=title, size=round(size / (1 << 20))))
            action.triggered.connect(lambda _on=False, name=name: self._ctx.weights.get_set(name))
        menu.popup(self.mapToGlobal(self.rect().topLeft()))

    def _choose(self, id: str) -> None:
        self._chosen = id
        self._ctx.run_later(lambda: self._ctx.settings.set(_KEY, id))
        self.refresh()

    def _fit(self) -> None:
        room = max(20, self.width() - _AROUND) if self.isVisible() else 10_000
        shown = self.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        self.setText(shown)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return room for the whole title."""
        wide = self.fontMetrics().horizontalAdvance(self._title) + _AROUND
        return QSize(wide, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return what shows that there is a title."""
        return QSize(72, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the title to the room there is."""
        super().resizeEvent(event)
        self._fit()

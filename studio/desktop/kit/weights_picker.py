"""Which weights a part of a page uses, and where: a small button with a menu. Loads none."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton

from studio.api.jobs import HERE
from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.desktop import phrases
from studio.desktop.kit.machines.run_on import Place

_AROUND = 44
"""Pixels beside the title: icon and padding."""


class WeightsPicker(QToolButton):
    """Implements ``studio.api.intake.WeightsPicker``."""

    def __init__(
        self,
        ctx: PluginContext,
        capability: str,
        prefer: str,
        key: str,
        remark: str,
        place: Place,
    ) -> None:
        """``place``: where jobs run, offered in the menu, too, if there are several machines."""
        super().__init__()
        self._place = place
        self._ctx, self._capability, self._prefer = ctx, capability, prefer
        self._key, self._remark = key, remark
        self._title = self._name = self._tip = ""
        self._chosen = str(ctx.settings.get(key, "") or "") if key else ""
        self._told: list[Callable[[str], None]] = []
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(18, 14))
        self.setProperty("kind", "status")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self.open_menu)
        end = place.machines.on_change(self._show)
        self.destroyed.connect(lambda: end())
        self.refresh()

    @property
    def widget(self) -> QToolButton:
        """The button itself."""
        return self

    @property
    def weights(self) -> str:
        """The id of the selected weights, else of the best available; empty if none."""
        ids = [id for id, _title in self._known()]
        return self._chosen if self._chosen in ids else (ids[0] if ids else "")

    def choose(self, id: str) -> None:
        """Show a choice without telling anybody; an empty one is the best there is."""
        self._chosen = id
        self.refresh()

    def on_choose(self, call: Callable[[str], None]) -> None:
        """Call with the id of the weights selected by the user."""
        self._told.append(call)

    def refresh(self) -> None:
        """Look again at what there is."""
        id = self.weights
        self._name = dict(self._known()).get(id, "") or tr("No model yet")
        self._tip = tr("Model: {title}").format(title=self._name)
        if id and self._remark and not self._ctx.weights.for_capability(self._prefer):
            self._tip += f"\n{self._remark}"
        self._show()

    def _show(self) -> None:
        """Show the selected weights; for another machine, its name and state too."""
        state, color = self._place.light
        icon, self._title, tip = "chevrons-up-down", self._name, self._tip
        if self._place.now != HERE:
            icon, self._title = "server", f"{self._name} · {self._place.title}"
            text = tr("Run on: {place}").format(place=self._place.title)
            tip += f"\n{text} · {state}" if state else f"\n{text}"
        self.setIcon(self._ctx.ui.icon(icon, color if state else "mute"))
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self._fit()

    def open_menu(self) -> None:
        """Show a menu of installed and downloadable weights."""
        self.refresh()
        menu = self._ctx.ui.menu()
        for id, title in self._known():
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(id == self.weights)
            action.triggered.connect(lambda _on=False, id=id: self._on_chosen(id))
        to_get = self._ctx.weights.to_get(self._prefer or self._capability)
        if to_get:
            menu.addSeparator()
        for name, title, size in to_get:
            action = menu.addAction(
                tr("Download {title} ({size})…").format(title=title, size=phrases.size(size))
            )
            action.triggered.connect(lambda _on=False, name=name: self._ctx.weights.get_set(name))
        if self._place.machines.names():
            menu.addSeparator()
            menu.addAction(tr("Run on")).setEnabled(False)
            self._place.offer(menu, [self.weights] if self.weights else [])
        menu.popup(self.mapToGlobal(self.rect().topLeft()))

    def _known(self) -> list[tuple[str, str]]:
        return list(self._ctx.weights.for_capability(self._capability, self._prefer))

    def _on_chosen(self, id: str) -> None:
        self.choose(id)
        if self._key:
            self._ctx.run_later(lambda: self._ctx.settings.set(self._key, id))
        for call in self._told:
            call(id)

    # --- as much of the title as there is room for --------------------------------------------

    def _fit(self) -> None:
        room = max(20, self.width() - _AROUND) if self.isVisible() else 10_000
        self.setText(self.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, room))
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

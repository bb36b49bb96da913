"""The button that starts, with Stop and what waits beside it while something is at work."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QPushButton, QVBoxLayout, QWidget

from studio.api.window.language import tr
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.machines.run_on import RunOn


class RunButton:
    """Implements ``studio.api.runs.RunButton``.

    Attributes:
        widget: The button itself.
        stop: Stops what is at work; beside ``widget`` while it adds to the queue.
        waiting: Says how many jobs wait; beside them while any does.
        busy: Whether ``widget`` stops.
        adding: Whether ``widget`` adds to the queue.
    """

    def __init__(self, look: Appearance, verb: str, icon: str, keys: str) -> None:
        self._icons, self._keys = look.icons, keys
        self.widget: QPushButton = look.button(verb, icon, kind="primary")
        self.stop: QPushButton = look.button(tr("Stop"), "circle-stop")
        self.waiting: QPushButton = look.button(tr("1 waiting"), "list", kind="ghost")
        self.busy = self.adding = False
        self._place: QWidget | None = None
        self._where: RunOn | None = None
        for button in (self.stop, self.waiting):
            button.setParent(self.widget)  # until there is a place for it
            button.hide()
        self.set_verb(verb, icon)

    def set_verb(self, verb: str, icon: str, stop_tip: str = "") -> None:
        """Set label and icon; ``stop_tip`` describes the effect of stopping a job."""
        self._verb, self._icon, self._stop_tip = verb, icon, stop_tip
        self._show()

    def show_busy(self, busy: bool) -> None:
        """Show Stop, or the verb."""
        self.busy, self.adding = busy, False
        self._show()

    def show_adding(self, adding: bool, waiting: int = 0) -> None:
        """Show "Add to queue" with Stop beside it, or the verb; and how many jobs wait."""
        self.busy, self.adding = False, adding
        words = tr("1 waiting") if waiting == 1 else tr("{n} waiting")
        self.waiting.setText(words.format(n=waiting))
        self.waiting.setAccessibleName(self.waiting.text())
        self.waiting.setToolTip(tr("Show what is waiting"))
        if adding:
            self._make_room()
        has_room = self._place is not None
        self.stop.setVisible(adding and has_room)
        self.waiting.setVisible(adding and has_room and waiting > 0)
        self._show()

    def on_press(self, call: Callable[[], None]) -> None:
        """Call when it is pressed."""
        self.widget.clicked.connect(lambda _checked=False: call())

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call when the button beside it is pressed that stops."""
        self.stop.clicked.connect(lambda _checked=False: call())

    def on_menu(self, call: Callable[[QWidget], None]) -> None:
        """Call with the button where a menu is asked for: by what waits, and at Stop."""
        self.waiting.clicked.connect(lambda _checked=False: call(self.waiting))
        self.stop.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.stop.customContextMenuRequested.connect(lambda _at: call(self.stop))

    def put_beside(self, where: RunOn) -> None:
        """Put the choice of the machine beside it, once there is one."""
        self._where = where
        where.setParent(self.widget)
        where.hide()
        end = where.on_wanted(self._offer_where)
        self.widget.destroyed.connect(lambda: end())
        QTimer.singleShot(0, self.widget, self._offer_where)  # by then the page has laid it out

    def _offer_where(self) -> None:
        if self._where is not None and self._where.is_wanted:
            self._make_room()
            self._where.setVisible(self._place is not None)

    def _show(self) -> None:
        words, icon, tip = self._verb, self._icon, self._verb
        if self.busy:
            words, icon, tip = tr("Stop"), "circle-stop", self._stop_tip or tr("Stop")
        elif self.adding:
            words, icon = tr("Add to queue"), "plus"
            tip = tr("{verb}, after what is running").format(verb=self._verb)
        self.widget.setText(words)
        self.widget.setAccessibleName(words)
        self.widget.setToolTip(f"{tip}  {self._keys}".strip())
        self.widget.setIcon(self._icons.icon(icon, "on-accent", on="accent"))
        self.stop.setToolTip(self._stop_tip or tr("Stop"))

    def _make_room(self) -> None:
        """Put the others beside the button, wherever a page has laid it out."""
        parent = self.widget.parentWidget()
        if parent is None or parent is self._place:
            return
        layout = _layout_of(self.widget, parent.layout())
        if layout is None:
            return
        self._place = place = QWidget(parent)
        is_below = isinstance(layout, QBoxLayout) and layout.direction() in _UPRIGHT
        column = QVBoxLayout(place)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        column.addLayout(row)
        layout.replaceWidget(self.widget, place)
        (column if is_below else row).addWidget(self.waiting)
        if self._where is not None:
            row.addWidget(self._where)
        row.addWidget(self.stop)
        row.addWidget(self.widget, 1)
        place.show()


_UPRIGHT = (QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.BottomToTop)


def _layout_of(widget: QWidget, layout: QLayout | None) -> QLayout | None:
    """Return the layout that holds a widget: this one, or one inside it."""
    if layout is None or layout.indexOf(widget) >= 0:
        return layout
    for place in range(layout.count()):
        item = layout.itemAt(place)
        inner = item.layout() if item is not None else None
        if inner is not None and (owner := _layout_of(widget, inner)) is not None:
            return owner
    return None

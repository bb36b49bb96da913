"""List of loaded models with size and users, and a button to unload each."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.meter import Meter
from studio.desktop.widgets.popover import Popover
from studio.desktop.window.activity import Activity
from studio.protocol.device_status import LoadedWeights
from studio.protocol.messages import Status


class MemoryPopover(Popover):
    """Hangs on the memory bar; follows the heartbeat while it is open."""

    def __init__(self, look: Appearance, activity: Activity, window: QWidget) -> None:
        super().__init__(look, window, "", 360)
        self.setAccessibleName(self.tr("Loaded models"))
        self._look, self._activity = look, activity
        self._shown: object = None
        self._title = look.label("", "heading")
        self._figures = look.label("", "small")
        self._meter = Meter(look, self.tr("Memory"), height=6)
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch()
        head.addWidget(self._figures)
        self.body.addLayout(head)
        self.body.addWidget(self._meter)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self.body.addLayout(self._rows)
        more = look.button(self.tr("Details on the Device page"), kind="link")
        more.clicked.connect(self._on_more)
        self.body.addWidget(more, 0, Qt.AlignmentFlag.AlignLeft)
        activity.status_changed.connect(self._show)

    def toggle(self, anchor: QWidget) -> None:
        self._shown = None
        self._fill()
        super().toggle(anchor)

    def _on_more(self) -> None:
        self.dismiss()
        self._activity.show_device()

    def _show(self) -> None:
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        status = self._activity.status
        if status is None:
            return
        total = max(1, status.memory_total)
        self._title.setText(self.tr("Memory"))
        used, whole = phrases.size(status.memory_used), phrases.size(status.memory_total)
        self._figures.setText(self.tr("{used} of {whole}").format(used=used, whole=whole))
        loaded = sum(item.bytes for item in status.loaded)
        rest = max(0, status.memory_used - loaded)
        self._meter.set_parts([(loaded / total, "accent"), (rest / total, "faint")])
        # Rebuilt only when something came or went: a button must not vanish under a click.
        state = [(item.weights, item.bytes, item.users) for item in status.loaded]
        if state != self._shown:
            self._shown = state
            self._rebuild(status)
            self.place()

    def _rebuild(self, status: Status) -> None:
        clear(self._rows)
        for item in status.loaded:
            self._rows.addWidget(self._row(item))
        if not status.loaded:
            text = self.tr("No models are loaded. They are loaded when a job needs them.")
            self._rows.addWidget(self._look.label(text, "small", wrap=True))

    def _row(self, item: LoadedWeights) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._look.icon_label("box", "mute"))
        column = QVBoxLayout()
        column.setSpacing(1)
        title = self._activity.title_of(item.weights)
        column.addWidget(ElidedLabel(title, "strong"))
        about = f"{phrases.size(item.bytes)} · {self._why(item)}"
        column.addWidget(ElidedLabel(about, "small"))
        layout.addLayout(column, 1)
        unload = self._look.button(self.tr("Unload"), small=True)
        unload.setAccessibleName(self.tr("Unload {title}").format(title=title))
        unload.setEnabled(not item.users)
        unload.setToolTip(self.tr("A job is using this model") if item.users else "")
        unload.clicked.connect(lambda: self._unload(item.weights))
        layout.addWidget(unload)
        return row

    def _why(self, item: LoadedWeights) -> str:
        if item.users:
            users = dict.fromkeys(map(self._activity.title_of_job, item.users))
            return self.tr("in use by {users}").format(users=", ".join(users))
        idle = phrases.duration(item.idle_seconds)
        return self.tr("loaded, idle for {time}").format(time=idle)

    def _unload(self, weights: str) -> None:
        self._activity.unload(weights)

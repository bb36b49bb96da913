"""Rows of the Device page: a model in memory, a plugin at work, a line of the log. Shows only."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.base.energy.amount import Amount
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.meter import Meter
from studio.protocol.device_status import LoadedWeights
from studio.runtimes.device.memory_log import MemoryEntry, in_words

_METER = 150
_LOG_ICONS = {
    "loaded": ("circle-check", "good"),
    "evicted": ("arrow-down-to-line", "warn"),
    "parked": ("archive", "warn"),
    "unloaded": ("circle-stop", "mute"),
    "waiting": ("hourglass", "warn"),
    "reduced": ("shrink", "warn"),
}
"""Icon and colour token of what happened to memory."""


class ModelRow(QWidget):
    """Weights in memory: how much, why, and the two things a person may do about it."""

    def __init__(
        self,
        look: Appearance,
        title: str,
        color: str,
        pin: Callable[[bool], None],
        unload: Callable[[], None],
    ) -> None:
        super().__init__()
        self._look, self._color, self._pinned = look, color, False
        self._meter = Meter(look, self.tr("Memory of {title}").format(title=title), width=_METER)
        self._about = ElidedLabel("", "small")
        self._pin = look.icon_button("pin", "")
        self._pin.clicked.connect(lambda: pin(not self._pinned))
        self._unload = look.button(self.tr("Unload"), small=True)
        self._unload.setAccessibleName(self.tr("Unload {title}").format(title=title))
        self._unload.clicked.connect(lambda: unload())
        self._title = title
        row = _lay_out(self, look, "box", color, title, self._about, self._meter)
        row.addWidget(self._pin)
        row.addWidget(self._unload)

    def show_model(self, item: LoadedWeights, total: int, users: str) -> None:
        """Show how the weights are now.

        Args:
            total: Bytes that a full bar stands for.
            users: Who uses them; empty for nobody.
        """
        self._meter.set_parts(
            [(item.bytes / max(1, total), self._color), (item.working / max(1, total), "faint")]
        )
        parts = [phrases.size(item.bytes)]
        if item.working:
            parts.append(self.tr("{size} working memory").format(size=phrases.size(item.working)))
        if item.tier == "memory":
            parts.append(self.tr("in system memory"))
        elif item.tier == "split":
            parts.append(self.tr("partly in system memory"))
        if users:
            parts.append(self.tr("in use by {users}").format(users=users))
        else:
            idle = phrases.duration(item.idle_seconds)
            parts.append(self.tr("loaded, idle for {time}").format(time=idle))
        if item.pinned:
            parts.append(self.tr("pinned"))
        self._about.set_text(" · ".join(parts))
        self._show_pin(item.pinned)
        self._unload.setEnabled(not item.users)
        self._unload.setToolTip(self.tr("A job is using this model") if item.users else "")

    def _show_pin(self, pinned: bool) -> None:
        self._pinned = pinned
        self._pin.setIcon(self._look.icons.icon("pin", "accent" if pinned else "mute"))
        keeps = self.tr("Unpin {title}, so that it can be unloaded when memory is short")
        may_go = self.tr("Pin {title} to keep it loaded")
        tip = (keeps if pinned else may_go).format(title=self._title)
        self._pin.setToolTip(tip)
        self._pin.setAccessibleName(tip)


class PluginRow(QWidget):
    """A plugin: its share of compute time, and its consumption since the start."""

    def __init__(self, look: Appearance, title: str, icon: str, color: str) -> None:
        super().__init__()
        self._color = color
        self._meter = Meter(look, self.tr("Load by {title}").format(title=title), width=_METER)
        self._share = look.label("", "small")
        self._share.setFont(look.fonts.figures(12))
        self._share.setMinimumWidth(44)
        self._share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._about = ElidedLabel("", "small")
        row = _lay_out(self, look, icon, color, title, self._about, self._meter)
        row.addWidget(self._share)

    def show_use(self, share: float, memory: int, amount: Amount) -> None:
        """Show current usage, and consumption since the start."""
        self._meter.set_parts([(share, self._color)])
        self._share.setText(f"{share:.0%}")
        parts = [self.tr("{time} busy").format(time=phrases.duration(amount.busy))]
        if amount.accelerator:
            time = phrases.duration(amount.accelerator)
            parts.append(self.tr("{time} on the graphics card").format(time=time))
        if memory:
            parts.append(self.tr("{size} memory").format(size=phrases.size(memory)))
        if amount.joules:
            parts.append(phrases.amount(amount))
        self._about.set_text(" · ".join(parts))


class LogRow(QWidget):
    """One thing that happened to memory, with its reason."""

    def __init__(self, look: Appearance, entry: MemoryEntry, title: str) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        at = look.label(time.strftime("%H:%M:%S", time.localtime(entry.at)), "small")
        at.setFont(look.fonts.figures(12))
        icon = _LOG_ICONS.get(entry.event.what, ("info", "mute"))
        layout.addWidget(at)
        layout.addWidget(look.icon_label(*icon, 14))
        layout.addWidget(ElidedLabel(in_words(entry.event, title)), 1)


def _lay_out(
    row: QWidget, look: Appearance, icon: str, color: str, title: str, about: QLabel, meter: Meter
) -> QHBoxLayout:
    """Fill ``row``; return its layout, to which buttons may be added."""
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 2, 0, 2)
    layout.setSpacing(10)
    layout.addWidget(look.icon_label(icon, color))
    column = QVBoxLayout()
    column.setSpacing(1)
    column.addWidget(ElidedLabel(title, "strong"))
    column.addWidget(about)
    layout.addLayout(column, 1)
    layout.addWidget(meter)
    return layout

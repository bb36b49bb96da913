"""Status bar indicator and list of attempted connections to other machines."""

from __future__ import annotations

import sys
import time

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.popover import Popover
from studio.desktop.window.activity import Activity
from studio.protocol.connections.watch import Attempt

_SHOWN = 8
"""Of each plugin, the newest."""


class ConnectionLight(QToolButton):
    """Inconspicuous without attempts; a click lists plugin, time and target of each."""

    def __init__(self, look: Appearance, activity: Activity, window: QWidget) -> None:
        super().__init__()
        self._look, self._activity = look, activity
        self._popover = ConnectionList(look, activity, window)
        self.setProperty("kind", "status")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(look.fonts.figures(12))
        self.setIconSize(QSize(18, 14))
        self.setToolTip(self.tr("Connections to other machines since the start"))
        self.clicked.connect(lambda: self._popover.toggle(self))
        activity.connections_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        blocked = self._activity.blocked_connections
        count = self._activity.connections - blocked
        if not count:
            text, icon = self.tr("Offline · 0 connections"), ("wifi-off", "mute")
            if blocked:
                one, many = self.tr("Offline · 1 blocked"), self.tr("Offline · {n} blocked")
                text = one if blocked == 1 else many.format(n=blocked)
                icon = ("wifi-off", "warn")
        else:
            one, many = self.tr("1 connection"), self.tr("{n} connections")
            text = one if count == 1 else many.format(n=count)
            through = [attempt for attempt in self._activity.attempts if not attempt.blocked]
            unasked = any(not attempt.asked for attempt in through)
            icon = ("globe", "warn" if unasked else "accent")
        self.setText(text)
        self.setIcon(self._look.icons.icon(*icon))
        self.setAccessibleName(text)


class ConnectionList(Popover):
    """Attempts by whoever made them, the newest first."""

    def __init__(self, look: Appearance, activity: Activity, window: QWidget) -> None:
        super().__init__(look, window, "", 420)
        self.setAccessibleName(self.tr("Connections"))
        self._look, self._activity = look, activity
        self.body.addWidget(look.label(self.tr("Connections"), "heading"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self.body.addLayout(self._rows)
        words = self.tr(
            "Lists attempts by Offline Studio, its plugins and their libraries to use the network. "
            "On Linux, models and plugins without permission have no network: the system "
            "refuses it."
        )
        if sys.platform != "linux":
            words = self.tr(
                "Counts what the Python code of Offline Studio and its plugins tries to reach on "
                "other machines. On this system, connections by other code are not detected."
            )
        self.body.addWidget(look.label(words, "small", wrap=True))
        activity.connections_changed.connect(self._on_change)

    def toggle(self, anchor: QWidget) -> None:
        self._fill()
        super().toggle(anchor)

    def _on_change(self) -> None:
        if self.isVisible():
            self._fill()
            QTimer.singleShot(0, self, self.place)  # what was added has a size by then

    def _fill(self) -> None:
        clear(self._rows)
        by_whom: dict[str, list[Attempt]] = {}
        for attempt in reversed(self._activity.attempts):
            by_whom.setdefault(self._whom(attempt), []).append(attempt)
        for whom, attempts in by_whom.items():
            self._rows.addWidget(self._group(whom, attempts))
        if not by_whom:
            words = self.tr("Nothing has tried to connect to another machine since the start.")
            self._rows.addWidget(self._look.label(words, wrap=True))

    def _whom(self, attempt: Attempt) -> str:
        if attempt.asked:
            return self.tr("Downloads that you started")
        if attempt.plugin:
            return self._activity.plugin_title(attempt.plugin)
        return attempt.library or self.tr("Offline Studio itself")

    def _group(self, whom: str, attempts: list[Attempt]) -> QWidget:
        group = QWidget()
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        words = f"{whom} · {len(attempts)}"
        if all(item.blocked for item in attempts):
            one = self.tr("Blocked 1 attempt to use the network by {name}")
            many = self.tr("Blocked {n} attempts to use the network by {name}")
            words = (one if len(attempts) == 1 else many).format(n=len(attempts), name=whom)
        column.addWidget(self._look.label(words, "strong", wrap=True))
        for attempt in attempts[:_SHOWN]:
            column.addLayout(self._line(attempt))
        if (more := len(attempts) - _SHOWN) > 0:
            words = self.tr("{n} more before that")
            column.addWidget(self._look.label(words.format(n=more), "small"))
        return group

    def _line(self, attempt: Attempt) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(10)
        at = self._look.label(time.strftime("%H:%M:%S", time.localtime(attempt.at)), "small")
        at.setFont(self._look.fonts.figures(12))
        line.addWidget(at)
        address = attempt.address or self.tr("a network socket")
        line.addWidget(ElidedLabel(address), 1)
        if attempt.blocked:
            line.addWidget(self._look.label(self.tr("blocked"), "good"))
        elif not attempt.asked:
            line.addWidget(self._look.label(self.tr("not blocked"), "warn"))
        return line

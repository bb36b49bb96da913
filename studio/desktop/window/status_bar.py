"""The slim bar below: device, memory, jobs, runtime. Draws from ``Activity`` and asks it to act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from studio.api.window.figures import localised
from studio.desktop import phrases as words
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.appearance.language import declared
from studio.desktop.widgets.meter import Meter
from studio.desktop.window.activity import Activity
from studio.desktop.window.connection_light import ConnectionLight
from studio.desktop.window.memory_popover import MemoryPopover
from studio.protocol.messages import Status
from studio.protocol.states import JobState

if TYPE_CHECKING:
    from studio.jobs.job import Job

HEIGHT = 32
_CROWDED = 0.8
_METER, _PADDING, _LONGEST = 84, 8, 340
"""Pixels of the memory: its bar, around its parts, and its words at most."""


class StatusBar(QFrame):
    """One line that is always true.

    Signals:
        jobs_clicked: The user wants the job drawer.
        panel_clicked: The user wants the parameter panel in or out.
    """

    jobs_clicked = Signal()
    panel_clicked = Signal()

    def __init__(self, look: Appearance, activity: Activity, window: QWidget) -> None:
        super().__init__()
        self.setObjectName("statusBar")
        self.setFixedHeight(HEIGHT)
        self._look, self._activity = look, activity
        self._runtime = _Runtime(look, activity)
        self._memory = _Memory(look, activity, window)
        self._jobs = _Jobs(look, activity)
        self._jobs.clicked.connect(self.jobs_clicked)
        self.panel_button = look.icon_button("panel-right", self.tr("Parameters  Ctrl+\\"))
        self.panel_button.setProperty("kind", "tiny")
        self.panel_button.clicked.connect(self.panel_clicked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 10, 0)
        layout.setSpacing(10)
        layout.addWidget(self._runtime)
        layout.addWidget(self._memory)
        layout.addWidget(_Server(look, activity))
        layout.addStretch()
        layout.addWidget(ConnectionLight(look, activity, window))
        layout.addWidget(self._jobs)
        layout.addWidget(self.panel_button)

    def show_memory(self) -> None:
        """Open or close what tells of the memory."""
        self._memory.click()


class _Runtime(QWidget):
    """Device and threads in normal operation; else the problem and its remedy."""

    def __init__(self, look: Appearance, activity: Activity) -> None:
        super().__init__()
        self._activity = activity
        self._icon = look.icon_label("circle-dot", "mute", 14)
        self._text = look.label("", "small")
        self._text.setFont(look.fonts.figures(12))
        self._restart = look.button(self.tr("Restart"), "rotate-cw", small=True)
        self._restart.setProperty("density", "status")
        self._restart.clicked.connect(self._on_restart)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(7)
        for widget in (self._icon, self._text, self._restart):
            layout.addWidget(widget)
        activity.runtime_changed.connect(self._show)
        activity.status_changed.connect(self._show)
        self._show()

    def _on_restart(self) -> None:
        self._activity.restart()

    def _show(self) -> None:
        state, reason = self._activity.runtime_state, self._activity.runtime_reason
        icon, color, text = {
            "off": ("circle", "faint", self.tr("Runtime off; starts when it is needed")),
            "starting": ("loader", "accent", self.tr("Runtime is starting…")),
            "ready": ("circle-dot", "good", self._device(self._activity.status)),
            "stopping": ("loader", "mute", self.tr("Runtime is stopping…")),
            "dead": (
                "triangle-alert",
                "bad",
                self.tr("Runtime crashed: {reason}").format(reason=reason),
            ),
            "given_up": (
                "triangle-alert",
                "bad",
                self.tr("Runtime stopped: {reason}").format(reason=reason),
            ),
        }[state]
        self._icon.set_icon(icon, color)
        self._text.setText(text)
        restyle(self._text, "role", "bad" if color == "bad" else "small")
        self._text.setToolTip(reason)
        self._restart.setVisible(state in ("dead", "given_up"))
        self.setAccessibleName(text)

    def _device(self, status: Status | None) -> str:
        if status is None:
            return self.tr("Ready")
        name = declared(status.device_name) or status.device
        if status.device != "cpu" or not status.memory_total:  # none: it is still looking
            return name
        one = self.tr("{name} · 1 thread")
        many = self.tr("{name} · {count} threads")
        text = one if status.threads == 1 else many
        return text.format(name=status.device, count=status.threads)


class _Memory(QToolButton):
    """The memory bar; a click lists the loaded models and their users."""

    def __init__(self, look: Appearance, activity: Activity, window: QWidget) -> None:
        super().__init__()
        self._activity = activity
        self._popover = MemoryPopover(look, activity, window)
        self.setProperty("kind", "status")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._meter = Meter(look, self.tr("Memory"), width=_METER)
        self._text = look.label("", "small")
        self._text.setFont(look.fonts.figures(12))
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._words, self._least, self._most = "", 0, 0
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_PADDING, 0, _PADDING, 0)
        layout.setSpacing(_PADDING)
        layout.addWidget(self._meter)
        layout.addWidget(self._text, 1)
        for part in (self._meter, self._text):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.clicked.connect(lambda: self._popover.toggle(self))
        activity.status_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        status = self._activity.status
        is_known = status is not None and status.memory_total > 0
        self.setVisible(is_known)
        if status is None or not is_known:
            self._popover.dismiss()
            return
        share = status.memory_used / status.memory_total
        self._meter.set_parts([(share, "warn" if share > _CROWDED else "accent")])
        figures = localised(f"{status.memory_used / 1e9:.1f} / {status.memory_total / 1e9:.0f} GB")
        loaded = ", ".join(self._activity.title_of(item.weights) for item in status.loaded)
        metrics = self._text.fontMetrics()
        self._least = metrics.horizontalAdvance(figures)
        self._words = f"{figures}   {loaded}" if loaded else figures
        self._most = min(metrics.horizontalAdvance(self._words), _LONGEST)
        self._fit()
        self.updateGeometry()
        self.setAccessibleName(self.tr("Memory {figures}").format(figures=figures))
        self.setToolTip(self.tr("Loaded models"))

    def sizeHint(self) -> QSize:
        return QSize(self._most + _METER + 3 * _PADDING, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._least + _METER + 3 * _PADDING, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show as many names of models as there is room for."""
        room = self.width() - _METER - 3 * _PADDING
        self._text.setText(
            self._text.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        )


class _Server(QWidget):
    """Says that the local server is on; while it is off there is nothing to see."""

    def __init__(self, look: Appearance, activity: Activity) -> None:
        super().__init__()
        self._activity = activity
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(7)
        layout.addWidget(look.icon_label("server", "accent", 14))
        layout.addWidget(look.label(self.tr("Local server is on"), "small"))
        activity.server_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        address = self._activity.server
        self.setVisible(bool(address))
        words = self.tr("Programs on this machine can generate text at {address}. See Settings.")
        self.setToolTip(words.format(address=address))
        self.setAccessibleName(words.format(address=address))


class _Jobs(QWidget):
    """How many jobs there are, how far the first one is, and Stop.

    Signals:
        clicked: The user wants to see them all.
    """

    clicked = Signal()

    def __init__(self, look: Appearance, activity: Activity) -> None:
        super().__init__()
        self._look, self._activity = look, activity
        self._job: Job | None = None
        self._count = QToolButton()
        self._count.setProperty("kind", "status")
        self._count.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._count.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._count.setCursor(Qt.CursorShape.PointingHandCursor)
        self._count.setFont(look.fonts.figures(12))
        self._count.setIconSize(QSize(18, 14))
        self._count.setToolTip(self.tr("Jobs  Ctrl+J"))
        self._count.clicked.connect(self.clicked)
        self._meter = Meter(look, self.tr("Progress"), width=84)
        self._stop = look.icon_button("circle-stop", self.tr("Stop this job"), color="text")
        self._stop.setProperty("kind", "tiny")
        self._stop.clicked.connect(self._on_stop)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self._meter, self._count, self._stop):
            layout.addWidget(widget)
        activity.jobs_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        live = self._activity.live()
        running = [job for job in live if job.state is JobState.RUNNING]
        self._job = current = next(iter(running or live), None)
        share = current.share if current is not None else None
        self._meter.setVisible(share is not None)
        self._stop.setVisible(current is not None)
        icon = ("activity", "accent") if live else ("list-checks", "mute")
        self._count.setIcon(self._look.icons.icon(*icon))
        if current is None:
            self._count.setText(self.tr("No jobs"))
            self._count.setAccessibleName(self._count.text())
            return
        parts = [self.tr("1 job") if len(live) == 1 else self.tr("{n} jobs").format(n=len(live))]
        if share is not None:
            self._meter.set_parts([(share, "accent")])
            parts.append(f"{share:.0%}")
        if current.seconds_left is not None:
            parts.append(words.duration(current.seconds_left))
        self._count.setText(" · ".join(parts))
        self._count.setAccessibleName(" ".join(parts))
        self._stop.setToolTip(self.tr("Stop {title}").format(title=current.title))

    def _on_stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

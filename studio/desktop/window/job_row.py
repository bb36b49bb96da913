"""Row of one job in the drawer: activity, time left; position in the queue, pause, stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import Menu
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.meter import Meter
from studio.desktop.window.activity import Activity
from studio.protocol.states import JobState, Priority

if TYPE_CHECKING:
    from studio.jobs.job import Job

_GRIP = Qt.CursorShape.OpenHandCursor


class JobRow(QWidget):
    """One job.

    Attributes:
        job: The job as it is now.
        is_dragged: Whether the user holds it.

    Signals:
        dragged, dropped: It is held, or was let go, at a height in global pixels.
    """

    dragged = Signal(int)
    dropped = Signal(int)

    def __init__(self, look: Appearance, job: Job, activity: Activity) -> None:
        super().__init__()
        self.job, self._icons, self._activity = job, look.icons, activity
        self._look, self._pressed = look, QPoint()
        self.is_dragged = False
        self._grip = look.icon_label("grip-vertical", "mute", 12)
        policy = self._grip.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # all rows begin at one line
        self._grip.setSizePolicy(policy)
        self._icon = look.icon_label(*look.kinds.icon(job.kind), 18)
        self._title = ElidedLabel(job.title, "strong")
        self._state_icon = look.icon_label("clock", "mute", 14)
        self._state = ElidedLabel("", "small")
        self._meter = Meter(look, self.tr("Progress"), width=150)
        self._figures = look.label("", "small")
        self._figures.setFont(look.fonts.figures(12))
        self._figures.setMinimumWidth(110)
        self._figures.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._first = look.icon_button("arrow-up-to-line", self.tr("Move to front of queue"))
        self._up = look.icon_button("arrow-up", self.tr("Move up"))
        self._down = look.icon_button("arrow-down", self.tr("Move down"))
        self._retry = look.icon_button("rotate-cw", self.tr("Retry"))
        self._pause = look.icon_button("pause", self.tr("Pause"))
        self._more = look.icon_button("ellipsis", self.tr("Order and priority"))
        self._stop = look.icon_button("circle-stop", self.tr("Stop"))
        self._more.clicked.connect(lambda: self._open_menu(self._more))
        self._first.clicked.connect(self._on_first)
        self._up.clicked.connect(lambda: self._move(-1))
        self._down.clicked.connect(lambda: self._move(1))
        self._retry.clicked.connect(self._on_retry)
        self._pause.clicked.connect(self._on_pause)
        self._stop.clicked.connect(self._on_stop)
        self._lay_out()

    def show_job(self, job: Job) -> None:
        """Show the job as it is now."""
        self.job = job
        icon, color = phrases.STATE_ICON[job.state]
        self._state_icon.set_icon(icon, color)
        words = phrases.job(job.state, job.detail, job.stopping)
        self._state.set_text(words)
        self._show_share(job)
        paused = job.state is JobState.PAUSED
        self._pause.setIcon(self._icons.icon("play" if paused else "pause", "mute"))
        self._pause.setToolTip(self.tr("Resume") if paused else self.tr("Pause"))
        self._pause.setAccessibleName(self._pause.toolTip())
        queue = self._activity.queue
        order = queue.waiting() if queue else []
        place = order.index(job) if job in order else -1
        is_paused_with_all = place >= 0 and queue is not None and queue.paused and not job.held
        waits = job.state in (JobState.QUEUED, JobState.WAITING)
        self._first.setVisible(place > 0 or (waits and not job.is_row))
        self._up.setVisible(place > 0)
        self._down.setVisible(0 <= place < len(order) - 1)
        pausable = job.state in (JobState.RUNNING, JobState.PAUSED) or place >= 0
        self._pause.setVisible(pausable and not is_paused_with_all)
        self._retry.setVisible(job.can_retry)
        self._stop.setVisible(job.is_live)
        self._stop.setEnabled(not job.stopping)
        self._more.setVisible(place >= 0)
        self._grip.setVisible(place >= 0 and len(order) > 1)
        self.setCursor(_GRIP if self._grip.isVisibleTo(self) else Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(f"{job.title}, {words}")

    def _show_share(self, job: Job) -> None:
        share = job.share if job.is_live else None
        self._meter.setVisible(share is not None)
        written = self._written(job) if share is None else ""
        self._figures.setVisible(share is not None or bool(written))
        self._figures.setText(written)
        if share is not None:
            color = "warn" if job.state is JobState.PAUSED else "accent"
            self._meter.set_parts([(share, color)])
            left = (
                f" · {phrases.duration(job.seconds_left)}" if job.seconds_left is not None else ""
            )
            self._figures.setText(f"{share:.0%}{left}")

    def _written(self, job: Job) -> str:
        """Return how much a job has written, and for how long, where nobody knows the end."""
        if job.state is not JobState.RUNNING or job.started is None:
            return ""
        elapsed = phrases.duration(time.time() - job.started)
        if not job.tokens:
            return elapsed
        words = self.tr("1 token") if job.tokens == 1 else self.tr("{count} tokens")
        return f"{words.format(count=f'{job.tokens:,}')} · {elapsed}"

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 6)
        layout.setSpacing(12)
        layout.addWidget(self._grip)
        layout.addWidget(self._icon)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._title)
        state = QHBoxLayout()
        state.setSpacing(6)
        state.addWidget(self._state_icon)
        state.addWidget(self._state, 1)
        column.addLayout(state)
        layout.addLayout(column, 1)
        layout.addWidget(self._meter)
        layout.addWidget(self._figures)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        order = (self._first, self._up, self._down, self._more)
        for button in (*order, self._retry, self._pause, self._stop):
            buttons.addWidget(button)
            button.installEventFilter(self)
        layout.addLayout(buttons)

    def _on_first(self) -> None:
        self.job.promote()

    def _move(self, by: int) -> None:
        if queue := self._activity.queue:
            order = queue.waiting()
            if self.job in order:
                queue.move(self.job, order.index(self.job) + by)

    def _on_retry(self) -> None:
        if queue := self._activity.queue:
            queue.retry([self.job])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Alt+Up and Alt+Down move it in the queue, from whichever of its buttons has the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step and event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self._move(step)
                return True
        return super().eventFilter(watched, event)

    def _on_stop(self) -> None:
        self.job.cancel()

    def _on_pause(self) -> None:
        if self.job.state is JobState.PAUSED:
            self.job.resume()
        else:
            self.job.pause()

    # --- its place ----------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._more.isVisible():
            self._open_menu(self._more)

    def _open_menu(self, beside: QWidget) -> None:
        queue, job = self._activity.queue, self.job
        if queue is None:
            return
        menu = Menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        icons = self._look.icons
        first = menu.addAction(icons.icon("arrow-up-to-line"), self.tr("Run next"))
        first.triggered.connect(lambda: queue.move(job, 0))
        menu.addSection(self.tr("Priority"))
        for priority, words in (
            (Priority.INTERACTIVE, self.tr("High")),
            (Priority.NORMAL, self.tr("Normal")),
            (Priority.BACKGROUND, self.tr("Low: when nothing else waits")),
        ):
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(job.recipe.priority is priority)
            action.triggered.connect(
                lambda _on=False, priority=priority: queue.prioritise(job, priority)
            )
        menu.addSeparator()
        away = menu.addAction(icons.icon("x"), self.tr("Remove from queue"))
        away.triggered.connect(lambda: job.cancel())
        menu.popup(beside.mapToGlobal(beside.rect().bottomLeft()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._grip.isVisible():
            self._pressed = event.globalPosition().toPoint()
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.globalPosition().toPoint()
        far = (at - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if event.buttons() & Qt.MouseButton.LeftButton and not self._pressed.isNull() and far:
            self.is_dragged = True
        if self.is_dragged:
            self.dragged.emit(at.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = QPoint()
        if self.is_dragged:
            self.is_dragged = False
            self.dropped.emit(event.globalPosition().toPoint().y())

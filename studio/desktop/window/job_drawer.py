"""All jobs, over the status bar: what each does, how long yet; pause, stop, first. No policy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QObject,
    QPropertyAnimation,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.desktop import formatting
from studio.desktop.appearance.appearance import Appearance, line
from studio.desktop.widgets.contents import taken
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.meter import Meter
from studio.desktop.window.activity import Activity
from studio.protocol.states import JobState

if TYPE_CHECKING:
    from studio.core.jobs.job import Job

_HEIGHT = 300


class JobDrawer(QFrame):
    """Slides up over the page.

    Signals:
        moved: It covers more or less than before.
    """

    moved = Signal()

    def __init__(self, look: Appearance, activity: Activity, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("drawer")
        self.setAccessibleName(self.tr("Jobs"))
        self._look, self._activity = look, activity
        self._rows: dict[str, _Row] = {}
        self._order: list[str] | None = None
        """Ids as they are shown; None before anything is."""
        self._spot = QRect()
        self._slide = QPropertyAnimation(self, b"geometry", self)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self.hide()
        self._list = QVBoxLayout()
        self._list.setContentsMargins(20, 4, 14, 12)
        self._list.setSpacing(2)
        self._empty = look.label(self.tr("No jobs yet. Running jobs appear here."), "mute")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._history = look.label(self.tr("Finished"), "section")
        self._lay_out()
        activity.jobs_changed.connect(self._on_jobs)

    # --- opening ------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Open the drawer, or close it."""
        if self.isVisible():
            self.dismiss()
        else:
            self.open()

    def open(self) -> None:
        """Slide up and take the keyboard."""
        self._fill()
        self.show()
        self.raise_()
        self._close.setFocus(Qt.FocusReason.PopupFocusReason)
        below = QRect(
            self._spot.left(), self._spot.bottom(), self._spot.width(), self._spot.height()
        )
        self._slide.stop()
        if self._look.theme.motion():
            self._slide.setDuration(self._look.theme.motion())
            self._slide.setStartValue(below)
            self._slide.setEndValue(self._spot)
            self._slide.start()
        else:
            self.setGeometry(self._spot)
        self.moved.emit()

    def dismiss(self) -> None:
        """Close."""
        self._slide.stop()
        self.hide()
        self.moved.emit()

    def covered(self) -> int:
        """Return how many pixels above the status bar are covered."""
        return self._spot.height() if self.isVisible() else 0

    def place(self, left: int, bottom: int, right: int) -> None:
        """Take the room between ``left`` and ``right`` that ends at ``bottom``."""
        height = min(_HEIGHT, bottom - 60)
        self._spot = QRect(left, bottom - height, right - left, height)
        if self._slide.state() is not QPropertyAnimation.State.Running:
            self.setGeometry(self._spot)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    # --- rows ---------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(20, 10, 12, 8)
        head.addWidget(self._look.label(self.tr("Jobs"), "heading"))
        head.addStretch()
        self._hold = self._look.button(self.tr("Pause queue"), "pause", kind="ghost", small=True)
        self._hold.clicked.connect(self._on_hold)
        head.addWidget(self._hold)
        self._retry = self._look.button(
            self.tr("Retry failed"), "rotate-cw", kind="ghost", small=True
        )
        self._retry.clicked.connect(self._on_retry)
        head.addWidget(self._retry)
        self._clear = self._look.button(self.tr("Clear finished"), kind="ghost", small=True)
        self._clear.clicked.connect(self._activity.forget_over)
        head.addWidget(self._clear)
        self._close = self._look.icon_button("chevron-down", self.tr("Close  Esc"))
        self._close.clicked.connect(self.dismiss)
        head.addWidget(self._close)
        layout.addLayout(head)
        layout.addWidget(line())
        inside = QWidget()
        inside.setLayout(self._list)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        layout.addWidget(area, 1)

    def _on_jobs(self) -> None:
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        live, over = self._activity.live(), self._activity.over()
        wanted = [job.id for job in (*live, *over)]
        if wanted != self._order:
            self._order = wanted
            self._rebuild(live, over)
        for job in (*live, *over):
            self._rows[job.id].show_job(job)
        self._clear.setVisible(bool(over))
        self._retry.setVisible(sum(job.can_retry for job in over) > 1)
        queue = self._activity.queue
        paused = queue is not None and queue.paused
        self._hold.setVisible(paused or any(job.is_row for job in live))
        self._hold.setText(self.tr("Resume queue") if paused else self.tr("Pause queue"))
        self._hold.setIcon(self._look.icons.icon("play" if paused else "pause", "text"))

    def _on_hold(self) -> None:
        if queue := self._activity.queue:
            if queue.paused:
                queue.resume()
            else:
                queue.pause()

    def _on_retry(self) -> None:
        if queue := self._activity.queue:
            queue.retry_failed()

    def _rebuild(self, live: Sequence[Job], over: Sequence[Job]) -> None:
        focused = self.focusWidget()
        for widget in taken(self._list):
            widget.setParent(None)  # rows that stay are put back below
        kept, self._rows = self._rows, {}
        for job in live:
            self._place_row(kept, job)
        if not live:
            self._list.addWidget(self._empty)
            self._empty.setMinimumHeight(64)
            self._empty.show()
        if over:
            self._list.addWidget(self._history)
            self._history.setContentsMargins(0, 10, 0, 4)
            self._history.show()
        for job in over:
            self._place_row(kept, job)
        self._list.addStretch()
        for gone in kept.keys() - self._rows.keys():
            kept[gone].deleteLater()
        if focused is not None and self.isAncestorOf(focused):
            focused.setFocus()  # so that a row can be moved on

    def _place_row(self, kept: dict[str, _Row], job: Job) -> None:
        row = kept.get(job.id) or _Row(self._look, job, self._activity)
        self._rows[job.id] = row
        self._list.addWidget(row)
        row.show()


class _Row(QWidget):
    """One job."""

    def __init__(self, look: Appearance, job: Job, activity: Activity) -> None:
        super().__init__()
        self._job, self._icons, self._activity = job, look.icons, activity
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
        self._stop = look.icon_button("circle-stop", self.tr("Stop"))
        self._first.clicked.connect(self._on_first)
        self._up.clicked.connect(lambda: self._move(-1))
        self._down.clicked.connect(lambda: self._move(1))
        self._retry.clicked.connect(self._on_retry)
        self._pause.clicked.connect(self._on_pause)
        self._stop.clicked.connect(self._on_stop)
        self._lay_out()

    def show_job(self, job: Job) -> None:
        """Show the job as it is now."""
        self._job = job
        icon, color = formatting.STATE_ICON[job.state]
        self._state_icon.set_icon(icon, color)
        self._state.set_text(job.words)
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
        self.setAccessibleName(f"{job.title}, {job.words}")

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
                f" · {formatting.duration(job.seconds_left)}"
                if job.seconds_left is not None
                else ""
            )
            self._figures.setText(f"{share:.0%}{left}")

    def _written(self, job: Job) -> str:
        """Return how much a job has written, and for how long, where nobody knows the end."""
        if job.state is not JobState.RUNNING or job.started is None:
            return ""
        elapsed = formatting.duration(time.time() - job.started)
        if not job.tokens:
            return elapsed
        words = self.tr("1 token") if job.tokens == 1 else self.tr("{count} tokens")
        return f"{words.format(count=f'{job.tokens:,}')} · {elapsed}"

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 6)
        layout.setSpacing(12)
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
        for button in (self._first, self._up, self._down, self._retry, self._pause, self._stop):
            buttons.addWidget(button)
            button.installEventFilter(self)
        layout.addLayout(buttons)

    def _on_first(self) -> None:
        self._job.promote()

    def _move(self, by: int) -> None:
        if queue := self._activity.queue:
            order = queue.waiting()
            if self._job in order:
                queue.move(self._job, order.index(self._job) + by)

    def _on_retry(self) -> None:
        if queue := self._activity.queue:
            queue.retry([self._job])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Alt+Up and Alt+Down move it in the queue, from whichever of its buttons has the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step and event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self._move(step)
                return True
        return super().eventFilter(watched, event)

    def _on_stop(self) -> None:
        self._job.cancel()

    def _on_pause(self) -> None:
        if self._job.state is JobState.PAUSED:
            self._job.resume()
        else:
            self._job.pause()

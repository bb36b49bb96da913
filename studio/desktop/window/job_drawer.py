"""All jobs, over the status bar: what each does, how long yet; pause, stop, first. No policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEasingCurve,
    QPoint,
    QPropertyAnimation,
    QRect,
    Qt,
    QTime,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance, line
from studio.desktop.widgets.contents import taken
from studio.desktop.window.activity import Activity
from studio.desktop.window.confirmation import show_confirm
from studio.desktop.window.job_row import JobRow

if TYPE_CHECKING:
    from studio.jobs.job import Job

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
        self._rows: dict[str, JobRow] = {}
        self._order: list[str] | None = None
        """Ids as they are shown; None before anything is."""
        self._spot = QRect()
        self._slide = QPropertyAnimation(self, b"geometry", self)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self.hide()
        self._list = QVBoxLayout()
        self._list.setContentsMargins(2, 4, 14, 12)
        self._list.setSpacing(2)
        self._empty = look.label(self.tr("No jobs yet. Running jobs appear here."), "mute")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._history = look.label(self.tr("Finished"), "section")
        for spare in (self._empty, self._history):
            spare.setParent(self)
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
        self._until = self._look.label("", "small")
        head.addSpacing(12)
        head.addWidget(self._until)
        head.addStretch()
        self._stop = self._look.button(self.tr("Stop all"), "circle-stop", kind="ghost", small=True)
        self._stop.clicked.connect(self._on_stop)
        head.addWidget(self._stop)
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
        self._line = line()  # where a row would come that is dragged
        self._line.setParent(inside)
        self._line.setFixedHeight(2)
        self._line.setStyleSheet("background: palette(highlight)")
        self._line.hide()
        self._area = area = QScrollArea()
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
        is_dragged = any(row.is_dragged for row in self._rows.values())
        if wanted != self._order and is_dragged:
            return  # a row that is held stays in hand
        if wanted != self._order:
            self._order = wanted
            self._rebuild(live, over)
        for job in (*live, *over):
            self._rows[job.id].show_job(job)
        self._show_until(live)
        self._stop.setVisible(len(live) > 1)
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

    def _show_until(self, live: Sequence[Job]) -> None:
        """Say how long all of it will take, where anything is known of that."""
        left, queue = self._activity.to_end() if live else None, self._activity.queue
        if left is None:
            self._until.setText("")
            return
        waits = queue is not None and queue.paused
        ends = None if waits else QTime.currentTime().addSecs(round(left.seconds))
        self._until.setText(phrases.to_end(left.seconds, left.unknown, ends))

    def _on_stop(self) -> None:
        """Stop all of it, once that is confirmed: what waits is gone then."""
        count = len(self._activity.live())
        show_confirm(
            self._look,
            self.window(),
            self.tr("Stop all {n} jobs?").format(n=count),
            self.tr("What waits is removed from the queue. Results finished so far are kept."),
            self.tr("Stop all"),
            self._activity.cancel_all,
            danger=True,
        )

    def _on_retry(self) -> None:
        if queue := self._activity.queue:
            queue.retry_failed()

    def _rebuild(self, live: Sequence[Job], over: Sequence[Job]) -> None:
        focused = self.focusWidget()
        for widget in taken(self._list):
            widget.setParent(self)  # hidden; what stays is put back below
        previous, self._rows = self._rows, {}
        for job in live:
            self._place_row(previous, job)
        if not live:
            self._list.addWidget(self._empty)
            self._empty.setMinimumHeight(64)
        if over:
            self._list.addWidget(self._history)
            self._history.setContentsMargins(18, 10, 0, 4)
        self._empty.setVisible(not live)  # one that lies in no layout would show with its parent
        self._history.setVisible(bool(over))
        for job in over:
            self._place_row(previous, job)
        self._list.addStretch()
        for gone in previous.keys() - self._rows.keys():
            previous[gone].deleteLater()
        if focused is not None and self.isAncestorOf(focused):
            focused.setFocus()  # so that a row can be moved on

    def _place_row(self, previous: dict[str, JobRow], job: Job) -> None:
        row = previous.get(job.id)
        if row is None:
            row = JobRow(self._look, job, self._activity)
            row.dragged.connect(self._on_dragged)
            row.dropped.connect(lambda y, id=job.id: self._on_dropped(id, y))
        self._rows[job.id] = row
        self._list.addWidget(row)
        row.show()

    # --- dragging -----------------------------------------------------------------------------

    def _on_dragged(self, y: int) -> None:
        """Show where a row would come if it were let go."""
        place, rows = self._place_at(y), self._waiting_rows()
        below = place == len(rows)
        beside = rows[-1] if below else rows[place]
        top = beside.geometry().bottom() + 1 if below else beside.y() - 1
        self._line.setGeometry(beside.x(), top, beside.width(), 2)
        self._line.show()
        self._line.raise_()
        self._area.ensureVisible(0, top, 0, 30)

    def _on_dropped(self, id: str, y: int) -> None:
        """Put a row where the line is."""
        self._line.hide()
        queue, job = self._activity.queue, self._rows[id].job
        order = queue.waiting() if queue else []
        at = self._place_at(y) if job in order else -1
        if queue is not None and at >= 0:
            queue.move(job, at - (order.index(job) < at))
        self._fill()

    def _place_at(self, y: int) -> int:
        """Return how many of the rows that wait lie above a height, in global pixels."""
        return sum(
            row.mapToGlobal(QPoint(0, row.height() // 2)).y() < y for row in self._waiting_rows()
        )

    def _waiting_rows(self) -> list[JobRow]:
        queue = self._activity.queue
        waiting = queue.waiting() if queue else []
        return [self._rows[job.id] for job in waiting if job.id in self._rows]

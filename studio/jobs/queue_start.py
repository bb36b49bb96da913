"""What becomes of the queue when a studio starts: it goes on, asks, or waits."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from studio.base.notices import Action, Notices
from studio.base.settings import Settings
from studio.jobs.job import Job
from studio.jobs.job_queue import JobQueue
from studio.library.rows import JobEntry

QUEUE_START = "queue.start"
"""Setting: a ``QueueStart``."""
NOTICE = "queue"


class QueueStart(StrEnum):
    """The treatment of jobs that waited when the last studio ended."""

    GO_ON = "go_on"
    """What was queued was wanted; what may have brought the studio down is not among it."""
    ASK = "ask"
    WAIT = "wait"


def how(settings: Settings) -> QueueStart:
    """Return the user's choice."""
    chosen = settings.get(QUEUE_START, QueueStart.GO_ON.value)
    return QueueStart(chosen) if chosen in set(QueueStart) else QueueStart.GO_ON


def tell_lost(queue: JobQueue, notices: Notices, attended: bool, lost: Sequence[JobEntry]) -> None:
    """Say that jobs were cut short, and offer to try them again where somebody can press that."""
    if not lost:
        return
    tr = notices.tr
    again = [entry.id for entry in lost if entry.request is not None]
    retry = Action(tr("Retry"), lambda: queue.retry_failed(again))
    if len(lost) == 1:
        words = tr("Offline Studio closed while 1 job was running.")
    else:
        words = tr("Offline Studio closed while {n} jobs were running.").format(n=len(lost))
    notices.info(
        words,
        tr("Finished results were saved. Start unfinished jobs again."),
        key="settled",
        actions=(retry,) if again and attended else (),
    )


def take_up(queue: JobQueue, start: QueueStart, notices: Notices, waiting: Sequence[Job]) -> None:
    """Begin a session with the rows of the last one, and say what becomes of them."""
    if not waiting:
        return
    tr, count = notices.tr, len(waiting)
    one = count == 1
    asks = start is QueueStart.ASK and not queue.paused
    if start is not QueueStart.GO_ON:
        queue.pause()
    hint = ""
    actions: tuple[Action, ...]
    if asks:
        words = (
            tr("1 job from the last session is still in the queue.")
            if one
            else tr("{n} jobs from the last session are still in the queue.")
        )
        hint = tr("Run it now?") if one else tr("Run them now?")
        actions = (
            Action(tr("Run"), queue.resume),
            Action(tr("Keep waiting"), lambda: None),
        )
    elif queue.paused:
        words = (
            tr("The queue is paused. 1 job is waiting.")
            if one
            else tr("The queue is paused. {n} jobs are waiting.")
        )
        actions = (Action(tr("Resume"), queue.resume),)
    else:
        words = (
            tr("Continuing with 1 job from the last session.")
            if one
            else tr("Continuing with {n} jobs from the last session.")
        )
        actions = (Action(tr("Pause"), queue.pause),)
    notices.info(words.format(n=count), hint, key=NOTICE, actions=actions)

"""What becomes of the queue when a studio starts: it goes on, asks, or waits."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from studio.core.jobs.job import Job
from studio.core.jobs.job_queue import JobQueue
from studio.core.library.rows import JobEntry
from studio.core.notices import Action, Notices
from studio.core.settings import Settings

QUEUE_START = "queue.start"
"""Setting: a ``QueueStart``."""
NOTICE = "queue"


class QueueStart(StrEnum):
    """What is done with jobs that waited when the last studio ended."""

    GO_ON = "go_on"
    """What was queued was wanted; what may have brought the studio down is not among it."""
    ASK = "ask"
    WAIT = "wait"


def how(settings: Settings) -> QueueStart:
    """Return what the user chose."""
    chosen = settings.get(QUEUE_START, QueueStart.GO_ON.value)
    return QueueStart(chosen) if chosen in set(QueueStart) else QueueStart.GO_ON


def tell_lost(queue: JobQueue, notices: Notices, attended: bool, lost: Sequence[JobEntry]) -> None:
    """Say that jobs were cut short, and offer to try them again where somebody can press that."""
    if lost:
        again = [entry.id for entry in lost if entry.request is not None]
        jobs = "1 job was" if len(lost) == 1 else f"{len(lost)} jobs were"
        notices.info(
            f"Offline Studio closed while {jobs} running.",
            "Finished results were saved. Start unfinished jobs again.",
            key="settled",
            actions=(Action("Retry", lambda: queue.retry_failed(again)),)
            if again and attended
            else (),
        )


def take_up(queue: JobQueue, start: QueueStart, notices: Notices, waiting: Sequence[Job]) -> None:
    """Begin a session with the rows of the last one, and say what becomes of them."""
    if not waiting:
        return
    many = len(waiting) > 1
    jobs = f"{len(waiting)} jobs" if many else "1 job"
    asks = start is QueueStart.ASK and not queue.paused
    if start is not QueueStart.GO_ON:
        queue.pause()
    if asks:
        notices.info(
            f"{jobs} from the last session {'are' if many else 'is'} still in the queue.",
            "Run them now?" if many else "Run it now?",
            key=NOTICE,
            actions=(Action("Run", queue.resume), Action("Keep waiting", lambda: None)),
        )
    elif queue.paused:
        notices.info(
            f"The queue is paused. {jobs} {'are' if many else 'is'} waiting.",
            key=NOTICE,
            actions=(Action("Resume", queue.resume),),
        )
    else:
        notices.info(
            f"Continuing with {jobs} from the last session.",
            key=NOTICE,
            actions=(Action("Pause", queue.pause),),
        )

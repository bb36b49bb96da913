"""A session of a queue that faults are done to, and what it had promised by then.

Run as ``python queue_life.py HOME PROMISES``: each line of the second file was written after what
it says had returned from the disk.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from studio.jobs.resolver import Resolver
from studio.jobs.store import LibraryJobStore
from studio.library.storage import reserved_space
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState, Priority
from studio.testing.scripted import Fail
from tests.unit.jobs.queue_desk import MAKES, QueueDesk, resolve

Say = Callable[[str, Any], None]
Replace = Callable[[Any, str, Any], None]


def watch(say: Say, replace: Replace = setattr) -> None:
    """Let the store say what it has done: (queued, title), (stopped, title), (order, titles).

    Before the last two it says that it begins: (stopping, title), (ordering, titles). Dead after a
    write and before its word, the new state holds.
    """
    begin, end, arrange = LibraryJobStore.begin, LibraryJobStore.end, LibraryJobStore.arrange

    def begun(store: Any, job: Any, instead_of: str = "") -> None:
        begin(store, job, instead_of)
        say("queued", job.title)

    def ended(store: Any, job: Any, state: JobState, *more: Any) -> None:
        is_stopped = state is JobState.CANCELLED
        title = store._library.record(job.record).params["prompt"] if is_stopped else ""
        if is_stopped:
            say("stopping", title)
        end(store, job, state, *more)
        if is_stopped:
            say("stopped", title)

    def arranged(store: Any, places: Any) -> None:
        titles = {entry.id: entry.title for entry in store._library.jobs.waiting()}
        order = [titles[id] for id, _ in places]
        say("ordering", order)
        arrange(store, places)
        say("order", order)

    for name, instead in (("begin", begun), ("end", ended), ("arrange", arranged)):
        replace(LibraryJobStore, name, instead)
    replace(Resolver, "resolve", resolve)
    replace(reserved_space, "BALLAST_BYTES", 1 << 12)


def play(home: Path) -> None:
    """Queue, order, hold, stop, fail, try again, finish."""
    desk = QueueDesk(home, jobs=0)
    desk.queue.pause()
    inputs = {"mask": b"handed in"}
    jobs = {p: desk.submit(p, inputs=inputs) for p in ("made", "fails", "held", "stopped")}
    desk.queue.move(jobs["fails"], 0)
    desk.queue.move(jobs["held"], 0)
    desk.queue.prioritise(jobs["stopped"], Priority.BACKGROUND)
    jobs["held"].pause()
    desk.stored()
    jobs["stopped"].cancel()
    desk.until(lambda: not jobs["stopped"].is_live)
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "Not enough memory.")))
    for _ in range(3):
        desk.runtime.enqueue(MAKES)
    desk.queue.resume()
    desk.until(lambda: len(desk.studio.jobs.live()) == 1)
    desk.queue.retry_failed()
    desk.until(lambda: desk.made().count("fails"))
    jobs["held"].resume()
    desk.finish()
    desk.stored()
    assert sorted(desk.made()) == ["fails", "held", "made"]
    desk.studio.close()


def main(home: Path, said: Path) -> None:
    """Play, and write down each promise."""
    promises = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(what: str, subject: Any) -> None:
        with suppress(OSError):
            os.write(promises, json.dumps([what, subject]).encode() + b"\n")

    watch(say)
    play(home)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

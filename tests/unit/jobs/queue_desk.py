"""A studio with a queue, and its next life in a copy of its home: what a kill leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.jobs.queue_start import QueueStart
from studio.library.library import Library
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import Artifact, ScriptedRuntime
from tests.faults.library import moment
from tests.unit.conftest import DRAW, Draw

MAKES = Artifact("text", b"made", ".txt")


def resolve(studio: Studio, request: JobRequest) -> Any:
    """Stand in for ``Resolver.resolve``: one task of a plugin that is always there."""
    return "toy", DRAW, Draw.parse(dict(request.params))  # type: ignore[call-overload]


class QueueDesk:
    """One life of a studio; to be opened while ``Resolver.resolve`` is ``resolve``."""

    def __init__(self, home: Path, start: QueueStart | None = None, jobs: int = 50) -> None:
        self.home = home
        self.runtime = ScriptedRuntime()
        for _ in range(jobs):
            self.runtime.enqueue(MAKES)
        self.studio = Studio.open(
            home=home, only=("nothing",), launch=self.runtime.launch, attended=True
        )
        self.queue = self.studio.jobs.queue
        self._restored = False
        restore = self.queue.restore

        def watched(then: Any = lambda rows: None) -> None:
            restore(lambda rows: (then(rows), self._note())[0])

        self.queue.restore = watched  # type: ignore[method-assign]
        self.studio.take_up_queue(start)
        self.until(lambda: self._restored)

    def _note(self) -> None:
        self._restored = True

    def submit(self, prompt: str, **options: Any) -> Job:
        """Submit a drawing."""
        request = JobRequest(DRAW.id, {"prompt": prompt}, title=prompt, **options)
        return self.studio.submit(request)

    def until(self, done: Any) -> None:
        """Pump until ``done()``."""
        pump_until(self.studio, lambda: bool(done()))

    def stored(self) -> None:
        """Wait until all that was asked for is on the disk."""
        told: list[None] = []
        self.studio.jobs._disk.run(lambda: None, told.append)
        self.until(lambda: told)

    def finish(self) -> None:
        """Pump until nothing is under way."""
        self.until(lambda: not self.studio.jobs.live())

    def titles(self) -> list[str]:
        """Return what waits, in order."""
        return [job.title for job in self.queue.waiting()]

    def over(self) -> list[tuple[str, str]]:
        """Return title and state of what is over."""
        return [(job.title, job.state.value) for job in self.studio.jobs.jobs() if not job.is_live]

    def made(self) -> list[str]:
        """Return of which prompts there are results, in order of their birth."""
        library = self.studio.library
        return [each.prompt for each in library.find(order="oldest", limit=-1)]

    def killed(self, target: Path, *, lost: bool = False, **options: Any) -> QueueDesk:
        """Return the next life of a studio that is killed now; ``lost``: without its database."""
        self.stored()
        moment.copy(self.home, target)
        if lost:
            for file in (target / "library").glob("library.db*"):
                file.unlink()
            with Library.open(target / "library") as library:
                library.rebuild()
        return QueueDesk(target, **options)

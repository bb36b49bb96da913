"""A cluster as the machine of a workflow: jobs of the library that a driver has others compute.

The driver is to the studio what a runtime is, so a supervisor keeps it, and a job board of its own
enters, saves and ends its jobs as those of this machine are.
"""

from __future__ import annotations

import collections
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from studio.api.manifest import API_VERSION
from studio.automation.clusters.address import Address
from studio.automation.workflows.machine import AT_ONCE, TRIES, Ask, End, ThisMachine
from studio.automation.workflows.parts import Parts
from studio.base.background import Background
from studio.base.child import Launch, ProcessChild, runtime_environment
from studio.base.energy.amount import Amount
from studio.jobs.board import JobBoard
from studio.jobs.library_answers import LibraryAnswers
from studio.jobs.places import OnePlace
from studio.jobs.store import LibraryJobStore
from studio.plugins.circumstances import of_plugin
from studio.protocol.caches import CACHE_ENV, RESULTS
from studio.protocol.connections.watch import Attempt
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import Received
from studio.protocol.messages import (
    PROTOCOL_VERSION,
    Hello,
    JobChanged,
    LibraryQuery,
    Slots,
)
from studio.protocol.states import JobState
from studio.runtimes.crash_excerpt import last_words
from studio.runtimes.supervisor import Death, RuntimeState, Supervisor


class Cluster:
    """Runs steps on a cluster; see ``workflows.machine.Machine`` for the five calls.

    Attributes:
        slots: What it has, as far as it has told.
    """

    def __init__(self, studio: Parts, address: Address, launch: Launch | None = None) -> None:
        """Start nothing yet: the first step does.

        Args:
            launch: Starts the driver; by default as a child process.
        """
        self._studio = studio
        self._address = address
        self.slots = Slots(0, 1)
        self._asks: dict[str, Ask] = {}
        self._losses: collections.Counter[tuple[int, str]] = collections.Counter()
        self._trouble: StudioError | None = None
        self._is_closed = False
        self._observers: list[Callable[[End | None], None]] = []
        self._background = Background("studio-cluster", studio.post)
        self.driver = Supervisor(
            launch or self._launch,
            mine=Hello(PROTOCOL_VERSION, API_VERSION, {}),
            post=studio.post,
            on_message=self._heard,
            on_state=self._became,
            on_death=self._died,
        )
        library = studio.library
        store = LibraryJobStore(
            library,
            library.folder.with_name("cache") / RESULTS,
            lambda use, machine: ("", {}, Amount()),  # the driver tells what computed a job
            lambda plugin: of_plugin(studio.plugins.plugin(plugin)),
        )
        self.jobs = JobBoard(
            store,
            OnePlace(self.driver),
            post=studio.post,
            notices=studio.notices,
            weights=studio.weights,
            resolve=studio.resolve,
            on_fault=studio.plugins.record_fault,
            on_stubborn=lambda job: True,
            proofs=studio.proofs.strict(),  # what nobody picked does not leave
        )
        self._answers = LibraryAnswers(
            library, studio.plugins, self.jobs, OnePlace(self.driver), self._background
        )
        self._steps = ThisMachine(replace(studio, jobs=self.jobs, runtime=self.driver))
        self._steps.events(self._ended)

    @property
    def is_coming(self) -> bool:
        """Whether no slot has answered yet."""
        return not self.slots.ready

    def capacity(self) -> int:
        """Return how many steps it would have at once: for each slot one, and one that waits."""
        return max(AT_ONCE, 2 * self.slots.ready)

    def submit(self, ask: Ask) -> None:
        """Enter the step as a job of the library."""
        self._asks[ask.job] = ask
        if self._trouble:
            self._studio.post(lambda: self._ended(End(ask.job, JobState.LOST)))
        else:
            own = replace(ask.recipe, machine="")  # it is the cluster that computes
            self._steps.submit(ask._replace(recipe=own))

    def events(self, call: Callable[[End | None], None]) -> Callable[[], None]:
        """Call with each end of a step."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def cancel(self, job: str) -> None:
        """Stop the job of a step."""
        self._steps.cancel(job)

    def close(self) -> None:
        """End the driver; unfinished steps are requested again when the run is resumed."""
        self._is_closed = True
        self._observers.clear()
        self._steps.close()
        # Beside the window's thread, for Ray takes its time; the program ends after it.
        threading.Thread(target=self.driver.stop, name="studio-cluster-end").start()
        self.jobs.close()
        self._background.close()

    # --- inside -------------------------------------------------------------------------------

    def _launch(self) -> ProcessChild:
        home = self._studio.library.folder.parent
        environment = {
            **runtime_environment(),
            "STUDIO_HOME": str(home),
            CACHE_ENV: str(home / "cache"),
        }
        command = [sys.executable, "-P", "-m", "studio", "--cluster", self._address.text]
        return ProcessChild(command, environment, home / "logs" / "cluster.log")

    def _heard(self, received: Received) -> None:
        message = received.message
        if self._is_closed:
            return
        if isinstance(message, Slots):
            self.slots = message
            if not (message.ready or message.coming):
                self._give_up(" ".join(message.trouble) or "It has no machine with a processor.")
            self._tell(None)
        elif isinstance(message, LibraryQuery):
            self._answers.answer(message)
        else:
            job = self.jobs.get(message.job) if isinstance(message, JobChanged) else None
            if job is not None and message.machine:
                job.machine = message.machine
            self.jobs.apply(received)

    def _became(self, state: RuntimeState, reason: str) -> None:
        if self._is_closed:
            return
        if state is RuntimeState.STARTING and not self._address.is_local:
            self._studio.connected(Attempt(time.time(), self._address.host))
        elif state is RuntimeState.READY:
            self.jobs.runtime_ready()
        elif state is RuntimeState.GIVEN_UP:
            self._give_up(reason)

    def _died(self, death: Death) -> None:
        self.slots = Slots(0, 1)
        if not self._is_closed:
            self.jobs.runtime_lost(death.reason, last_words(death.lines), by_itself=False)

    def _give_up(self, why: str) -> None:
        """End the run: no step can be run any more."""
        self._trouble = StudioError(
            ErrorCode.RUNTIME_LOST,
            f"The cluster {self._address.text} cannot continue. {why}".strip(),
            "What is done is kept; resume the run when the cluster is in order.",
        )
        self.jobs.abandon(self._trouble.message)

    def _ended(self, end: End | None) -> None:
        """Tell of the end of a step; one whose machine was lost is asked for anew."""
        ask = self._asks.pop(end.job, None) if end else None
        if end is None or ask is None:
            self._tell(end)
            return
        if end.state is JobState.LOST:
            if end.artifacts:
                self._background.run(partial(self._studio.library.bin, end.artifacts))
            step = (ask.number, ask.step)
            self._losses[step] += 1
            if self._trouble:
                end = end._replace(error=self._trouble, ends_run=True, artifacts=())
            else:
                again = self._losses[step] < TRIES or ask.again
                end = end._replace(is_again=again, artifacts=())
        self._tell(end)

    def _tell(self, end: End | None) -> None:
        for call in list(self._observers):
            call(end)

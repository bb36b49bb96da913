"""What other machines say and become, brought to the jobs and to the user."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from studio.base.background import Background, Post
from studio.base.energy.amount import Amount
from studio.base.energy.estimate import Estimator
from studio.base.notices import Action, Notices
from studio.base.settings import Settings
from studio.jobs.board import JobBoard
from studio.jobs.library_answers import LibraryAnswers
from studio.machines.machine import Machine, Surroundings
from studio.machines.machines import Machines
from studio.machines.registry import Registry
from studio.machines.remote_child import Line
from studio.machines.session_link import picked_files
from studio.machines.ssh import SshWire
from studio.models.catalogue import WeightsCatalogue
from studio.plugins import PluginHost
from studio.plugins.circumstances import THREADS
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import Received
from studio.protocol.messages import (
    Configure,
    DeviceLost,
    LibraryQuery,
    PluginFault,
    PoolEvent,
    Status,
)
from studio.protocol.trace import Use
from studio.runtimes.crash_excerpt import last_words
from studio.runtimes.supervisor import Death, RuntimeState, Supervisor


class MachineNews:
    """Hears all of them, from ``begin`` on."""

    _jobs: JobBoard
    _answers: LibraryAnswers
    _machines: Machines

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def machines(
        self,
        here: Supervisor,
        settings: Settings,
        told: Callable[[], Configure],
        post: Post,
        background: Background,
        plugins: PluginHost,
        weights: WeightsCatalogue,
        results: Path,
    ) -> Machines:
        """Return the machines, of which none is reached yet.

        Args:
            here: The runtime of this one.
            told: Returns what runtimes are told of plugins and weights.
            results: The folder through which files of results pass.
        """
        picked = partial(picked_files, plugins)
        around = Surroundings(
            post, background, plugins, weights, results, here.greeting, picked, told,
            self.heard, self.became, self.died,
        )  # fmt: skip
        registry = Registry(settings)
        self._machines = Machines(here, registry, around, lambda entry: partial(SshWire, entry))
        return self._machines

    def begin(self, jobs: JobBoard, answers: LibraryAnswers) -> None:
        """Route messages to these."""
        self._jobs, self._answers = jobs, answers
        self._machines.on_remove = self.removed

    def heard(self, machine: Machine, received: Received) -> None:
        """Process a message from the runtime of a machine."""
        match received.message:
            case Status():
                self._machines.tell()
            case LibraryQuery(job=id) if (job := self._jobs.get(id)) is not None:
                if job.machine == machine.name:
                    self._answers.answer(received.message)
            case PluginFault(plugin, _, error):
                failure = StudioError.from_info(error)
                failure.message = f"{machine.name}: {failure.message}"
                self._notices.error(failure, key=f"plugin-{plugin}-{machine.name}")
            case DeviceLost():
                self._notices.warn(
                    f"The graphics card of {machine.name} is lost.",
                    "Its runtime uses the processor until it is restarted.",
                    key=f"device-{machine.name}",
                )
            case PoolEvent():
                pass
            case _:
                self._jobs.apply(received, machine.name)

    def became(self, machine: Machine) -> None:
        """Take in that a machine is ready, waits to be attached to again, or cannot be used."""
        name = machine.name
        if machine.runtime.state is RuntimeState.GIVEN_UP:
            trouble = machine.trouble
            assert trouble is not None
            self._notices.error(
                trouble,
                key=f"machine-{name}",
                actions=(Action("Try again", machine.start),),
            )
            self._jobs.give_up(name, trouble)
        elif machine.line is Line.WAITING:
            self._jobs.say(name, machine.words)
        elif machine.is_ready:
            self._notices.dismiss(f"machine-{name}")
            self._jobs.say(name, "")
            self._jobs.runtime_ready()
        self._machines.tell()

    def removed(self, machine: Machine) -> None:
        """End what waits for a machine that the user has removed."""
        gone = StudioError(ErrorCode.NOT_FOUND, f"The machine {machine.name} was removed.")
        self._jobs.give_up(machine.name, gone)

    def died(self, machine: Machine, death: Death) -> None:
        """Take in that the runtime of a machine has ended, or was never reached."""
        details = last_words(death.lines)
        lost = self._jobs.runtime_lost(
            death.reason, details, machine=machine.name, by_itself=not death.asked
        )
        if lost and not death.asked:
            failure = StudioError(
                ErrorCode.RUNTIME_LOST,
                f"The runtime on {machine.name} stopped. {death.reason}",
                "What its jobs had finished by then is in the library. Run the others again.",
                details,
            )
            self._notices.error(failure, key=f"machine-{machine.name}")


def circumstances(
    machines: Machines, estimate: Estimator, use: Use, machine: str
) -> tuple[str, dict[str, str], Amount]:
    """Return the device of a machine, its versions, and the energy of a job's use."""
    runtime = machines.of(machine)
    hello, status = runtime.hello, runtime.status
    versions = dict(hello.versions) if hello else {}
    if status is None:
        return "", versions, estimate(use)
    versions[THREADS] = str(status.threads)
    return status.device_name, versions, estimate(use, status.device, status.energy)

"""This machine and the user's others: the one place that says which runtime a job has.

Used on the owner's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studio.api.jobs import FREE, HERE, JobRequest
from studio.api.manifest import TaskEntry
from studio.jobs.job import Job, Recipe
from studio.machines.machine import Machine, Surroundings
from studio.machines.registry import MachineEntry, Registry
from studio.machines.remote_child import Dial
from studio.models.catalogue import held_bytes
from studio.models.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtimes.supervisor import RuntimeState, Supervisor

DialOf = Callable[[MachineEntry], Dial]


@dataclass(frozen=True)
class Outlook:
    """The prospects of a job on a machine before it starts.

    Attributes:
        needed: Bytes of memory, about, that its weights take; 0 for none.
        memory: Bytes that the device there has; 0 for not known.
        lacks: Titles of weights that the machine does not have.
        copies: Whether those would be copied to it.
    """

    needed: int = 0
    memory: int = 0
    lacks: tuple[str, ...] = ()
    copies: bool = False

    @property
    def is_too_large(self) -> bool:
        """Whether its weights take more memory than there is."""
        return 0 < self.memory < self.needed


class Machines:
    """All of them. The empty name is this one.

    Attributes:
        registry: Which the user has, and where jobs run by default.
        on_remove: Called with one that the user has removed.
    """

    def __init__(
        self, here: Supervisor, registry: Registry, around: Surroundings, dial_of: DialOf
    ) -> None:
        self.registry = registry
        self._here, self._around, self._dial_of = here, around, dial_of
        self._machines: dict[str, Machine] = {}
        self._observers: list[Callable[[], None]] = []
        self.on_remove: Callable[[Machine], None] = lambda machine: None

    # --- which there are ------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of the user's other machines."""
        return [entry.name for entry in self.registry.all()]

    def machine(self, name: str) -> Machine:
        """Return another machine; it is not connected by that.

        Raises:
            StudioError: ``NOT_FOUND``: there is none of that name.
        """
        entry = self.registry.get(name)
        machine = self._machines.get(name)
        if machine is not None and machine.entry != entry:
            if machine.entry.host != entry.host or not machine.runtime.is_ready:
                machine.close()
                machine = None
            else:
                machine.entry = entry
        if machine is None:
            machine = Machine(entry, self._dial_of(entry), self._around)
            self._machines[name] = machine
        return machine

    def others(self) -> list[Machine]:
        """Return the user's other machines."""
        return [self.machine(name) for name in self.names()]

    def remove(self, name: str) -> None:
        """Remove a machine, and end its jobs.

        Raises:
            StudioError: There is none.
        """
        self.registry.remove(name)
        if name in self._machines:
            self._machines[name].close()
            self.on_remove(self._machines[name])  # it stays, for the jobs that end with it
        self.tell()

    def close(self) -> None:
        """End the runtimes of the others."""
        for machine in self._machines.values():
            machine.close()

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when one of them is different; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def tell(self) -> None:
        """Tell whoever wants to know that one of them is different."""
        for call in list(self._observers):
            call()

    # --- where a job runs -----------------------------------------------------------------------

    def of(self, machine: str) -> Supervisor:
        """Return the supervisor of a machine's runtime; of one that is gone, its last."""
        if not machine:
            return self._here
        remote = self._machines.get(machine)
        return (remote or self.machine(machine)).runtime

    def wish(self, request: JobRequest, entry: TaskEntry) -> str:
        """Return where a job is to run: ``HERE``, ``FREE`` or a name.

        What is private, or is kept nowhere, runs here unless somebody says otherwise.

        Raises:
            StudioError: There is no such machine.
        """
        passes = request.private or self.is_passing(request, entry)
        where = request.machine or (HERE if passes else self.registry.run_on)
        if where not in (HERE, FREE):
            self.registry.get(where)
        return where

    @staticmethod
    def is_passing(request: JobRequest, entry: TaskEntry) -> bool:
        """Whether a job stores no results, such as engraving a score after each edit."""
        return not (request.keep or entry.produces)

    def start(self, recipe: Recipe) -> None:
        """Have the runtimes at hand that may get a job."""
        where = recipe.machine
        if where in ("", FREE):
            self._here.start()
        for machine in self.others():
            if where in (FREE, machine.name):
                machine.start()

    def candidates(self, job: Job, unfit: Collection[str] = ()) -> list[str]:
        """Return the machines that may get ``job`` now, the best first.

        Args:
            unfit: Those that have refused it.
        """
        if job.recipe.machine != FREE or job.caller is not None:
            return [job.machine]
        ready = [m.name for m in self.others() if m.is_ready and self._has_all(m, job.recipe)]
        here = () if any(map(self.elsewhere, job.recipe.weights)) else ("",)
        names = [name for name in (*here, *ready) if name not in unfit]
        fitting = [name for name in names if self._fits(name, job.recipe)]
        return fitting or names

    def may_go(
        self, job: Job, then: Callable[[], None], failed: Callable[[StudioError], None]
    ) -> bool:
        """Return whether ``job`` can be sent to its machine now; else ``then`` is called, or
        ``failed``, once it can or why not."""
        if not job.machine:
            return self._here.is_ready
        machine = self._machines.get(job.machine)
        if machine is None or not machine.is_ready:
            return False
        return machine.prepare(job, then, failed)

    def elsewhere(self, weights_id: str) -> Weights | None:
        """Return weights that are on another machine and not here; None if they are here."""
        return next((row for row in self.only_elsewhere() if row.id == weights_id), None)

    def only_elsewhere(self) -> list[Weights]:
        """Return the weights that are on other machines and not here, as far as is known.

        Each has the name of a machine as its origin.
        """
        if not self.names():
            return []
        rows = [row for row in self._around.weights.list() if not row.problem]
        here = {row.id for row in rows} | {row.digest for row in rows} - {""}
        elsewhere: dict[str, Weights] = {}
        for machine in self.others():
            for weights in machine.known:
                if not weights.digest or weights.id in here or weights.digest in here:
                    continue
                row = Weights(
                    weights.id,
                    weights.title,
                    Path(),
                    family=weights.family,
                    capabilities=weights.capabilities,
                    digest=weights.digest,
                    bytes=weights.bytes,
                    origin=machine.name,
                )
                elsewhere.setdefault(weights.id, row)
        return list(elsewhere.values())

    def check(self, recipe: Recipe) -> None:
        """Refuse to run here what only another machine has the weights for.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        if recipe.machine:
            if recipe.machine != FREE:
                self.registry.get(recipe.machine)
            return
        for id in recipe.weights:
            if (row := self.elsewhere(id)) is not None:
                raise StudioError(
                    ErrorCode.NOT_FOUND,
                    f"The model {row.title} is on {row.origin} and not on this computer.",
                    f"Run it on {row.origin}, or choose another model.",
                )

    def words(self, machine: str) -> str:
        """Return the wait reason of a job on that machine."""
        if not machine:
            return self._here.words
        remote = self._machines.get(machine)
        return "" if remote is None or remote.is_ready else remote.words

    def has_ended(self, machine: str) -> bool:
        """Whether nothing starts the runtime there by itself any more."""
        return self.of(machine).state is RuntimeState.GIVEN_UP

    # --- what fits where ------------------------------------------------------------------------

    def needed(self, weights: Collection[str]) -> int:
        """Return the bytes of memory, about, that a job with these weights takes."""
        rows = []
        for id in weights:
            with suppress(StudioError):
                rows.append(self.elsewhere(id) or self._around.weights.get(id))
        return int(sum(map(held_bytes, rows)))

    def memory(self, machine: str) -> int:
        """Return the bytes of memory of the device there; 0 for not known.

        Here it is the computer's own while its runtime is off.
        """
        status = self.of(machine).status
        if status is not None and status.memory_total:
            return status.memory_total
        return 0 if machine else _of_this_computer()

    def outlook(self, machine: str, weights: Collection[str]) -> Outlook:
        """Return the prospects of a job with these weights on a machine, which may be off."""
        needed, memory = self.needed(weights), self.memory(machine)
        if not machine:
            there = [row for row in map(self.elsewhere, weights) if row is not None]
            return Outlook(needed, memory, tuple(row.title for row in there))
        other = self.machine(machine)
        held = {weights_there.digest for weights_there in other.known}
        titles = {row.id: row.title for row in self._around.weights.list()}
        lacks = [id for id in weights if other.known and other.weights.digest(id) not in held]
        lacking = tuple(titles.get(id, id) for id in lacks if other.weights.digest(id))
        return Outlook(needed, memory, lacking, other.entry.copies)

    def _fits(self, machine: str, recipe: Recipe) -> bool:
        memory = self.memory(machine)
        return not memory or self.needed(recipe.weights) <= memory

    @staticmethod
    def _has_all(machine: Machine, recipe: Recipe) -> bool:
        has = (machine.weights.has(id) for id in recipe.weights)
        return machine.entry.copies or all(present is not False for present in has)


def _of_this_computer() -> int:
    import psutil  # the window starts without it

    return int(psutil.virtual_memory().total)

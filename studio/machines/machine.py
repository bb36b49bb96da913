"""One of the user's other machines: its runtime, its connection, and its holdings for jobs.

Used on the owner's thread. Knows no ssh: the dialler is injected.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from studio.base import disk
from studio.base.background import Background, Post
from studio.base.child import Child
from studio.jobs.job import Job
from studio.machines.plugin_comparison import check_plugin
from studio.machines.registry import MachineEntry
from studio.machines.remote_child import Dial, Line, RemoteChild
from studio.machines.session_link import PickedFiles
from studio.machines.weights_agreement import WeightsAgreement
from studio.machines.weights_copy import WeightsCopies
from studio.machines.wire.messages import (
    HeldWeights,
    Holdings,
    WeightsRead,
    WeightsWanted,
)
from studio.models.catalogue import WeightsCatalogue
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.frames import encode_body
from studio.protocol.link import LinkClosed, Received
from studio.protocol.messages import Configure, DevicesFound, Hello, Message, WeightsEntry
from studio.protocol.regular_file import read_note
from studio.runtimes.supervisor import Death, RuntimeState, Supervisor

CLOCK_SECONDS = 300.0
"""A clock that is off by so much is told of."""


@dataclass(frozen=True)
class Surroundings:
    """What machines ask of the studio.

    Attributes:
        results: The folder through which files of results pass.
        picked: Returns the files that the user picked for a job.
        configuration: Returns what a runtime is told of plugins and weights.
        heard: Called with the name of a machine and what its runtime says.
        became: Called with a machine whose state is another.
        died: Called with a machine whose runtime has ended, before it is started again.
    """

    post: Post
    background: Background
    plugins: PluginHost
    weights: WeightsCatalogue
    results: Path
    mine: Hello
    picked: PickedFiles
    configuration: Callable[[], Configure]
    heard: Callable[[Machine, Received], None]
    became: Callable[[Machine], None]
    died: Callable[[Machine, Death], None]


class Machine:
    """Attributes:
    entry: How it is reached.
    runtime: The supervisor of its runtime.
    line: How the connection is; None while there was none.
    devices: What its runtime found; None before that.
    trouble: Why it cannot be used, as a sentence and what to do; None while nothing is known.
    """

    def __init__(self, entry: MachineEntry, dial: Dial, around: Surroundings) -> None:
        self.entry = entry
        self.line: Line | None = None
        self.devices: DevicesFound | None = None
        self.trouble: StudioError | None = None
        self._dial, self._around = dial, around
        self._child: RemoteChild | None = None
        self._copies = WeightsCopies(entry.name, self._say, around.post)
        self.weights = WeightsAgreement(
            entry.name,
            around.weights,
            self._copies,
            around.background,
            lambda message: self._say(message, ()),
            self.configure,
        )
        self._clock_off = 0.0
        """Seconds by which its clock was ahead when it told of it."""
        self._prepared: set[str] = set()
        self._preparing: set[str] = set()
        self._remembered = self._recall()
        self.runtime = Supervisor(
            self._launch,
            mine=around.mine,
            post=around.post,
            on_message=self._heard,
            on_state=self._became,
            on_death=self._died,
        )

    @property
    def name(self) -> str:
        """The user's name for it."""
        return self.entry.name

    @property
    def holdings(self) -> Holdings | None:
        """Its holdings; None before its report."""
        return self.weights.holdings

    @property
    def known(self) -> tuple[HeldWeights, ...]:
        """The weights that it has, or had when it was last connected."""
        return self.holdings.weights if self.holdings else self._remembered

    @property
    def words(self) -> str:
        """How it is, for a person."""
        if self.line is Line.WAITING:
            return f"the connection to {self.name} was lost; trying again"
        match self.runtime.state:
            case RuntimeState.READY:
                return "ready" if self.holdings else f"connecting to {self.name}"
            case RuntimeState.STARTING | RuntimeState.DEAD:
                return f"connecting to {self.name}"
            case RuntimeState.GIVEN_UP:
                return self.trouble.message if self.trouble else self.runtime.reason
            case _:
                return "not connected"

    @property
    def is_ready(self) -> bool:
        """Whether a job can be sent to it at once, once that is prepared."""
        return self.runtime.is_ready and self.holdings is not None

    @property
    def memory(self) -> int:
        """Bytes that its device has; 0 for not known."""
        return self.runtime.status.memory_total if self.runtime.status else 0

    def start(self) -> None:
        """See to it that its runtime runs or will soon; a machine that failed is tried again."""
        if self.runtime.state is RuntimeState.GIVEN_UP:
            self.trouble = None
            self.runtime.restart()
        else:
            self.runtime.start()

    def configure(self) -> None:
        """Tell it of plugins and weights."""
        if not self.runtime.is_ready:
            return
        configuration = self._around.configuration()
        entries = tuple(
            msgspec.structs.replace(row, digest=row.digest or self.weights.digest(row.id))
            for row in configuration.weights
        )
        ids = {row.id for row in entries}
        held = self.holdings.weights if self.holdings else ()
        entries += tuple(_entry(row) for row in held if row.digest and row.id not in ids)
        self.runtime.send(msgspec.structs.replace(configuration, weights=entries))

    def prepare(
        self, job: Job, then: Callable[[], None], failed: Callable[[StudioError], None]
    ) -> bool:
        """Return whether ``job`` can be sent now; else see to it, and call ``then`` or ``failed``.

        The plugin has to be the same there, and the weights to the last byte; nothing is sent
        before that is known.
        """
        if job.id in self._prepared:
            return True
        if job.id in self._preparing:
            return False
        self._preparing.add(job.id)
        needed = list(job.recipe.weights)
        holdings = self.holdings
        assert holdings is not None
        plugin = self._around.plugins.plugin(job.plugin)

        def over(error: StudioError) -> None:
            if job.id in self._preparing:
                self._preparing.discard(job.id)
                failed(error)

        def step() -> None:
            if job.id not in self._preparing or not job.is_live:
                self._preparing.discard(job.id)
            elif needed:
                self.weights.ensure(needed.pop(0), self.entry.copies, step, over, job.say)
            else:
                self._preparing.discard(job.id)
                self._prepared.add(job.id)
                then()

        self._around.background.run(
            lambda: check_plugin(plugin, holdings, self.name), lambda _: step(), over
        )
        return False

    def copy(
        self,
        weights: str,
        then: Callable[[], None],
        failed: Callable[[StudioError], None],
        says: Callable[[str], None],
    ) -> None:
        """Copy weights to it, where it lacks them."""
        self.weights.ensure(weights, True, then, failed, says)

    def problems(self) -> list[str]:
        """Return why plugins of here cannot be used there, and what else is odd, in sentences.

        Reads files of plugins, the first time.
        """
        holdings, problems = self.holdings, []
        if holdings is None:
            return []
        for plugin in self._around.plugins.usable():
            if plugin.manifest is None or not plugin.manifest.worker:
                continue
            try:
                check_plugin(plugin, holdings, self.name)
            except StudioError as error:
                problems.append(error.message)
        off = self._clock_off
        if abs(off) > CLOCK_SECONDS:
            problems.append(
                f"The clock of {self.name} is {abs(off) / 3600:.1f} hours "
                f"{'ahead' if off > 0 else 'behind'}. That does no harm: all times are taken here."
            )
        return problems

    def close(self) -> None:
        """End its runtime; what runs there is lost."""
        if self.runtime.state is not RuntimeState.OFF:
            self.runtime.stop()
            self._died(Death(f"The connection to {self.name} was closed.", asked=True))

    # --- inside -------------------------------------------------------------------------------

    def _launch(self) -> Child:
        post = self._around.post
        try:
            self._child = RemoteChild(
                self.name,
                self._dial,
                self._around.results,
                self._around.picked,
                lambda message: post(lambda: self._told(message)),
                lambda line: post(lambda: self._line_became(line)),
            )
        except StudioError as error:
            self.trouble = error
            raise
        self.trouble = None
        return self._child

    def _say(self, message: Message, blobs: Iterable[Any]) -> None:
        if self._child is not None:
            try:
                self._child.session.send("weights", encode_body(message), list(blobs))
            except (OSError, LinkClosed):  # whoever keeps it says why
                return

    def _told(self, message: Any) -> None:
        match message:
            case Holdings():
                is_first = self.weights.holdings is None
                self.weights.holdings = message
                self._clock_off = message.clock - time.time()
                self._around.background.run(lambda: self._remember(message))
                if is_first:
                    self.configure()
                    self._around.became(self)
            case WeightsRead():
                self.weights.heard(message)
            case WeightsWanted():
                self._copies.heard(message)

    @property
    def _memory_file(self) -> Path:
        return self._around.results.with_name("machines") / f"{self.name}.json"

    def _remember(self, holdings: Holdings) -> None:
        """Keep which weights it has: jobs may ask for them before it is connected again."""
        disk.make_folder(self._memory_file.parent)
        disk.write_durably(self._memory_file, msgspec.json.encode(holdings.weights))

    def _recall(self) -> tuple[HeldWeights, ...]:
        with suppress(OSError, msgspec.MsgspecError):
            data = read_note(self._memory_file)
            return msgspec.json.decode(data, type=tuple[HeldWeights, ...])
        return ()

    def _line_became(self, line: Line) -> None:
        self.line = line
        self._around.became(self)

    def _heard(self, received: Received) -> None:
        if isinstance(received.message, DevicesFound):
            self.devices = received.message
        self._around.heard(self, received)

    def _became(self, state: RuntimeState, reason: str) -> None:
        if state is RuntimeState.GIVEN_UP and self.trouble is None:
            self.trouble = StudioError(ErrorCode.RUNTIME_LOST, reason, "Try it again.")
        self._around.became(self)

    def _died(self, death: Death) -> None:
        lost = StudioError(ErrorCode.RUNTIME_LOST, death.reason)
        self._prepared.clear()
        self._copies.lose(lost)
        self.weights.lose(lost)
        self._around.died(self, death)


def _entry(held: HeldWeights) -> WeightsEntry:
    return WeightsEntry(held.id, "", held.family, held.digest, tuple(held.capabilities), held.title)

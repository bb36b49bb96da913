"""A runtime inside the test's process: real server, lanes and pool; toy tasks and weights."""

from __future__ import annotations

import itertools
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from studio.api import Capability, Params, Requirements, WeightsFacts, WeightsId, hookimpl
from studio.protocol.energy import Rates
from studio.protocol.link import LinkClosed, pair
from studio.protocol.messages import (
    Cancel,
    Configure,
    Finished,
    Inspect,
    Inspected,
    JobChanged,
    Message,
    PoolEvent,
    Shutdown,
    Status,
    Submit,
    WeightsEntry,
    WorkerEntry,
)
from studio.protocol.states import JobState, Lane, Priority
from studio.runtime import server
from studio.runtime.devices import device as devices
from studio.runtime.devices.device import Device, Memory
from studio.runtime.devices.discovery import Found
from studio.runtime.server import Server

PATIENCE = 60.0


def small_machine(monkeypatch: pytest.MonkeyPatch, total: int = 1000, free: int = 10**6) -> None:
    """A machine of ``total`` bytes, of which the pool may fill 0.9; it tells of no peaks."""
    monkeypatch.setattr(devices, "_host_memory", lambda: Memory(0, free, total))
    monkeypatch.setattr(devices, "_host_peak", lambda: lambda: None)


class Toy(Params):
    """The parameters of every task in these tests."""

    number: int = 0
    text: str = ""
    weights: Annotated[WeightsId, Capability("toy")] = WeightsId()


class ToyModel:
    """What the toy loader makes of a file; counts the living."""

    alive = 0

    def __init__(self, name: str) -> None:
        self.name = name
        ToyModel.alive += 1


class ToyLoader:
    """Weights whose file says, as a number, how many bytes of memory they take.

    Attributes:
        loads: Names of what was loaded, in order.
        gates: Name → event that the loading of it waits for, between its first two parts.
        waits: Set once one does.
    """

    family = "toy"

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.unloads: list[str] = []
        self.builders = 0
        self.most_builders = 0
        self.gates: dict[str, threading.Event] = {}
        self.waits = threading.Event()
        self.working = 0

    def recognise(self, path: Path) -> WeightsFacts | None:
        return WeightsFacts("toy", path.stem, ("toy",)) if path.suffix == ".toy" else None

    def measure(self, path: Path) -> Requirements:
        return Requirements(int(path.read_text().split()[0]), self.working)

    def load(self, path: Path, device: str) -> Iterator[Any]:
        self.builders += 1
        self.most_builders = max(self.most_builders, self.builders)
        try:
            yield 0.0
            while path.stem in self.gates and not self.gates[path.stem].is_set():
                self.waits.set()
                yield 0.5
            self.loads.append(path.stem)
            return ToyModel(path.stem)
        finally:
            self.builders -= 1

    def unload(self, loaded: ToyModel) -> None:
        ToyModel.alive -= 1
        self.unloads.append(loaded.name)


@dataclass(frozen=True)
class Card(Device):
    """A card of ``total`` bytes that computes with the processor; the pool may fill 0.9 of it."""

    total: int = 1000

    @property
    def has_own_memory(self) -> bool:
        return True

    def memory(self) -> Memory:
        return Memory(0, 10**6, self.total)

    def held(self) -> int:
        return 0

    def watch_peak(self) -> Callable[[], int | None]:
        return lambda: None

    @classmethod
    def put_in(cls, monkeypatch: pytest.MonkeyPatch, total: int = 1000) -> Card:
        """Let the runtime find a card."""
        card = cls("fake", "cpu", "Toy card", 1, total)
        monkeypatch.setattr(server, "find_devices", lambda: Found((card,), card))
        return card


class Desk:
    """The studio's side of a runtime in this process. Everything that is reported is kept."""

    def __init__(self, folder: Path, loader: ToyLoader | None = None) -> None:
        self.folder = folder
        self.loader = loader or ToyLoader()
        self.messages: list[Any] = []
        self.blobs: dict[int, tuple[memoryview, ...]] = {}
        self._workers: list[WorkerEntry] = []
        self._weights: list[WeightsEntry] = []
        self._modules: list[str] = []
        self._numbers = itertools.count()
        self._news = threading.Condition()
        self._link, self._theirs = pair()
        self.server = Server(self._theirs, built_in=lambda: [self.loader])
        self._threads = [
            threading.Thread(target=self.server.serve, daemon=True),
            threading.Thread(target=self._listen, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self.wait(lambda each: isinstance(each, Status) and each.device != "")

    # --- what there is --------------------------------------------------------------------------

    def plugin(
        self,
        name: str,
        tasks: Mapping[str, Callable[..., Any]],
        *,
        lane: Lane = Lane.BATCH,
        **hooks: Callable[..., Any],
    ) -> None:
        """Make a plugin with ``tasks`` (short name → function) and other worker hooks."""
        module = types.ModuleType(f"toys_of_{name}")
        full = {f"{name}.{short}": task for short, task in tasks.items()}
        module.studio_tasks = hookimpl(lambda: full)  # type: ignore[attr-defined]
        for hook, function in hooks.items():
            setattr(module, hook, hookimpl(function))
        sys.modules[module.__name__] = module
        self._modules.append(module.__name__)
        self.entry(name, module.__name__, *tasks, lane=lane)

    def entry(self, name: str, module: str, *tasks: str, lane: Lane = Lane.BATCH) -> None:
        """Announce the plugin ``name`` whose worker is ``module``."""
        schema = f"{Toy.__module__}:Toy"
        sys.modules.setdefault(Toy.__module__, sys.modules[__name__])
        full = [f"{name}.{task}" for task in tasks]
        self._workers.append(
            WorkerEntry(name, module, dict.fromkeys(full, schema), dict.fromkeys(full, lane))
        )
        self.configure()

    def announce(self, entry: WorkerEntry) -> None:
        """Announce a plugin that has an entry of its own."""
        self._workers.append(entry)
        self.configure()

    def weights(self, name: str, size: int, digest: str = "") -> Path:
        """Make weights that take ``size`` bytes of memory."""
        path = self.folder / f"{name}.toy"
        path.write_text(f"{size} {name}")  # files with the same bytes would share a copy
        self._weights.append(WeightsEntry(name, str(path), "toy", digest))
        self.configure()
        return path

    def configure(self, memory_limit: int = 0, **more: Any) -> None:
        self.send(Configure(tuple(self._workers), tuple(self._weights), memory_limit, **more))

    def use_threads(self, count: int) -> None:
        """Compute with ``count`` threads, however crowded the machine is."""
        self.server._contention = types.SimpleNamespace(threads=lambda most: count)  # type: ignore[assignment]
        self.status()  # a heartbeat that was under way may still use the old one
        self.server._scheduler.use_threads(count)

    # --- what is asked --------------------------------------------------------------------------

    def send(self, message: Message, blobs: Sequence[Any] = ()) -> None:
        self._link.send(message, blobs)

    def submit(
        self,
        task: str,
        *,
        seed: int = 1,
        priority: Priority = Priority.NORMAL,
        files: tuple[str, ...] = (),
        rates: Rates | None = None,
        **params: Any,
    ) -> str:
        """Submit a job and return its id."""
        job = f"job{next(self._numbers)}"
        message = Submit(job, task, params, seed, priority, files=files, rates=rates)
        self.messages.append(message)
        self.send(message)
        return job

    def run(self, task: str, **params: Any) -> Finished:
        """Submit a job and wait for its end."""
        return self.finished(self.submit(task, **params))

    def run_with(self, task: str, **given: Any) -> Finished:
        """Run a task that is handed ``given`` as the input ``probe``, as JSON."""
        job = f"job{next(self._numbers)}"
        data = msgspec.json.encode(given)
        message = Submit(job, task, {}, 1, blobs={"probe": 0})
        self.messages.append(message)
        self.send(message, (data,))
        return self.finished(job)

    @contextmanager
    def held_lane(self) -> Iterator[None]:
        """Let no job of the lane for long work begin before all that are submitted meanwhile."""
        go = threading.Event()

        def hold(ctx: Any, params: Toy) -> Iterator[Any]:
            assert go.wait(PATIENCE)
            yield from ()

        self.plugin("holder", {"hold": hold})
        self.state(self.submit("holder.hold"), JobState.RUNNING)
        yield
        self.heard_all()
        go.set()

    def heard_all(self) -> None:
        """Wait until the runtime has read every command so far."""
        request = f"nothing{len(self.messages)}"
        self.send(Inspect(request, str(self.folder / "nothing")))
        self.wait(lambda each: isinstance(each, Inspected) and each.request == request)

    # --- what is reported -----------------------------------------------------------------------

    def wait(self, is_it: Callable[[Any], bool]) -> Any:
        """Return the first message of which ``is_it`` holds, waiting for it."""

        def find() -> Any:
            return next((each for each in self.messages if is_it(each)), None)

        with self._news:
            assert self._news.wait_for(find, PATIENCE), f"never came; last: {self.messages[-5:]}"
            return find()

    def finished(self, job: str) -> Finished:
        found: Finished = self.wait(lambda each: isinstance(each, Finished) and each.job == job)
        return found

    def state(self, job: str, state: JobState, reason: str = "") -> JobChanged:
        """Wait until ``job`` is reported in ``state``, for a reason that contains ``reason``."""
        found: JobChanged = self.wait(
            lambda each: (
                isinstance(each, JobChanged)
                and each.job == job
                and each.state is state
                and reason in each.reason
            )
        )
        return found

    def of(self, job: str, kind: type) -> list[Any]:
        """Return the messages of ``kind`` about ``job`` so far."""
        return [each for each in self.messages if isinstance(each, kind) and each.job == job]

    def pool_events(self, what: str = "") -> list[PoolEvent]:
        """Return what happened to memory so far."""
        self.heard_all()
        return [
            each
            for each in self.messages
            if isinstance(each, PoolEvent) and what in ("", each.what)
        ]

    def status(self) -> Status:
        """Return a heartbeat that was composed after this was called."""
        found: Any = None
        for _ in range(2):  # the first may have been under way already
            old = {id(each) for each in self.messages}
            self.server._news.set()
            found = self.wait(
                lambda each, old=old: isinstance(each, Status) and id(each) not in old
            )
        assert isinstance(found, Status)
        return found

    def loaded(self) -> set[str]:
        """What the next heartbeat says is loaded."""
        return {each.weights for each in self.status().loaded}

    def close(self) -> None:
        for submit in [each for each in self.messages if isinstance(each, Submit)]:
            self.send(Cancel(submit.job))
        self.send(Shutdown())
        ended = self.server.close(PATIENCE)
        for end in (self._link, self._theirs):
            end.close()
        for thread in self._threads:
            thread.join(PATIENCE)
        for module in self._modules:
            sys.modules.pop(module, None)
        assert ended, "a lane did not end"

    def _listen(self) -> None:
        while True:
            try:
                received = self._link.receive()
            except LinkClosed:
                return
            assert received is not None
            with self._news:
                self.blobs[id(received.message)] = received.blobs
                self.messages.append(received.message)
                self._news.notify_all()


class Holder:
    """Tasks that lease, and keep what they leased until they are let go."""

    def __init__(self) -> None:
        self.holds = threading.Event()
        self.go = threading.Event()
        self.models: list[Any] = []

    def hold(self, ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease(params.weights) as model:
            self.models.append(model)
            self.holds.set()
            while not self.go.is_set():
                yield None

    def use(self, ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease(params.weights, params.number) as model:
            self.models.append(model)
            yield ctx.result(name=model.name)

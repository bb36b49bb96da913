"""Pretend parts for tests of the worker half: a scripted engine, a sandbox that pretends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

from studio.api import Cancelled, Inputs, SandboxRequest, SandboxResult, SandboxStep, TextStep
from studio.api.artifacts import NewArtifact
from studio.api.worker.context import ProgressEvent, ResultEvent, TextEvent
from studio.runtime.jobs.runner import last_words
from studio_code.execution.inside import version_runner


class Engine:
    """Gives ``answers`` one after the other; remembers what it was asked."""

    context_length = 8000

    def __init__(self, *answers: str, finish_reason: str = "stop") -> None:
        self.answers = list(answers)
        self.asked: list[list[dict[str, str]]] = []
        self.wishes: list[Any] = []
        self.finish_reason = finish_reason

    def fit(self, messages: Sequence[Any], reserve: int) -> Any:
        self.asked.append(list(messages))
        return SimpleNamespace(ids=[1], dropped=0, note="")

    def infill(self, before: str, after: str, reserve: int) -> Any:
        self.asked.append([{"before": before, "after": after}])
        return SimpleNamespace(ids=[1])

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        return 0

    def generate(self, ids: Sequence[int], params: Any) -> Iterator[TextStep]:
        self.wishes.append(params)
        assert self.answers, f"nobody expected to be asked: {self.asked[-1][-2:]}"
        yield TextStep("prefill", 1, 1)
        for number, line in enumerate(self.answers.pop(0).splitlines(keepends=True), 1):
            yield TextStep("token", number, params.max_tokens, line, 7)
        yield TextStep("end", 1, params.max_tokens, finish_reason=self.finish_reason)

    def generate_many(
        self, ids: Sequence[int], params: Sequence[Any]
    ) -> Iterator[tuple[int, TextStep]]:
        for number, each in enumerate(params):
            for step in self.generate(ids, each):
                yield number, step

    def count(self, text: str) -> int:
        return len(text) // 3


class Quick:
    """Answers at once what the programs inside would find out, for code of these tests alone.

    It imports what is tested into this process, calls the functions of the test file, and writes
    the same report.
    """

    tier, reason = "A", ""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        wish = json.loads(request.stdin or b"{}")
        self.runs.append(wish)
        yield SandboxStep()
        if "results" not in wish:
            yield self._program(request)
            return
        if "probes" in wish:
            lines = self._compared(request, wish)
        else:
            made = self._versions if "versions" in wish else self._tests
            lines = made(request, wish)
        report = "".join(json.dumps(line) + "\n" for line in lines).encode()
        failed = b'"failed"' in report or b'"error"' in report
        files = {wish["results"]: report}
        yield SandboxStep(result=SandboxResult("A", "exit", int(failed), b"", b"", 0.1, files))

    def _program(self, request: SandboxRequest) -> SandboxStep:
        try:
            _module("program", request.files[request.command[1]].decode())
        except Exception as error:  # noqa: BLE001
            told = f"{type(error).__name__}: {error}".encode()
            return SandboxStep(stderr=told, result=SandboxResult("A", "exit", 1, b"", told, 0.1))
        return SandboxStep(result=SandboxResult("A", "exit", 0, b"", b"", 0.1))

    def _tests(self, request: SandboxRequest, wish: Any) -> Iterator[dict[str, Any]]:
        (test,), (path,) = wish["tests"], wish["measured"]
        outcomes = _outcomes(_texts(request), test)
        yield {"event": "collected", "names": [f"{test}::{name}" for name in outcomes]}
        for name, message in outcomes.items():
            outcome = "failed" if message else "passed"
            told = {"name": f"{test}::{name}", "outcome": outcome, "message": message, "line": 1}
            yield {"event": "test", **told}
        yield {"event": "coverage", "path": path, "lines": 10, "missing": [3]}
        yield {"event": "end", "code": 0}

    def _compared(self, request: SandboxRequest, wish: Any) -> Iterator[dict[str, Any]]:
        texts = {path.removesuffix(".py"): data.decode() for path, data in request.files.items()}
        beside = {name: text for name, text in texts.items() if name[0] != "_"}
        for number, version in enumerate(wish["versions"]):
            for name, text in beside.items():
                sys.modules[name] = _module(name, text)
            try:
                module = _module("version", texts[version["module"]])
                for name, own in version["called"].items():
                    setattr(module, name, getattr(module, own))
                sys.modules["version"] = module
                probes = _module("probes", texts[wish["probes"]])
                functions = [getattr(probes, f"probe_{n}") for n in range(wish["count"])]
                told = [version_runner.outcome(each, 0) for each in functions]
            except Exception as error:  # noqa: BLE001
                told = [f"!{type(error).__name__}"] * wish["count"]
            for name in (*beside, "version"):
                sys.modules.pop(name, None)
            yield {"event": "outcomes", "number": number, "names": told}

    def _versions(self, request: SandboxRequest, wish: Any) -> Iterator[dict[str, Any]]:
        (test,) = wish["tests"]
        for number, text in enumerate(wish["versions"]):
            found = _outcomes(_texts(request) | {wish["path"]: text}, test)
            noticed = any(found.values()) or not found
            yield {"event": "version", "number": number, "noticed": noticed}


def _texts(request: SandboxRequest) -> dict[str, str]:
    return {path: data.decode() for path, data in request.files.items() if path[0] != "_"}


def _outcomes(files: dict[str, str], test: str) -> dict[str, str]:
    """Return test → what went wrong; empty where nothing did."""
    names = {path.removesuffix(".py").replace("/", "."): path for path in files if path != test}
    found: dict[str, str] = {}
    try:
        for name, path in names.items():
            package = name.rpartition(".")[0]
            if package:
                sys.modules[package] = ModuleType(package)
            sys.modules[name] = _module(name, files[path])
        for key, value in vars(_module("tests_of_it", files[test])).items():
            if key.startswith("test"):
                try:
                    value()
                    found[key] = ""
                except Exception as error:  # noqa: BLE001
                    found[key] = f"{type(error).__name__} {error}"
    except Exception as error:  # noqa: BLE001
        return {"collection": str(error)}
    finally:
        for name in names:
            sys.modules.pop(name, None)
            sys.modules.pop(name.rpartition(".")[0], None)
    return found


def _module(name: str, text: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile(text, name, "exec"), vars(module))
    return module


class NoWall:
    """A machine on which nothing can be run."""

    tier, reason = "", "this machine has no sandbox"

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        raise AssertionError("nothing may be run without a sandbox")


class Context:
    """The least that a task needs."""

    def __init__(self, engine: Any = None, sandbox: Any = None) -> None:
        self.engine = engine
        self.sandbox = sandbox or Quick()
        self.rng = SimpleNamespace(seed=7)
        self.inputs = Inputs({})
        self.is_private = False
        self.device = "cpu"
        self.leases: list[tuple[str, int]] = []

    @contextmanager
    def lease(self, weights: str, working_bytes: int = 0) -> Iterator[Any]:
        self.leases.append((weights, working_bytes))
        yield self.engine

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a task asked for ctx.{name}")

    def in_thread(self, work: Callable[[], Any]) -> Generator[None, None, Any]:
        yield
        return work()

    def progress(self, done: float, total: float, message: str = "") -> ProgressEvent:
        return ProgressEvent(done, total, message)

    def text(self, text: str, tokens: int = 0, channel: str = "") -> TextEvent:
        return TextEvent(text, tokens, channel)

    def artifact(self, kind: str, payload: bytes, *, suffix: str, **more: Any) -> NewArtifact:
        return NewArtifact(kind, payload, suffix, **more)

    def result(self, **values: Any) -> ResultEvent:
        return ResultEvent(values)


class Made:
    """What a task yielded."""

    def __init__(self, events: list[Any]) -> None:
        self.events = events
        self.artifacts = [each for each in events if isinstance(each, NewArtifact)]
        results = [each.values for each in events if isinstance(each, ResultEvent)]
        self.result: dict[str, Any] = dict(results[-1]) if results else {}
        self.messages = [each.message for each in events if isinstance(each, ProgressEvent)]

    def text(self, channel: str) -> str:
        """Return all text of a channel."""
        texts = [each for each in self.events if isinstance(each, TextEvent)]
        return "".join(each.text for each in texts if each.channel == channel)


def drive(task: Any, ctx: Context, params: Any, **inputs: Any) -> Made:
    """Run a task to its end."""
    ctx.inputs = Inputs(inputs)
    return Made(list(task(ctx, params)))


def stop_at(task: Any, ctx: Context, params: Any, message: str) -> Made:
    """Run a task until its progress says ``message``, then stop it; return its last words."""
    steps = task(ctx, params)
    for event in steps:
        if isinstance(event, ProgressEvent) and message in event.message:
            return Made(list(last_words(steps, Cancelled())))
    raise AssertionError(f"it never said {message!r}")

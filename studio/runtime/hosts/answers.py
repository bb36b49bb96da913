"""What a task in its own process asks of the studio, done in the greenlet of its job."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from typing import Any

import msgspec

from studio.api.artifacts import SavedArtifact
from studio.api.sandbox import SandboxRequest
from studio.api.worker.call_outcome import CalledArtifact
from studio.api.worker.constraint import Constraint
from studio.api.worker.generators import finished
from studio.plugin_process import messages as m
from studio.plugin_process.process import PluginProcess
from studio.protocol.blobs import shaped
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError, brief
from studio.protocol.messages import BlobSpec
from studio.runtime.devices.memory import is_out_of_memory, out_of_memory
from studio.runtime.jobs.context import Context
from studio.runtime.jobs.error_translation import sendable

MOST_OPEN = 16
"""Leases that a job may hold at once, and questions that are being answered."""

Piece = tuple[Any, Sequence[Any]]
"""A part of a long answer: plain data and blobs."""


class Answers:
    """Hears questions and answers them; long answers piece by piece, others in between."""

    def __init__(self, ctx: Context, process: PluginProcess) -> None:
        self._ctx, self._process = ctx, process
        self._numbers = itertools.count(1)
        self._leases: dict[int, tuple[AbstractContextManager[Any], Any]] = {}
        self._long: deque[tuple[int, Iterator[Piece]]] = deque()

    @property
    def has_work(self) -> bool:
        """Whether a long answer is under way."""
        return bool(self._long)

    def hear(self, question: m.Questions, blobs: Sequence[memoryview]) -> None:
        """Answer ``question``, or begin to.

        Raises:
            Cancelled: The user stopped the job meanwhile.
        """
        self._contained(question.ask, lambda: self._answer(question, blobs))

    def work(self) -> None:
        """Say the next piece of a long answer."""
        ask, pieces = self._long.popleft()

        def go_on() -> None:
            try:
                value, blobs = next(pieces)
            except StopIteration:
                self._process.send(m.Answer(ask))
                return
            self._process.send(m.Answer(ask, value, is_last=False), blobs)
            self._long.append((ask, pieces))

        self._contained(ask, go_on)

    def close(self) -> None:
        """Give back all that was lent."""
        with ExitStack() as stack:
            for lease, _ in self._leases.values():
                stack.callback(lease.__exit__, None, None, None)
            for _, pieces in self._long:
                stack.callback(_close, pieces)
        self._leases.clear()
        self._long.clear()

    def _contained(self, ask: int, work: Callable[[], None]) -> None:
        """Do ``work``; what goes wrong is the answer. ``Cancelled`` passes: the job is over."""
        try:
            work()
        except StudioError as error:
            self._process.send(m.Answer(ask, error=sendable(error.info())))
        except Exception as error:  # noqa: BLE001 - an engine choked on what a plugin gave it: so it is told
            if is_out_of_memory(error):
                told = out_of_memory(self._ctx.studio_job.task, brief(error))
                self._process.send(m.Answer(ask, error=told.info()))
                return
            info = ErrorInfo(ErrorCode.PLUGIN_FAILED, f"The model failed: {brief(error)}.")
            self._process.send(m.Answer(ask, error=sendable(info)))

    def _answer(self, question: m.Questions, blobs: Sequence[memoryview]) -> None:
        match question:
            case m.Write(ask, lease, ids, samplings):
                self._begin(ask, _written(self._engine(lease, "text"), ids, samplings))
            case m.Score(ask, lease, ids, start):
                self._begin(ask, _scored(self._engine(lease, "text"), ids, start))
            case m.Embed(ask, lease, texts):
                self._begin(ask, _embedded(self._engine(lease, "embedding"), texts))
            case m.RunCode(ask):
                self._begin(ask, self._run(question, blobs))
            case m.CallTask(ask):
                self._begin(ask, self._called(question, blobs))
            case m.ReadArtifact(ask, id):
                library = self._ctx.library
                self._process.send(m.Answer(ask), (library.read(library.get(id)),))
            case m.FindKept(ask, key):
                found = self._ctx.intermediates.find(key)
                self._process.send(m.Answer(ask), () if found is None else (found,))
            case m.Enough(ask):
                self._end(ask)
            case _:
                self._process.send(m.Answer(question.ask, self._value(question)))

    def _value(self, question: m.Questions) -> Any:
        match question:
            case m.Lease(_, weights, working):
                lease = self._ctx.lease(weights, working)
                return self._hold(lease, lambda engine: _facts(weights, engine))
            case m.Reserve(_, bytes):
                return self._hold(self._reserved(bytes), lambda _: {})
            case m.Release(_, lease):
                held, _ = self._leases.pop(lease, (None, None))
                return held.__exit__(None, None, None) if held else None
            case m.Fit(_, lease, messages, reserve):
                fitted = self._engine(lease, "text").fit(messages, reserve)
                return {
                    "ids": [int(each) for each in fitted.ids],
                    "dropped": fitted.dropped,
                    "note": fitted.note,
                }
            case m.Encode(_, lease, text, None):
                return [int(each) for each in self._engine(lease, "text").encode(text)]
            case m.Encode(_, lease, text, str(after), reserve):
                fitted = self._engine(lease, "text").infill(text, after, reserve)
                return [int(each) for each in fitted.ids]
            case m.Count(_, lease, text):
                return int(self._engine(lease).count(text))
            case m.MoreBytes(_, lease, tokens, texts):
                return int(self._engine(lease, "text").more_bytes(tokens, texts))
            case m.CheckForm(_, kind, text):
                self._ctx.check_constraint(Constraint(kind, text))  # type: ignore[arg-type] # it checks
                return None
            case m.FindArtifacts(_, id, query, kinds, limit):
                library = self._ctx.library
                found = [library.get(id)] if id else library.find(query, kinds, limit)
                return [_row(each) for each in found]
            case m.Reduced(_, words):
                self._ctx.reduced(words)
                return None
            case m.AskEnergy():
                energy = self._ctx.energy()
                return None if energy is None else asdict(energy)
            case _:  # SandboxTier
                sandbox = self._ctx.sandbox
                return {"tier": sandbox.tier, "reason": sandbox.reason}

    # --- leases ---------------------------------------------------------------------------------

    def _hold(
        self, lease: AbstractContextManager[Any], facts: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        if len(self._leases) >= MOST_OPEN:
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                f"The plugin made an error: it leases more than {MOST_OPEN} models at once.",
                "Leave the “with” block of a lease before the next.",
            )
        engine = lease.__enter__()
        try:
            told = facts(engine)
        except BaseException:
            lease.__exit__(None, None, None)
            raise
        number = next(self._numbers)
        self._leases[number] = (lease, engine)
        return {"lease": number, **told}

    @contextmanager
    def _reserved(self, bytes: int) -> Iterator[None]:
        with self._ctx.reserve(bytes):
            self._process.reserved += bytes
            try:
                yield
            finally:
                self._process.reserved -= bytes

    def _engine(self, lease: int, kind: str = "") -> Any:
        _, engine = self._leases.get(lease, (None, None))
        if engine is None or (kind and _kind(engine) != kind):
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                "The plugin made an error: it uses a model that it has not leased.",
                "Use a model inside the “with” block of its lease only.",
            )
        return engine

    # --- long answers ---------------------------------------------------------------------------

    def _begin(self, ask: int, pieces: Iterator[Piece]) -> None:
        if len(self._long) >= MOST_OPEN:
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                f"The plugin made an error: it asks for more than {MOST_OPEN} things at once.",
                "Wait for the end of one before the next.",
            )
        self._long.append((ask, pieces))

    def _end(self, ask: int) -> None:
        for each in [each for each in self._long if each[0] == ask]:
            self._long.remove(each)
            _close(each[1])

    def _run(self, question: m.RunCode, blobs: Sequence[memoryview]) -> Iterator[Piece]:
        files = {name: bytes(blob) for name, blob in zip(question.files, blobs, strict=False)}
        request = SandboxRequest(
            question.command,
            files,
            question.stdin,
            question.packages,
            question.collect,
            question.limits,
        )
        for step in self._ctx.sandbox.run(request):
            yield step, ()

    def _called(self, question: m.CallTask, blobs: Sequence[memoryview]) -> Iterator[Piece]:
        given = zip(question.inputs, question.specs, blobs, strict=False)
        steps = self._ctx.call(
            question.task,
            question.params,
            inputs={name: _input(spec, blob) for name, spec, blob in given},
            title=question.title,
            parents=question.parents,
            keep=question.keep,
            units=question.units,
        )
        outcome = finished(steps)  # it waits in the job, where others have their turns
        yield {"result": dict(outcome.result), "text": outcome.text}, ()
        for made in outcome.artifacts:
            yield _facts_of(made), (made.read(),)


def _input(spec: BlobSpec, blob: memoryview) -> Any:
    view = shaped(spec, blob)
    return bytes(view) if spec.dtype == "bytes" else view


def _row(artifact: SavedArtifact) -> dict[str, Any]:
    """Return the facts of a result; where it lies is not within the process's reach."""
    facts = {**msgspec.structs.asdict(artifact), "path": ""}
    row: dict[str, Any] = msgspec.to_builtins(facts)
    return row


def _facts_of(made: CalledArtifact) -> dict[str, Any]:
    return {
        "kind": made.kind,
        "suffix": made.suffix,
        "title": made.title,
        "text": made.text,
        "verdict": msgspec.to_builtins(made.verdict) if made.verdict else None,
        "meta": dict(made.meta),
        "id": made.id,
    }


def _kind(engine: Any) -> str:
    if hasattr(engine, "generate_many") and hasattr(engine, "fit"):
        return "text"
    return "embedding" if hasattr(engine, "embed") else ""


def _facts(weights: str, engine: Any) -> dict[str, Any]:
    """Return what a proxy needs to know of an engine.

    Raises:
        StudioError: ``UNSUPPORTED``: it is none that can be lent to another process.
    """
    match _kind(engine):
        case "text":
            return {
                "kind": "text",
                "context_length": int(engine.context_length),
                "can_infill": bool(engine.can_infill),
                "can_see": bool(engine.can_see),
            }
        case "embedding":
            return {
                "kind": "embedding",
                "width": int(engine.width),
                "longest": int(engine.longest),
                "fingerprint": str(engine.fingerprint),
            }
    raise StudioError(
        ErrorCode.UNSUPPORTED,
        f"The model “{weights}” cannot be lent to a plugin in its own process: it neither writes "
        "text nor embeds it.",
        "Use the task of another plugin that uses it.",
    )


def _written(engine: Any, ids: list[int], samplings: Sequence[Any]) -> Iterator[Piece]:
    if len(samplings) == 1:
        for step in engine.generate(ids, samplings[0]):
            yield (0, step), ()
        return
    for index, step in engine.generate_many(ids, samplings):
        yield (index, step), ()


def _scored(engine: Any, ids: list[int], start: int) -> Iterator[Piece]:
    for chances in engine.score(ids, start):
        yield list(chances), ()


def _embedded(engine: Any, texts: list[str]) -> Iterator[Piece]:
    for indices, vectors in engine.embed(texts):
        yield list(indices), (vectors.detach().cpu().contiguous().numpy(),)


def _close(pieces: Iterator[Piece]) -> None:
    if close := getattr(pieces, "close", None):
        close()

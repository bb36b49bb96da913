"""Takes rows through their steps: the next step, cached results, outcomes.

All of it is called on one thread beside the owner's, for it reads files and the library. It runs
nothing: it returns what is to be run, after that was written down.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from studio.api.jobs import JobRequest
from studio.automation.workflows.document import Step, Workflow
from studio.automation.workflows.machine import Ask, End
from studio.automation.workflows.parts import Parts
from studio.automation.workflows.sources import Given
from studio.automation.workflows.values import Values
from studio.base.background import in_words
from studio.jobs.fingerprint import fingerprint
from studio.jobs.job import Recipe
from studio.jobs.recipes import SEED_BITS
from studio.library.rows import Artifact
from studio.library.storage.ulid import new_id
from studio.library.workflow_runs import Change, RowState, Run, RunRow, RunStep, StepState
from studio.protocol.states import JobState, Priority

OPEN_ROWS = 32
"""Rows that are read at a time; more where a machine has more room."""
LOOKED_UP = 256
"""Steps that are looked up in one go, at most: somebody may want to stop meanwhile."""


class Batch(NamedTuple):
    """The steps to run now.

    Attributes:
        more: There may be more, but it was time to look up.
        finished: No row waits, and none is under way.
    """

    asks: list[Ask]
    counts: dict[RowState, int]
    more: bool
    finished: bool


@dataclass
class _OpenRow:
    row: RunRow
    given: Given
    steps: dict[str, RunStep] = field(default_factory=dict)
    """Step → the last attempt at it."""
    is_busy: bool = False
    fingerprint: str = ""
    """Of the step that it came to last."""


class RowWork:
    """The rows of one run."""

    def __init__(self, studio: Parts, run: Run, workflow: Workflow) -> None:
        """Begin; on the owner's thread, for schemas are imported."""
        self._studio = studio
        self._runs = studio.library.workflow_runs
        self._run = run
        self._order = workflow.ordered()
        self._fields = {
            step.id: {
                field.name: field for field in studio.plugins.params_class(step.task).fields()
            }
            for step in self._order
        }
        self._open: dict[int, _OpenRow] = {}
        self._most = OPEN_ROWS
        self._at_once = 1
        self._has_begun = False
        self._last_task = ""
        self._changes: list[Change] = []

    def next(self, room: int) -> Batch:
        """Return up to ``room`` steps that are to be run, each written down.

        Raises:
            StudioError: The library cannot be written.
        """
        asks: list[Ask] = []
        self._at_once = room + sum(row.is_busy for row in self._open.values())
        self._most = max(OPEN_ROWS, self._at_once)
        for _ in range(LOOKED_UP):
            self._take_up()
            row = self._pick() if len(asks) < room else None
            if row is None:
                break
            if ask := self._advance(row):
                asks.append(ask)
        self._take_up()
        self._flush()
        more = len(asks) < room and self._pick() is not None
        return Batch(asks, self._runs.counts(self._run.id), more, not self._open)

    def ended(self, ask: Ask, end: End) -> None:
        """Record the outcome of a step."""
        row = self._open[ask.number]
        row.is_busy = False
        entry = row.steps[ask.step]
        if end.state is JobState.LOST and (ask.again or end.is_again):
            # Its row is as it was before the step; the next look at it asks for it once more.
            row.steps[ask.step] = msgspec.structs.replace(entry, job="")
            return
        row.row = msgspec.structs.replace(row.row, seconds=row.row.seconds + end.seconds)
        entry = msgspec.structs.replace(entry, seconds=end.seconds)
        if end.state is JobState.DONE:
            finished = msgspec.structs.replace(entry, state=StepState.DONE, artifacts=end.artifacts)
            self._made(row, self._step(ask.step), finished)
        else:
            message = f"{end.error.message} {end.error.hint}".strip() if end.error else ""
            self._fail(row, entry, message or "It was stopped.")
        self._flush()

    # --- inside -------------------------------------------------------------------------------

    def _take_up(self) -> None:
        """Open rows: first those that were under way when a studio ended, then those that wait."""
        if len(self._open) > self._most // 2:
            return
        id, over = self._run.id, {change.number for change in self._changes}
        rows = [] if self._has_begun else self._runs.rows_in(id, RowState.RUNNING, (), self._most)
        self._has_begun = True
        room = self._most - len(self._open) - len(rows)
        taken = self._open.keys() | over  # what became of these is not written down yet
        rows += self._runs.rows_in(id, RowState.WAITING, taken, max(room, 0))
        steps = self._runs.steps(id, [row.number for row in rows])
        for row in rows:
            opened = _OpenRow(row, msgspec.convert(row.given, Given))
            opened.steps = {step.step: step for step in steps if step.number == row.number}
            self._open[row.number] = opened

    def _pick(self) -> _OpenRow | None:
        """Return the row to bring on; None if none may be now.

        As many rows are begun as the machine runs at once, and finished before others are: what is
        killed leaves whole rows. Of those the one is taken whose next task is the last one's, so
        that models are not loaded for each row anew. A row whose next step is under way for one
        like it waits for its result.
        """
        rows = self._open.values()
        under_way = {row.fingerprint for row in rows if row.is_busy}
        is_full = sum(bool(row.steps) for row in rows) >= self._at_once
        free = [
            row
            for row in rows
            if not row.is_busy and (row.steps or not is_full) and row.fingerprint not in under_way
        ]
        same = (row for row in free if (step := self._due(row)) and step.task == self._last_task)
        return next(same, free[0] if free else None)

    def _due(self, row: _OpenRow) -> Step | None:
        """Return the step that a row has come to; None if all are over."""
        for step in self._order:
            entry = row.steps.get(step.id)
            if entry is None or entry.state in (StepState.RUNNING, StepState.INVALID):
                return step
        return None

    def _step(self, id: str) -> Step:
        return next(step for step in self._order if step.id == id)

    def _advance(self, row: _OpenRow) -> Ask | None:
        """Bring a row on by one step; return it if it has to be run."""
        step = self._due(row)
        if step is None:
            self._close(row, RowState.DONE)
            return None
        last = row.steps.get(step.id)
        attempt = 1 if last is None else last.attempt + (last.state is StepState.INVALID)
        entry = RunStep(run=self._run.id, number=row.row.number, step=step.id, attempt=attempt)
        if self._is_skipped(row, step):
            self._note(row, msgspec.structs.replace(entry, state=StepState.SKIPPED))
            return None
        try:
            recipe, print_ = self._prepared(row, step, attempt)
            again = last is not None and last.state is StepState.RUNNING and bool(last.job)
            if not again and (earlier := self._runs.made(print_)):
                same = {"artifacts": earlier.artifacts, "job": earlier.job, "fingerprint": print_}
                cached = msgspec.structs.replace(entry, state=StepState.CACHED, **same)
                self._made(row, step, cached)
                return None
            row.fingerprint = print_
            if any(other.is_busy and other.fingerprint == print_ for other in self._open.values()):
                return None
        except Exception as error:  # noqa: BLE001 - of a plugin's schema, too: it is of this row
            failure = in_words(error)
            self._fail(row, entry, f"{failure.message} {failure.hint}".strip())
            return None
        job = last.job if again and last else new_id()
        self._note(row, msgspec.structs.replace(entry, job=job, fingerprint=print_))
        if row.row.state is not RowState.RUNNING:
            row.row = msgspec.structs.replace(row.row, state=RowState.RUNNING)
            self._changes.append(row.row)
        row.is_busy, self._last_task = True, step.task
        return Ask(job, row.row.number, step.id, attempt, recipe, print_, again)

    def _prepared(self, row: _OpenRow, step: Step, attempt: int) -> tuple[Recipe, str]:
        """Return the recipe of a step, with seeds that follow from what goes into it."""
        results = {name: entry.artifacts for name, entry in row.steps.items()}
        library = self._studio.library
        values = Values(library, row.given, self._run.params, results, self._run.folder)
        params = values.params_of(step, self._fields[step.id])
        inputs = values.inputs_of(step)
        self._studio.proofs.picked.grant(values.chosen, keep=False)  # they are what it runs on
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in inputs.items()}
        content = fingerprint(step.task, params, inputs=digests, weights=values.files)
        key = f"{content} {self._run.seed} {step.id} {attempt}".encode()
        seed = int.from_bytes(hashlib.sha256(key).digest()[: SEED_BITS // 8], "big")
        request = JobRequest(
            step.task,
            params,
            title=f"{self._run.title}: {row.row.title}" if row.row.title else self._run.title,
            priority=Priority.BACKGROUND,
            inputs=inputs,
            parents=values.parents,
        )
        recipe = self._studio.recipe(request, lambda: seed)
        plugin, _ = self._studio.plugins.task(step.task)
        named = {id: self._digest_of_weights(id) for id in recipe.weights}
        print_ = fingerprint(
            step.task,
            recipe.params,
            seed=recipe.seed,
            inputs=recipe.input_digests,
            weights={**named, **values.files},
            plugin=plugin.digest,
        )
        return recipe, print_

    def _digest_of_weights(self, id: str) -> str:
        """Return what names weights by content; where nobody has read them, their size and date."""
        weights = self._studio.weights.get(id)
        if weights.digest:
            return weights.digest
        status = weights.path.stat()
        text = f"{weights.path} {status.st_size} {status.st_mtime_ns}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _is_skipped(self, row: _OpenRow, step: Step) -> bool:
        if any(row.steps[need].state is StepState.SKIPPED for need in step.needs):
            return True
        if step.condition is None:
            return False
        other, wanted = step.condition
        return any(_is_valid(artifact) for artifact in self._artifacts(row.steps[other])) != wanted

    def _made(self, row: _OpenRow, step: Step, entry: RunStep) -> None:
        """Process a result: accept it, retry the step, or end the row."""
        if step.until:
            artifacts = self._artifacts(entry)
            if all(artifact.passed is None for artifact in artifacts):
                message = f"“{step.task}” does not check its results, so “until” cannot be used."
                self._fail(row, entry, message)
                return
            valid = tuple(artifact.id for artifact in artifacts if _is_valid(artifact))
            others = tuple(id for id in entry.artifacts if id not in valid)
            entry = msgspec.structs.replace(entry, artifacts=valid + others)
            if not valid:
                self._note(row, msgspec.structs.replace(entry, state=StepState.INVALID))
                if entry.attempt % step.at_most == 0:  # a retry goes on with other seeds
                    message = f"no result passed its checks in {entry.attempt} attempts."
                    self._close(row, RowState.FAILED, f"Step “{step.id}”: {message}")
                return
        self._note(row, entry)

    def _artifacts(self, entry: RunStep) -> list[Artifact]:
        return [self._studio.library.artifact(id) for id in entry.artifacts]

    def _fail(self, row: _OpenRow, entry: RunStep, message: str) -> None:
        self._note(row, msgspec.structs.replace(entry, state=StepState.FAILED))
        self._close(row, RowState.FAILED, f"Step “{entry.step}”: {message}")

    def _note(self, row: _OpenRow, entry: RunStep) -> None:
        row.steps[entry.step] = entry
        self._changes.append(entry)

    def _close(self, row: _OpenRow, state: RowState, error: str = "") -> None:
        del self._open[row.row.number]
        self._changes.append(msgspec.structs.replace(row.row, state=state, error=error))

    def _flush(self) -> None:
        changes, self._changes = self._changes, []
        self._runs.write(changes)


def _is_valid(artifact: Artifact) -> bool:
    return artifact.passed is True

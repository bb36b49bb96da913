"""The workflow runs of one studio: started, resumed, stopped; and recording for one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from studio.api.errors import BadInput
from studio.api.params import FieldKind
from studio.automation.clusters.address import Address
from studio.automation.clusters.cluster import Cluster
from studio.automation.workflows.check import checked
from studio.automation.workflows.document import Workflow
from studio.automation.workflows.machine import Machine, ThisMachine
from studio.automation.workflows.parts import Parts
from studio.automation.workflows.references import only
from studio.automation.workflows.results import Results, Source, results, written
from studio.automation.workflows.row_work import RowWork
from studio.automation.workflows.runner import Runner
from studio.automation.workflows.sources import NONE, Given, fitting, rows
from studio.base.background import Background
from studio.base.notices import Action
from studio.jobs.board import JobBoard
from studio.jobs.job import Job
from studio.library.library import Library
from studio.library.storage.ulid import new_id
from studio.library.workflow_runs import RowState, Run, RunRow, RunState, RunStep
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState

BLANK = Given()


class Workflows:
    """The runs of this session, under way and over.

    Attributes:
        recorder: Takes note of what is done on the pages.
        on_draft: Called with a workflow that was made elsewhere and is to be shown.
        on_results: Called with the ids of results that one is to run on.
    """

    def __init__(self, studio: Parts) -> None:
        self._studio = studio
        self._background = Background("studio-workflows", studio.post)
        self._runners: dict[str, Runner] = {}
        self.recorder = Recorder(studio.jobs)
        self.on_draft: Callable[[Workflow], None] = lambda workflow: None
        self.on_results: Callable[[tuple[str, ...]], None] = lambda ids: None

    def active(self) -> list[Runner]:
        """Return the runs that are under way, oldest first."""
        return [runner for runner in self._runners.values() if not runner.is_over]

    def runner(self, run: str) -> Runner | None:
        """Return a run of this session."""
        return self._runners.get(run)

    def start(
        self,
        text: str,
        inputs: Source | Iterable[Given] | None,
        *,
        params: Mapping[str, Any] | None = None,
        seed: int = 0,
        on: str = "",
    ) -> Runner:
        """Begin a run: its rows are written down, then it goes on by itself.

        Args:
            text: The workflow's file.
            inputs: Where they are from, or a row for each, read beside this thread; None for the
                collection that the workflow names, or for a workflow without input.
            params: Values of its free parameters.
            seed: Another one gives other results where nobody chose a seed.
            on: The address of a cluster that runs it; empty for this machine.

        Raises:
            StudioError: It cannot run here, or inputs or a parameter are missing or wrong.
        """
        machine = self._machine(on)
        workflow = checked(text, self._studio.plugins)
        self._check_models(workflow)
        inputs = _named_by(workflow) if inputs is None else inputs
        source = inputs if isinstance(inputs, Path | Results) else None
        run = Run(
            id=new_id(),
            created=time.time(),
            title=workflow.name,
            document=text,
            params=workflow.values(params or {}),
            source=written(source),
            folder=_folder_of(source),
            seed=seed,
        )
        runner = self._runner(run, machine)
        givens = self._givens(inputs, workflow)
        run_rows = (
            RunRow(run=run.id, number=number, title=given.title, given=msgspec.to_builtins(given))
            for number, given in enumerate(fitting(givens, workflow), start=1)
        )
        library = self._studio.library
        self._background.run(
            lambda: library.workflow_runs.begin(run, run_rows),
            lambda _: self._go(runner, run, workflow),
            runner.fail,
        )
        return runner

    def resume(self, run: Run, *, retry: bool | tuple[int, ...] = False, on: str = "") -> Runner:
        """Go on with a run where it was.

        Args:
            retry: Failed rows are tried once more, too: all, or those with these numbers.
            on: As for ``start``; of a run that is under way it changes nothing.

        Raises:
            StudioError: The workflow cannot run here any more, or the address is wrong.
        """
        machine = self._machine(on)
        runner = self._runners.get(run.id)
        is_new = runner is None or runner.is_over
        runs = self._studio.library.workflow_runs
        if runner is None or is_new:
            workflow = checked(run.document, self._studio.plugins)
            runner = self._runner(run, machine)
        going = runner

        def prepare() -> None:
            if retry:
                runs.retry(run.id, retry if isinstance(retry, tuple) else ())
            if is_new:
                runs.become(run.id, RunState.RUNNING)

        def prepared(_: None) -> None:
            if is_new:
                self._go(going, run, workflow)
            else:
                going.look_again()

        self._background.run(prepare, prepared, runner.fail)
        return runner

    def tell_interrupted(self) -> None:
        """Offer to go on with runs that were under way when the last studio ended."""
        runs = self._studio.library.workflow_runs

        def look() -> list[tuple[Run, int, int]]:
            interrupted = [run for run in runs.runs() if run.state is RunState.RUNNING]
            counts = [runs.counts(run.id) for run in interrupted]
            done = (count.get(RowState.DONE, 0) for count in counts)
            return list(
                zip(interrupted, done, (sum(count.values()) for count in counts), strict=True)
            )

        def tell(interrupted: list[tuple[Run, int, int]]) -> None:
            for run, done, total in interrupted:
                if run.id not in self._runners:
                    rows = f"{done:,} of {total:,} rows"
                    self._studio.notices.info(
                        f"The workflow “{run.title}” was interrupted at {rows}.",
                        "What is done is kept.",
                        key=f"workflow-{run.id}",
                        actions=(Action("Resume", partial(self._resume_or_tell, run)),),
                    )

        self._background.run(look, tell, self._studio.notices.error)

    def _resume_or_tell(self, run: Run) -> None:
        try:
            self.resume(run)
        except StudioError as error:
            self._studio.notices.error(error, key=f"workflow-{run.id}")

    def close(self) -> None:
        """Leave all runs as they are; another studio can resume them."""
        for runner in self._runners.values():
            runner.close()
        self._background.close()

    def _givens(self, inputs: Source | Iterable[Given], workflow: Workflow) -> Iterable[Given]:
        if isinstance(inputs, Path):
            return rows(inputs, workflow, self._studio.plugins.kinds())
        if isinstance(inputs, Results):
            return results(inputs, workflow, self._studio.library)
        return inputs

    def _check_models(self, workflow: Workflow) -> None:
        """Make sure that the models are here: without one, each row would fail by itself.

        Raises:
            StudioError: A step names one that cannot be used, or there is none for it.
        """
        weights = self._studio.weights
        for step in workflow.step:
            for field in self._studio.plugins.params_class(step.task).fields():
                value = step.params.get(field.name)
                if field.kind is not FieldKind.WEIGHTS or field.optional or only(value):
                    continue
                try:
                    row = weights.get(value) if value else None
                    row = row or weights.default_for(field.capability, field.prefer)
                except StudioError as error:
                    message = f"Step “{step.id}”: {error.message}"
                    raise StudioError(error.code, message, error.hint) from error
                if row.problem:
                    raise BadInput(f"Step “{step.id}”: {row.problem}")

    def _machine(self, on: str) -> Callable[[], Machine]:
        if not on:
            return lambda: ThisMachine(self._studio)
        address = Address.parse(on)
        return lambda: Cluster(self._studio, address)

    def _runner(self, run: Run, machine: Callable[[], Machine]) -> Runner:
        runner = Runner(self._studio.library, run.id, run.title, machine(), self._background)
        self._runners[run.id] = runner
        return runner

    def _go(self, runner: Runner, run: Run, workflow: Workflow) -> None:
        runner.go(RowWork(self._studio, run, workflow))


def machine_of(library: Library, step: RunStep) -> str:
    """Return the name of the machine that a step ran on; empty for this one, or if unknown."""
    try:
        if step.artifacts:
            return library.record(library.artifact(step.artifacts[-1]).record).machine
        return library.jobs.entry(step.job).machine
    except StudioError:  # it was erased, or is not entered yet
        return ""


def _named_by(workflow: Workflow) -> Source | list[Given]:
    """Return the workflow's own inputs, where none were given.

    Raises:
        BadInput: It names nothing, and takes something.
    """
    if workflow.input.kind == NONE:
        return [BLANK]
    if workflow.input.collection:
        return Results(collection=workflow.input.collection)
    raise BadInput(
        f"“{workflow.name}” needs inputs of the kind “{workflow.input.kind}”.",
        "Give it a folder, a table, a list, or results of the library.",
    )


def _folder_of(source: Source | None) -> str:
    """Return the base folder of the paths in a table or a list."""
    if not isinstance(source, Path):
        return str(Path())
    return str((source if os.path.isdir(source) else source.parent).absolute())


class Recorder:
    """Takes note of the results of jobs that are done while it records.

    Attributes:
        is_recording: Whether it does.
    """

    def __init__(self, jobs: JobBoard) -> None:
        self.is_recording = False
        self._made: dict[str, tuple[str, ...]] = {}
        jobs.on_change(self._changed)

    @property
    def steps(self) -> int:
        """How many jobs it has seen."""
        return len(self._made)

    def start(self) -> None:
        """Begin with nothing."""
        self._made.clear()
        self.is_recording = True

    def stop(self) -> list[str]:
        """Return the ids of the results, in the order in which they were made."""
        self.is_recording = False
        return [id for ids in self._made.values() for id in ids]

    def _changed(self, job: Job) -> None:
        if not self.is_recording or job.state is not JobState.DONE or job.caller is not None:
            return
        if ids := tuple(artifact.id for artifact in job.artifacts if artifact.id):
            self._made[job.id] = ids

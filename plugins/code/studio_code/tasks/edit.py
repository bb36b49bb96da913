"""A change over several files, written step by step: new texts to be reviewed, and a patch.

Reads the folder as :mod:`studio_code.tasks.plan` does, and writes nothing into it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from studio.api import Cancelled, Event, Kind, TaskContext, TextEngine
from studio_code.folder.outline import ranked
from studio_code.generation import file_edit
from studio_code.generation.steps import Step, read_steps
from studio_code.schema import Edit
from studio_code.tasks import file_writer, trial
from studio_code.tasks.file_writer import Work
from studio_code.tasks.plan import folder_of, planned

_FILES_OF_A_STEP: Final = 2
"""So many of the likeliest files are taken for a step that names none."""


def edit(ctx: TaskContext, params: Edit) -> Iterator[Event]:
    """Write a change; yield its patch as an artifact, and the result. Changes no file.

    The result: ``edits``, rows of ``path``, ``text``, ``base``, what it was made from (empty for
    a new file), and how many lines were ``added`` and ``removed``; ``steps``, rows of ``title``,
    ``files`` and ``changed``; ``unapplied``, rows of ``path`` and ``why``; ``trial``, ``outcome``,
    ``told`` and ``program`` of a try in the sandbox (:mod:`studio_code.tasks.trial`). Stopped, it
    hands over the steps that are done.

    Raises:
        BadInput: There is no request, no folder with code, or a step is malformed.
        StudioError: The weights cannot be used, or a file does not fit them.
    """
    folder = yield from folder_of(ctx, params)
    texts = {file.path: file.text for file in folder.files}
    work = Work(params, dict(texts), texts, read_steps(params.steps), read_steps(params.others))
    try:
        yield from _written(ctx, work)
    except Cancelled:
        if work.edits():
            yield from _finish(ctx, work)
        raise
    yield from _finish(ctx, work)


def _written(ctx: TaskContext, work: Work) -> Generator[Event, None, None]:
    with ctx.lease(work.params.weights) as engine:
        if not work.steps:
            work.steps = yield from planned(ctx, engine, work.params, work.files())
        for number, step in enumerate(work.steps, 1):
            yield ctx.text(f"{number}. {step.line()}\n")
            before = dict(work.texts)
            for path in step.files or _likely(work, step):
                yield from file_writer.edit_file(ctx, engine, work, step, path)
            changed = [path for path, text in work.texts.items() if text != before.get(path)]
            work.told.append({"title": step.title, "files": list(step.files), "changed": changed})
        if work.params.run:
            yield from _try(ctx, engine, work)


def _likely(work: Work, step: Step) -> list[str]:
    order = ranked(work.files(), f"{step.title}\n{work.params.prompt}")
    return [file.path for file in order[:_FILES_OF_A_STEP]]


def _try(ctx: TaskContext, engine: TextEngine, work: Work) -> Generator[Event, None, None]:
    """Try the change; where it breaks, have that part written again, and take what breaks not."""
    params, program = work.params, ""
    for _round in range(2):  # a program that tells nothing is written once more
        program = yield from trial.program_for(
            ctx,
            engine,
            params.prompt,
            params.weights,
            work.edits(),
            work.texts,
            program,
            work.trial.told,
        )
        if not program:
            return
        work.trial = yield from trial.tried(ctx, program, work.edits(), work.texts)
        if work.trial.outcome != "unusable":
            break
    if work.trial.outcome != "crashed" or not params.rounds:
        return
    path, line, message = work.trial.path, work.trial.line, work.trial.told
    before = work.texts[path]
    for text in (yield from file_writer.others_of(ctx, engine, work, path, line, message)):
        work.texts[path] = text
        outcome = yield from trial.tried(ctx, program, work.edits(), work.texts)
        if outcome.outcome in ("passed", "failed"):
            work.trial = outcome
            return
    work.texts[path] = before


def _finish(ctx: TaskContext, work: Work) -> Iterator[Event]:
    edits = work.edits()
    if edits:
        patch = file_edit.patch(edits)
        yield ctx.artifact(
            Kind.CODE,
            patch.encode(),
            suffix=".patch",
            title=" ".join(work.params.prompt.split())[:80],
            text=patch,
            meta={"language": "diff", "path": "change.patch"},
        )
    yield ctx.result(
        edits=[
            {
                "path": edit.path,
                "text": edit.text,
                "base": edit.base,
                **file_edit.counts(edit),
            }
            for edit in edits
        ],
        steps=work.told,
        unapplied=work.unapplied,
        trial=work.trial.row(),
        note=_note(work, len(edits)),
    )


def _note(work: Work, changed: int) -> str:
    if not changed:
        return "nothing changed"
    tried = {
        "passed": ", tried: it works",
        "failed": f", tried: a short program expected something else ({work.trial.told})",
        "crashed": f", tried: {work.trial.told}",
    }.get(work.trial.outcome, "")
    return f"{changed} of {len(work.texts)} files changed{tried}"

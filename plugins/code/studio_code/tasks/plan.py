"""A change over several files, planned: steps with their files. Reads the folder, writes nothing.

What reads the folder runs where it cannot be written (:mod:`studio_code.folder.reader`); what
plans is a model, of which nothing but its words is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import msgspec

from studio.api import BadInput, Event, TaskContext, TextEngine
from studio.api.worker.constraint import Constraint
from studio_code import source
from studio_code.folder.reader import Folder, overlaid, read_folder
from studio_code.generation import llm_calls, plan_prompts
from studio_code.generation.steps import Step, files_named, missed, placed, with_definitions
from studio_code.schema import Edit, Plan
from studio_code.source import Source

_PLAN_TOKENS = 700


class _Row(msgspec.Struct):
    title: str
    files: list[str]
    new_files: list[str]


class _Answer(msgspec.Struct):
    steps: list[_Row]


def plan(ctx: TaskContext, params: Plan) -> Iterator[Event]:
    """Plan a change; yield the steps as text, and the result.

    The result: ``steps``, rows of ``title`` and ``files``; ``text``, the same as lines; ``read``,
    how many files were read; ``left_out``, how many were not; ``guard``, what kept the folder from
    being written (a tier of the sandbox, empty for none).

    Raises:
        BadInput: There is no request, or no folder with code.
        StudioError: The weights cannot be used, or the request does not fit them.
    """
    folder = yield from folder_of(ctx, params)
    with ctx.lease(params.weights) as engine:
        steps = yield from planned(ctx, engine, params, folder.files)
    text = "\n".join(f"{number}. {step.line()}" for number, step in enumerate(steps, 1))
    yield ctx.text(f"{text}\n")
    yield ctx.result(
        steps=[{"title": step.title, "files": list(step.files)} for step in steps],
        text=text,
        read=len(folder.files),
        left_out=folder.left_out,
        guard=folder.guard,
    )


def folder_of(ctx: TaskContext, params: Plan | Edit) -> Generator[Event, None, Folder]:
    """Read the folder of a request; replace the texts open on a page (``context``).

    Raises:
        BadInput: There is no request, or no folder with code.
    """
    if not params.prompt.strip():
        raise BadInput("There is no request.", "Say what to change.")
    newer = source.sent(ctx.inputs, "context")
    if not params.folder:
        if not newer:
            raise BadInput("No folder was given.", "Choose a folder with code.")
        return Folder(tuple(newer), guard="no folder")
    folder = yield from read_folder(ctx, params.folder)
    return replace(folder, files=tuple(overlaid(folder.files, newer)))


def planned(
    ctx: TaskContext, engine: TextEngine, params: Plan | Edit, files: Sequence[Source]
) -> Generator[Event, None, list[Step]]:
    """Return the steps of a change.

    Raises:
        BadInput: The model came to no plan.
    """
    share = plan_prompts.ON_A_PROCESSOR if ctx.device == "cpu" else 1
    messages = plan_prompts.plan(engine, files, params.prompt, share)
    constraint = Constraint.json(plan_prompts.plan_schema(files, params.prompt))
    wish = llm_calls.sampling(min(_PLAN_TOKENS, params.max_tokens), ctx.rng.seed)
    answer = yield from llm_calls.ask(
        ctx,
        engine,
        messages,
        replace(wish, constraint=constraint),
        weights=params.weights,
        channel="plan",
        message="Planning",
    )
    try:
        rows = msgspec.json.decode(answer.text, type=_Answer).steps
    except msgspec.MsgspecError as error:
        raise BadInput(
            "The model came to no plan.", "Say in more detail what to change, or in smaller parts."
        ) from error
    available = [file.path for file in files]
    may_be_new = plan_prompts.speaks_of_new(params.prompt)
    named = [
        path for path in files_named(params.prompt, available) if may_be_new or path in available
    ]
    steps: list[Step] = []
    for row in rows:
        new = [placed(path, [*row.files, *named], available) for path in row.new_files]
        new = [path for path in new if path not in available]
        # A step without a file goes where its title says, or the request: nowhere else.
        paths = tuple(
            dict.fromkeys([*row.files, *new] or files_named(row.title, available) or named)
        )
        step = Step(" ".join(row.title.replace("[", "(").replace("]", ")").split()), paths)
        if step.title and step not in steps:
            steps.append(step)
    steps += missed(steps, params.prompt, named)
    return with_definitions(steps, params.prompt, plan_prompts.defining(files, params.prompt))

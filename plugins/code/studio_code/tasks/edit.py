"""A change over several files, written step by step: new texts to be reviewed, and a patch.

Reads the folder as :mod:`studio_code.tasks.plan` does, and writes nothing into it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from studio.api import Cancelled, ChatMessage, Event, Kind, TaskContext, TextEngine
from studio.api.worker.constraint import Constraint
from studio_code import linter
from studio_code.folder.outline import Part, outline, parts, ranked
from studio_code.generation import demands, file_edit, llm_calls, plan_prompts, prompts
from studio_code.generation.answers import code_of
from studio_code.generation.edit_blocks import edits_in, with_imports
from studio_code.generation.file_edit import Edited
from studio_code.generation.missing_imports import imports_for
from studio_code.generation.steps import Step, read_steps
from studio_code.schema import Edit
from studio_code.source import Source
from studio_code.tasks.plan import folder_of, planned

_PARTS_TOKENS: Final = 120
_NEW_TOKENS: Final = 400
"""What is written anew has at most so many more than twice those of before: no rut goes on. A new
file may be as long as the user lets it."""
_SHOWN_TOKENS: Final = 2500
"""A file with more is told by its outline, and by the part that is written anew."""
_OTHERS: Final = 4
_FILES_OF_A_STEP: Final = 2
"""So many of the likeliest files are taken for a step that names none."""


class _Chosen(msgspec.Struct):
    parts: list[str]


@dataclass
class _Work:
    """What a run has so far.

    Attributes:
        texts: Path → the text now, changes of this run included.
        before: The same as they were.
        others: Steps that are done separately.
        told: Rows of the result, one a step.
        unapplied: Rows of path and why.
    """

    params: Edit
    texts: dict[str, str]
    before: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    others: list[Step] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    unapplied: list[dict[str, str]] = field(default_factory=list)

    def edits(self) -> list[Edited]:
        """Return what is another than it was."""
        return [
            Edited(path, self.before.get(path, ""), text)
            for path, text in self.texts.items()
            if text != self.before.get(path, "")
        ]

    def files(self) -> list[Source]:
        """Return all files as they are now."""
        return [Source(path, text) for path, text in self.texts.items()]


def edit(ctx: TaskContext, params: Edit) -> Iterator[Event]:
    """Write a change; yield its patch as an artifact, and the result. Changes no file.

    The result: ``edits``, rows of ``path``, ``text``, ``base``, what it was made from (empty for
    a new file), and how many lines were ``added`` and ``removed``; ``steps``, rows of ``title``,
    ``files`` and ``changed``; ``unapplied``, rows of ``path`` and ``why``. Stopped, it hands over
    the steps that are done.

    Raises:
        BadInput: There is no request, no folder with code, or a step is malformed.
        StudioError: The weights cannot be used, or a file does not fit them.
    """
    folder = yield from folder_of(ctx, params)
    texts = {each.path: each.text for each in folder.files}
    work = _Work(params, dict(texts), texts, read_steps(params.steps), read_steps(params.others))
    try:
        yield from _written(ctx, work)
    except Cancelled:
        if work.edits():
            yield from _finish(ctx, work)
        raise
    yield from _finish(ctx, work)


def _written(ctx: TaskContext, work: _Work) -> Generator[Event, None, None]:
    with ctx.lease(work.params.weights) as engine:
        if not work.steps:
            work.steps = yield from planned(ctx, engine, work.params, work.files())
        for number, step in enumerate(work.steps, 1):
            yield ctx.text(f"{number}. {step.line()}\n")
            before = dict(work.texts)
            for path in step.files or _likely(work, step):
                yield from _edit_file(ctx, engine, work, step, path)
            changed = [path for path, text in work.texts.items() if text != before.get(path)]
            work.told.append({"title": step.title, "files": list(step.files), "changed": changed})


def _likely(work: _Work, step: Step) -> list[str]:
    order = ranked(work.files(), f"{step.title}\n{work.params.prompt}")
    return [each.path for each in order[:_FILES_OF_A_STEP]]


def _edit_file(
    ctx: TaskContext, engine: TextEngine, work: _Work, step: Step, path: str
) -> Generator[Event, None, None]:
    """Do a step in one file."""
    source = Source(path, work.texts.get(path, ""))
    offered = file_edit.likely(file_edit.choices(source), work.params.prompt)
    room = _SHOWN_TOKENS // (plan_prompts.ON_A_PROCESSOR if ctx.device == "cpu" else 1)
    is_long = engine.count(source.text) > room
    shown = plan_prompts.definitions(source) if is_long and offered else ""
    shown = shown or (prompts.fenced(source) if source.text.strip() else "")
    told = plan_prompts.step(
        source,
        shown,
        _others(work, path),
        work.params.prompt,
        step.title,
        [each.line() for each in work.steps + work.others if path not in each.files],
    )
    trouble = ""
    if not offered:
        asked = plan_prompts.whole_file(told, source)
        trouble = yield from _asked(ctx, engine, work, asked, source, None)
    else:
        chosen = yield from _chosen(ctx, engine, work, told, offered)
        for number, part in enumerate(chosen, 1):
            now = Source(path, work.texts[path])  # an import may have moved what comes after
            part = next((p for p in file_edit.all_parts(now) if p.name == part.name), part)
            there, before = file_edit.part_text(now, part), file_edit.text_before(now, part)
            asked = plan_prompts.one_part(told, now, part.name, there, before)
            is_last = number == len(chosen)
            trouble = (
                yield from _asked(ctx, engine, work, asked, now, part, is_last=is_last)
            ) or trouble
    if trouble:
        work.unapplied.append({"path": path, "why": trouble})


def _foreign(work: _Work, path: str) -> set[str]:
    """Return what other files of the plan define, and so this one shall not; none to be moved."""
    if file_edit.MOVES.search(work.params.prompt):
        return set()
    named = {name for step in work.steps + work.others for name in step.files} - {path}
    sources = [Source(name, work.texts[name]) for name in named if work.texts.get(name)]
    suffix = path.rpartition(".")[2]
    return {
        part.name
        for each in sources
        if each.path.endswith(f".{suffix}")
        for part in parts(each.text, each.language.id)
        if "." not in part.name
    }


def _others(work: _Work, path: str) -> str:
    """Return outlines of the other files of the plan: what is called from there has its form."""
    named = dict.fromkeys(name for step in work.steps for name in step.files)
    others = [name for name in named if name != path and work.texts.get(name)][:_OTHERS]
    return "\n".join(outline(Source(name, work.texts[name])) for name in others)


def _chosen(
    ctx: TaskContext, engine: TextEngine, work: _Work, told: str, offered: list[Part]
) -> Generator[Event, None, list[Part]]:
    """Ask which parts of a file a step changes, if there is a choice."""
    if len(offered) == 1:
        return offered
    names = [part.name for part in offered]
    wish = llm_calls.sampling(_PARTS_TOKENS, ctx.rng.seed)
    constraint = Constraint.json(plan_prompts.parts_schema(names))
    answer = yield from llm_calls.ask(
        ctx,
        engine,
        plan_prompts.which_parts(told, names),
        replace(wish, constraint=constraint),
        weights=work.params.weights,
        channel="parts",
        message="Choosing what to change",
    )
    try:
        chosen = msgspec.json.decode(answer.text, type=_Chosen).parts
    except msgspec.MsgspecError:
        chosen = names[-1:]
    return file_edit.taken(chosen, offered)


def _asked(
    ctx: TaskContext,
    engine: TextEngine,
    work: _Work,
    asked: list[ChatMessage],
    source: Source,
    part: Part | None,
    *,
    is_last: bool = True,
) -> Generator[Event, None, str]:
    """Ask for a file, or a part of it, and take it; return why it was not taken.

    Args:
        is_last: Whether no further part may define what this one uses.
    """
    trouble, code, params = "", "", work.params
    there = source.text if part is None else file_edit.part_text(source, part)
    most = params.max_tokens
    if part is not None or there.strip():
        most = min(most, 2 * engine.count(there) + _NEW_TOKENS)
    for round_ in range(params.rounds + 1):
        messages = plan_prompts.correction(asked, code, trouble) if round_ else asked
        answer = yield from llm_calls.ask_for_code(
            ctx,
            engine,
            messages,
            weights=params.weights,
            max_tokens=most,
            seed=ctx.rng.seed + round_,
            message=f"Writing {source.path}",
        )
        yield ctx.text("\n\n", channel="answer")
        word = source.language.fences[0]
        code = code_of(f"{prompts.FENCE}{word}\n{answer.text}", source.language)
        if answer.is_cut:
            trouble = "The reply was cut off."
            continue
        if llm_calls.went_round(answer):
            trouble = "The model repeated itself."
            continue
        kept = file_edit.without(source, code, _foreign(work, source.path))
        text = _new_text(source, part, kept)
        trouble = file_edit.fault(source, text, kept)
        if code.strip() and not kept.strip():
            trouble = file_edit.UNCHANGED  # all of it is defined elsewhere
        if trouble == file_edit.UNCHANGED and source.text != work.before.get(source.path, ""):
            return ""  # an earlier step of this run has done it
        if not trouble and source.language.id == "python":
            text, lacking = yield from _imported(ctx, work, source, text)
            if lacking and is_last:
                trouble = f"Nothing defines {', '.join(sorted(lacking)[:6])}."
            trouble = trouble or demands.unmet(params.prompt, source.text, text, work.texts)
        if not trouble:
            work.texts[source.path] = text
            return ""
    return trouble


def _imported(
    ctx: TaskContext, work: _Work, source: Source, text: str
) -> Generator[Event, None, tuple[str, frozenset[str]]]:
    """Add the imports that a new text lacks, and return names that nothing defines even so."""

    def lacks(now: str) -> frozenset[str]:
        return linter.undefined_names(now) - linter.undefined_names(source.text)

    lacking = yield from ctx.in_thread(lambda: lacks(text))
    if not lacking:
        return text, lacking
    statements = imports_for(lacking, source.path, {**work.texts, source.path: text})
    if not statements:
        return text, lacking
    text = with_imports(text, statements)
    return text, (yield from ctx.in_thread(lambda: lacks(text)))


def _new_text(source: Source, part: Part | None, code: str) -> str:
    if part is not None:
        return file_edit.with_part(source, part, code) if code.strip() else source.text
    if not source.text.strip():
        return code
    fence = f"{source.path}\n{prompts.FENCE}{source.language.fences[0]}\n{code}{prompts.FENCE}\n"
    return edits_in(fence, {source.path: source.text}, source.path).texts.get(source.path, code)


def _finish(ctx: TaskContext, work: _Work) -> Iterator[Event]:
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
                "path": each.path,
                "text": each.text,
                "base": each.base,
                **file_edit.counts(each),
            }
            for each in edits
        ],
        steps=work.told,
        unapplied=work.unapplied,
        note=f"{len(edits)} of {len(work.texts)} files changed" if edits else "nothing changed",
    )

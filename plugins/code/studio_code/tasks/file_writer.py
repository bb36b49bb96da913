"""One step of a change in one file: build the prompt, apply the answer.

A long file is shown as an outline, and one part of it is rewritten.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from studio.api import ChatMessage, Event, TaskContext, TextEngine
from studio.api.worker.constraint import Constraint
from studio_code import linter
from studio_code.folder.outline import Part, outline, parts
from studio_code.generation import demands, file_edit, llm_calls, plan_prompts, prompts
from studio_code.generation.answers import code_of
from studio_code.generation.edit_blocks import edits_in, with_imports
from studio_code.generation.file_edit import Edited
from studio_code.generation.missing_imports import imports_for
from studio_code.generation.steps import Step
from studio_code.schema import Edit
from studio_code.source import Source
from studio_code.tasks.trial import Trial

_PARTS_TOKENS: Final = 120
_NEW_TOKENS: Final = 400
"""What is written anew has at most so many more than twice those of before: no rut goes on. A new
file may be as long as the user lets it."""
_SHOWN_TOKENS: Final = 2500
"""A file with more is told by its outline, and by the part that is written anew."""
_OTHERS: Final = 4
_DRAWS, _WARMTH = 3, 0.8
"""What breaks is written anew so many times at once, at that temperature: told of its fault and
asked once more, a small model repeats itself."""


class _Chosen(msgspec.Struct):
    parts: list[str]


@dataclass
class Work:
    """State of a run.

    Attributes:
        texts: Path → current text, with the changes of this run.
        before: Path → text before the run.
        others: Steps that are done separately.
        told: Rows of the result, one a step.
        unapplied: Rows of path and why.
        trial: Outcome of a program that uses the change.
    """

    params: Edit
    texts: dict[str, str]
    before: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    others: list[Step] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    unapplied: list[dict[str, str]] = field(default_factory=list)
    trial: Trial = field(default_factory=Trial)

    def edits(self) -> list[Edited]:
        """Return the changed files."""
        return [
            Edited(path, self.before.get(path, ""), text)
            for path, text in self.texts.items()
            if text != self.before.get(path, "")
        ]

    def files(self) -> list[Source]:
        """Return all files as they are now."""
        return [Source(path, text) for path, text in self.texts.items()]


def edit_file(
    ctx: TaskContext, engine: TextEngine, work: Work, step: Step, path: str
) -> Generator[Event, None, None]:
    """Do a step in one file."""
    source = Source(path, work.texts.get(path, ""))
    offered = file_edit.likely(file_edit.choices(source), work.params.prompt)
    context = _told(ctx, engine, work, step, source)
    trouble, begun = "", source.text
    if not offered:
        messages = plan_prompts.whole_file(context, source)
        trouble = yield from _asked(ctx, engine, work, messages, source, None)
    else:
        chosen = yield from _chosen(ctx, engine, work, context, offered)
        for number, part in enumerate(chosen, 1):
            now = Source(path, work.texts[path])  # an import may have moved what comes after
            part = next((p for p in file_edit.all_parts(now) if p.name == part.name), part)
            messages = _asked_for(context, now, part)
            is_last = number == len(chosen)
            trouble = (
                yield from _asked(ctx, engine, work, messages, now, part, is_last=is_last)
            ) or trouble
    if trouble and (trouble != file_edit.UNCHANGED or work.texts[path] == begun):
        work.unapplied.append({"path": path, "why": trouble})


def _told(ctx: TaskContext, engine: TextEngine, work: Work, step: Step, source: Source) -> str:
    """Return the prompt of a step in a file; a long file is shown as an outline."""
    room = _SHOWN_TOKENS // (plan_prompts.ON_A_PROCESSOR if ctx.device == "cpu" else 1)
    is_long = engine.count(source.text) > room
    shown = ""
    if is_long and file_edit.choices(source):
        shown = plan_prompts.definitions(source, work.params.prompt)
    shown = shown or (prompts.fenced(source) if source.text.strip() else "")
    elsewhere = [e.line() for e in work.steps + work.others if source.path not in e.files]
    others = _others(work, source.path)
    return plan_prompts.step(source, shown, others, work.params.prompt, step.title, elsewhere)


def _asked_for(context: str, source: Source, part: Part) -> list[ChatMessage]:
    there, before = file_edit.part_text(source, part), file_edit.text_before(source, part)
    return plan_prompts.one_part(context, source, part.name, there, before)


def _foreign(work: Work, path: str) -> set[str]:
    """Return what other files of the plan define, and so this one shall not; none to be moved."""
    if file_edit.MOVES.search(work.params.prompt):
        return set()
    named = {name for step in work.steps + work.others for name in step.files} - {path}
    sources = [Source(name, work.texts[name]) for name in named if work.texts.get(name)]
    suffix = path.rpartition(".")[2]
    return {
        part.name
        for other in sources
        if other.path.endswith(f".{suffix}")
        for part in parts(other.text, other.language.id)
        if "." not in part.name
    }


def _others(work: Work, path: str) -> str:
    """Return outlines of the other files of the plan, for the signatures called from there."""
    named = dict.fromkeys(name for step in work.steps for name in step.files)
    others = [name for name in named if name != path and work.texts.get(name)][:_OTHERS]
    return "\n".join(outline(Source(name, work.texts[name])) for name in others)


def _chosen(
    ctx: TaskContext, engine: TextEngine, work: Work, context: str, offered: list[Part]
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
        plan_prompts.which_parts(context, names),
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
    work: Work,
    prompt: list[ChatMessage],
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
    for round_ in range(params.rounds + 1):
        messages = plan_prompts.correction(prompt, code, trouble) if round_ else prompt
        answer = yield from llm_calls.ask_for_code(
            ctx,
            engine,
            messages,
            weights=params.weights,
            max_tokens=_most(engine, params, source, part),
            seed=ctx.rng.seed + round_,
            message=f"Writing {source.path}",
        )
        yield ctx.text("\n\n", channel="answer")
        code = _code(source, answer.text)
        if answer.is_cut:
            trouble = "The reply was cut off."
            continue
        if llm_calls.went_round(answer):
            trouble = "The model repeated itself."
            continue
        text, trouble = yield from _judged(ctx, work, source, part, code, is_last=is_last)
        if not trouble:
            work.texts[source.path] = text
            return ""
        if trouble == file_edit.UNCHANGED and source.text != work.before.get(source.path, ""):
            return ""  # an earlier step of this run has done it
    return trouble


def others_of(
    ctx: TaskContext, engine: TextEngine, work: Work, path: str, line: int, trouble: str
) -> Generator[Event, None, list[str]]:
    """Return other texts of a file, in which the part around a line is written differently.

    Args:
        trouble: What is wrong with it as it is.
    """
    now = Source(path, work.texts[path])
    around = [part for part in file_edit.choices(now) if part.first <= line <= part.last]
    source, part = file_edit.undone(now, around[-1], work.before[path]) if around else (now, None)
    step = next(
        (candidate for candidate in work.steps if path in candidate.files), Step(work.params.prompt)
    )
    context = _told(ctx, engine, work, step, source)
    messages = (
        _asked_for(context, source, part) if part else plan_prompts.whole_file(context, source)
    )
    most = _most(engine, work.params, source, part)
    wishes = [
        llm_calls.sampling(most, ctx.rng.seed + n, temperature=_WARMTH, stop=[prompts.STOP])
        for n in range(1, _DRAWS + 1)
    ]
    answers = yield from llm_calls.ask_many(
        ctx,
        engine,
        plan_prompts.otherwise(messages, trouble),
        wishes,
        weights=work.params.weights,
        message=f"Repairing {path}",
    )
    codes: list[str] = []
    for answer in answers:
        code = _code(source, answer.text)
        text, wrong = yield from _judged(ctx, work, source, part, code)
        if not (wrong or answer.is_cut or llm_calls.went_round(answer) or text in codes):
            codes.append(text)
    return codes


def _most(engine: TextEngine, params: Edit, source: Source, part: Part | None) -> int:
    there = source.text if part is None else file_edit.part_text(source, part)
    if part is None and not there.strip():
        return params.max_tokens
    return min(params.max_tokens, 2 * engine.count(there) + _NEW_TOKENS)


def _code(source: Source, answer: str) -> str:
    return code_of(f"{prompts.FENCE}{source.language.fences[0]}\n{answer}", source.language)


def _judged(
    ctx: TaskContext,
    work: Work,
    source: Source,
    part: Part | None,
    code: str,
    *,
    is_last: bool = True,
) -> Generator[Event, None, tuple[str, str]]:
    """Return the new text of a file, put right where that is plain, and why it cannot be meant."""
    cleaned = file_edit.without(source, code, _foreign(work, source.path))
    if code.strip() and not cleaned.strip():
        return source.text, file_edit.UNCHANGED  # all of it is defined elsewhere
    text = _new_text(source, part, cleaned)
    trouble = file_edit.fault(source, text, cleaned)
    if trouble or source.language.id != "python":
        return text, trouble
    ends = "\r\n" if "\r\n" in text else "\n"
    text = file_edit.spaced(source, text.replace("\r\n", "\n"))
    text, trouble = demands.met(work.params.prompt, source.text, text, work.texts)
    text = text.replace("\n", ends)
    text, lacking = yield from _imported(ctx, work, source, text)
    if lacking and is_last:
        trouble = f"Nothing defines {', '.join(sorted(lacking)[:6])}."
    return text, trouble


def _imported(
    ctx: TaskContext, work: Work, source: Source, text: str
) -> Generator[Event, None, tuple[str, frozenset[str]]]:
    """Add the imports that a new text lacks, and return names that nothing defines even so."""

    before = work.before.get(source.path, "")  # what an earlier part lacks, this one may bring

    def lacks(now: str) -> frozenset[str]:
        return linter.undefined_names(now) - linter.undefined_names(before)

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

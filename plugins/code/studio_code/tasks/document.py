"""Docstrings, or comments above definitions: one at a time, and proof that nothing else changed."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from studio.api import BadInput, Cancelled, Event, Kind, TaskContext, TextEngine
from studio_code import source, syntax, verdicts
from studio_code.execution.python_runner import syntax_error
from studio_code.generation import comments, llm_calls, prompts
from studio_code.generation.docstrings import (
    Undocumented,
    cleaned,
    only_docstrings_differ,
    undocumented,
    with_docstrings,
)
from studio_code.languages import DOCUMENTED
from studio_code.schema import Document
from studio_code.source import Source

_TOKENS = 200

Written = dict[int, tuple[str, str]]


def document(ctx: TaskContext, params: Document) -> Iterator[Event]:
    """Write docstrings; yield the artifact of kind ``code`` and the result.

    The model writes words, never code: they are put in place here, and the file is refused unless
    its code is the same but for them. The result: ``code``, ``verdict``,
    ``documented`` and ``left`` (names).

    Raises:
        BadInput: There is no file, it is no code, or everything in it is documented.
        StudioError: A definition does not fit the model.
    """
    file = source.given(ctx.inputs, params.file, params.path)
    places = _places(file)
    written: Written = {}
    try:
        with ctx.lease(params.weights) as engine:
            for number, place in enumerate(places):
                yield ctx.progress(number, len(places), f"Documenting {place.name}")
                yield from _write(ctx, engine, params, place, file, written)
    except Cancelled:
        if written:
            yield from _finish(ctx, file, places, written)
        raise
    yield from _finish(ctx, file, places, written)


def _places(file: Source) -> list[Undocumented]:
    language = file.language
    if language.id == "python":
        wrong = syntax_error(file.text)
    elif language.id in DOCUMENTED:
        wrong = syntax.error(file.text, language.id)
    else:
        raise BadInput(
            f"“{file.path}” is {language.title}, which has nothing to document.",
            "Choose a file of a programming language.",
        )
    if wrong:
        raise BadInput(f"“{file.path}” has a syntax error in {wrong}.", "Correct it first.")
    is_python = language.id == "python"
    places = undocumented(file.text) if is_python else comments.undocumented(file.text, language.id)
    if not places:
        raise BadInput(
            f"Everything in “{file.path}” is already documented.",
            "Choose another file.",
        )
    return places


def _write(
    ctx: TaskContext,
    engine: TextEngine,
    params: Document,
    place: Undocumented,
    file: Source,
    written: Written,
) -> Generator[Event, None, None]:
    """Ask for one docstring, again if it cannot be used; a definition may stay without."""
    language = file.language.id
    is_python = language == "python"
    if is_python:
        messages = prompts.docstring(place.code, place.name, place.header, place.indent)
    else:
        messages = prompts.comment(file, place.code, place.name, comments.begun(language))
    for round_ in range(params.rounds + 1):
        wish = llm_calls.sampling(
            min(_TOKENS, params.max_tokens),
            ctx.rng.seed + round_,
            temperature=0.6 if round_ else 0.0,
            stop=['"""' if is_python else "*/", prompts.STOP],
        )
        message = f"Documenting {place.name}"
        answer = yield from llm_calls.ask(
            ctx, engine, messages, wish, weights=params.weights, message=message
        )
        yield ctx.text("\n\n", channel="answer")
        words = cleaned(answer.text) if is_python else comments.cleaned(answer.text, language)
        words = "" if answer.is_cut else words
        candidate = {**written, place.line: (place.indent, words)}
        if words and _is_same(file, _with_words(file, candidate)):
            written[place.line] = (place.indent, words)
            return


def _with_words(file: Source, written: Written) -> str:
    if file.language.id == "python":
        return with_docstrings(file.text, written)
    return comments.with_comments(file.text, written, file.language.id)


def _is_same(file: Source, text: str) -> bool:
    """Whether nothing but docstrings, or comments, is other than in the file."""
    if file.language.id == "python":
        return only_docstrings_differ(file.text, text)
    return comments.only_comments_differ(file.text, text, file.language.id)


def _finish(
    ctx: TaskContext, file: Source, places: list[Undocumented], written: Written
) -> Iterator[Event]:
    if not written:
        raise BadInput(
            "None of the generated comments could be used.",
            "Choose a model made for code.",
        )
    code = _with_words(file, written)
    documented = [place.name for place in places if place.line in written]
    left = [place.name for place in places if place.line not in written]
    same = _is_same(file, code)
    verdict = verdicts.not_run("only comments changed") | {"checks": [], "passed": True}
    verdict = verdicts.with_check(
        verdict, "Code unchanged", same, "the same code except for comments"
    )
    summary = f"{len(documented)} of {len(places)} written"
    verdict = verdicts.with_check(verdict, "Documented", not left, summary)
    meta = {
        "language": file.language.id,
        "path": file.path,
        "tests": "",
        "verdict": verdict,
        "tries": [],
    }
    yield ctx.artifact(
        Kind.CODE,
        code.encode(),
        suffix=file.language.suffix,
        title=f"{file.path} documented",
        text=code,
        verdict=verdicts.in_words(verdict),
        meta=meta,
    )
    yield ctx.result(code=code, path=file.path, verdict=verdict, documented=documented, left=left)

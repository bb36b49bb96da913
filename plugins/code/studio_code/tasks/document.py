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
    found = source.given(ctx.inputs, params.file, params.path)
    places = _places(found)
    written: Written = {}
    try:
        with ctx.lease(params.weights) as engine:
            for number, place in enumerate(places):
                yield ctx.progress(number, len(places), f"Documenting {place.name}")
                yield from _write(ctx, engine, params, place, found, written)
    except Cancelled:
        if written:
            yield from _finish(ctx, found, places, written)
        raise
    yield from _finish(ctx, found, places, written)


def _places(found: Source) -> list[Undocumented]:
    language = found.language
    if language.id == "python":
        wrong = syntax_error(found.text)
    elif language.id in DOCUMENTED:
        wrong = syntax.error(found.text, language.id)
    else:
        raise BadInput(
            f"“{found.path}” is {language.title}, which has nothing to document.",
            "Choose a file of a programming language.",
        )
    if wrong:
        raise BadInput(f"“{found.path}” has a syntax error in {wrong}.", "Correct it first.")
    is_python = language.id == "python"
    places = (
        undocumented(found.text) if is_python else comments.undocumented(found.text, language.id)
    )
    if not places:
        raise BadInput(
            f"Everything in “{found.path}” is already documented.",
            "Choose another file.",
        )
    return places


def _write(
    ctx: TaskContext,
    engine: TextEngine,
    params: Document,
    place: Undocumented,
    found: Source,
    written: Written,
) -> Generator[Event, None, None]:
    """Ask for one docstring, again if it cannot be used; a definition may stay without."""
    language = found.language.id
    is_python = language == "python"
    if is_python:
        asked = prompts.docstring(place.code, place.name, place.header, place.indent)
    else:
        asked = prompts.comment(found, place.code, place.name, comments.begun(language))
    for round_ in range(params.rounds + 1):
        wish = llm_calls.sampling(
            min(_TOKENS, params.max_tokens),
            ctx.rng.seed + round_,
            temperature=0.6 if round_ else 0.0,
            stop=['"""' if is_python else "*/", prompts.STOP],
        )
        message = f"Documenting {place.name}"
        answer = yield from llm_calls.ask(
            ctx, engine, asked, wish, weights=params.weights, message=message
        )
        yield ctx.text("\n\n", channel="answer")
        words = cleaned(answer.text) if is_python else comments.cleaned(answer.text, language)
        words = "" if answer.is_cut else words
        candidate = {**written, place.line: (place.indent, words)}
        if words and _is_same(found, _with_words(found, candidate)):
            written[place.line] = (place.indent, words)
            return


def _with_words(found: Source, written: Written) -> str:
    if found.language.id == "python":
        return with_docstrings(found.text, written)
    return comments.with_comments(found.text, written, found.language.id)


def _is_same(found: Source, text: str) -> bool:
    """Whether nothing but docstrings, or comments, is other than in the file."""
    if found.language.id == "python":
        return only_docstrings_differ(found.text, text)
    return comments.only_comments_differ(found.text, text, found.language.id)


def _finish(
    ctx: TaskContext, found: Source, places: list[Undocumented], written: Written
) -> Iterator[Event]:
    if not written:
        raise BadInput(
            "None of the generated comments could be used.",
            "Choose a model made for code.",
        )
    code = _with_words(found, written)
    documented = [place.name for place in places if place.line in written]
    left = [place.name for place in places if place.line not in written]
    same = _is_same(found, code)
    verdict = verdicts.not_run("only comments changed") | {"checks": [], "passed": True}
    verdict = verdicts.with_check(
        verdict, "Code unchanged", same, "the same code except for comments"
    )
    told = f"{len(documented)} of {len(places)} written"
    verdict = verdicts.with_check(verdict, "Documented", not left, told)
    meta = {
        "language": found.language.id,
        "path": found.path,
        "tests": "",
        "verdict": verdict,
        "tries": [],
    }
    yield ctx.artifact(
        Kind.CODE,
        code.encode(),
        suffix=found.language.suffix,
        title=f"{found.path} documented",
        text=code,
        verdict=verdicts.in_words(verdict),
        meta=meta,
    )
    yield ctx.result(code=code, path=found.path, verdict=verdict, documented=documented, left=left)

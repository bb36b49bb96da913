"""Answers to requests: text to read, texts to review, evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.api import SavedArtifact
from studio.api.window.language import tr
from studio_code.generation.case_forms import tests_path
from studio_code.pages.ask.task_requests import Request
from studio_code.pages.editor.languages import language_named
from studio_code.pages.evidence.evidence import Evidence, read_evidence
from studio_code.pages.phrases import count_words


@dataclass(frozen=True)
class Offer:
    """A whole new text of a file that the user may have reviewed.

    Attributes:
        words: On its button.
        base: The text that it was made from; None where nobody knows.
    """

    path: str
    text: str
    words: str
    base: str | None = None


@dataclass(frozen=True)
class Answer:
    """All that a turn shows when it is over.

    Attributes:
        text: Markdown.
        notes: What else is to be known, in sentences.
        artifact_id: Where it is kept; empty for nowhere.
        sources: The places that the text speaks of: path, line, what is defined there.
    """

    text: str
    offers: tuple[Offer, ...] = ()
    evidence: Evidence | None = None
    notes: tuple[str, ...] = ()
    artifact_id: str = ""
    sources: tuple[tuple[str, int, str], ...] = ()


def answer_of(
    request: Request, result: Mapping[str, Any], artifact: SavedArtifact | None
) -> Answer:
    """Return the answer of a finished request."""
    if request.task == "code.ask":
        return _told(request, result)
    if request.task == "code.explain":
        return Answer(str(result.get("text") or ""), artifact_id=_id(artifact))
    return _written(request, result, artifact)


def answer_of_stopped(request: Request, text: str, artifact: SavedArtifact | None) -> Answer:
    """Return the answer of a stopped request: its saved result, else the streamed text."""
    if artifact is None or artifact.kind != "code":
        return Answer(text, notes=(tr("Stopped."),))
    meta = artifact.meta
    key = "tests" if request.task == "code.tests" else "code"
    result = {**meta, key: artifact.text}
    answer = _written(request, result, artifact)
    notes = (tr("Stopped; this is the best result so far."), *answer.notes)
    return Answer(answer.text, answer.offers, answer.evidence, notes, answer.artifact_id)


def fenced(code: str, language: str) -> str:
    """Return code as a block of Markdown."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language_named(language).lexer or language}\n{code.rstrip()}\n{fence}\n"


def _told(request: Request, result: Mapping[str, Any]) -> Answer:
    edits = [
        (request.names.get(str(e["path"]), str(e["path"])), str(e["text"]))
        for e in result.get("edits") or ()
    ]
    words = tr("Review changes to {path}")
    offers = tuple(
        Offer(path, text, words.format(path=path), request.base_of(path)) for path, text in edits
    )
    notes = []
    for entry in result.get("unapplied") or ():
        message = tr("A change to {path} could not be read: {why}")
        notes.append(
            message.format(path=entry.get("path") or tr("a file"), why=entry.get("why", ""))
        )
    if result.get("repeated"):
        notes.append(tr("Ended early because the model repeated itself. Ask again or differently."))
    left = [str(path) for path in result.get("left_out") or ()]
    if left:
        message = tr("Not seen by the model because the context is full: {paths}.")
        notes.append(message.format(paths=", ".join(left[:5])))
    sources = tuple(
        (request.names.get(str(row["path"]), str(row["path"])), int(row["line"]), str(row["name"]))
        for row in result.get("sources") or ()
    )
    return Answer(str(result.get("text") or ""), offers, notes=tuple(notes), sources=sources)


def _written(request: Request, result: Mapping[str, Any], artifact: SavedArtifact | None) -> Answer:
    meta = artifact.meta if artifact is not None else {}
    code, tests = str(result.get("code") or ""), str(result.get("tests") or "")
    offers = []
    if request.task == "code.tests":
        shown, language = tests, request.language
        path = str(result.get("path") or meta.get("path") or tests_path(request.path))
        offers.append(Offer(path, tests, tr("Review tests")))
    else:
        shown, language = code, request.language
        base = request.base_of(request.path)
        offers.append(Offer(request.path, code, tr("Review changes"), base))
    evidence = read_evidence(
        result.get("verdict") or meta.get("verdict") or {},
        tries=result.get("tries") or meta.get("tries") or (),
        code=request.before if request.task == "code.tests" else code,
        tests=tests,
        path=request.path,
        language=request.language,
    )
    return Answer(
        fenced(shown, language),
        tuple(offer for offer in offers if offer.text.strip()),
        evidence,
        _remarks(request, result),
        _id(artifact),
    )


def _remarks(request: Request, result: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    failing = result.get("failing") or ()
    if failing:
        one = tr("1 test was left out: the file fails it. Either the test or the file is wrong.")
        many = tr("{count} tests were left out: the file fails them.")
        notes.append(count_words(len(failing), one, many))
    if module := str(result.get("imported_as") or ""):
        message = tr(
            "Python cannot import {path} by its name, and the tests import "
            "{module}. Rename the file."
        )
        notes.append(message.format(path=request.path, module=module))
    left = [str(name) for name in result.get("left") or ()]
    if left:
        notes.append(tr("Nothing was written for: {names}.").format(names=", ".join(left[:8])))
    return tuple(notes)


def _id(artifact: SavedArtifact | None) -> str:
    return artifact.id if artifact is not None else ""

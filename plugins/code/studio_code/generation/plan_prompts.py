"""The words that a model is asked with to plan a change, and to write it file by file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from studio.api import ChatMessage, TextEngine
from studio_code.folder.outline import (
    defined_in,
    names_file,
    names_in,
    outline,
    ranked,
)
from studio_code.generation.prompts import FENCE, assistant, project, quoted, user
from studio_code.source import Source

OUTLINE_TOKENS: Final = 1600
FILE_TOKENS: Final = 1200
"""Of outlines and of whole files."""
ON_A_PROCESSOR: Final = 2
"""A processor reads a few hundred tokens a second: it is shown so much less."""
MOST_STEPS: Final = 6
_TITLE_CHARS: Final = 160
_LISTED: Final = 200
_OUTLINED: Final = 30
"""Files that are parsed for it: a large one takes a moment."""
_SPEAKS_OF_NEW: Final = re.compile(
    r"\b(?:new|neue[nrs]?|nouveau|nouvel|nuev[oa]|nuov[oa])\b.{0,30}\b"
    r"(?:file|module|script|page|test|datei|modul|fichier|archivo)|\btests?\b",
    re.IGNORECASE,
)
_NEW_FILE: Final = r"[A-Za-z0-9_\-]+(/[A-Za-z0-9_\-]+)*\.[a-z]{1,5}"


def plan(
    engine: TextEngine, files: Sequence[Source], request: str, share: int = 1
) -> list[ChatMessage]:
    """Ask for steps; the files that matter most are outlined, the first of them shown whole.

    Args:
        share: Show one part in so many of what can be shown.
    """
    order = ranked(files, request)
    whole = _fitting(engine, order[:3], lambda file: file.text, FILE_TOKENS // share)
    rest = [file for file in order if file not in whole]
    outlined = _fitting(engine, rest[:_OUTLINED], outline, OUTLINE_TOKENS // share)
    others = [file.path for file in rest if file not in outlined][:_LISTED]
    parts = [
        (
            "You plan a change to a project. Divide it into as few steps as possible, mostly one "
            "or two, each with the files that it changes. Name tests or documents only if they "
            "are asked for. Write no code. Answer in JSON."
        ),
        *([project(whole)] if whole else []),
        "Other files, and what they define:\n\n" + "\n".join(outline(file) for file in outlined),
        *(["Further files: " + ", ".join(others)] if others else []),
        f"The change:\n{quoted(request)}",
    ]
    return [user("\n\n".join(parts))]


def plan_schema(files: Sequence[Source], request: str) -> dict[str, Any]:
    """Return the form of a plan: titles, existing files by name, and new ones.

    Where a request names files, or definitions that are there, no others can be chosen, and new
    ones only if the request speaks of any.
    """
    order, names = ranked(files, request), names_in(request)
    mentioned = [file for file in order if names_file(file, request) or defined_in(file, names)]
    paths = [file.path for file in mentioned or order][:_LISTED]
    most_new = 2 if not mentioned or speaks_of_new(request) else 0
    step = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 8, "maxLength": _TITLE_CHARS},
            "files": {"type": "array", "items": {"enum": paths}, "maxItems": 4},
            "new_files": {
                "type": "array",
                "items": {"type": "string", "pattern": f"^{_NEW_FILE}$", "maxLength": 80},
                "maxItems": most_new,
            },
        },
        "required": ["title", "files", "new_files"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "steps": {"type": "array", "items": step, "minItems": 1, "maxItems": MOST_STEPS}
        },
        "required": ["steps"],
        "additionalProperties": False,
    }


def defining(files: Sequence[Source], request: str) -> dict[str, str]:
    """Return name → path of the definitions that a request names and one file alone has."""
    names = names_in(request)
    having: dict[str, list[str]] = {}
    for file in files:
        for name in defined_in(file, names):
            having.setdefault(name, []).append(file.path)
    return {name: paths[0] for name, paths in having.items() if len(paths) == 1}


def speaks_of_new(request: str) -> bool:
    """Return whether a request asks for a file that is not there yet."""
    return _SPEAKS_OF_NEW.search(request) is not None


def _fitting(
    engine: TextEngine, files: Sequence[Source], shown: Callable[[Source], str], room: int
) -> list[Source]:
    """Return the leading files whose shown texts together fit ``room`` tokens."""
    result = []
    for file in files:
        text = shown(file)
        # Counting is not free: four characters a token is more than code ever has by far.
        cost = engine.count(text) if len(text) < 8 * room else room + 1
        if cost <= room:
            room -= cost + 16
            result.append(file)
    return result


def step(
    source: Source,
    shown: str,
    others: str,
    request: str,
    title: str,
    elsewhere: Sequence[str] = (),
) -> str:
    """Return the prompt for a step in a file; the answer format is appended by the caller.

    Args:
        shown: The file, or an outline of it.
        others: Outlines of the other files of the plan; may be empty.
        elsewhere: Steps that change other files and are not done here.
    """
    intro = f"This is the file {source.path}:\n\n{shown}" if shown else ""
    parts = [
        "You change a project, one file at a time.",
        *([f"Other files, and what they define:\n\n{others}"] if others else []),
        intro or f"The file {source.path} is new.",
        f"The whole change:\n{quoted(request)}",
        *(
            ["\n".join(["These steps are done elsewhere:", *(f"- {e}" for e in elsewhere)])]
            if elsewhere
            else []
        ),
        f"Do this step now, in {source.path} alone: {title}",
    ]
    return "\n\n".join(parts)


def definitions(source: Source, request: str) -> str:
    """Return the outline of a file as a list: in a block of code it is copied as code."""
    _path, *lines = outline(source, request).split("\n")
    return "\n".join(f"{line[: -len(line.lstrip())]}- {line.lstrip()}" for line in lines)


def which_parts(context: str, names: Sequence[str]) -> list[ChatMessage]:
    """Ask which of the parts of a file a step changes."""
    words = (
        "Which parts of the file must be written for this step? What is added is a new definition; "
        "what is there and stays as it is is none of them. Name as few as possible, in JSON. "
        "The parts:"
    )
    return [user("\n".join([f"{context}\n\n{words}", *(f"- {name}" for name in names)]))]


def parts_schema(names: Sequence[str]) -> dict[str, Any]:
    """Return the form of the answer: some of the names."""
    several = {"type": "array", "items": {"enum": list(names)}, "minItems": 1, "maxItems": 3}
    return {
        "type": "object",
        "properties": {"parts": several},
        "required": ["parts"],
        "additionalProperties": False,
    }


def whole_file(context: str, source: Source) -> list[ChatMessage]:
    """Ask for a file that is written anew."""
    words = (
        "Answer with the whole file as it is after the step, in one Markdown code block. Change "
        "nothing else, and leave nothing out."
    )
    begun = f"Here is the whole file {source.path}:\n{_fence(source)}"
    return [user(f"{context}\n\n{words}"), assistant(begun)]


def one_part(
    context: str, source: Source, name: str, text: str, before: str = ""
) -> list[ChatMessage]:
    """Ask for one part of a file that is written anew; an empty text is for one that is new.

    Args:
        before: The definition that a new one comes after; may be empty.
    """
    word = source.language.fences[0]
    words = (
        f"Write `{name}` as it is after the step. It is now:\n{quoted(text, word)}\n\n"
        if text
        else f"Write {name}, whole with its body, and nothing that is there already.\n\n"
    )
    if before and not text:
        words = f"It comes after this one:\n{quoted(before, word)}\n\n{words}"
    words += (
        "Answer with this part alone, whole, in one Markdown code block; imports that it needs "
        "and the file lacks come before it."
    )
    begun = f"Here is `{name}`" if text else "Here is the new definition alone"
    return [user(f"{context}\n\n{words}"), assistant(f"{begun}:\n{_fence(source)}")]


def trial(request: str, shown: str, begun: str) -> list[ChatMessage]:
    """Ask for a program that uses the additions of a change, by the request, without their code.

    Args:
        shown: Callable definitions.
        begun: Beginning of the program.
    """
    words = (
        f"This change was made to a Python project:\n{quoted(request)}\n\n"
        f"What can be called:\n{quoted(shown)}\n\n"
        "Write a short program that tries what is new on an ordinary case: what it needs is put "
        "in first, two or three different things, so that no result is empty; then one or two "
        "plain asserts. At most eight lines, with literals, and with no functions, classes or "
        "input of its own. Answer with one Markdown code block."
    )
    return [user(words), assistant(f"{FENCE}python\n{begun}")]


def correction(messages: Sequence[ChatMessage], code: str, trouble: str) -> list[ChatMessage]:
    """Ask again, with the error of the last answer."""
    begun = messages[-1]["content"]
    return [
        *messages[:-1],
        assistant(f"{begun}{code.rstrip()}\n{FENCE}"),
        user(f"That is not right: {trouble} Write it once more, in one Markdown code block."),
        assistant(begun),
    ]


def otherwise(messages: Sequence[ChatMessage], trouble: str) -> list[ChatMessage]:
    """Ask the same, with what went wrong; the code that did is not shown, or it comes again."""
    prompt = f"{messages[0]['content']}\n\nA first try was wrong: {trouble} Do it another way."
    return [user(prompt), *messages[1:]]


def _fence(source: Source) -> str:
    return f"{FENCE}{source.language.fences[0]}\n"

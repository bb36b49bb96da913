"""Parts of a file written anew, put in their place; what changed, as a patch. Pure."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from studio_code import syntax
from studio_code.execution.python_runner import syntax_error
from studio_code.folder.outline import Part, holds, names_in, parts
from studio_code.generation.edit_blocks import leaves_out, with_imports
from studio_code.source import Source

ABOVE: Final = "lines above the first definition"
NEW: Final = "a new definition at the end"
NEW_IN: Final = "a new definition in "
UNCHANGED: Final = "Nothing was changed."
MOVES: Final = re.compile(
    r"\b(?:move|extract|split|copy|duplicate|merge|relocate|verschieb|kopier)", re.IGNORECASE
)
"""A request with such a word wants a definition in another file than it is in."""
_WHOLE_LINES: Final = 60
"""Up to here a file is written anew as a whole."""
_SHOWN_LINES: Final = 30
_BLANK: Final = 2
"""Empty lines above a definition of a Python file (PEP 8)."""
_ADDS: Final = re.compile(
    r"\b(?:add|create|implement|introduce|give|write)\b.{0,60}\b"
    r"(?:function|method|property|attribute|class|exception|constant|definition)\b",
    re.IGNORECASE,
)
_MEMBER: Final = re.compile(r"\b(?:method|property|attribute)\b", re.IGNORECASE)
_QUALIFIED: Final = re.compile(r"\b[A-Za-z_]\w*(?:\.\w+)+")
_IMPORT: Final = re.compile(r"(?:from\s+\S+\s+)?import\s")


@dataclass(frozen=True)
class Edited:
    """A file that a step has changed: its text before and after."""

    path: str
    base: str
    text: str


def choices(source: Source) -> list[Part]:
    """Return the parts of a file that may be written anew; none of one that is written whole."""
    is_short = source.text.count("\n") < _WHOLE_LINES
    return [] if is_short or not parts(source.text, source.language.id) else all_parts(source)


def all_parts(source: Source) -> list[Part]:
    """Return the definitions of a file, and the places before and after them."""
    lines = source.text.count("\n") + 1
    result = parts(source.text, source.language.id)
    if not result:
        return []
    last_of = {part.name: part for part in result}  # of overloads the last one has the body
    fresh = [
        Part(
            f"{NEW_IN}{part.name}",
            part.last + 1,
            part.last,
            "",
            f"{part.indent}{_step(part, result)}",
        )
        for part in last_of.values()
        if holds(part)
    ]
    above = Part(ABOVE, 1, result[0].first - 1, "")
    end = Part(NEW, lines + 1, lines, "")
    return [*last_of.values(), *fresh, end, *([above] if above.last else [])]


def likely(offered: Sequence[Part], request: str) -> list[Part]:
    """Return the parts among which a model chooses, by the names in a request and its words.

    Where something is added, what is there is left out unless it is named; a long class is never
    written anew as a whole. Words of other languages than English leave more to the model.
    """
    names, words = names_in(request), set(re.findall(r"\w{3,}", request))
    short = [
        part
        for part in offered
        if part.last - part.first < _WHOLE_LINES
        or not any(other.name.startswith(f"{part.name}.") for other in offered)
    ]
    if not _ADDS.search(request):
        return short
    inside = [part for part in short if part.name.removeprefix(NEW_IN) in names - {part.name}]
    at_end = [part for part in short if part.name == NEW]
    fresh = inside if inside and _MEMBER.search(request) else [*at_end, *inside]
    holders = {part.name.removeprefix(NEW_IN) for part in inside}
    own = [
        part for part in short if part.name.rpartition(".")[2] in words and part.name not in holders
    ]
    whole = set(_QUALIFIED.findall(request)) & {part.name for part in own}
    last = {name.rpartition(".")[2] for name in whole}  # Shop.price is not that of others
    own = [p for p in own if p.name in whole or p.name.rpartition(".")[2] not in last]
    return [*fresh, *own]


def _step(part: Part, members: Sequence[Part]) -> str:
    """Return the additional indentation of the members of a part."""
    inner = next((member for member in members if member.name.startswith(f"{part.name}.")), None)
    return inner.indent[len(part.indent) :] if inner is not None else "    "


def taken(chosen: Sequence[str], offered: Sequence[Part]) -> list[Part]:
    """Return the chosen parts, the last first; of one within another the inner one alone."""
    parts = [part for part in offered if part.name in chosen]
    inner = [
        part
        for part in parts
        if not any(
            other is not part and part.first <= other.first and other.last <= part.last
            for other in parts
        )
    ]
    return sorted(inner, key=lambda part: -part.first)


def part_text(source: Source, part: Part) -> str:
    """Return the lines of a part without their indent."""
    lines = source.text.split("\n")[part.first - 1 : part.last]
    return textwrap.dedent("\n".join(lines))


def text_before(source: Source, part: Part) -> str:
    """Return the definition that a new one comes after, so that it is seen how they look here.

    Empty where there is none, and of one that is long.
    """
    holder = part.name.removeprefix(NEW_IN) if part.name.startswith(NEW_IN) else ""
    there = [
        definition
        for definition in parts(source.text, source.language.id)
        if definition.name.rpartition(".")[0] == holder and definition.last <= part.last
    ]
    last = max(there, key=lambda definition: definition.last, default=None)
    if last is None or last.last - last.first > _SHOWN_LINES:
        return ""
    return part_text(source, last)


def with_part(source: Source, part: Part, code: str) -> str:
    """Return the text of a file with ``code`` in the place of a part.

    Imports that stand before the code go to those of the file; what was written around it and is
    in the file already (the class of a method, functions beside it) is left out.
    """
    language = source.language.id
    plain = source.text.replace("\r\n", "\n")
    imports, code = _apart(code, language) if part.name != ABOVE else ("", code)
    part = _meant(part, code, source)
    code = _own(textwrap.dedent(code).strip("\n"), part, source)
    lines = plain.split("\n")
    fresh = [f"{part.indent}{line}" if line.strip() else line for line in code.split("\n")]
    if part.name == NEW:
        text = f"{plain.rstrip()}\n\n\n{code}\n"
    elif part.name.startswith(NEW_IN):
        while part.last and not lines[part.last - 1].strip():
            part = replace(part, first=part.first - 1, last=part.last - 1)
        lines[part.last : part.last] = ["", *fresh]
        text = "\n".join(lines)
    else:
        blank = ["", ""] if part.name == ABOVE else []
        lines[part.first - 1 : part.last] = [*fresh, *blank]
        text = "\n".join(lines)
    if imports:
        text = with_imports(text, imports)
    return text.replace("\n", "\r\n") if "\r\n" in source.text else text


def undone(source: Source, part: Part, before: str) -> tuple[Source, Part]:
    """Return a file with a part as it was ``before``, or without one that is new, and its place."""
    old = {candidate.name: candidate for candidate in parts(before, source.language.id)}
    if part.name in old:
        text = part_text(Source(source.path, before), old[part.name])
        was = Source(source.path, with_part(source, part, text))
        place = part.name
    else:
        lines = source.text.split("\n")
        del lines[part.first - 1 : part.last]
        was = Source(source.path, "\n".join(lines).rstrip("\n") + "\n")
        holder = part.name.rpartition(".")[0]
        place = f"{NEW_IN}{holder}" if holder else NEW
    return was, next((candidate for candidate in all_parts(was) if candidate.name == place), part)


def spaced(source: Source, text: str) -> str:
    """Return a Python text with two empty lines above each new top-level definition."""
    before = {definition.name for definition in parts(source.text, "python")}
    lines = text.split("\n")
    for definition in reversed(parts(text, "python")):
        start = definition.first - 1
        while start and lines[start - 1].startswith("#"):
            start -= 1  # a comment right above belongs to it
        blank = start - len("\n".join(lines[:start]).rstrip().split("\n"))
        if (
            "." not in definition.name
            and definition.name not in before
            and start
            and 0 <= blank < _BLANK
        ):
            lines[start:start] = [""] * (_BLANK - blank)
    return "\n".join(lines)


def without(source: Source, code: str, names: Collection[str]) -> str:
    """Return ``code`` without definitions of ``names`` that a file does not have so far.

    Small models repeat the class that calls what they were to write.
    """
    language = source.language.id
    there = {definition.name for definition in parts(source.text, language)}
    lines = code.split("\n")
    strange = [
        definition
        for definition in parts(code, language)
        if "." not in definition.name and definition.name in names and definition.name not in there
    ]
    for definition in reversed(strange):
        del lines[definition.first - 1 : definition.last]
    return "\n".join(lines).rstrip("\n") + "\n" if strange else code


def fault(source: Source, text: str, code: str) -> str:
    """Return why a new text of a file cannot be meant; empty if it can."""
    language = source.language.id
    if not code.strip():
        return "The reply contained no code."
    if text.strip() == source.text.strip():
        return UNCHANGED
    if leaves_out(code) and not leaves_out(source.text):
        return "Parts of it are left out."
    wrong = _wrong(text, language)
    if wrong and not _wrong(source.text, language):
        return f"There is a syntax error in {wrong}."
    before, after = (
        {part.name for part in parts(version, language)} for version in (source.text, text)
    )
    if len(before - after) > max(1, len(before) // 3):
        return f"These parts are missing: {', '.join(sorted(before - after)[:6])}."
    return ""


def patch(edits: Sequence[Edited]) -> str:
    """Return the changes as ``git apply`` and ``patch -p1`` read them."""
    lines: list[str] = []
    for edit in edits:
        old, new = _lines(edit.base), _lines(edit.text)
        start = f"a/{edit.path}" if edit.base else "/dev/null"
        lines += difflib.unified_diff(old, new, start, f"b/{edit.path}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def counts(edit: Edited) -> dict[str, int]:
    """Return how many lines came and went."""
    marks = [line[:1] for line in patch([edit]).split("\n")[2:]]
    return {"added": marks.count("+"), "removed": marks.count("-")}


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _wrong(text: str, language: str) -> str:
    return syntax_error(text) if language == "python" else syntax.error(text, language)


def _meant(part: Part, code: str, source: Source) -> Part:
    """Return the part that code replaces: code written as new may exist already."""
    if part.name != NEW and not part.name.startswith(NEW_IN):
        return part
    holder = part.name.removeprefix(NEW_IN) if part.name != NEW else ""
    definitions = parts(textwrap.dedent(code), source.language.id)
    tops = [
        definition.name
        for definition in definitions
        if "." not in definition.name and definition.name != holder
    ]
    inner = [
        definition.name
        for definition in definitions
        if holder and definition.name.startswith(f"{holder}.")
    ]
    if len(tops) + len(inner) != 1:
        return part
    name = inner[0] if inner else f"{holder}.{tops[0]}" if holder else tops[0]
    there = [
        definition
        for definition in parts(source.text, source.language.id)
        if definition.name == name
    ]
    return there[-1] if there else part


def _apart(code: str, language: str) -> tuple[str, str]:
    """Return the imports that stand before a part, and the part."""
    lines = code.strip("\n").split("\n")
    count = 0
    while language == "python" and count < len(lines):
        if lines[count].strip() and not _IMPORT.match(lines[count]):
            break
        count += 1
    return "\n".join(lines[:count]).strip(), "\n".join(lines[count:])


def _own(code: str, part: Part, source: Source) -> str:
    """Return what of ``code`` belongs to a part."""
    holder = part.name.removeprefix(NEW_IN) if part.name.startswith(NEW_IN) else ""
    name = part.name.rpartition(".")[2]
    definitions = parts(code, source.language.id)
    lines = code.split("\n")
    tops = [definition for definition in definitions if "." not in definition.name]
    inner = [
        definition
        for definition in definitions
        if definition.name == part.name and "." in definition.name
    ]
    if inner and name not in {definition.name for definition in tops}:
        return textwrap.dedent("\n".join(lines[inner[0].first - 1 : inner[0].last]))
    there = {definition.name for definition in parts(source.text, source.language.id)} - {part.name}
    if holder:
        own = [
            definition
            for definition in definitions
            if definition.name.startswith(f"{holder}.") and definition.name not in there
        ]
        if own:
            texts = [lines[definition.first - 1 : definition.last] for definition in own]
            return "\n\n".join(textwrap.dedent("\n".join(text)) for text in texts)
    for definition in reversed(tops):
        if definition.name in there and len(tops) > 1:
            del lines[definition.first - 1 : definition.last]
    return "\n".join(lines).strip("\n")

"""Checks of a manifest: all findings at once, each with its line. Imports no plugin."""

from __future__ import annotations

import difflib
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
from packaging.version import InvalidVersion, Version

from studio.api.artifacts import Kind
from studio.api.manifest import API_VERSION, Manifest, Permissions, is_compatible, parse_manifest
from studio.base import paths
from studio.plugins.check.toml_lines import Place, line_of
from studio.plugins.discovery import MANIFEST
from studio.plugins.finding import Finding
from studio.protocol.errors import StudioError

IN_STUDIO = "studio"


def manifest_findings(text: str, known_kinds: Iterable[str] = ()) -> Iterator[Finding]:
    """Yield the findings for the manifest ``text``.

    Args:
        known_kinds: Kinds of artifacts that other plugins bring.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = getattr(error, "lineno", 0) or _told_line(str(error))
        yield Finding("toml", f"This is not valid TOML: {error}.", MANIFEST, line, "Correct it.")
        return
    except RecursionError:
        yield Finding("toml", "It is nested too deeply.", MANIFEST, cure="Use fewer brackets.")
        return
    wrong = list(_shape(table, Manifest, (), text))
    yield from wrong
    if wrong:
        return
    try:
        manifest = parse_manifest(text.encode(), Path(MANIFEST))
    except StudioError as error:
        why = error.message.partition(": ")[2] or error.message
        yield Finding("manifest", f"{why[0].upper()}{why[1:]}", MANIFEST, _quoted_line(text, why))
        return
    yield from _values(manifest, text, {*Kind, *(k.id for k in manifest.kinds), *known_kinds})


# --- keys and types ---------------------------------------------------------------------------


def _shape(table: Mapping[str, Any], struct: Any, place: Place, text: str) -> Iterator[Finding]:
    """Yield keys that are unknown or missing, and values of the wrong type."""
    hints = typing.get_type_hints(struct)
    where = f" in [{'.'.join(str(part) for part in place if isinstance(part, str))}]"
    where = where if place else ""
    meant: set[str] = set()
    for key, value in table.items():
        here = (*place, key)
        if key not in hints:
            near = difflib.get_close_matches(key, hints.keys() - table.keys(), n=1)
            meant.update(near)
            words, cure = f"There is no key “{key}”{where}.", _asked(near)
            yield Finding("unknown-key", words, MANIFEST, line_of(text, here), cure)
            continue
        inner = _struct_in(hints[key])
        if inner and isinstance(value, dict) and hints[key] is inner:
            yield from _shape(value, inner, here, text)
        elif inner and isinstance(value, list) and all(isinstance(item, dict) for item in value):
            for number, item in enumerate(value):
                yield from _shape(item, inner, (*here, number), text)
        else:
            yield from _type(value, hints[key], here, text)
    for field in msgspec.structs.fields(struct):
        if field.required and field.name not in table and field.name not in meant:
            yield Finding(
                "missing-key",
                f"The key “{field.name}”{where} is missing.",
                MANIFEST,
                line_of(text, place),
                "Add it: REFERENCE.md says what it means.",
            )


def _type(value: Any, hint: Any, place: Place, text: str) -> Iterator[Finding]:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        yield Finding(
            "wrong-type", f"“{place[-1]}”: {error}.", MANIFEST, line_of(text, place), "Correct it."
        )


def _struct_in(hint: Any) -> Any:
    """Return the struct that ``hint`` is, or that it is a list of."""
    inner = get_args(hint)[0] if get_origin(hint) is tuple else hint
    return inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None


# --- values -----------------------------------------------------------------------------------


def _values(manifest: Manifest, text: str, kinds: set[str]) -> Iterator[Finding]:
    try:
        Version(manifest.version)
    except InvalidVersion:
        yield _at(
            text, ("version",), "version", f"“{manifest.version}” is not a version.", "Like 1.0.0."
        )
    if not is_compatible(manifest):
        words = f"It is for API {manifest.api}; this studio has {API_VERSION}."
        yield _at(text, ("api",), "api", words, 'Write ">=1,<2" if it runs here.')
    yield from _icons(manifest, text)
    yield from _kinds(manifest, text, kinds)
    yield from _isolation(manifest, text)
    yield from _permissions(manifest, text)
    for number, family in enumerate(manifest.families):
        if family.family != manifest.id and not family.family.startswith(f"{manifest.id}-"):
            words = f"Others may have a family “{family.family}”, too."
            cure = f"Call it “{manifest.id}-{family.family}”."
            place = ("families", number, "family")
            yield _at(text, place, "family-name", words, cure, is_advice=True)


def known_icons() -> frozenset[str]:
    """Return the names of the icons that the studio has."""
    return frozenset(path.stem for path in (paths.resources() / "icons").glob("*.svg"))


def no_icon(icon: str, icons: Iterable[str]) -> tuple[str, str]:
    """Return the message on a missing icon, and its remedy."""
    words = f"There is no icon “{icon}”: a question mark would stand in its place."
    return words, _did_you_mean(icon, icons) or "API.md lists them."


def _icons(manifest: Manifest, text: str) -> Iterator[Finding]:
    icons = known_icons()
    used: list[tuple[Place, str]] = [(("icon",), manifest.icon)]
    used += [(("pages", n, "icon"), entry.icon) for n, entry in enumerate(manifest.pages)]
    used += [(("kinds", n, "icon"), entry.icon) for n, entry in enumerate(manifest.kinds)]
    used += [(("actions", n, "icon"), entry.icon) for n, entry in enumerate(manifest.actions)]
    used += [(("modes", n, "icon"), entry.icon) for n, entry in enumerate(manifest.modes)]
    for place, icon in used:
        if icon and icon not in icons:
            yield _at(text, place, "unknown-icon", *no_icon(icon, icons))


def _kinds(manifest: Manifest, text: str, declared: set[str]) -> Iterator[Finding]:
    used: list[tuple[Place, str]] = []
    for number, task in enumerate(manifest.tasks):
        used += [(("tasks", number, "produces"), kind) for kind in task.produces]
        used += [(("tasks", number, "accepts"), kind) for kind in task.accepts]
    for number, page in enumerate(manifest.pages):
        used += [(("pages", number, "accepts"), kind) for kind in page.accepts]
    for place, kind in used:
        if kind not in declared:
            words = f"There is no kind of artifact called “{kind}”."
            cure = _did_you_mean(kind, declared) or "Declare it under [[kinds]]."
            may_come = place[-1] == "accepts"  # another plugin may bring it
            yield _at(text, place, "unknown-kind", words, cure, is_advice=may_come)


def _isolation(manifest: Manifest, text: str) -> Iterator[Finding]:
    needs = [
        what
        for what, there in (
            ("a window half", manifest.plugin),
            ("weights of its own", manifest.families),
        )
        if there
    ]
    if needs and manifest.isolation != IN_STUDIO:
        words = f"It has {' and '.join(needs)}, which cannot be in a process of its own."
        cure = f'Write isolation = "{IN_STUDIO}"; people are told what that means.'
        yield _at(text, ("isolation",), "isolation", words, cure)


def _permissions(manifest: Manifest, text: str) -> Iterator[Finding]:
    permissions = manifest.permissions
    names = {field.name for field in msgspec.structs.fields(Permissions)} - {"reasons"}
    wanted = {name for name in names if getattr(permissions, name) not in (False, "none")}
    for name in sorted(wanted - permissions.reasons.keys()):
        words = f"It asks for “{name}” and gives no reason; people read them when they install it."
        cure = f"Say why under [permissions.reasons]: {name} = …"
        yield _at(text, ("permissions", name), "no-reason", words, cure, is_advice=True)
    for name in sorted(
        permissions.reasons.keys() - {"network", "files", "run_code", "gpu", "library"}
    ):
        words = f"There is no permission “{name}” to give a reason for."
        yield _at(text, ("permissions", "reasons", name), "unknown-permission", words)


# --- words ------------------------------------------------------------------------------------


def _at(
    text: str, place: Place, rule: str, words: str, cure: str = "", *, is_advice: bool = False
) -> Finding:
    return Finding(rule, words, MANIFEST, line_of(text, place), cure, is_advice)


def _did_you_mean(word: str, candidates: Iterable[str]) -> str:
    return _asked(difflib.get_close_matches(word, sorted(candidates), n=1))


def _asked(near: Sequence[str]) -> str:
    return f"Did you mean “{near[0]}”?" if near else ""


def _told_line(words: str) -> int:
    """Return the line that the parser of TOML names in its words."""
    _, _, rest = words.partition("line ")
    return int("".join(letter for letter in rest.split(",")[0] if letter.isdigit()) or 0)


def _quoted_line(text: str, words: str) -> int:
    """Return the first line with the text quoted in the message; 0 if there is none."""
    for quoted in words.split("'")[1::2]:
        for number, line in enumerate(text.splitlines(), start=1):
            if f'"{quoted}"' in line:
                return number
    return 0

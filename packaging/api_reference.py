"""Write the guide for users, and the documents for authors of plugins: ``make docs``.

    python packaging/api_reference.py [FOLDER]   into FOLDER, by default build/docs
    python packaging/api_reference.py surface    print the names and their arguments, as JSON

The second is what a version of the API promises: see ``tests/unit/api/test_surface.py``.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from guide_site import write_site

from studio.api.stability import RENAMED

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "build" / "docs"
GUIDES = ("AUTHORING.md", "REFERENCE.md", "API-CHANGES.md")
"""They link to ``API.md`` beside them."""
AREAS = {
    "Both halves": (
        "params",
        "sampling_fields",
        "artifacts",
        "comparison",
        "errors",
        "inputs",
        "plot",
    ),
    "The manifest": ("manifest", "hookspecs"),
    "The worker half": (
        "worker.context",
        "worker.call_outcome",
        "worker.energy",
        "worker.text",
        "worker.text_generation",
        "worker.constraint",
        "worker.embedding",
        "worker.tensor_files",
        "worker.config_files",
        "worker.tuning",
        "worker.optimiser",
        "worker.generators",
        "worker.bench",
        "sandbox",
    ),
    "The window half": (
        "window.context",
        "window.library",
        "window.conversations",
        "window.work_queue",
        "window.figures",
        "jobs",
        "results",
        "weights",
    ),
    "Parts of a page": ("window.ui", "roles", "kit", "runs", "intake"),
}
KIT = ("plugins", "engines", "page_desk", "scripted", "fixtures")
"""Modules of ``studio.testing`` for authors."""
INNER = {
    "check_references", "decode", "encode", "packed", "parse_manifest", "plain_number",
    "read_difference", "read_manifest",
}  # fmt: skip
"""Names of those modules that the studio uses itself."""
_HEAD = """\
# Reference of the plugin API

Written by `make docs` from the docstrings. [AUTHORING.md](AUTHORING.md) is the tutorial,
[REFERENCE.md](REFERENCE.md) goes by topic, [API-CHANGES.md](API-CHANGES.md) says what came when.
Names without a path come from `studio.api`.
"""


# --- what there is ----------------------------------------------------------------------------


def modules() -> Iterator[tuple[str, ModuleType]]:
    """Yield (area, module) in the order of the reference; of old versions, those there were."""
    named = [(area, f"studio.api.{name}") for area, names in AREAS.items() for name in names]
    named += [("Tests", f"studio.testing.{name}") for name in KIT]
    for area, name in named:
        try:
            yield area, importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise


def names(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the public classes and functions that a module defines, as they come in it."""
    for name, value in vars(module).items():
        is_named = inspect.isclass(value) or inspect.isfunction(value)
        is_public = name[0] != "_" and name not in INNER and not name.startswith("pytest_")
        if is_named and is_public and value.__module__ == module.__name__:
            yield name, value


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class defines itself, but no former names."""
    for name, value in vars(kind).items():
        if f"{kind.__module__}.{kind.__name__}.{name}" in RENAMED:
            continue
        inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        inner = getattr(inner, "fget", inner)
        if inspect.isfunction(inner) and name[0] != "_":
            yield name, value


def fields(kind: type) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, type, required) of the attributes of a class."""
    if issubclass(kind, enum.Enum):
        yield from ((member.name, str(member.value), False) for member in kind)
    elif issubclass(kind, msgspec.Struct):
        for each in msgspec.structs.fields(kind):
            yield each.name, _annotation(kind, each.name), each.required
    elif dataclasses.is_dataclass(kind):
        for one in dataclasses.fields(kind):
            has_none = one.default is one.default_factory is dataclasses.MISSING
            if one.name[0] != "_":
                yield one.name, _annotation(kind, one.name), has_none and one.init
    else:
        for name in vars(kind).get("__annotations__", {}):
            if name[0] != "_":
                yield name, _annotation(kind, name), False


def _annotation(kind: type, name: str) -> str:
    for each in kind.__mro__:
        if name in vars(each).get("__annotations__", {}):
            return str(each.__annotations__[name])
    return ""


# --- what it promises -------------------------------------------------------------------------


def surface() -> dict[str, Any]:
    """Return name → what may be relied on: arguments, attributes, members."""
    found: dict[str, Any] = {}
    for _, module in modules():
        for name, value in names(module):
            path = f"{module.__name__}.{name}"
            if inspect.isfunction(value):
                found[path] = _arguments(value)
                continue
            found[path] = {field: required for field, _, required in fields(value)}
            for member, function in members(value):
                inner = getattr(function, "__func__", getattr(function, "fget", function))
                is_property = isinstance(function, property)
                found[f"{path}.{member}"] = "property" if is_property else _arguments(inner)
    api = importlib.import_module("studio.api")
    return {"studio.api": sorted(api.__all__), **found}


def _arguments(function: Any) -> list[list[Any]]:
    """Return (name, kind, whether it has to be given) of each argument but ``self``."""
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    return [
        [each.name, each.kind.name, each.default is each.empty]
        for each in parameters
        if each.name not in ("self", "cls")
    ]


# --- what it says -----------------------------------------------------------------------------


def reference() -> str:
    """Return the whole reference, as Markdown."""
    parts, last = [_HEAD], ""
    for area, module in modules():
        if area != last:
            parts.append(f"# {area}\n")
            last = area
        listed = [_entry(module, name, value) for name, value in names(module)]
        if listed:
            parts.append(f"## `{module.__name__}`\n\n{prose(module.__doc__)}\n")
            parts += listed
    parts += [_colours(), _icons()]
    return "\n".join(parts)


def _entry(module: ModuleType, name: str, value: Any) -> str:
    api = importlib.import_module("studio.api")
    shown = name if name in api.__all__ else f"{module.__name__}.{name}"
    if inspect.isfunction(value):
        return f"### `{shown}{_signature(value)}`\n\n{_said(value)}\n"
    lines = [f"### `{shown}`", "", _said(value), ""]
    listed = [f"`{name}: {kind}`{' (required)' * needed}" for name, kind, needed in fields(value)]
    if listed:
        lines += [f"Has {', '.join(listed)}.", ""]
    for member, function in members(value):
        inner = getattr(function, "__func__", getattr(function, "fget", function))
        ending = "" if isinstance(function, property) else _signature(inner)
        said = _said(inner).replace("\n", "\n  ")
        lines.append(f"- **`{member}{ending}`**  \n  {said}")
    return "\n".join(lines).rstrip() + "\n"


def _said(value: Any) -> str:
    """Return the docstring, and since when it is there or why it will go."""
    notes = [
        f"*Since {value.__since__}.*" if hasattr(value, "__since__") else "",
        f"*{value.__deprecated__}*" if hasattr(value, "__deprecated__") else "",
    ]
    own = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    return "\n\n".join(filter(None, [*notes, prose(own)]))


def _signature(function: Any) -> str:
    words, is_named = [], False
    for each in inspect.signature(inspect.unwrap(function)).parameters.values():
        if each.name in ("self", "cls"):
            continue
        if each.kind is each.KEYWORD_ONLY and not is_named:
            is_named = True
            words.append("*")
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        is_named = is_named or stars == "*"
        default = "" if each.default is each.empty else f"={_default(each.default)}"
        words.append(f"{stars}{each.name}{default}")
    return f"({', '.join(words)})"


def _default(value: Any) -> str:
    return value.__name__ if inspect.isfunction(value) or inspect.isclass(value) else repr(value)


_SECTIONS = ("Args:", "Attributes:", "Returns:", "Raises:")


def prose(text: str | None) -> str:
    """Return a docstring as Markdown: sections become lists, roles plain names."""
    text = inspect.cleandoc(text or "")
    text = re.sub(r":(?:class|mod|meth|func):`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    text = text.replace("``", "`")
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if line in _SECTIONS:
            inside = True
            lines += [f"*{line[:-1]}*", ""]
        elif inside and line.startswith("    ") and line[4] != " ":
            head, colon, rest = line.strip().partition(": ")
            lines.append(f"- `{head}`: {rest}" if colon else f"- {line.strip()}")
        elif inside and line.startswith("     "):
            lines.append(f"  {line.strip()}")
        else:
            inside = inside and not line
            lines.append(line)
    return "\n".join(lines).strip()


def _colours() -> str:
    from studio.desktop.appearance.tokens import tokens  # the window's, for their names

    names = sorted(tokens(dark=True).colors)
    listed = " ".join(f"`{name}`" for name in names)
    return (
        "# Colours\n\nNames in `ctx.ui.tokens.colors`, each with a value for the light theme and "
        f"one for the dark:\n\n{listed}\n"
    )


def _icons() -> str:
    names = sorted(path.stem for path in (ROOT / "resources" / "icons").glob("*.svg"))
    listed = " ".join(f"`{name}`" for name in names)
    return f"# Icons\n\nNames for `icon` in a manifest and for `ctx.ui.icon`:\n\n{listed}\n"


def main(words: list[str]) -> None:
    """Write the documents, or print the surface."""
    if words == ["surface"]:
        lines = [f"{json.dumps(name)}: {json.dumps(what)}" for name, what in surface().items()]
        print("{\n" + ",\n".join(lines) + "\n}")
    else:
        folder = Path(words[0]) if words else DOCS
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "API.md").write_text(reference(), "utf-8")
        for guide in GUIDES:
            shutil.copy(ROOT / "plugins" / guide, folder)
        print(f"Written: {folder / 'API.md'}")
        pages = write_site(folder / "guide")
        print(f"Written: {folder / 'guide' / 'index.html'}, the guide, {pages} pages")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Writes the project that a new plugin starts from: copies of ``resources/plugin_template``."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.base import disk, paths
from studio.plugins.discovery import MANIFEST
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note

TEMPLATE = "plugin_template"
"""A working plugin called “example”, in layers: ``task`` has all that every plugin has; a file of
``page`` or ``family`` stands beside those before it, or in place of one; manifests are joined."""

_ID = re.compile(r"[a-z][a-z0-9_]{1,31}")
_HEADER = re.compile(r"^(\[.*\])$", re.MULTILINE)


def write_project(name: str, folder: Path, *, page: bool = False, family: bool = False) -> Path:
    """Write a project for the plugin ``name`` into ``folder / name``; return that folder.

    It appears whole or not at all.

    Args:
        name: The plugin's id: lower-case letters, digits and ``_``.
        page: With a page of its own, not the one that is drawn from the schema.
        family: With a family of weights of its own.

    Raises:
        StudioError: The name is none or taken, something is there already, or the disk refuses.
    """
    _check(name)
    target = folder / name
    if target.exists():
        raise StudioError(
            ErrorCode.BAD_INPUT, f"{target} already exists.", "Choose another name or folder."
        )
    layers = {"task": True, "page": page, "family": family}
    files = _files([layer for layer, wanted in layers.items() if wanted])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as beside:
            for path, text in files.items():
                place = Path(beside, name, _named(path, name))
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(_named(text, name), "utf-8", newline="\n")
            Path(beside, name).rename(target)
    except OSError as error:
        raise disk.explain(error, "write the project", target) from error
    return target


def _check(name: str) -> None:
    if not _ID.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"“{name}” cannot be the id of a plugin: use 2 to 32 lower-case letters, digits and _,"
            " beginning with a letter.",
            f"“{near}” would do." if _ID.fullmatch(near) else "",
        )
    if importlib.util.find_spec(f"studio_{name}"):
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"There is a plugin called “{name}” already.",
            "Choose another name.",
        )


def _files(layers: Sequence[str]) -> dict[str, str]:
    """Return path → text, the files of later layers in place of those of earlier ones."""
    files: dict[str, str] = {}
    for layer in layers:
        root = paths.resources() / TEMPLATE / layer
        for file in sorted(root.rglob("*")):
            if not file.is_file() or "__pycache__" in file.parts:
                continue
            path, text = file.relative_to(root).as_posix(), read_note(file).decode("utf-8")
            is_more = file.name == MANIFEST and path in files
            files[path] = _joined(files[path], text) if is_more else text
    return files


def _joined(first: str, more: str) -> str:
    """Return two manifests as one; of a table that both have, the second counts."""
    (_, above), *tables = _tables(first)
    (_, above_too), *further = _tables(more)
    again = {header for header, _ in further if not header.startswith("[[")}
    remaining = [(header, body) for header, body in tables if header not in again]
    keys = {line.partition("=")[0] for line in above.splitlines()}
    new = [line for line in above_too.splitlines() if line.partition("=")[0] not in keys]
    head = "\n".join([above.rstrip(), *new]).strip()
    return "\n\n".join([head, *(f"{h}\n{body.strip()}" for h, body in remaining + further)]) + "\n"


def _tables(text: str) -> Iterator[tuple[str, str]]:
    """Yield (header, body): first what stands above all tables, with an empty header."""
    above, *rest = _HEADER.split(text)
    yield "", above
    yield from zip(rest[::2], rest[1::2], strict=True)


def _named(text: str, name: str) -> str:
    """Return ``text`` about this plugin."""
    title = name.replace("_", " ").capitalize()
    class_name = title.title().replace(" ", "")
    return (
        text.replace("ExamplePage", f"{class_name}Page")
        .replace("Example", title)
        .replace("example", name)
    )

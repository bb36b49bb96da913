"""Saved prompts and presets as a file: JSON for both, Markdown for prompts. Knows no page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from studio.api import BadInput, open_regular
from studio.api.window.language import tr
from studio_chat.pages.prompts.saved import Preset, Prompt, preset_of, prompt_of

SUFFIXES = (".json", ".md")
FORMAT = "offline-studio-prompts"
MAX_BYTES = 16 << 20
_KEYS = ("prompts", "presets")
_PROMPT = re.compile(
    r"^## (?P<name>[^\n]+)\n+(?:Folder: (?P<folder>[^\n]+)\n+)?"
    r"(?P<fence>`{3,})\w*\n(?P<text>.*?)\n(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)


def written(prompts: Sequence[Prompt], presets: Sequence[Preset], suffix: str) -> bytes:
    """Return the file; Markdown for ``.md``, which has no presets, else JSON."""
    if suffix.lower() == ".md":
        return ("# Prompts\n\n" + "\n".join(map(_section, prompts))).encode()
    whole = {
        "format": FORMAT,
        "prompts": [asdict(entry) for entry in prompts],
        "presets": [asdict(entry) for entry in presets],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _section(prompt: Prompt) -> str:
    longest = max((len(run) for run in re.findall(r"`+", prompt.text)), default=0)
    fence = "`" * max(3, longest + 1)
    folder = f"Folder: {prompt.folder}\n\n" if prompt.folder else ""
    return f"## {prompt.name}\n\n{folder}{fence}text\n{prompt.text}\n{fence}\n"


def read(path: Path) -> tuple[list[Prompt], list[Preset]]:
    """Return the prompts and presets of a file; nothing is left out silently.

    Raises:
        BadInput: The file is unreadable, has another format, or an unusable entry.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        words = tr("{name} cannot be read.").format(name=path.name)
        raise BadInput(words, str(error.strerror or "")) from error
    if len(data) > MAX_BYTES:
        words = tr("{name} is too large for a file of prompts.").format(name=path.name)
        raise BadInput(words, tr("Choose another file."))
    if path.suffix.lower() == ".md":
        entries: list[Any] = [
            {k: v or "" for k, v in match.groupdict().items() if k != "fence"}
            for match in _PROMPT.finditer(data.decode("utf-8", "replace").replace("\r\n", "\n"))
        ]
        whole: Any = {"prompts": entries}
    else:
        try:
            whole = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            words = tr("{name} is not a JSON file.").format(name=path.name)
            raise BadInput(words, tr("Choose another file.")) from error
    return _usable(whole, path.name)


def _usable(whole: Any, name: str) -> tuple[list[Prompt], list[Preset]]:
    fields = whole if isinstance(whole, dict) else {}
    lists = [entry for key in _KEYS if isinstance(entry := fields.get(key, []), list)]
    if len(lists) < len(_KEYS) or not any(lists):
        raise BadInput(
            tr("There are no prompts or presets in {name}.").format(name=name),
            tr("Choose a file that the studio exported, as JSON or Markdown."),
        )
    prompts, presets = map(prompt_of, lists[0]), map(preset_of, lists[1])
    some_prompts = [entry for entry in prompts if entry]
    some_presets = [entry for entry in presets if entry]
    bad = len(lists[0]) + len(lists[1]) - len(some_prompts) - len(some_presets)
    if bad:
        words = tr(
            "{count} of the prompts and presets in {name} cannot be used; none was imported."
        )
        raise BadInput(
            words.format(count=bad, name=name),
            tr("Each needs a name, and a text or settings that the studio knows."),
        )
    return some_prompts, some_presets

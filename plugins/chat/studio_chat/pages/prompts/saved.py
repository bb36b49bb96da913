"""Saved prompts to insert, and presets to answer with. Draws nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from studio.api import BadInput, PluginContext, WorkQueue
from studio.api.window.language import tr
from studio_chat.schema import PANEL_FIELDS, Reply

MAX_NAME, MAX_TEXT, MAX_KEPT = 80, 40_000, 2_000
PROMPTS, PRESETS, DEFAULT = "prompts", "presets", "preset"
"""Settings: the lists, and the name of the preset that new conversations begin with."""
PLACEHOLDER = re.compile(r"\{[A-Za-z][\w -]{0,39}\}")


@dataclass(frozen=True)
class Prompt:
    """A text to insert; ``{words}`` in it are filled in by whoever inserts it."""

    name: str
    text: str
    folder: str = ""

    @property
    def handle(self) -> str:
        """The name to type after ``/``: in small letters, with hyphens for spaces."""
        return "-".join(self.name.lower().split())


@dataclass(frozen=True)
class Preset:
    """How to answer: the fields of the panel, the system prompt among them, and weights.

    Attributes:
        settings: Only what differs from the defaults, so that other weights keep theirs.
        weights: Id of the weights; empty leaves those of the conversation.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""


Saved = TypeVar("Saved", Prompt, Preset)


def prompt_of(data: Any) -> Prompt | None:
    """Return the prompt that plain data are, None for anything else."""
    texts = _texts(data, "name", "text", "folder")
    if texts is None:
        return None
    name, text, folder = (texts[0].strip(), texts[1], " ".join(texts[2].split()))
    fits = 0 < len(name) <= MAX_NAME and 0 < len(text) <= MAX_TEXT and len(folder) <= MAX_NAME
    return Prompt(" ".join(name.split()), text, folder) if fits else None


def preset_of(data: Any) -> Preset | None:
    """Return the preset that plain data are, None for anything else or values out of range."""
    texts = _texts(data, "name", "weights")
    settings = data.get("settings", {}) if isinstance(data, Mapping) else None
    if texts is None or not isinstance(settings, Mapping) or not 0 < len(texts[0]) <= MAX_NAME:
        return None
    fields = {name: settings[name] for name in PANEL_FIELDS if name in settings}
    try:
        Reply.parse(fields)
    except BadInput:
        return None
    return Preset(" ".join(texts[0].split()), fields, texts[1])


def _texts(data: Any, *names: str) -> list[str] | None:
    if not isinstance(data, Mapping):
        return None
    values = [data.get(name, "") for name in names]
    return values if all(isinstance(value, str) for value in values) else None


class Shelf:
    """The saved prompts and presets, by name. Changes are saved off the GUI thread.

    Attributes:
        changed: Called after each change.
    """

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        self._ctx, self._work_queue = ctx, work_queue
        self.changed: list[Callable[[], None]] = []
        self.prompts = [p for p in map(prompt_of, ctx.settings.get(PROMPTS, [])) if p]
        self.presets = [p for p in map(preset_of, ctx.settings.get(PRESETS, [])) if p]
        self.default = str(ctx.settings.get(DEFAULT, ""))

    def preset(self, name: str) -> Preset | None:
        """Return the preset of that name, if there is one."""
        return next((preset for preset in self.presets if preset.name == name), None)

    def put_prompt(self, prompt: Prompt, instead: str = "") -> None:
        """Keep a prompt, in the place of the one named ``instead`` or of its own name."""
        self.prompts = _put(self.prompts, prompt, instead)
        self._keep()

    def put_preset(self, preset: Preset) -> None:
        """Keep a preset, in the place of one of the same name."""
        self.presets = _put(self.presets, preset, preset.name)
        self._keep()

    def rename_preset(self, name: str, new: str) -> None:
        """Give a preset another name, which replaces one that has it; conversations keep theirs."""
        if (preset := self.preset(name)) is not None:
            self.presets = _put(self.presets, _named(preset, new), name)
            self.default = new if self.default == name else self.default
            self._keep()

    def remove_prompt(self, name: str) -> None:
        """Forget a prompt."""
        self.prompts = [prompt for prompt in self.prompts if prompt.name != name]
        self._keep()

    def remove_preset(self, name: str) -> None:
        """Forget a preset; new conversations begin without it."""
        self.presets = [preset for preset in self.presets if preset.name != name]
        self.default = "" if self.default == name else self.default
        self._keep()

    def use_by_default(self, name: str) -> None:
        """Let new conversations begin with a preset; with none for an empty name."""
        self.default = name
        self._keep()

    def add_all(self, prompts: Iterable[Prompt], presets: Iterable[Preset]) -> int:
        """Add new entries, renamed where a name is taken; return their number.

        Raises:
            BadInput: There would be too many; nothing was added.
        """
        more = _missing(self.prompts, prompts), _missing(self.presets, presets)
        if max(len(self.prompts + more[0]), len(self.presets + more[1])) > MAX_KEPT:
            raise BadInput(tr("There would be too many saved prompts."), tr("Delete some first."))
        self.prompts, self.presets = self.prompts + more[0], self.presets + more[1]
        self._keep()
        return len(more[0]) + len(more[1])

    def _keep(self) -> None:
        values = {
            PROMPTS: [asdict(entry) for entry in self.prompts],
            PRESETS: [asdict(entry) for entry in self.presets],
            DEFAULT: self.default,
        }
        put = self._ctx.settings.set
        self._work_queue.do(lambda: [put(key, value) for key, value in values.items()])
        for call in self.changed:
            call()


def _put(entries: list[Saved], new: Saved, instead: str) -> list[Saved]:
    names = {new.name.lower(), instead.lower()}
    rest: list[Saved] = [entry for entry in entries if entry.name.lower() not in names]
    place = next(
        (n for n, entry in enumerate(entries) if entry.name.lower() in names), len(entries)
    )
    rest.insert(place, new)
    return rest


def _missing(entries: list[Saved], more: Iterable[Saved]) -> list[Saved]:
    new: list[Saved] = []
    for entry in more:
        taken = {other.name.lower() for other in (*entries, *new)}
        named, number = entry, 2
        while named.name.lower() in taken and named not in entries:
            named, number = _named(entry, f"{entry.name[: MAX_NAME - 6]} ({number})"), number + 1
        if named not in entries and named not in new:
            new.append(named)
    return new


def _named(saved: Saved, name: str) -> Saved:
    values = {**asdict(saved), "name": name}
    return type(saved)(**values)

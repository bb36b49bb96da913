"""Settings of the next picture: prompt or input, styles, and the parameters of the panel.

Runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QSizePolicy

from studio.api import BadInput, JobRequest, Kind, Mode, PluginContext, Role
from studio.api.window.language import tr
from studio_image.pages.input_slot import InputSlot, pixels
from studio_image.pages.lora_list import LoraList
from studio_image.pages.modes import (
    DRAW,
    EDIT,
    ENLARGE,
    FILM,
    GRID,
    REPAIR,
    RESTYLE,
    WITH_WORDS,
    modes,
)
from studio_image.pages.phrases import about
from studio_image.pages.prompt_box import MAX_CHARS, PromptBox
from studio_image.pages.region_dialog import RegionRow
from studio_image.pages.style_row import StyleRow
from studio_image.recipes.foreign import without_loras
from studio_image.schema import Enlarge, Generate, axes

_WIDE, _SLOT = 680, 256
_ANY_WIDTH = (1 << 24) - 1
_PATHS = {"image", "init", "folder", "mask"}
_COMPARED = {RESTYLE: "restyle", ENLARGE: "enlarge"}
"""Modes that work on a picture and can be compared in a grid → what the grid calls their task."""
_OF_A_PICTURE = (RESTYLE, ENLARGE, EDIT, REPAIR)
"""Modes that work on a picture."""


class Composer(QFrame):
    """The card at the foot of the page, and the panel beside it.

    Attributes:
        modes: What can be done, and the parameter forms of the panel.
        go: Starts, or stops.
        painted: Returns the mask that was painted for the picture, as a PNG file, if one was.
        in_view: Returns the picture that is in view, if one is.
        restore_mask: Puts a mask that was kept, a file, on a picture.
        pace: Returns how many pixels a second were enlarged with such parameters; 0: not known.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._weights = ctx.weights
        self.painted: Callable[[], bytes | None] = lambda: None
        self.in_view: Callable[[], Path | None] = lambda: None
        self.restore_mask: Callable[[str, Path], None] = lambda _picture, _mask: None
        self.pace: Callable[[Mapping[str, Any]], float] = lambda _asked: 0.0
        self.modes = ctx.kit.modes(tr("Action"), modes(), kind=Kind.IMAGE)
        self.prompt = PromptBox(ctx)
        self.input = InputSlot(ctx)
        self.styles = StyleRow(ctx)
        self._keys: list[tuple[str, int]] = []
        """Prompts and seeds of the pictures that were added to the film."""
        self._follows_size = self._follows_task = False
        self._hint = ctx.ui.label("", Role.MUTE, wrap=True)
        self.loras = LoraList(ctx)
        self.modes.put_above(self.loras, DRAW, GRID)
        self.regions = RegionRow(ctx)
        self.regions.size_of = self._drawn_size
        self.regions.picture_of = self._below_regions
        self.modes.put_above(self.regions, DRAW)
        self.go = ctx.kit.run_button(tr("Draw"), "brush")
        ctx.ui.wear(self, Role.COMPOSER)
        self._lay_out()
        self.modes.on_change(self._show_mode)
        self.input.taken.connect(self.show_size)
        self.modes.forms[DRAW].on_change(self.show_chips)
        self._show_mode(self.modes.mode)

    def _lay_out(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._inputs = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._inputs.setSpacing(8)
        for part in (self.prompt, self.input, self.styles, self._hint):
            self._inputs.addWidget(part)
        row = QHBoxLayout(self)
        row.setContentsMargins(15, 11, 11, 11)  # the ring takes one more
        row.setSpacing(8)
        row.addLayout(self._inputs, 1)
        row.addWidget(self.go.widget, 0, Qt.AlignmentFlag.AlignBottom)

    @property
    def mode(self) -> str:
        """The id of the mode that is on."""
        return self.modes.mode.id

    @property
    def subject(self) -> str:
        """The mode whose inputs are needed: of a grid, that of the pictures on it."""
        if self.mode != GRID:
            return self.mode
        task = str(self.modes.form.values().get("task", ""))
        return next((id for id, compared in _COMPARED.items() if compared == task), GRID)

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        (self.prompt.field if self.subject in WITH_WORDS else self.go).widget.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Picture and styles stand side by side where there is room."""
        super().resizeEvent(event)
        self._fold()

    def _fold(self) -> None:
        beside = self.subject == RESTYLE and self.width() >= _WIDE
        ways = QBoxLayout.Direction
        self._inputs.setDirection(ways.LeftToRight if beside else ways.TopToBottom)
        self.input.setMaximumWidth(_SLOT if beside else _ANY_WIDTH)

    def _show_mode(self, mode: Mode) -> None:
        """Show the controls of a mode."""
        if mode.id == GRID and not self._follows_task:
            self._follows_task = True
            self.modes.form.on_change(self.show_inputs)
        self.show_inputs()
        keeps = tr("Stop and keep the picture as it is") if mode.id == RESTYLE else ""
        self.go.set_verb(mode.verb, mode.icon, keeps)
        if mode.id == ENLARGE and not self._follows_size:
            self._follows_size = True
            self.modes.form.on_change(self.show_size)
        self.show_chips()
        self.show_size()

    def show_inputs(self) -> None:
        """Show the inputs that the mode needs; a grid, those of its task."""
        self._fold()
        self.prompt.setVisible(self.subject in WITH_WORDS)
        self.input.setVisible(self.subject in _OF_A_PICTURE)
        self.styles.setVisible(self.subject == RESTYLE)
        self._show_hint()
        self.loras.setVisible(self.subject in (DRAW, GRID) and not self.prompt.has_styles)
        self.regions.setVisible(self.mode == DRAW and not self.prompt.has_styles)

    def show_size(self) -> None:
        """Say beside the picture how large its result will be, and how long it will take."""
        words, size = "", self.input.picture_size
        if self.mode == ENLARGE and size.isValid():
            try:
                params = Enlarge.parse(self.modes.forms[ENLARGE].values())
                words = pixels(QSize(*params.size_of(size.width(), size.height())))
                if pace := self.pace(params.to_dict()):
                    words += f" · {about(size.width() * size.height() / pace)}"
            except BadInput:  # the form says so itself
                words = ""
        self.input.show_result(words)

    def show_chips(self) -> None:
        """Show the styles of the chosen weights."""
        self.prompt.show_weights(str(self.modes.forms[DRAW].values().get("weights", "")))
        self._show_hint()
        self.loras.setVisible(self.subject in (DRAW, GRID) and not self.prompt.has_styles)
        self.regions.setVisible(self.mode == DRAW and not self.prompt.has_styles)

    def _show_hint(self) -> None:
        """Explain the mode, and warn that variations of a drawing will look alike."""
        mode, drawing = self.modes.mode, self.modes.forms[DRAW].values()
        words = "" if mode.offered or self.subject not in WITH_WORDS else mode.hint
        is_alike = int(drawing.get("count") or 1) > 1 and not drawing.get("mix_styles")
        if self.mode == DRAW and self.prompt.has_styles and is_alike:
            words = tr("This model's variations look much alike. Mixed styles make them differ.")
        self._hint.setText(words)
        self._hint.setVisible(bool(words))

    # --- for the task -------------------------------------------------------------------------

    def request(self) -> JobRequest:
        """Return the job to start.

        Raises:
            BadInput: A required setting is missing.
        """
        missing = self._missing()
        if missing:
            raise BadInput(missing)
        if self.modes.mode.offered:
            return self.modes.request()
        source = self.source()
        mask = self.painted() if self.mode == REPAIR else None
        inputs = {} if mask is None else {"mask": mask}
        if self.mode == DRAW and (regions := self.regions.regions()[1]):
            inputs["regions"] = regions
        return JobRequest(
            self.modes.mode.task,
            self.params(),
            title=self._job_title(),
            inputs=inputs,
            parents=[source] if source else [],
        )

    def params(self) -> dict[str, Any]:
        """Return the parameters for the task of the mode."""
        values = dict(self.modes.form.values())
        if self.mode == DRAW:
            return values | self._drawing()
        if self.mode == FILM:
            return values | {"prompts": self.prompt.field.text, "style": self.prompt.style_name}
        if self.subject == GRID:
            return values | {"prompts": self.prompt.field.text, "settings": self._common()}
        image = str(self.input.artifact.path) if self.source() and self.input.artifact else ""
        if self.mode == GRID:
            return values | {"image": image, "settings": self._common_of(self.subject)}
        if self.mode == RESTYLE:
            return values | {"image": image, "styles": self.styles.chosen}
        return values | {"image": image}

    def _common(self) -> list[str]:
        """Return the shared parameters of a grid of drawings."""
        usual = {field.name: field.default for field in Generate.fields()}
        pairs = dict(self.loras.pairs)
        values = self.modes.forms[DRAW].values() | {
            "style": self.prompt.style_name,
            "loras": list(pairs),
            "lora_strengths": list(pairs.values()),
        }
        return _lines(values, usual, ("count", "seed", "prompt"))

    def _common_of(self, mode: str) -> list[str]:
        """Return the shared parameters of a grid of restyled or enlarged pictures."""
        usual = {field.name: field.default for field in axes.TASKS[_COMPARED[mode]].fields()}
        values = dict(self.modes.forms[mode].values())
        if mode == RESTYLE:
            values["styles"] = self.styles.chosen
        return _lines(values, usual, ("seed", "image", "folder"))

    def _set_common(self, lines: object) -> None:
        try:
            settings = axes.settings("generate", lines if isinstance(lines, list) else [])
            values = Generate.parse({"prompt": "x", **settings}).to_dict()
        except BadInput:  # of another version
            return
        self.prompt.set_style_name(str(settings.get("style", "")))
        self._set_loras(values)
        outside = ("style", "loras", "lora_strengths")
        self.modes.forms[DRAW].set_values(
            {name: values[name] for name in settings if name not in outside}
        )

    def _set_common_of(self, mode: str, lines: object) -> list[str]:
        task = _COMPARED[mode]
        try:
            settings = axes.settings(task, lines if isinstance(lines, list) else [])
            values = axes.TASKS[task].parse(settings).to_dict()
        except BadInput:  # of another version
            return []
        self.modes.forms[mode].set_values(
            {name: values[name] for name in settings if name != "styles"}
        )
        return self.styles.choose(values["styles"]) if "styles" in settings else []

    def add_key(self, prompt: str, seed: int) -> None:
        """Append the drawing with this prompt and this seed to the film."""
        form = self.modes.forms[FILM]
        if [seed for _, seed in self._keys] != list(form.values().get("seeds") or []):
            self._keys.clear()  # the seeds were edited meanwhile
        self._keys.append((prompt, seed))
        self.prompt.field.set_text("\n".join(prompt for prompt, _ in self._keys))
        form.set_values({"seeds": [seed for _, seed in self._keys]})

    def _drawing(self) -> dict[str, Any]:
        """Return what of a drawing is set outside its form; ``<lora:name:1>`` is a LoRA, too."""
        prompt, named = without_loras(self.prompt.field.text)
        pairs = dict(self.loras.pairs) | {
            self.loras.id_of(n) or n: strength for n, strength in named
        }
        return {
            "prompt": prompt,
            "style": self.prompt.style_name,
            "loras": list(pairs),
            "lora_strengths": list(pairs.values()),
            "inversions": self._inversions(prompt),
            "regions": self.regions.regions()[0],
        }

    def _drawn_size(self) -> QSize:
        """Return the size of the next drawing; a square where the weights choose it."""
        values = self.modes.forms[DRAW].values()
        wide, high = (int(values.get(name) or 0) for name in ("width", "height"))
        return QSize(wide or high or 1, high or wide or 1)

    def _below_regions(self) -> Path | None:
        """Return the picture that the drawing starts from, else the one in view."""
        start = str(self.modes.forms[DRAW].values().get("init") or "")
        return Path(start) if start else self.in_view()

    def _inversions(self, prompt: str) -> list[str]:
        """Return the textual inversions whose names stand in one of the prompts."""
        if self.prompt.has_styles:
            return []
        text = f"{prompt} {self.modes.form.values().get('negative', '')}".lower()
        available = self._weights.for_capability("textual-inversion")
        return [id for id, title in available if title.lower() in text]

    def source(self) -> str:
        """Return the id of the picture that the task works on; empty if on none of the library."""
        artifact = self.input.artifact
        if artifact is None or self.subject not in _OF_A_PICTURE or self._takes_folder():
            return ""
        return artifact.id

    def _missing(self) -> str:
        """Return the setting required before a start; empty for none."""
        if self.subject in WITH_WORDS:
            listed = self.mode == GRID and self.modes.form.values().get("prompt_file")
            has_words = self.prompt.field.text or listed
            return "" if has_words else tr("Describe the pictures first.")
        if self.modes.mode.offered:
            return ""
        if self.input.artifact is None and not self._takes_folder():
            return tr("Choose a picture first: drop one here, press Choose, or paste.")
        has_axis = any(
            str(self.modes.form.values().get(place, "")).strip().startswith("styles")
            for place in "xyz"
        )
        if self.subject == RESTYLE and not self.styles.chosen and not has_axis:
            return tr("Choose a style first: one of the pictures below or one of your own.")
        return ""

    def _job_title(self) -> str:
        """Return the title for the list of jobs."""
        if self.subject in WITH_WORDS:
            return " ".join(self.prompt.field.text.split())[:60] or self.modes.mode.title
        name = self.input.artifact.title if self.input.artifact else tr("picture")
        words = {
            RESTYLE: tr("Restyle {name}"),
            REPAIR: tr("Repair {name}"),
            EDIT: tr("Edit {name}"),
        }.get(self.subject, tr("Enlarge {name}"))
        return words.format(name=tr("a folder") if self._takes_folder() else name)

    def _takes_folder(self) -> bool:
        return self.mode == ENLARGE and bool(self.modes.forms[ENLARGE].values().get("folder"))

    # --- recipes and state --------------------------------------------------------------------

    def set_params(self, params: Mapping[str, Any]) -> list[str]:
        """Show the parameters of a picture made in the mode; return unavailable ones."""
        values, missing = dict(params), []
        for name in _PATHS & values.keys():
            path = str(values.pop(name))
            if path and name != "image" and Path(path).exists():
                values[name] = path
            elif path and name != "image":  # the page finds the picture itself
                missing.append(Path(path).name)
        for field in (
            candidate for candidate in self.modes.mode.params.fields() if candidate.capability
        ):
            wanted = values.get(field.name)
            if (
                isinstance(wanted, str)
                and wanted
                and not self.set_model(wanted, field.name, field.capability)
            ):
                del values[field.name]
                missing.append(tr("the model {name}").format(name=wanted))
        self.modes.form.set_values(values)
        self.show_inputs()
        if self.mode == DRAW:
            missing += self._set_loras(params)
            self.regions.set(axes.lines_of(str(params.get("regions", ""))), b"")
        if self.mode in WITH_WORDS:
            words = params.get("prompt" if self.mode == DRAW else "prompts", "")
            self.prompt.field.set_text(str(words)[:MAX_CHARS])
            self.prompt.set_style_name(str(params.get("style", "")))
            self.show_chips()
        if self.subject == GRID:
            self._set_common(params.get("settings"))
        elif self.mode == GRID:
            missing += self._set_common_of(self.subject, params.get("settings"))
        if self.mode == RESTYLE and isinstance(params.get("styles"), list):
            missing += self.styles.choose([str(style) for style in params["styles"]])
        return missing

    def _set_loras(self, params: Mapping[str, Any]) -> list[str]:
        """Show the LoRAs of a picture; return those that are not here any more."""
        names, strengths = params.get("loras"), params.get("lora_strengths")
        names = names if isinstance(names, list) else []
        strengths = strengths if isinstance(strengths, list) else []
        strengths = [*strengths, *[1.0] * len(names)]
        missing = self.loras.set_pairs(zip(map(str, names), strengths, strict=False))
        return [tr("the LoRA {name}").format(name=name) for name in missing]

    def set_model(self, name: str, field: str = "weights", capability: str = "") -> bool:
        """Choose the weights that have this id or title; return whether there are such."""
        for id, title in self._weights.for_capability(capability or self.modes.mode.capability):
            if name.lower() in (id.lower(), title.lower()):
                self.modes.form.set_values({field: id})
                return True
        return False

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        return {
            "prompt": self.prompt.field.text,
            "style": self.prompt.style_name,
            "styles": self.styles.chosen,
            "loras": self.loras.save_state(),
            "regions": self.regions.save_state(),
            "input": self.input.artifact.id if self.input.artifact else "",
            "forms": self.modes.save_state(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else; the page finds the input again."""
        self.modes.restore_state(state.get("forms"))
        self.prompt.field.set_text(str(state.get("prompt") or "")[:MAX_CHARS])
        self.prompt.set_style_name(str(state.get("style", "")))
        self.loras.restore_state(state.get("loras"))
        self.regions.restore_state(state.get("regions"))
        styles = state.get("styles")
        self.styles.choose([str(s) for s in styles] if isinstance(styles, list) else [])
        self.show_chips()


def _lines(
    values: Mapping[str, Any], usual: Mapping[str, Any], left_out: Sequence[str]
) -> list[str]:
    """Return settings as a grid takes them, those that are not as usual."""
    return [
        f"{name}={'+'.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in values.items()
        if name not in left_out and value not in (None, usual.get(name))
    ]

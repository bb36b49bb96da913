"""Settings of the next sound: words, examples, sliders, and the forms of the panel.

Runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from studio.api import BadInput, JobRequest, Mode, PluginContext, Role, SavedArtifact
from studio.api.window.language import tr
from studio_music.pages.effects.modes import EDIT, GENERATE, MAKE, modes
from studio_music.pages.modes import words_of
from studio_music.pages.phrases import sound_title

if TYPE_CHECKING:
    from studio_music.audio.effects.family import Knob


_STEPS = 100


def knob_titles() -> dict[str, str]:
    """Return what knobs are called."""
    return {
        "barks": tr("Barks"),
        "birds": tr("Birds"),
        "bounces": tr("Bounces"),
        "buzz": tr("Buzz, Hz"),
        "count": tr("Number"),
        "crack": tr("Crack"),
        "cranks": tr("Cranks"),
        "debris": tr("Debris"),
        "depth": tr("Lowest tone, Hz"),
        "distance": tr("Distance"),
        "echo": tr("Echo"),
        "fall": tr("Fall, semitones"),
        "gap": tr("Gap, ms"),
        "ground": tr("Ground"),
        "height": tr("Centre, Hz"),
        "insects": tr("Insects"),
        "interval": tr("Interval, semitones"),
        "mains": tr("Lowest tone, Hz"),
        "notes": tr("Notes"),
        "people": tr("People"),
        "pace": tr("Steps per minute"),
        "pieces": tr("Pieces"),
        "pulses": tr("Pulses per second"),
        "rasp": tr("Rasp"),
        "rate": tr("Beats per minute"),
        "ring": tr("Ring, s"),
        "rise": tr("Rise, semitones"),
        "size": tr("Size"),
        "slips": tr("Slips per second"),
        "sparks": tr("Sparks"),
        "speed": tr("Speed, per second"),
        "strength": tr("Strength"),
        "swings": tr("Swings per second"),
        "syllables": tr("Syllables"),
        "tension": tr("Tension"),
        "times": tr("Times"),
        "turns": tr("Turns per second"),
        "weight": tr("Weight"),
    }


class KnobRow(QWidget):
    """A slider for each knob that no word sets; hidden while there is none."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(10)
        self._sound = ""
        self._chosen: dict[str, dict[str, float]] = {}
        """By family and knob: what the user moved."""
        self.sliders: dict[str, QSlider] = {}
        self.hide()

    def show_knobs(self, sound: str, knobs: tuple[Knob, ...], named: tuple[str, ...]) -> None:
        """Show the knobs of a sound, but for those that the words set."""
        self._sound = sound
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.sliders = {}
        for knob in knobs:
            if knob.name not in named:
                self._add(knob)
        self._row.addStretch(1)
        self.setVisible(bool(self.sliders))

    def _add(self, knob: Knob) -> None:
        title = knob_titles().get(knob.name, knob.name)
        value = self._chosen.get(self._sound, {}).get(knob.name, knob.usual)
        label = self._ui.label(title, Role.SMALL)
        number = self._ui.label("", Role.SMALL)
        number.setMinimumWidth(34)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setFixedWidth(110)
        slider.setAccessibleName(title)
        slider.setValue(round((value - knob.low) / (knob.high - knob.low) * _STEPS))
        _tell(number, value)
        slider.valueChanged.connect(lambda place: self._move(knob, place, number))
        for part in (label, slider, number):
            self._row.addWidget(part)
        self.sliders[knob.name] = slider

    def _move(self, knob: Knob, place: int, number: QLabel) -> None:
        value = knob.low + (knob.high - knob.low) * place / _STEPS
        value = round(value, 2 if knob.high - knob.low < 10 else 0)
        self._chosen.setdefault(self._sound, {})[knob.name] = value
        _tell(number, value)

    @property
    def shape(self) -> dict[str, float]:
        """The knobs that the user set for the current sound."""
        moved = self._chosen.get(self._sound, {})
        return {name: moved[name] for name in self.sliders if name in moved}

    def set_shape(self, sound: str, shape: Mapping[str, float]) -> None:
        """Set the knobs of a sound as they were."""
        self._chosen[sound] = dict(shape)

    def forget(self) -> None:
        """Set nothing until it is known again which sound it is."""
        self._sound, self.sliders = "", {}


def _tell(label: QLabel, value: float) -> None:
    label.setText(f"{value:g}")


MAX_CHARS = 500
_PAUSE_MS = 120


def examples() -> tuple[str, ...]:
    """Return descriptions to start from."""
    return (
        tr("a bright coin"),
        tr("a big explosion far away"),
        tr("footsteps in snow"),
        tr("gentle rain"),
        tr("a cat turning into a robot"),
    )


class Composer(QFrame):
    """The card at the top of the page, and the panel beside it.

    Attributes:
        modes: What can be done, and the forms of the panel.
        go: Starts, or stops.
        heard: What the words mean; None while that is being found out.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.modes = ctx.kit.modes(tr("Action"), modes())
        self.field = ctx.kit.prompt_field(
            tr("Description"),
            placeholder=tr("e.g. a big explosion far away"),
            lines=(1, 3),
            max_chars=MAX_CHARS,
        )
        self.line = ctx.ui.label("", Role.SMALL, wrap=True)
        self.knobs = KnobRow(ctx)
        self.go = ctx.kit.run_button(tr("Make the sound"), "sparkles")
        self.source: SavedArtifact | None = None
        self.heard: Heard | None = Heard()
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(_PAUSE_MS)
        self._clock.timeout.connect(self._listen)
        self._lay_out()
        self.modes.on_change(self._show_mode)
        self.modes.forms[MAKE].on_change(self._on_words)
        self.modes.forms[GENERATE].on_change(self._show_line)
        self.field.on_change(self._on_words)
        self._show_mode(self.modes.mode)

    def _lay_out(self) -> None:
        self._ctx.ui.wear(self, Role.COMPOSER)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.field.widget, 1)
        self.given = self._ctx.ui.label("", Role.MUTE)
        self.given.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        top.addWidget(self.given, 1)
        top.addWidget(self.go.widget)
        self.chips = self._ctx.ui.flow_row([self._example(words) for words in examples()])
        column = QVBoxLayout(self)
        column.setContentsMargins(15, 7, 7, 7)
        column.setSpacing(4)
        column.addLayout(top)
        for part in (self.chips, self.line, self.knobs):
            column.addWidget(part)

    def _example(self, words: str) -> QPushButton:
        chip: QPushButton = self._ctx.ui.button(words, dense=True)
        chip.setAccessibleName(tr("Example: {words}").format(words=words))
        chip.clicked.connect(lambda _checked=False: self.field.set_text(words))
        return chip

    def _show_mode(self, mode: Mode) -> None:
        self.field.widget.setVisible(mode.id != EDIT)
        self.given.setVisible(mode.id == EDIT)
        self.go.set_verb(mode.verb, mode.icon)
        self._show_line()
        self._show_source()

    @property
    def mode(self) -> str:
        """The id of the mode that is on."""
        return self.modes.mode.id

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        (self.go.widget if self.mode == EDIT else self.field.widget).setFocus()

    # --- words --------------------------------------------------------------------------------

    def _on_words(self) -> None:
        self.heard = None
        self._clock.start()

    def _listen(self) -> None:
        query = self.field.text, str(self.modes.forms[MAKE].values().get("sound", ""))
        self._ctx.run_later(lambda: (query, hear(*query)), self._got)

    def _got(self, answer: tuple[tuple[str, str], Heard]) -> None:
        query, interpretation = answer
        if query[0] == self.field.text:
            self.heard = interpretation
            self.knobs.show_knobs(interpretation.sound, interpretation.knobs, interpretation.set)
            self._show_line()

    def _show_line(self) -> None:
        """Show below the field which words were understood, or the model's input."""
        making = self.mode == MAKE
        line = {MAKE: self._heard_words, GENERATE: self._model_words}.get(self.mode, str)()
        self.line.setText(line)
        self.line.setVisible(bool(line))
        self.chips.setVisible(making and not self.field.text.strip())
        self.knobs.setVisible(making and bool(self.knobs.sliders))

    def _heard_words(self) -> str:
        interpretation, parts = self.heard or Heard(), []
        if interpretation.sound and self.field.text.strip():
            name = sound_title(interpretation.sound)
            target = sound_title(interpretation.into) if interpretation.into else ""
            parts.append(
                tr("Makes: {first} into {second}").format(first=name, second=target)
                if target
                else tr("Makes: {sound}").format(sound=name)
            )
        if interpretation.unknown:
            words = ", ".join(f"“{word}”" for word in interpretation.unknown[:6])
            parts.append(tr("Not understood: {words}").format(words=words))
        return " · ".join(parts)

    def _model_words(self) -> str:
        """Return the name of the sound that the model works on, or a hint that one is missing."""
        if not self.modes.has_weights:
            return _no_model()
        use = self.modes.forms[GENERATE].values().get("use")
        if use not in ("continue", "melody"):
            return ""
        if self.source is None:
            return tr("Choose a sound below, or drop a file here.")
        words = tr("Continues “{title}”") if use == "continue" else tr("Follows “{title}”")
        return words.format(title=self.source.title)

    # --- the sound to edit --------------------------------------------------------------------

    def set_source(self, artifact: SavedArtifact | None) -> None:
        """Edit this sound."""
        self.source = artifact
        self._show_source()
        self._show_line()

    def _show_source(self) -> None:
        title = self.source.title if self.source else ""
        self.given.setText(
            tr("Edits “{title}”").format(title=title)
            if title
            else tr("Choose a sound below, or drop a file here.")
        )

    # --- for the task -------------------------------------------------------------------------

    def request(self) -> JobRequest:
        """Return the request for the job to start.

        Raises:
            BadInput: Something has to be set before.
        """
        values = dict(self.modes.form.values())
        if self.mode == EDIT:
            if self.source is None:
                raise BadInput(tr("Choose a sound first: one below, or drop a file here."))
            params = {**values, "sound": str(self.source.path)}
            title = tr("Edit {name}").format(name=self.source.title)
            return JobRequest("music.edit_sound", params, title=title, parents=[self.source.id])
        words = self.field.text.strip()
        if self.mode == GENERATE:
            return self._model_request(values, words)
        if not words and values.get("sound") == "auto":
            raise BadInput(tr("Describe the sound first, or choose one in the panel."))
        shape = self.knobs.shape if self.heard is not None else {}
        params = {**values, "prompt": words, "shape": shape}
        return JobRequest("music.effect", params, title=words[:60] or str(values["sound"]))

    def _model_request(self, values: Mapping[str, Any], words: str) -> JobRequest:
        if not self.modes.has_weights:
            raise BadInput(_no_model())
        params, parents = {**values, "prompt": words}, []
        if values.get("use") in ("continue", "melody"):
            if self.source is None:
                raise BadInput(tr("Choose a sound first: one below, or drop a file here."))
            params["sound"], parents = str(self.source.path), [self.source.id]
        elif not words:
            raise BadInput(tr("Describe what should be heard first."))
        return JobRequest("music.generate", params, title=words[:60], parents=parents)

    def set_params(self, task: str, params: Mapping[str, Any]) -> None:
        """Show the settings of a sound."""
        mode = self.modes.of_task(task)
        if mode is None:
            return
        self.modes.choose(mode.id)
        shared = {name: value for name, value in params.items() if name not in mode.own}
        self.modes.forms[mode.id].set_values(shared)
        if mode.id == MAKE:
            words, shape = words_of(params), params.get("shape")
            if isinstance(shape, Mapping) and shape:
                sound = hear(words, str(params.get("sound") or "")).sound
                self.knobs.set_shape(sound, shape)
            self.field.set_text(words[:MAX_CHARS])
            self._on_words()
        elif mode.id == GENERATE:
            self.field.set_text(words_of(params)[:MAX_CHARS])
            self._show_line()

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        return {"words": self.field.text, "mode": self.mode, "forms": self.modes.save_state()}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        self.modes.restore_state(state.get("forms"))
        self.modes.choose(str(state.get("mode", MAKE)))
        self.field.set_text(str(state.get("words") or "")[:MAX_CHARS])


def _no_model() -> str:
    return tr("Add MusicGen, Stable Audio Open or AudioLDM on the Models page.")


@dataclass(frozen=True)
class Heard:
    """The interpretation of a description.

    Attributes:
        sound, into: Ids of families; empty for none.
        words: The words that were understood, and ``unknown`` those that were not.
        knobs: Knobs of the sound.
        set: Knobs that the words set.
    """

    sound: str = ""
    into: str = ""
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    knobs: tuple[Knob, ...] = ()
    set: tuple[str, ...] = ()


def hear(text: str, chosen: str) -> Heard:
    """Return what ``text`` means; where it names no sound, the one that is ``chosen`` counts."""
    from studio_music.audio.effects.catalogue import FAMILIES
    from studio_music.audio.effects.description import understand

    description = understand(text)
    sound = description.sound or (chosen if chosen in FAMILIES else "")
    knobs = FAMILIES[sound].knobs if sound else ()
    return Heard(
        sound,
        description.into,
        tuple(description.known),
        tuple(description.unknown),
        knobs,
        tuple(description.shape),
    )

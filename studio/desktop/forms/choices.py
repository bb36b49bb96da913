"""On or off, one of a few, one of many. Knows its own field only."""

from __future__ import annotations

from typing import Any

from studio.api.params import Field
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.language import declared
from studio.desktop.forms.editor import Editor
from studio.desktop.widgets.no_wheel import NoWheelComboBox
from studio.desktop.widgets.switch import Switch
from studio.desktop.widgets.switch_bar import SwitchBar

_FEW, _ROOM = 3, 28
"""So many choices of so many letters in all stand side by side in the panel."""
_PROPER = {
    "torch": "PyTorch",
    "llamacpp": "llama.cpp",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "cpp": "C++",
    "csharp": "C#",
    "sql": "SQL",
    "html": "HTML",
    "vae": "VAE",
    "vqvae": "VQ-VAE",
    "gan": "GAN",
    "pixelcnn": "PixelCNN",
    "gru": "GRU",
    "lstm": "LSTM",
    "rnn": "RNN",
    "float32": "float32",
    "bfloat16": "bfloat16",
}
"""Names that are written otherwise than as a word of the language."""


class SwitchEditor(Editor):
    """On or off, beside its label."""

    inline = True

    def __init__(self, look: Appearance, field: Field) -> None:
        self._switch = Switch(look, field.title)
        super().__init__(self._switch)
        self._quiet = False
        self._switch.toggled.connect(self._on_toggled)

    def get(self) -> bool:
        return self._switch.isChecked()

    def set(self, value: Any) -> None:
        self._quiet = True
        self._switch.setChecked(bool(value))
        self._quiet = False

    def _on_toggled(self) -> None:
        if not self._quiet:
            self.edited.emit()


class ChoiceEditor(Editor):
    """One of a few side by side, or one of many from a list."""

    def __init__(self, look: Appearance, field: Field) -> None:
        self._choices = field.choices
        titles = [declared(title) for title in titles_of(field)]
        if 0 < len(titles) <= _FEW and sum(map(len, titles)) <= _ROOM:
            choices = [(str(index), "", title) for index, title in enumerate(titles)]
            self._row: SwitchBar | None = SwitchBar(look, field.title, choices)
            self._row.choose("0")
            self._row.on_choose(lambda _: self.edited.emit())
            super().__init__(self._row)
        else:
            self._row = None
            self._combo = NoWheelComboBox()
            self._combo.addItems(titles)
            self._combo.setAccessibleName(field.title)
            self._combo.activated.connect(lambda _: self.edited.emit())
            super().__init__(self._combo)

    def get(self) -> Any:
        index = int(self._row.current) if self._row else self._combo.currentIndex()
        return self._choices[index] if self._choices else None

    def set(self, value: Any) -> None:
        if value not in self._choices:
            return
        index = self._choices.index(value)
        if self._row:
            self._row.choose(str(index))
        else:
            self._combo.setCurrentIndex(index)


def titles_of(field: Field) -> list[str]:
    """Return the choices of a field as a person reads them."""
    own = field.choice_titles or ("",) * len(field.choices)
    return [title or _title_of(choice) for choice, title in zip(field.choices, own, strict=False)]


def _title_of(choice: Any) -> str:
    """Return a choice that is a word: ``mixed_precision`` → ``Mixed precision``."""
    text = str(choice).replace("_", " ")
    return _PROPER.get(text) or text[:1].upper() + text[1:]

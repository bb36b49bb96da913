"""Chooses the language of the window, of those that have a catalogue."""

from __future__ import annotations

from studio.desktop.appearance.language import NAMES, SYSTEM, Language
from studio.desktop.widgets.no_wheel import NoWheelComboBox


class LanguagePicker(NoWheelComboBox):
    """The languages, each in its own words; the choice is kept with the state of the window."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language
        self.setAccessibleName(self.tr("Language"))
        self.setMinimumContentsLength(16)
        self.addItem(self.tr("Match system"), SYSTEM)
        for key, name in NAMES.items():
            self.addItem(name, key)
        self.setCurrentIndex(self.findData(language.choice))
        self.activated.connect(self._choose)

    def _choose(self, index: int) -> None:
        self._language.choice = self.itemData(index)

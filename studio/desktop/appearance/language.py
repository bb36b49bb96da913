"""The language of the window: a gettext catalogue that Qt asks for every text.

Texts stand in the source in English. ``make translations`` collects them for the catalogues under
``resources/languages``; what a catalogue lacks is shown in English.
"""

from __future__ import annotations

import gettext
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from studio.desktop.appearance.resources import folder

SYSTEM, ENGLISH = "", "en"
NAMES = {ENGLISH: "English", "de": "Deutsch"}
"""Each language in its own words."""
DOMAIN = "studio"


class Language:
    """The language that was chosen, and the translator that is installed for it.

    Attributes:
        choice: A key of ``NAMES``, or ``SYSTEM``. A change is seen after a restart.
        in_force: The language in which the window was opened.
    """

    def __init__(self, app: QCoreApplication, choice: str = SYSTEM) -> None:
        self.choice = choice if choice in NAMES else SYSTEM
        self.in_force = self.choice or _of_the_system()
        self._app, self._translator = app, _translator(self.in_force)
        if self._translator is not None:
            app.installTranslator(self._translator)

    def close(self) -> None:
        """Let the application speak English again."""
        if self._translator is not None:
            self._app.removeTranslator(self._translator)


def declared(text: str) -> str:
    """Return a text of a manifest or of a ``Params`` class in the language of the window."""
    return QCoreApplication.translate("declared", text) if text else text


class _CatalogueTranslator(QTranslator):
    """Looks texts up by themselves: the same words are the same in every place."""

    def __init__(self, catalogue: gettext.NullTranslations) -> None:
        super().__init__()
        self._catalogue = catalogue

    def isEmpty(self) -> bool:
        """Qt installs no translator that says it is empty, as one without a ``.qm`` file does."""
        return False

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        """Return the translation, or None, which Qt takes for "ask the next one"."""
        found = self._catalogue.gettext(text) if text else text
        return None if found == text else found


def _translator(language: str) -> QTranslator | None:
    """Return the translator of a language; None for English and where its catalogue is damaged."""
    path = catalogue_path(language)
    if language == ENGLISH or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return _CatalogueTranslator(gettext.GNUTranslations(file))
    except (OSError, ValueError, UnicodeDecodeError):
        return None  # a window in English is better than none


def catalogue_path(language: str) -> Path:
    """Return where the compiled catalogue of a language lies."""
    return folder("languages") / language / f"{DOMAIN}.mo"


def _of_the_system() -> str:
    wanted = (each.split("-")[0] for each in QLocale.system().uiLanguages())
    return next((each for each in wanted if each in NAMES), ENGLISH)

"""The language of the window: a gettext catalogue that Qt asks for every text.

Texts stand in the source in English. ``make translations`` collects them for the catalogues under
``resources/languages``; what a catalogue lacks is shown in English.
"""

from __future__ import annotations

import gettext
import io
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from studio.api.window.figures import MARKS
from studio.api.window.language import use_translations
from studio.desktop.appearance.filled_texts import FilledTexts
from studio.desktop.appearance.resources import folder
from studio.protocol.regular_file import open_regular

SYSTEM, ENGLISH = "", "en"
NAMES = {ENGLISH: "English", "de": "Deutsch"}
"""Each language in its own words."""
DOMAIN = "studio"
LOCALE = "locale"
"""Folder of a plugin's package: ``locale/de/LC_MESSAGES/ID.mo``."""
DECLARED = "declared"
"""Context of the texts of manifests and ``Params`` classes."""
_LARGEST = 4 << 20
"""Bytes of a catalogue that are read; a longer one is damaged by that."""


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
        self._numbers, wanted = QLocale(), QLocale(self.in_force)
        if wanted.decimalPoint() != self._numbers.decimalPoint():
            QLocale.setDefault(wanted)
        if wanted.decimalPoint() != ".":
            MARKS.update({ord(","): wanted.groupSeparator(), ord("."): wanted.decimalPoint()})
        if self._translator is not None:
            app.installTranslator(self._translator)
            use_translations(_translate, self._translator.filled.translate)

    def learn(self, plugin: str, folder: Path) -> None:
        """Read the catalogue that a plugin brings, once; without one it speaks English."""
        if self._translator is None or plugin in self._translator.plugins:
            return
        path = folder / LOCALE / self.in_force / "LC_MESSAGES" / f"{plugin}.mo"
        self._translator.plugins[plugin] = _read(path) or gettext.NullTranslations()

    def text_of(self, plugin: str, text: str) -> str:
        """Return a text of a plugin's own code, from its catalogue; else in English."""
        catalogue = self._translator.plugins.get(plugin) if self._translator else None
        return catalogue.gettext(text) if catalogue and text else text

    def close(self) -> None:
        """Let the application speak English again."""
        QLocale.setDefault(self._numbers)
        MARKS.clear()
        if self._translator is not None:
            self._app.removeTranslator(self._translator)
            use_translations(None)


def _translate(text: str, n: int) -> str:
    return QCoreApplication.translate(DOMAIN, text, None, n)


def declared(text: str) -> str:
    """Return a text of a manifest or of a ``Params`` class in the language of the window."""
    return QCoreApplication.translate(DECLARED, text) if text else text


class _CatalogueTranslator(QTranslator):
    """Looks texts up by themselves: the same words are the same in every place."""

    def __init__(self, catalogue: gettext.NullTranslations) -> None:
        super().__init__()
        self._catalogue = catalogue
        self.filled = FilledTexts(_texts_of(catalogue))
        self.plugins: dict[str, gettext.NullTranslations] = {}
        """Catalogues of plugins, for what manifests and forms declare; they change no other word.
        """

    def isEmpty(self) -> bool:
        """Qt installs no translator that says it is empty, as one without a ``.qm`` file does."""
        return False

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        """Return the translation, or None, which Qt takes for "ask the next one"."""
        if not text:
            return None
        catalogues = [self._catalogue, *(self.plugins.values() if context == DECLARED else ())]
        return next(
            (
                translated
                for catalogue in catalogues
                if (translated := catalogue.gettext(text)) != text
            ),
            None,
        )


def _translator(language: str) -> _CatalogueTranslator | None:
    """Return the translator of a language; None for English and where its catalogue is damaged."""
    catalogue = None if language == ENGLISH else _read(catalogue_path(language))
    return None if catalogue is None else _CatalogueTranslator(catalogue)


def _texts_of(catalogue: gettext.NullTranslations) -> dict[str, str]:
    """Return all texts with their translations, which gettext gives one by one only."""
    texts: dict[object, str] = getattr(catalogue, "_catalog", {})
    return {text: words for text, words in texts.items() if isinstance(text, str) and text}


def _read(path: Path) -> gettext.GNUTranslations | None:
    """Return a compiled catalogue; None where there is none, and where it is damaged."""
    try:
        with open_regular(path) as file:
            return gettext.GNUTranslations(io.BytesIO(file.read(_LARGEST)))
    except Exception:  # noqa: BLE001 - a stranger's file: a window in English is better than none
        return None


def catalogue_path(language: str) -> Path:
    """Return where the compiled catalogue of a language lies."""
    return folder("languages") / language / f"{DOMAIN}.mo"


def _of_the_system() -> str:
    wanted = (code.split("-")[0] for code in QLocale.system().uiLanguages())
    return next((code for code in wanted if code in NAMES), ENGLISH)

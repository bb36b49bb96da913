"""The window speaks the language that was chosen, and English where a catalogue lacks a text."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from babel.messages import Catalog, mofile
from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtWidgets import QApplication

from studio.api.window.figures import localised
from studio.api.worker.sentence import sentence
from studio.base.energy.amount import Amount
from studio.desktop import phrases
from studio.desktop.appearance import language
from studio.desktop.appearance.language import ENGLISH, Language, declared
from studio.desktop.pages.gallery import rerun_words
from studio.desktop.plot.scale import written
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.rerun.report import cannot
from studio.runtime.devices.device import STARTING


@pytest.fixture
def german(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """German with one text, from a catalogue of its own."""
    catalogue, texts = gettext.NullTranslations(), {"Settings": "Einstellungen"}
    monkeypatch.setattr(catalogue, "gettext", lambda text: texts.get(text, text))
    monkeypatch.setattr(catalogue, "_catalog", texts, raising=False)
    translator = language._CatalogueTranslator(catalogue)
    monkeypatch.setattr(language, "_translator", lambda name: translator if name == "de" else None)
    chosen = Language(qapp, "de")
    yield chosen
    chosen.close()


def test_a_text_is_shown_in_the_language_that_was_chosen(german: Language) -> None:
    assert QCoreApplication.translate("SettingsPage", "Settings") == "Einstellungen"
    assert declared("Settings") == "Einstellungen"


def test_what_the_catalogue_lacks_is_shown_in_english(german: Language) -> None:
    assert QCoreApplication.translate("SettingsPage", "Gallery") == "Gallery"


def test_english_is_back_when_the_language_is_let_go(qapp: QApplication, german: Language) -> None:
    german.close()
    assert declared("Settings") == "Settings"


def test_a_damaged_catalogue_leaves_the_window_in_english(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.mo").write_bytes(b"\xde\x12\x04\x95 nothing of a catalogue")
    monkeypatch.setattr(language, "catalogue_path", lambda name: tmp_path / "broken.mo")
    chosen = Language(qapp, "de")
    assert declared("Settings") == "Settings"
    chosen.close()


def test_a_language_that_is_not_there_is_that_of_the_system(qapp: QApplication) -> None:
    chosen = Language(qapp, "tlh")
    assert chosen.choice == language.SYSTEM
    assert chosen.in_force in language.NAMES
    chosen.close()


def test_the_shipped_german_catalogue_is_read(qapp: QApplication) -> None:
    assert ENGLISH != "de"
    chosen = Language(qapp, "de")
    assert declared("Settings") == "Einstellungen"
    chosen.close()


DIARY = Path(__file__).parents[2] / "plugins" / "examples" / "studio_diary"


def test_a_plugin_brings_a_catalogue_for_its_own_words(qapp: QApplication) -> None:
    chosen = Language(qapp, "de")
    assert declared("What was made, day by day.") == "What was made, day by day."
    chosen.learn("diary", DIARY)
    assert declared("What was made, day by day.") == "Was entstanden ist, Tag für Tag."
    assert declared("What to remember.") == "Was gemerkt werden soll."
    assert chosen.text_of("diary", "Saved: {title}") == "Gespeichert: {title}"
    assert chosen.text_of("diary", "Settings") == "Settings", "it does not say that"
    assert chosen.text_of("another", "Saved: {title}") == "Saved: {title}"
    chosen.close()


def test_a_plugin_changes_no_word_of_the_studio(qapp: QApplication, tmp_path: Path) -> None:
    catalogue = Catalog(locale="de")
    for text, words in {"Stop": "Weiter", "Settings": "Nichts", "Mine": "Meins"}.items():
        catalogue.add(text, words)
    file = tmp_path / "locale" / "de" / "LC_MESSAGES" / "diary.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as to:
        mofile.write_mo(to, catalogue)
    chosen = Language(qapp, "de")
    chosen.learn("diary", tmp_path)
    assert declared("Mine") == "Meins"
    assert chosen.text_of("diary", "Stop") == "Weiter", "the control: it tries to"
    assert QCoreApplication.translate("RunButton", "Stop") == "Stopp"
    assert declared("Settings") == "Einstellungen"
    assert QCoreApplication.translate("RunButton", "Mine") == "Mine"
    chosen.close()


@pytest.mark.parametrize("data", [b"", b"\xde\x12\x04\x95 nothing of a catalogue", bytes(5 << 20)])
def test_a_damaged_catalogue_of_a_plugin_leaves_it_in_english(
    qapp: QApplication, tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "locale" / "de" / "LC_MESSAGES" / "diary.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    chosen = Language(qapp, "de")
    chosen.learn("diary", tmp_path)
    assert chosen.text_of("diary", "Saved: {title}") == "Saved: {title}"
    assert declared("Settings") == "Einstellungen"
    chosen.close()


def test_why_a_result_cannot_be_run_again_is_told_in_that_language(qapp: QApplication) -> None:
    why = StudioError(
        ErrorCode.NOT_FOUND,
        sentence(
            "{name}, which this was made from, is not at {folder} any more.",
            name="in.png",
            folder=Path("/attic"),
        ),
        sentence("Put the file back, then run it again."),
    )
    report = cannot("one", why)
    assert report.trouble is not None
    chosen = Language(qapp, "de")
    told = rerun_words.trouble(report.trouble)
    chosen.close()
    assert told.message == "in.png, woraus das entstanden ist, liegt nicht mehr in /attic."
    assert told.hint.startswith("Legen Sie die Datei zurück")
    assert report.sentence.startswith("in.png, which this was made from, is not at /attic any")
    assert rerun_words.trouble(report.trouble).message == why.message, "and English without it"


def test_figures_have_the_marks_of_the_language(qapp: QApplication) -> None:
    english = QLocale()
    assert localised("1,234.5 s") == "1,234.5 s"
    chosen = Language(qapp, "de")
    assert localised("1,234.5 s") == "1.234,5 s"
    assert phrases.size(1_100_000_000) == "1,1 GB"
    assert phrases.amount(Amount(4.2, 3.1, 5.6)) == "etwa 4,2 J (3,1–5,6)"
    assert written(0.25) == "0,25"
    chosen.close()
    assert phrases.size(1_100_000_000) == "1.1 GB"
    assert QLocale() == english


def test_what_the_runtime_starts_with_is_told_in_that_language(german: Language) -> None:
    assert phrases.waits_for(JobState.LOADING, "Settings") == "Einstellungen"
    assert phrases.waits_for(JobState.LOADING, STARTING) == "Starting PyTorch…"
    assert phrases.state(JobState.RUNNING, "Settings").endswith(": Einstellungen")

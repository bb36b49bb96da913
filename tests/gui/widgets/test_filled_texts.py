"""Errors that arrive as words are translated by the patterns that they were made from."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import pytest
from PySide6.QtWidgets import QApplication

from studio.api import BadInput, StudioError
from studio.api.window.language import tr_filled
from studio.base import disk
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.filled_texts import FilledTexts
from studio.desktop.appearance.language import Language
from studio.desktop.widgets.job_rows import TroubleRow
from studio.protocol.errors import ErrorCode, ErrorInfo

TEXTS = FilledTexts(
    {
        "{name} is empty.": "{name} ist leer.",
        "{name} is larger than the limit of {value} MB.": "{name} ist größer als {value} MB.",
        "Choose another one.": "Wählen Sie eine andere.",
        "Step “{id}”: {message}": "Schritt „{id}“: {message}",
        "There is no sound device{reason}.": "Es gibt kein Audiogerät{reason}.",
        "The program ended: {reason}": "Das Programm endete: {reason}",
        "a folder": "ein Ordner",
        "This is {what}.": "Das ist {what}.",
    }
)


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    chosen = Language(qapp, "de")
    yield
    chosen.close()


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("a.txt is empty.", "a.txt ist leer."),
        ("a.txt is empty. Choose another one.", "a.txt ist leer. Wählen Sie eine andere."),
        (
            "There is no sound device. Choose another one.",
            "Es gibt kein Audiogerät. Wählen Sie eine andere.",
        ),
        ("Step “a”: b.txt is empty.", "Schritt „a“: b.txt ist leer."),
        ("This is a folder.", "Das ist ein Ordner."),
        (
            "The program ended: it said so. Then nothing.",
            "Das Programm endete: it said so. Then nothing.",
        ),
    ],
)
def test_texts_are_found_by_their_patterns(english: str, german: str) -> None:
    assert TEXTS.translate(english) == german


@pytest.mark.parametrize(
    "text",
    ["", "nothing of the catalogue", "The cupboard behind the door is empty.", "x" * 5000],
)
def test_an_unknown_text_stays_as_it_is(text: str) -> None:
    assert TEXTS.translate(text) == text


def test_a_text_that_fits_many_places_is_given_up_in_time() -> None:
    texts = FilledTexts({"{a} of {b} of {c} of {d} is more than anybody needs.": "-"})
    start = perf_counter()
    assert texts.translate(" of" * 190) == " of" * 190
    assert perf_counter() - start < 1


def test_errors_are_told_in_german_with_figures_as_germans_write_them(german: None) -> None:
    error = StudioError(
        ErrorCode.OUT_OF_MEMORY, "“A” needs 1.5 GB, 200 MB more than is free now.", "Remove it."
    )
    arrived = StudioError.from_info(error.info())
    assert tr_filled(arrived) == (
        "„A“ braucht 1,5 GB, 200 MB mehr, als gerade frei sind. Entfernen Sie es."
    )
    full = disk.explain(OSError(28, "No space left on device"), "save the settings", "/data")  # type: ignore[arg-type]
    assert tr_filled(full) == (
        "Nicht möglich (die Einstellungen speichern): Der Datenträger mit /data ist voll. "
        "Schaffen Sie Platz oder leeren Sie den Papierkorb, und versuchen Sie es noch einmal."
    )


def test_errors_stay_english_in_an_english_window(qapp: QApplication) -> None:
    assert tr_filled(BadInput("x is empty.", "Choose another one.")) == (
        "x is empty. Choose another one."
    )


def test_the_row_for_trouble_speaks_german(look: Appearance, german: None) -> None:
    row = TroubleRow(look)
    row.tell(StudioError.from_info(ErrorInfo(ErrorCode.BAD_INPUT, "x.mid is empty.", "", "", "")))
    assert row.words.text() == "x.mid ist leer."

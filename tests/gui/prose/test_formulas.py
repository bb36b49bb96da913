"""Formulas in prose: drawn by their baseline, copied as TeX, left as TeX where they cannot be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.prose.formulas import Formula, Formulas, Outline, typeset
from studio.desktop.prose.prose_view import ProseView
from studio.desktop.ui import WindowUi

FORMULAS = (Path(__file__).parent / "formulas.txt").read_text("utf-8").splitlines()
PLACE = "\ufffc"


@pytest.fixture
def calls() -> list[tuple[Callable[[], Any], Callable[[Any], None]]]:
    return []


@pytest.fixture
def view(qtbot: Any, look: Appearance) -> Any:
    """A view whose formulas are drawn at once."""
    window = QWidget()
    qtbot.addWidget(window)
    view = WindowUi(look, window, None, lambda: None).prose_view()  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    return view


@pytest.fixture
def later(qtbot: Any, look: Appearance, calls: list[Any]) -> Any:
    """A view whose formulas are drawn when the test runs ``calls``."""
    window = QWidget()
    qtbot.addWidget(window)
    ui = WindowUi(look, window, None, lambda: None)  # type: ignore[arg-type]
    view = ProseView(ui, Formulas(lambda call, then: calls.append((call, then))))
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    return view


def run(calls: list[tuple[Callable[[], Any], Callable[[Any], None]]]) -> None:
    while calls:
        call, then = calls.pop(0)
        then(call())


def ink(image: QImage, left: int, right: int) -> QRect:
    """Return the box of what is drawn between two columns."""
    paper = image.pixelColor(0, image.height() - 1)
    dots = [
        QPoint(x, y)
        for x in range(left, right)
        for y in range(image.height())
        if abs(image.pixelColor(x, y).lightness() - paper.lightness()) > 60
    ]
    return QRect(
        QPoint(min(p.x() for p in dots), min(p.y() for p in dots)),
        QPoint(max(p.x() for p in dots), max(p.y() for p in dots)),
    )


def test_there_are_sixty_formulas() -> None:
    assert len(set(FORMULAS)) == 60


@pytest.mark.parametrize("tex", FORMULAS)
def test_formulas_of_school_and_university_are_drawn(tex: str) -> None:
    shown, inline = typeset(Formula(f"$${tex}$$", True)), typeset(Formula(f"${tex}$", False))
    assert shown is not None
    assert inline is not None
    assert 1 < min(inline.width, shown.width) <= max(inline.width, shown.width) < 35
    assert 0.6 < inline.ascent + inline.descent <= shown.ascent + shown.descent < 5
    assert shown.ascent > 0.5
    assert shown.descent > -0.1
    assert shown.svg.count("<path") >= 2


def test_a_matrix_may_have_an_exponent() -> None:
    matrix = r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}"
    plain, raised = (typeset(Formula(f"$${matrix}{end}$$", True)) for end in ("", "^{-1}"))
    assert plain is not None
    assert raised is not None
    assert 0.5 < raised.width - plain.width < 1.5
    assert raised.ascent > plain.ascent


@pytest.mark.parametrize(
    "tex", [r"\foobar{x}", r"\text{漢字}", r"\limits", "{" * 900 + "x", "x+" * 1500 + "x"]
)
def test_tex_that_cannot_be_drawn_stays_tex(view: Any, tex: str) -> None:
    assert typeset(Formula(f"${tex}$", False)) is None
    view.set_text(f"So ${tex}$ stays")
    assert view.pieces[0].toPlainText() == f"So ${tex}$ stays"


def test_one_letter_stands_on_the_baseline_of_the_text(view: Any) -> None:
    for word in ("x", "HxH", "ax"):
        view.set_text(f"HH $x$ {word}")
        piece = view.pieces[0]
        image = piece.grab().toImage()
        ends = [piece.cursorRect(_at(piece, n)).left() for n in (0, 2, 3, 4)]
        text, formula = ink(image, ends[0], ends[1]), ink(image, ends[2], ends[3])
        assert abs(formula.bottom() - text.bottom()) <= 1
        assert formula.top() > text.top()


def _at(piece: Any, position: int) -> Any:
    cursor = piece.textCursor()
    cursor.setPosition(position)
    return cursor


def test_a_formula_has_the_colour_of_the_theme(view: Any, look: Appearance) -> None:
    for mode in (ThemeMode.DARK, ThemeMode.LIGHT):
        look.theme.set_mode(mode)
        view.set_text("$$\\blacksquare$$")
        image = view.pieces[0].grab().toImage()
        colors = {
            image.pixelColor(x, y).name()
            for x in range(image.width())
            for y in range(image.height())
        }
        assert QColor(look.theme.tokens.colors["text"]).name() in colors


def test_copied_formulas_are_tex(view: Any) -> None:
    view.set_text("So **it** is $x^2$:\n\n\\[\n\\frac{a}{b}\n\\]\n\nand $\\foobar$.")
    piece = view.pieces[0]
    assert piece.toPlainText() == f"So it is {PLACE}:\n{PLACE}\nand $\\foobar$."
    piece.selectAll()
    data = piece.createMimeDataFromSelection()
    assert data.text() == "So it is $x^2$:\n\\[\n\\frac{a}{b}\n\\]\nand $\\foobar$."
    assert "$x^2$" in data.html()
    assert "it</span>" in data.html()
    assert view.plain_text().startswith("So it is $x^2$:")


def test_a_formula_too_wide_shrinks_to_the_column(view: Any) -> None:
    view.set_text("$$" + " + ".join(f"a_{{{n}}}" for n in range(40)) + "$$")
    piece = view.pieces[0]
    assert piece.document().idealWidth() <= piece.viewport().width()
    height = piece.height()
    view.resize(250, 400)
    assert piece.height() <= height


def test_tex_becomes_a_formula_once_it_is_drawn_beside_the_window(
    later: Any, calls: list[Any]
) -> None:
    later.set_text("A $x$.\n\n| a |\n|---|\n| $y^2$ |\n\nB $\\foobar$ and $x$.")
    first, table, last = later.pieces
    assert first.toPlainText() == "A $x$."
    assert "$y^2$" in table.toPlainText()
    run(calls)
    assert first.toPlainText() == f"A {PLACE}."
    assert PLACE in table.toPlainText()
    assert last.toPlainText() == f"B $\\foobar$ and {PLACE}."
    later.set_text("Again $x$ and $\\foobar$.")
    assert calls == []  # both are remembered
    assert later.pieces[0].toPlainText() == f"Again {PLACE} and $\\foobar$."


def test_a_formula_that_is_being_written_stays_one_text_until_its_end(view: Any) -> None:
    whole = "So \\[ a_1 * b_1 * c + \\frac{1}{2} \\] holds.\n\nNext $x$"
    texts = []
    for end in range(whole.index("_1") + 1, whole.index("\\]") + 1):
        view.set_text(whole[:end])
        texts.append(view.pieces[0].toPlainText())
        assert texts[-1] == whole[:end].rstrip()
    stream: Any = ProseView(view._ui, view._formulas)
    for char in whole:
        stream.append(char)
        stream.flush()
    view.set_text(whole)
    assert [p.toPlainText() for p in stream.pieces] == [p.toPlainText() for p in view.pieces]
    assert view.pieces[0].toPlainText() == f"So\n{PLACE}\nholds.\nNext {PLACE}"


def test_outlines_are_drawn_in_batches_and_the_oldest_are_dropped(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.desktop.prose.formulas._REMEMBERED", 2)
    formulas = Formulas(lambda call, then: calls.append((call, then)))
    keys = [Formula(f"${letter}$", False) for letter in "abc"]
    assert [formulas.outline(key) for key in keys] == [None] * 3
    assert len(calls) == 1
    run(calls)
    assert [isinstance(formulas.outline(key), Outline) for key in keys] == [False, True, True]


def test_a_reply_that_is_written_does_not_jump(
    qtbot: Any, qapp: QApplication, look: Appearance
) -> None:
    text = (
        "The roots of $ax^2+bx+c=0$ are \\(x = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}\\), and\n\n"
        "\\[\n\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}\n\\]\n\n"
        "with $$\\frac{c}{a}$$ below."
    )
    page = QWidget()
    qtbot.addWidget(page)
    view = WindowUi(look, page, None, lambda: None).prose_view()  # type: ignore[arg-type]
    column = QVBoxLayout(page)
    column.addWidget(view)
    column.addStretch(1)
    page.resize(640, 800)
    page.show()
    heights = []
    for char in text:
        view.append(char)
        view.flush()
        qapp.processEvents()
        heights.append(sum(piece.height() for piece in view.pieces))
    line = heights[0]
    assert heights[-1] > 5 * line, "the control: it has grown"
    falls = [before - after for before, after in pairwise(heights)]
    assert max(falls) < line, "a drawn formula is lower than its TeX by less than a line"

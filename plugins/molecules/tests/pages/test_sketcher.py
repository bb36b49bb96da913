"""A structure is drawn with mouse and keys, and becomes a lead or a pattern."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QToolButton

from plugins.molecules.tests.pages.page_desk import Desk
from studio_molecules.pages.sketcher.sketcher import Sketcher
from studio_molecules.sketch.structure import Bond

LEFT = Qt.MouseButton.LeftButton


class Hand:
    """What a person does in an open sketcher."""

    def __init__(self, desk: Desk, sketcher: Sketcher) -> None:
        self.desk, self.sketcher, self.canvas = desk, sketcher, sketcher.canvas

    def take(self, tip: str) -> None:
        buttons = self.sketcher.findChildren(QToolButton)
        (found,) = (each for each in buttons if each.accessibleName() == tip)
        self.desk.qtbot.mouseClick(found, LEFT)

    def at(self, place: int) -> QPoint:
        atom = self.canvas.structure.atoms[place]
        return self.canvas._view.seen(atom.x, atom.y).toPoint()

    def between(self, bond: Bond) -> QPoint:
        return (self.at(bond.begin) + self.at(bond.end)) / 2

    def click(self, at: QPoint) -> None:
        self.desk.qtbot.mouseClick(self.canvas, LEFT, pos=at)

    def point(self, at: QPoint) -> None:
        self._move(at, Qt.MouseButton.NoButton)

    def _move(self, at: QPoint, held: Qt.MouseButton) -> None:
        # QTest.mouseMove leaves out moves that it thinks the cursor has made already
        kind, where, seen = QEvent.Type.MouseMove, QPointF(at), self.canvas.mapToGlobal(QPointF(at))
        none = Qt.KeyboardModifier.NoModifier
        move = QMouseEvent(kind, where, seen, Qt.MouseButton.NoButton, held, none)
        QApplication.sendEvent(self.canvas, move)

    def drag(self, start: QPoint, end: QPoint) -> None:
        self.desk.qtbot.mousePress(self.canvas, LEFT, pos=start)
        for step in (0.5, 1):
            self._move(start + (end - start) * step, LEFT)
        self.desk.qtbot.mouseRelease(self.canvas, LEFT, pos=end)

    def key(self, key: Qt.Key | str, *modifiers: Qt.KeyboardModifier) -> None:
        self.desk.qtbot.keyClick(self.canvas, key, *modifiers)

    def drawn(self, smiles: str) -> None:
        """Wait until the runtime says that this is drawn."""
        self.desk.until(lambda: not self.sketcher.conversion.busy)
        assert self.sketcher.text == smiles

    @property
    def said(self) -> str:
        return self.sketcher.status.text()


@pytest.fixture
def hand(desk: Desk) -> Iterator[Hand]:
    desk.page.composer.modes.choose("analogues")
    desk.qtbot.mouseClick(desk.page.composer.draw, LEFT)
    yield Hand(desk, desk.page.composer.preview.sketcher)
    desk.page.composer.preview.sketcher.reject()


def test_bonds_atoms_and_rings_by_mouse_become_the_lead(desk: Desk, hand: Hand) -> None:
    middle = hand.canvas.rect().center()
    assert not hand.sketcher.use.isEnabled()
    hand.click(middle)
    hand.drawn("CC")
    hand.take("Benzene")
    hand.click(hand.at(1))
    hand.drawn("Cc1ccccc1")
    hand.take("N")
    hand.drag(hand.at(0), hand.at(0) + QPoint(0, 60))
    hand.drawn("NCc1ccccc1")
    hand.take("Double bond")
    single = next(bond for bond in hand.canvas.structure.bonds if 0 in (bond.begin, bond.end))
    hand.click(hand.between(single))
    hand.desk.until(lambda: "too many bonds" in hand.said)
    assert not hand.sketcher.use.isEnabled()
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    hand.drawn("NCc1ccccc1")
    assert hand.said.startswith("C7H9N")
    desk.qtbot.mouseClick(hand.sketcher.use, LEFT)
    assert desk.page.composer.lead() == "NCc1ccccc1"
    desk.until(lambda: len(desk.page.composer.preview.structure.atoms) == 8)
    assert desk.page.composer.preview.isVisible()


def test_keys_change_what_the_mouse_points_at(hand: Hand) -> None:
    hand.click(hand.canvas.rect().center())
    hand.point(hand.at(1))
    hand.key("n")
    hand.key("+")
    hand.drawn("C[NH3+]")
    hand.point(hand.between(hand.canvas.structure.bonds[0]))
    hand.key("2")
    hand.drawn("C=[NH2+]")
    hand.key(Qt.Key.Key_Delete)
    hand.drawn("C.[NH4+]")
    hand.point(hand.at(0))
    hand.key(Qt.Key.Key_Delete)
    hand.drawn("[NH4+]")


def test_wedges_turn_round_and_atoms_are_chosen_and_moved(hand: Hand) -> None:
    hand.sketcher.field.setText("CC(N)O")
    hand.desk.qtbot.keyClicks(hand.sketcher.field, "C")
    hand.drawn("COC(C)N")
    hand.take("Wedge bond, towards you")
    nitrogen = next(n for n, atom in enumerate(hand.canvas.structure.atoms) if atom.symbol == "N")
    bond = hand.canvas.structure.bonds_of(nitrogen)[0]
    hand.click(hand.between(bond))
    hand.desk.until(lambda: not hand.sketcher.conversion.busy)
    names = {hand.sketcher.text}
    hand.click(hand.between(bond))  # the wide end is at the carbon now: no stereocentre there
    hand.desk.until(lambda: not hand.sketcher.conversion.busy)
    names.add(hand.sketcher.text)
    assert len(names) == 2
    assert any("@" in name for name in names)
    hand.take("Select and move")
    before = hand.canvas.structure
    hand.drag(QPoint(3, 3), QPoint(hand.canvas.width() - 3, hand.canvas.height() - 3))
    assert len(hand.canvas.chosen) == len(before.atoms)
    hand.drag(hand.at(0), hand.at(0) + QPoint(40, 0))
    shifts = {
        round(after.x - old.x, 3)
        for after, old in zip(hand.canvas.structure.atoms, before.atoms, strict=True)
    }
    assert len(shifts) == 1
    assert shifts.pop() > 0


def test_what_is_pasted_stands_beside_and_a_wrong_text_says_why(hand: Hand) -> None:
    hand.click(hand.canvas.rect().center())
    hand.drawn("CC")
    QApplication.clipboard().setText("O")
    hand.key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    hand.drawn("CC.O")
    hand.sketcher.copy_molfile.click()
    block = QApplication.clipboard().text()
    hand.sketcher.clear.click()
    data = QMimeData()
    data.setText("of no use")
    data.setData("chemical/x-mdl-molfile", block.encode())
    QApplication.clipboard().setMimeData(data)
    hand.sketcher.paste.click()
    hand.drawn("CC.O")
    assert len(hand.canvas.structure.atoms) == 3, "the very molfile that was copied is drawn, too"
    hand.sketcher.field.setFocus()
    hand.sketcher.field.selectAll()
    hand.desk.qtbot.keyClicks(hand.sketcher.field, "C(C")
    hand.desk.until(lambda: "do not match" in hand.said)
    assert len(hand.canvas.structure.atoms) == 3
    hand.desk.qtbot.mouseClick(hand.sketcher.clear, LEFT)
    assert not hand.canvas.structure.atoms
    assert not hand.said


def test_a_drawing_is_there_again_after_a_restart(desk: Desk, hand: Hand) -> None:
    hand.click(hand.canvas.rect().center())
    hand.drawn("CC")
    state = desk.page.composer.save_state()
    desk.page.composer.preview._sketcher = None
    desk.page.composer.restore_state(state)
    desk.page.composer.preview.edit()
    again = Hand(desk, desk.page.composer.preview.sketcher)
    again.drawn("CC")
    again.sketcher.reject()


def test_a_pattern_is_drawn_and_searched_for(desk: Desk) -> None:
    desk.show()
    filters = desk.page.browser.filters
    filters.pattern.setText("[C,N]~C")
    desk.until(lambda: bool(filters.preview.structure.atoms))
    desk.qtbot.mouseClick(filters.preview, LEFT)
    hand = Hand(desk, filters.preview.sketcher)
    desk.until(lambda: bool(hand.sketcher.text))
    hand.take("Any atom")
    hand.click(hand.at(1))
    hand.drawn("[#6,#7]~[!#1]")
    desk.qtbot.mouseClick(hand.sketcher.use, LEFT)
    assert filters.pattern.text() == "[#6,#7]~[!#1]"
    desk.until(lambda: bool(desk.runtime.asked("molecules.match")))
    assert desk.runtime.asked("molecules.match")[-1].params["pattern"] == "[#6,#7]~[!#1]"


def test_a_text_that_is_no_structure_is_marked_beside_the_field(desk: Desk) -> None:
    desk.page.composer.modes.choose("analogues")
    desk.page.composer.set_lead("CC(")
    preview = desk.page.composer.preview
    desk.until(lambda: bool(preview.trouble))
    assert "do not match" in preview.toolTip()
    desk.page.composer.set_lead("")
    assert not preview.isVisible()

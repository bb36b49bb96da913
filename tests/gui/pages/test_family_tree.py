"""The family tree in the window: walked by keys, centred by a click, folded, opened."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.desktop.pages.gallery.family_canvas import label_beside
from studio.desktop.pages.gallery.family_layout import BETWEEN
from studio.desktop.pages.gallery.family_tree import FamilyTree
from studio.library import Library
from studio.library.family import SHOWN
from studio.library.storage import row_writer
from studio.testing.demo import _picture
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import act


class Family:
    """A chat line, a prompt, a picture, two restyles of it."""

    def __init__(self, library: Library) -> None:
        self.library = library
        talk = library.conversations.create("On foxes")
        self.talk = talk.id
        self.said = library.conversations.add_message(talk.id, None, "user", "A fox, please").id
        self.prompt = self.made("text", b"A fox in the snow", self.said)
        self.picture = self.made("image", _picture(0, 64, 48), self.prompt)
        self.restyles = [self.made("image", _picture(n, 64, 48), self.picture) for n in (1, 2)]
        self.last = self.made("image", _picture(4, 64, 48), self.restyles[1])

    def made(self, kind: str, payload: bytes, *parents: str) -> str:
        suffix = ".png" if kind == "image" else ".txt"
        preview = payload if kind == "image" else b""
        record = self.library.add_record(f"{kind}.generate", {}, plugin=kind)
        new = NewArtifact(kind, payload, suffix, f"{kind} {len(payload)}", preview=preview)
        return self.library.add_artifact(new, inputs=parents, record=record.id).id


@pytest.fixture
def app(start: Runs) -> App:
    return start()


@pytest.fixture
def family(app: App) -> Family:
    assert app.session is not None
    return Family(app.session.studio.library)


def gallery(app: App) -> Any:
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    return page.widget


def the_tree(app: App) -> FamilyTree:
    found = app.window.findChildren(FamilyTree)
    assert found
    return found[-1]


def open_tree(app: App, qtbot: Any, id: str) -> FamilyTree:
    """Open the tree from the details panel."""
    page = gallery(app)
    qtbot.waitUntil(lambda: page.grid.count() > 0)
    page._show_id(id)
    qtbot.waitUntil(lambda: act(page.detail, "Family tree"))
    tree = the_tree(app)
    qtbot.waitUntil(lambda: tree.canvas.tree.centre == id)
    return tree


def press(tree: FamilyTree, key: Qt.Key) -> str:
    QTest.keyClick(tree.canvas, key)
    return tree.canvas.current


def middle(tree: FamilyTree, id: str) -> QPoint:
    return tree.canvas.place(id).center().toPoint()


def test_arrow_keys_walk_over_kinds_and_say_where_they_are(
    app: App, family: Family, qtbot: Any
) -> None:
    tree = open_tree(app, qtbot, family.picture)
    assert set(tree.canvas.places) == {
        family.said, family.prompt, family.picture, *family.restyles, family.last,
    }  # fmt: skip
    assert press(tree, Qt.Key.Key_Left) == family.prompt
    assert "parents: 1, children: 1" in tree.canvas.accessibleDescription()
    assert press(tree, Qt.Key.Key_Left) == family.said
    assert "A fox, please" in tree.canvas.accessibleDescription()
    assert press(tree, Qt.Key.Key_Left) == family.said, "it begins there"
    assert press(tree, Qt.Key.Key_Home) == family.picture
    first = press(tree, Qt.Key.Key_Right)
    assert first in family.restyles
    other = (
        press(tree, Qt.Key.Key_Down) if first == family.restyles[1] else press(tree, Qt.Key.Key_Up)
    )
    assert {first, other} <= set(family.restyles)
    places = tree.canvas.places
    assert (
        places[family.said].right() < places[family.prompt].left() < places[family.picture].left()
    )
    drawn = list(places.values())
    assert not any(a.intersects(b) for n, a in enumerate(drawn) for b in drawn[:n])


def test_space_and_a_click_centre_and_back_leads_back(app: App, family: Family, qtbot: Any) -> None:
    tree = open_tree(app, qtbot, family.picture)
    press(tree, Qt.Key.Key_Left)
    press(tree, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: tree.canvas.tree.centre == family.prompt)
    QTest.mouseClick(tree.canvas, Qt.MouseButton.LeftButton, pos=middle(tree, family.picture))
    qtbot.waitUntil(lambda: tree.canvas.tree.centre == family.picture)
    tree.back.click()
    qtbot.waitUntil(lambda: tree.canvas.tree.centre == family.prompt)
    tree.back.click()
    qtbot.waitUntil(lambda: tree.canvas.tree.centre == family.picture)
    assert not tree.back.isEnabled()


def test_a_double_click_opens_the_result_and_return_the_conversation(
    app: App, family: Family, qtbot: Any
) -> None:
    tree = open_tree(app, qtbot, family.picture)
    spot = middle(tree, family.last)
    QTest.mouseClick(tree.canvas, Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseDClick(tree.canvas, Qt.MouseButton.LeftButton, pos=spot)
    page = gallery(app)
    qtbot.waitUntil(lambda: page.detail.artifact and page.detail.artifact.id == family.last)
    assert tree.canvas.tree.centre == family.picture, "the click that began it did not centre"
    page._show_id(family.prompt)
    page.show_family()
    tree = the_tree(app)
    qtbot.waitUntil(lambda: tree.canvas.tree.centre == family.prompt)
    press(tree, Qt.Key.Key_Left)
    sent: list[Any] = []
    tree._parts.ui.send_to = lambda artifact: [("Chat", lambda: sent.append(artifact))]
    press(tree, Qt.Key.Key_Return)
    assert [(each.kind, each.id) for each in sent] == [("conversation", family.talk)]


def test_the_key_of_the_page_opens_it_and_what_was_erased_is_drawn(
    app: App, family: Family, qtbot: Any
) -> None:
    family.library.erase([family.prompt])
    page = gallery(app)
    qtbot.waitUntil(lambda: page.grid.count() > 0)
    page._show_id(family.picture)
    qtbot.waitUntil(lambda: page.detail.isVisible())
    action = next(a for a in app.window.pages.page("studio.gallery").actions if "family" in a.id)
    assert action.shortcut == "Ctrl+Shift+F"
    action.run()
    tree = the_tree(app)
    qtbot.waitUntil(lambda: tree.canvas.tree.centre == family.picture)
    assert press(tree, Qt.Key.Key_Left) == family.prompt
    assert tree.canvas.accessibleDescription().startswith("Deleted")
    QTest.keyClick(tree.canvas, Qt.Key.Key_Return)
    assert tree.isVisible(), "there is nothing to open"


def test_a_thousand_children_are_folded_and_shown_in_parts(
    app: App, family: Family, qtbot: Any
) -> None:
    library = family.library
    like = library.artifact(family.last)
    with library._database.write("test") as connection:
        for child in (f"CHILD{n:04}" for n in range(1000)):
            row_writer.insert(connection, replace(like, id=child))
            row_writer.link(connection, child, [family.last])
    tree = open_tree(app, qtbot, family.last)
    centre = tree.canvas.tree.members[family.last]
    assert len(tree.canvas.tree.children(family.last)) == SHOWN
    assert centre.more_children == 1000 - SHOWN
    assert tree.more.isVisible()
    badge = tree.canvas._badge(family.last, 1).center().toPoint()
    QTest.mouseClick(tree.canvas, Qt.MouseButton.LeftButton, pos=badge)
    qtbot.waitUntil(lambda: len(tree.canvas.tree.children(family.last)) > SHOWN)
    began = time.process_time()
    tree.canvas.grab()
    QApplication.processEvents()
    assert time.process_time() - began < 3.0


@pytest.mark.parametrize(
    ("words", "lines", "is_whole"),
    [("Restyle", 1, True), ("Enlarge and restore", 2, True), ("Very long words " * 9, 1, False)],
)
def test_what_made_a_member_is_said_between_the_cards(
    app: App, words: str, lines: int, is_whole: bool
) -> None:
    font = QFontMetricsF(app.look.fonts.body(11))
    card = QRectF(300, 0, 172, 132)
    said, place = label_beside(card, words, font)
    assert (said == words) == is_whole
    assert card.left() - BETWEEN < place.left() < place.right() < card.left()
    assert place.bottom() < card.center().y()
    assert place.height() < (lines + 0.5) * font.lineSpacing()

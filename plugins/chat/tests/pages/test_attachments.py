"""Documents go with a message: picked, dropped, shown, drawn on by later replies, told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu, QPushButton, QWidget

from plugins.chat.tests.documents.test_pdf import made as pdf_of
from studio.api.jobs import JobRequest
from studio.testing.scripted import Result, Tokens
from studio_chat.documents.passages import MAX_DOCUMENTS
from studio_chat.pages.phrases import drawn_on, merged
from studio_chat.pages.thread.turns import Turn


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text("Whales sing.")
    return path


def submitted(desk: Any) -> list[dict[str, Any]]:
    """Watch what is asked of the runtime."""
    asked: list[dict[str, Any]] = []
    submit = desk.ctx.tasks.submit

    def watched(request: JobRequest) -> Any:
        assert isinstance(request.params, dict)
        asked.append(request.params)
        return submit(request)

    desk.ctx.tasks.submit = watched
    return asked


def drop(desk: Any, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    field = desk.page.composer.field
    assert field.canInsertFromMimeData(data)
    field.insertFromMimeData(data)


def chips(desk: Any) -> list[QPushButton]:
    row = desk.page.composer.attachments
    return [chip for chip in row.findChildren(QPushButton) if not chip.isHidden()]


def test_a_file_dropped_anywhere_on_the_page_goes_with_the_message(desk: Any, note: Path) -> None:
    desk.drop(note)
    assert [chip.text() for chip in chips(desk)] == ["note.txt  ×"]
    assert desk.page.composer.field.hasFocus()


def test_the_page_shows_that_it_takes_a_file_and_leaves_other_pages_theirs(
    desk: Any, note: Path
) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(note))])
    none = Qt.KeyboardModifier.NoModifier
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDragEnterEvent(QPoint(300, 100), copy, data, left, none)
    QApplication.sendEvent(desk.page, event)
    assert event.isAccepted()
    overlay = next(
        part
        for part in desk.page.findChildren(QWidget)
        if part.accessibleName() == "Drop to attach to your message"
    )
    assert overlay.isVisible()
    assert overlay.size() == desk.page.size()
    song = QMimeData()
    song.setUrls([QUrl.fromLocalFile("/tmp/song.mid")])
    assert not desk.page.drop_target.takes(song)


def test_a_dropped_file_goes_with_the_message_and_stays_for_later_replies(
    desk: Any, note: Path
) -> None:
    asked = submitted(desk)
    source = {"document": "note.txt", "whole": True, "of": 1}
    for _ in range(2):
        desk.runtime.enqueue(Tokens("ok"), Result(tokens=1, sources=[source], found_by=""))
    drop(desk, note)
    assert desk.page.composer.text == ""
    assert [chip.text() for chip in chips(desk)] == ["note.txt  ×"]
    desk.say("What do whales do?")
    assert desk.page.composer.attachments.paths == []
    mine, _theirs = desk.page.session.turns
    assert mine.documents == [str(note)]
    card = desk.page.thread_view.cards[0]
    assert card.body._documents.text() == "note.txt"
    assert desk.page.thread_view.cards[1].body.sources.words == "note.txt was read in full."
    desk.say("And then?")
    assert [each["documents"] for each in asked] == [[str(note)]] * 2
    assert [each["encoder"] for each in asked] == ["", ""]
    rows = desk.ctx.library.conversations.thread(desk.page.session.id)
    assert rows[0].extra["documents"] == [str(note)]


def test_without_documents_no_encoder_is_asked_for(desk: Any) -> None:
    asked = submitted(desk)
    desk.runtime.enqueue(Tokens("ok"), Result(tokens=1))
    desk.say("Hello")
    assert (asked[0]["documents"], asked[0]["encoder"]) == ([], None)


def test_an_edited_message_keeps_its_documents(desk: Any, note: Path) -> None:
    asked = submitted(desk)
    for _ in range(2):
        desk.runtime.enqueue(Tokens("ok"), Result(tokens=1))
    drop(desk, note)
    desk.say("What do whales do?")
    desk.page.session.edit(desk.page.session.turns[0], "What do they sing?")
    desk.over()
    assert asked[1]["documents"] == [str(note)]
    assert desk.page.session.turns[0].documents == [str(note)]


def test_a_document_is_taken_off_by_a_click(desk: Any, note: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("x")
    drop(desk, note, other, note)
    chips(desk)[0].click()
    assert desk.page.composer.attachments.paths == [str(other)]


def test_a_folder_is_attached_and_too_many_are_refused_in_words(desk: Any, tmp_path: Path) -> None:
    drop(desk, tmp_path)
    assert desk.page.composer.attachments.documents == [str(tmp_path)]
    chips(desk)[0].click()
    desk.page.composer.attachments.add([str(tmp_path / "gone")])
    assert "Only files and folders" in desk.page.composer._trouble.text()
    many = [tmp_path / f"{n}.txt" for n in range(MAX_DOCUMENTS + 2)]
    for path in many:
        path.write_text("x")
    drop(desk, *many)
    assert len(desk.page.composer.attachments.paths) == MAX_DOCUMENTS
    assert f"at most {MAX_DOCUMENTS} documents" in desk.page.composer._trouble.text()


def test_documents_are_picked_and_wait_in_their_own_conversation(desk: Any, note: Path) -> None:
    desk.runtime.enqueue(Tokens("ok"), Result(tokens=1))
    desk.say("Hello")
    desk.picked = [note]
    desk.page.composer.attachments.choose()
    here = desk.page.session.id
    desk.page.new()
    assert desk.page.composer.attachments.paths == []
    desk.page.open(here)
    desk.settled()
    assert desk.page.composer.attachments.paths == [str(note)]


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([(1, 1), (2, 2), (2, 3), (4, 4), (5, 5), (5, 6)], [(1, 6)]),
        ([(7, 8), (1, 2), (2, 3)], [(7, 8), (1, 3)]),
        ([(5, 5), (1, 1), (2, 6)], [(1, 6)]),
        ([(9, 9), (1, 2), (4, 5), (3, 3)], [(9, 9), (1, 5)]),
        ([], []),
    ],
)
def test_ranges_that_touch_are_one_and_the_best_stays_first(pairs: Any, said: Any) -> None:
    assert merged(pairs) == said


def test_a_source_opens_the_passage_beside_the_answer(desk: Any, tmp_path: Path) -> None:
    book = tmp_path / "<b>book.md"
    book.write_text("".join(f"line {n} & more\n" for n in range(1, 91)))
    source = {
        "document": "<b>book.md",
        "path": str(book),
        "whole": False,
        "lines": [[12, 13], [3, 4]],
        "of": 90,
    }
    result = Result(tokens=1, sources=[source], found_by="meaning")
    desk.runtime.enqueue(Tokens("ok"), result)
    desk.say("What is in line 12?")
    sources = desk.page.thread_view.cards[1].body.sources
    assert sources.words == (
        "From <b>book.md (90 lines): lines 12–13, lines 3–4. Closest matches first."
    )
    links = sources._words.text()
    assert "&lt;b&gt;book.md" in links
    assert links.count("<a ") == 2
    pane = desk.page.passage_pane
    sources._words.linkActivated.emit("0:0")
    desk.until(pane.isVisible)
    assert pane.heading.text() == "<b>book.md, lines 12–13"
    [marked] = pane.text.extraSelections()
    assert marked.cursor.selectedText().split("\u2029") == ["line 12 & more", "line 13 & more"]
    assert "line 20 & more" in pane.text.toPlainText()  # what stands around it is there, too
    sources._words.linkActivated.emit("0:1")
    desk.until(lambda: pane.heading.text() == "<b>book.md, lines 3–4")
    sources._words.linkActivated.emit("0:1")
    assert not pane.isVisible()
    sources._words.linkActivated.emit("0:1")
    desk.until(pane.isVisible)
    desk.page.new()
    assert not pane.isVisible()


def test_a_document_that_is_gone_is_told(desk: Any, tmp_path: Path) -> None:
    source = {"document": "book.md", "path": str(tmp_path / "book.md"), "whole": True, "of": 9}
    desk.runtime.enqueue(Tokens("ok"), Result(tokens=1, sources=[source]))
    desk.say("What is in it?")
    desk.page.thread_view.cards[1].body.sources._words.linkActivated.emit("0:0")
    desk.until(lambda: any("cannot be read" in n.message for n in desk.studio.notices.all))
    assert not desk.page.passage_pane.isVisible()


def test_a_page_is_shown_with_the_passage_boxed(desk: Any, tmp_path: Path) -> None:
    book = tmp_path / "book.pdf"
    book.write_bytes(pdf_of(["One\ntwo", "Three\nfour\nfive"]))
    source = {
        "document": "book.pdf",
        "path": str(book),
        "whole": False,
        "lines": [[4, 5]],
        "of": 5,
        "pages": [[2, 2]],
        "of_pages": 2,
    }
    scanned = source | {"document": "scan.pdf", "boxes": [[1, 0, 0, 5000, 1000]]}
    desk.runtime.enqueue(Tokens("ok"), Result(tokens=1, sources=[source, scanned]))
    desk.say("What is four?")
    links = desk.page.thread_view.cards[1].body.sources._words.linkActivated
    pane = desk.page.passage_pane
    links.emit("0:0")
    desk.until(pane.isVisible)
    assert pane.number.text() == "2 / 2"
    assert len(pane.page.boxes) == 2
    shown = pane.page.grab().toImage()
    frame = pane.page.passage
    inside = shown.pixelColor(frame.center().toPoint() * shown.devicePixelRatio())
    below = shown.pixelColor(QPoint(20, shown.height() - 20))
    assert inside != below  # tinted
    pane.before.click()
    desk.until(lambda: pane.number.text() == "1 / 2")
    assert pane.page.boxes == ()
    links.emit("1:0")
    desk.until(lambda: pane.heading.text() == "scan.pdf, page 2")
    pane.before.click()
    desk.until(lambda: pane.number.text() == "1 / 2")
    assert pane.page.boxes == ((0, 0, 5000, 1000),)


def test_what_a_reply_drew_on_is_told() -> None:
    extra = {
        "sources": [
            {"document": "book.md", "whole": False, "lines": [[3, 9], [12, 12]], "of": 90},
            {"document": "aside.md", "whole": False, "lines": [], "of": 4},
            {"document": "gone.md", "error": "gone.md cannot be read: it is not there."},
        ],
        "found_by": "meaning",
        "sources_note": "",
    }
    turn = Turn("a", "assistant", "x", extra=extra)
    assert drawn_on(turn) == (
        "From book.md (90 lines): lines 3–9, line 12. aside.md was not used. gone.md "
        "cannot be read: it is not there. Closest matches first."
    )
    words = {**extra, "found_by": "words", "sources_note": "No encoder is here."}
    assert drawn_on(Turn("a", "assistant", "x", extra=words)).endswith("No encoder is here.")
    assert drawn_on(Turn("a", "assistant", "x")) == ""


def test_a_folder_gets_a_name_which_is_offered_and_told(desk: Any, tmp_path: Path) -> None:
    folder = tmp_path / "f17"
    folder.mkdir()
    attached = desk.page.composer.attachments
    attached.add([str(folder)])
    attached.ask_name(str(folder))
    (dialog,) = attached.findChildren(QInputDialog)
    dialog.setTextValue("  Rent and  house ")
    dialog.accept()
    desk.until(lambda: attached._chips[0].text().startswith("Rent and house"))
    assert attached.paths == [str(folder)]
    attached.set_paths(())
    menu = QMenu()
    attached.fill_menu(menu)
    menu.actions()[-1].trigger()
    assert attached.paths == [str(folder)], "it is offered by its name"
    source = {"document": "f17/a/b.txt", "path": str(folder / "a/b.txt")}
    assert attached.collections.named([source])[0]["document"] == "Rent and house/a/b.txt"
    attached.collections.give(str(folder), "")
    assert attached.collections.name(str(folder)) == "f17"
    assert attached.collections.all() == {}


def test_of_a_declined_answer_the_closest_passages_are_shown_on_demand(
    desk: Any, tmp_path: Path
) -> None:
    note = tmp_path / "oven.md"
    note.write_text("# Oven\nIt weighs 48 kg.\n")
    near = {"document": "oven.md", "path": str(note), "whole": False, "lines": [[2, 2]], "of": 2}
    more = {"sources": [], "found_by": "", "sources_note": "", "declined": True, "closest": [near]}
    desk.runtime.enqueue(Tokens("The document does not say."), Result(tokens=0, **more))
    desk.say("What does it cost?")
    sources = desk.page.thread_view.cards[1].body.sources
    assert sources.words == "▸ Closest passages · Answer anyway"
    links = sources._words.linkActivated
    links.emit("closest")
    assert sources.words == "▾ Closest passages From oven.md (2 lines): line 2. · Answer anyway"
    links.emit("0:0")
    desk.until(desk.page.passage_pane.isVisible)
    assert "48 kg" in desk.page.passage_pane.text.toPlainText()
    links.emit("closest")
    assert sources.words == "▸ Closest passages · Answer anyway"
    assert drawn_on(desk.page.session.turns[1]) == "", "none of it is a source"
    desk.runtime.enqueue(Tokens("It may cost 400."), Result(tokens=4))
    links.emit("anyway")
    desk.until(lambda: desk.page.session.turns[1].content == "It may cost 400.")
    assert desk.runtime.submitted[-1].params["grounded"] is False
    assert len(desk.page.session.turns[1].versions) == 2

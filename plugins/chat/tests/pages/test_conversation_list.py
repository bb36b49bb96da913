"""The list of conversations: order, search, names, the bin, room."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QStyleOptionViewItem

from plugins.chat.tests.pages.scripted_answer import answer
from studio.testing.scripted import Stall, Tokens
from studio_chat.pages.conversations.model import CONVERSATION, HEADING, MATCH


def titles(desk: Any) -> list[str]:
    model = desk.page.list.model
    return [model.index(row).data() for row in range(model.rowCount())]


def row_of(desk: Any, title: str) -> Any:
    model = desk.page.list.model
    rows = [model.index(n) for n in range(model.rowCount())]
    return next(i for i in rows if i.data() == title and not i.data(HEADING))


def test_conversations_are_listed_newest_first_under_their_day(desk: Any) -> None:
    for question in ("first talk", "second talk"):
        answer(desk, "ok")
        desk.say(question)
        desk.page.new()
    desk.settled()
    assert titles(desk) == ["Today", "second talk", "first talk"]


def test_search_finds_what_was_said(desk: Any) -> None:
    for question, said in (("apples", "sweet and sour"), ("pears", "soft")):
        answer(desk, said)
        desk.say(question)
        desk.page.new()
    desk.page.search()
    assert desk.page.list.isVisible()
    desk.qtbot.keyClicks(desk.page.list.search, "sour")
    desk.until(lambda: titles(desk) == ["Found", "apples"])
    desk.page.list.search.clear()
    desk.until(lambda: len(titles(desk)) == 3)


def test_renaming_pinning_and_binning(desk: Any) -> None:
    for question in ("one", "two"):
        answer(desk, "ok")
        desk.say(question)
        desk.page.new()
    desk.settled()
    model, index = desk.page.list.model, row_of(desk, "one")
    assert model.setData(index, "uno")
    desk.settled()
    assert "uno" in titles(desk)
    desk.page.list._pin(row_of(desk, "uno").data(CONVERSATION))
    desk.settled()
    assert titles(desk)[:2] == ["Pinned", "uno"]
    desk.page.list.bin(row_of(desk, "two").data(CONVERSATION))
    desk.settled()
    assert "two" not in titles(desk)
    (notice,) = [n for n in desk.studio.notices.all if n.actions]
    notice.actions[0].run()
    desk.settled()
    assert "two" in titles(desk)
    assert desk.thread()[0] == ("user", "two"), "what is brought back is opened"


def test_binning_the_open_conversation_stops_its_reply(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("half"), Stall())
    desk.begin("go")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    session = desk.page.session
    desk.settled()
    desk.page.list.bin(row_of(desk, "go").data(CONVERSATION))
    desk.until(lambda: not session.busy)
    desk.settled()
    assert desk.page.session.id == ""
    assert titles(desk) == []


def test_renaming_in_the_title_bar_reaches_the_list(desk: Any) -> None:
    answer(desk, "ok")
    desk.say("dull title")
    desk.page.title.edit()
    desk.page.title._field.setText("A better one")
    desk.qtbot.keyClick(desk.page.title._field, Qt.Key.Key_Return)
    desk.settled()
    desk.until(lambda: "A better one" in titles(desk))


def test_a_narrow_page_hides_the_list_until_it_is_asked_for(desk: Any) -> None:
    desk.page.resize(500, 600)
    assert desk.page.list.isHidden()
    desk.page.toggle_list()
    assert not desk.page.list.isHidden()


def test_a_search_shows_the_words_it_met_and_a_click_jumps_to_their_message(desk: Any) -> None:
    for number in range(12):
        answer(desk, f"the plum has {number} stones" if number == 3 else "ok\n\n" * 8)
        desk.say(f"question {number}")
    desk.page.new()
    desk.page.list.search.setText("plum stones")
    desk.until(lambda: titles(desk) == ["Found", "question 0"])
    index = row_of(desk, "question 0")
    match = index.data(MATCH)
    assert match.snippet == "the [plum] has 3 [stones]"
    delegate, option = desk.page.list.view.itemDelegate(), QStyleOptionViewItem()
    row_height = delegate.sizeHint(option, index).height()
    desk.page.list.view.clicked.emit(index)
    desk.until(lambda: card_at_top(desk) == match.message.id)
    desk.page.list.search.clear()
    desk.until(lambda: titles(desk) == ["Today", "question 0"])
    plain = delegate.sizeHint(option, row_of(desk, "question 0")).height()
    assert row_height > plain, "there is a line of the message"


def test_a_search_jumps_to_another_version_of_an_answer(desk: Any) -> None:
    answer(desk, "a rhubarb pie")
    desk.say("what shall I bake?")
    answer(desk, "a cheese cake")
    desk.page.session.regenerate(desk.page.session.turns[-1])
    desk.until(lambda: not desk.page.session.busy)
    desk.settled()
    assert desk.thread()[1] == ("assistant", "a cheese cake")
    for begun in (False, True):
        if begun:
            desk.page.new()
        desk.page.list.search.setText("cheese" if begun else "rhubarb")
        wanted = "a cheese cake" if begun else "a rhubarb pie"
        desk.until(lambda words=wanted: matched(desk, words))
        desk.page.list.view.clicked.emit(row_of(desk, "what shall I bake?"))
        desk.until(lambda words=wanted: desk.thread()[1:] == [("assistant", words)])


def card_at_top(desk: Any) -> str:
    view = desk.page.thread_view
    tops = {card.turn.id: card.mapTo(view.viewport(), QPoint()).y() for card in view.cards}
    return min(tops, key=lambda id: abs(tops[id]), default="")


def matched(desk: Any, words: str) -> bool:
    rows = [desk.page.list.model.index(n) for n in range(desk.page.list.model.rowCount())]
    return any(i.data(MATCH) is not None and i.data(MATCH).message.content == words for i in rows)

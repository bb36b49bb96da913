"""Notices: what was said stands until it is replaced or taken back; the owner's thread hears it."""

from __future__ import annotations

import queue
import threading
from typing import Any

from studio.base.notices import KEPT, Action, Level, Notices
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.guards import PATIENCE


def test_every_sort_is_kept_and_told() -> None:
    notices, heard = Notices(), []
    notices.on_notice(heard.append)
    notices.info("Saved.")
    notices.warn("Slow.", "Wait.", actions=[Action("Restart", print)])
    notices.error(StudioError(ErrorCode.DISK_FULL, "Full.", "Free some.", "trace", "chat"))
    notices.error("Broken.")
    notices.offer("Binned.", "Undo", print)
    assert [n.level for n in heard] == [
        Level.INFO,
        Level.WARN,
        Level.ERROR,
        Level.ERROR,
        Level.INFO,
    ]
    assert heard == notices.all
    full = heard[2]
    assert (full.message, full.hint, full.details) == ("Full.", "Free some.", "trace")
    assert (full.code, full.plugin) == (ErrorCode.DISK_FULL, "chat")
    assert [[action.title for action in n.actions] for n in heard if n.actions] == [
        ["Restart"],
        ["Undo"],
    ]
    assert [n.number for n in heard] == [1, 2, 3, 4, 5]


def test_the_same_key_replaces_and_other_keys_stay() -> None:
    notices, gone = Notices(), []
    notices.on_dismissed(gone.append)
    for text, key in (("a", "x"), ("b", "y"), ("c", "x"), ("d", ""), ("e", "")):
        notices.info(text, key=key)
    assert [n.message for n in notices.all] == ["b", "c", "d", "e"]
    assert [n.message for n in gone] == ["a"]


def test_dismissing_by_notice_and_by_key_is_harmless_when_it_is_gone() -> None:
    notices = Notices()
    notices.info("a", key="x")
    notices.info("b")
    notices.dismiss("x")
    notices.dismiss("x")
    notices.dismiss("")
    [left] = notices.all
    assert left.message == "b"
    notices.dismiss(left)
    notices.dismiss(left)
    assert notices.all == []


def test_an_observer_that_has_ended_hears_nothing_more() -> None:
    notices, heard = Notices(), []
    end = notices.on_notice(heard.append)
    end()
    notices.info("a")
    assert heard == []


def test_other_threads_are_brought_to_the_owner() -> None:
    posted: queue.SimpleQueue[Any] = queue.SimpleQueue()
    notices, heard = Notices(posted.put), []
    notices.on_notice(lambda notice: heard.append((notice.message, threading.current_thread())))
    speaker = threading.Thread(target=notices.info, args=("from afar",))
    speaker.start()
    speaker.join()
    assert heard == []
    posted.get(timeout=PATIENCE)()
    assert heard == [("from afar", threading.current_thread())]


def test_the_list_does_not_grow_for_ever() -> None:
    notices = Notices()
    for number in range(KEPT + 50):
        notices.info(str(number))
    assert len(notices.all) == KEPT
    assert notices.all[-1].message == str(KEPT + 49)

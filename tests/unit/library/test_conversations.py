"""Conversations: a tree in which an edit never overwrites and a deletion can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import NewConversation, NewMessage
from studio.library import Library, MessageState
from studio.protocol.errors import StudioError


def texts(library: Library, conversation: str) -> list[str]:
    return [message.content for message in library.conversations.thread(conversation)]


def test_a_thread_grows_and_survives_a_restart(library: Library, folder: Path) -> None:
    talk = library.conversations.create("Hello", system="Be brief.", settings={"temperature": 0.7})
    question = library.conversations.add_message(talk.id, None, "user", "Hi")
    library.conversations.add_message(
        talk.id, question.id, "assistant", "Hello!", record="r", extra={"tokens_per_second": 12.5}
    )
    library.close()
    with Library.open(folder) as again:
        assert texts(again, talk.id) == ["Hi", "Hello!"]
        answer = again.conversations.thread(talk.id)[-1]
        assert answer.extra == {"tokens_per_second": 12.5}
        assert answer.state is MessageState.COMPLETE
        kept = again.conversations.get(talk.id)
        assert (kept.system, kept.settings) == ("Be brief.", {"temperature": 0.7})


def test_a_whole_conversation_comes_in_at_once_and_survives_a_rebuild(library: Library) -> None:
    c = library.conversations
    first, second = NewMessage("a", "user", "one", created=5.0), NewMessage("b", "user", "two")
    answer = NewMessage("c", "assistant", "answer", "a")
    new = NewConversation("Old", [first, second, answer], head="c", updated=9.0, folder="f")
    talk = c.add_whole(new, binned=True)
    assert c.list() == []
    c.bin_all([talk.id], binned=False)
    library.rebuild()
    assert [row.id for row in c.list(folder="f")] == [talk.id]
    assert c.get(talk.id).updated == 9.0
    assert texts(library, talk.id) == ["one", "answer"]
    assert [each.content for each in c.roots(talk.id)] == ["one", "two"]
    with pytest.raises(StudioError):
        c.add_whole(NewConversation("Torn", [first, NewMessage("x", "user", "y", "nowhere")]))
    assert [row.id for row in c.list()] == [talk.id]


def test_an_edit_is_a_sibling(library: Library) -> None:
    c = library.conversations
    talk = c.create()
    first = c.add_message(talk.id, None, "user", "one")
    c.add_message(talk.id, first.id, "assistant", "answer to one")
    second = c.edit(first.id, "two")
    assert texts(library, talk.id) == ["two"]
    position, total, ids = c.siblings(second.id)
    assert (position, total, ids) == (1, 2, [first.id, second.id])
    assert [message.id for message in c.roots(talk.id)] == [first.id, second.id]
    c.set_head(talk.id, c.newest_leaf(first.id))
    assert texts(library, talk.id) == ["one", "answer to one"]


def test_a_regenerated_answer_is_a_sibling(library: Library) -> None:
    c = library.conversations
    talk = c.create()
    question = c.add_message(talk.id, None, "user", "q")
    answers = [c.add_message(talk.id, question.id, "assistant", str(n)) for n in range(3)]
    assert [message.content for message in c.children(question.id)] == ["0", "1", "2"]
    assert c.siblings(answers[1].id).position == 1
    assert texts(library, talk.id) == ["q", "2"]


def test_a_deleted_branch_comes_back_as_it_was(library: Library) -> None:
    c = library.conversations
    talk = c.create()
    question = c.add_message(talk.id, None, "user", "q")
    old = c.add_message(talk.id, question.id, "assistant", "old answer")
    new = c.add_message(talk.id, question.id, "assistant", "new answer")
    more = c.add_message(talk.id, new.id, "user", "more")
    c.delete_branch(more.id)
    c.delete_branch(new.id)
    assert texts(library, talk.id) == ["q", "old answer"]
    assert c.siblings(old.id).total == 1
    assert c.search("new answer") == []
    c.restore_branch(new.id)
    assert texts(library, talk.id) == ["q", "new answer"]  # "more" was deleted on its own
    c.restore_branch(more.id)
    assert texts(library, talk.id) == ["q", "new answer", "more"]


def test_deleting_the_first_message_leaves_an_empty_thread(library: Library) -> None:
    c = library.conversations
    talk = c.create()
    first = c.add_message(talk.id, None, "user", "q")
    assert c.delete_branch(first.id).head == ""
    assert texts(library, talk.id) == []


def test_the_list_is_ordered_and_filtered(library: Library) -> None:
    c = library.conversations
    old, new, work = c.create("old"), c.create("new"), c.create("work", folder="Job")
    c.pin(old.id)
    assert [found.title for found in c.list()] == ["old", "work", "new"]
    c.add_message(new.id, None, "user", "hi")
    assert [found.title for found in c.list()] == ["old", "new", "work"]
    assert [found.title for found in c.list(folder="Job")] == ["work"]
    assert [found.title for found in c.list(pinned=True)] == ["old"]
    assert c.folders() == ["Job"]
    c.rename(new.id, "newer")
    c.bin(new.id)
    assert [found.title for found in c.list(binned=True)] == ["newer"]
    c.restore(new.id)
    assert len(c.list()) == 3
    c.bin(work.id)
    library.empty_bin()
    with pytest.raises(StudioError, match="not in the library"):
        c.get(work.id)


def test_a_message_cannot_follow_one_elsewhere(library: Library) -> None:
    c = library.conversations
    here, there = c.create(), c.create()
    stranger = c.add_message(there.id, None, "user", "x")
    for wrong in (stranger.id, "nobody"):
        with pytest.raises(StudioError):
            c.add_message(here.id, wrong, "user", "y")
        with pytest.raises(StudioError):
            c.set_head(here.id, wrong)
    with pytest.raises(StudioError):
        c.add_message("nowhere", None, "user", "y")


def test_a_long_thread_is_read_whole(library: Library) -> None:
    c = library.conversations
    talk = c.create()
    parent = None
    with library._database.write("fill") as connection:  # one transaction: 1,500 syncs are slow
        for number in range(1500):
            connection.execute(
                "INSERT INTO messages (id, created, conversation, parent, role, content, state,"
                " artifacts, record, extra) VALUES (?, 0, ?, ?, 'user', 'x', 'complete',"
                " '[]', '', '{}')",
                (f"{number:026}", talk.id, parent or ""),
            )
            parent = f"{number:026}"
    assert len(c.path_to(parent or "")) == 1500
    assert c.newest_leaf(f"{0:026}") == parent


def test_a_reply_is_kept_while_it_is_written(library: Library, folder: Path) -> None:
    c = library.conversations
    talk = c.create()
    question = c.add_message(talk.id, None, "user", "q")
    reply = c.begin_reply(talk.id, question.id, record="r1")
    assert c.message(reply.message).state is MessageState.PARTIAL
    for piece in ("Grü", "ße", " 🦊"):
        reply.append(piece)
    assert (folder / "journals" / f"{reply.message}.txt").read_text("utf-8") == "Grüße 🦊"
    done = c.finish_reply(reply, extra={"tokens": 3})
    assert (done.content, done.state, done.record) == ("Grüße 🦊", MessageState.COMPLETE, "r1")
    assert c.message(done.id) == done
    assert list((folder / "journals").iterdir()) == []


def test_a_stopped_reply_keeps_its_text(library: Library) -> None:
    c = library.conversations
    talk = c.create()
    reply = c.begin_reply(talk.id, None)
    reply.append("half a sen")
    done = c.finish_reply(reply, state="interrupted")
    assert (done.content, done.state) == ("half a sen", MessageState.INTERRUPTED)


def test_a_reply_that_was_never_finished_is_recovered(library: Library, folder: Path) -> None:
    c = library.conversations
    talk = c.create()
    reply = c.begin_reply(talk.id, None)
    reply.append("what there was")
    reply.close()
    library.close()
    journal = folder / "journals" / f"{reply.message}.txt"
    journal.write_bytes(journal.read_bytes() + "é".encode()[:1])  # torn inside a character
    with Library.open(folder) as again:
        message = again.conversations.message(reply.message)
        assert (message.content, message.state) == ("what there was", MessageState.INTERRUPTED)
        assert "1" in again.news[0]
        assert not journal.exists()
    with Library.open(folder) as third:
        assert third.news == []


def test_recovered_text_without_a_message_is_not_thrown_away(
    library: Library, folder: Path
) -> None:
    reply = library.conversations.begin_reply(library.conversations.create().id, None)
    reply.append("orphaned")
    reply.close()
    with library._database.write("lose a row") as connection:
        connection.execute("DELETE FROM conversations")
    library.close()
    with Library.open(folder) as again:
        (kept,) = again.conversations.list()
        assert [m.content for m in again.conversations.thread(kept.id)] == ["orphaned"]

"""Family trees: over kinds and messages, folded where large, with circles and what was erased."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from msgspec.structs import replace

from studio.api.artifacts import NewArtifact
from studio.library import Library
from studio.library.family import MOST, SHOWN
from studio.library.storage import row_writer

_numbers = count()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("family") / "library") as library:
        yield library


def made(library: Library, kind: str, *parents: str, record: str = "", title: str = "") -> str:
    new = NewArtifact(kind, b"%d" % next(_numbers), ".txt", title or kind)
    return library.add_artifact(new, inputs=parents, record=record).id


def test_a_chat_line_leads_to_a_picture_and_its_restyle(shelf: Library) -> None:
    talk = shelf.conversations.create("Talk")
    said = shelf.conversations.add_message(talk.id, None, "user", "A fox\nin the snow")
    prompt = made(shelf, "text", said.id)
    drawn = shelf.add_record("image.generate", {"prompt": "A fox"})
    picture = made(shelf, "image", prompt, record=drawn.id)
    restyled = made(shelf, "image", picture)
    tree = shelf.families.around(picture)
    layers = {id: member.layer for id, member in tree.members.items()}
    assert layers == {said.id: -2, prompt: -1, picture: 0, restyled: 1}
    assert set(tree.edges) == {(said.id, prompt), (prompt, picture), (picture, restyled)}
    assert tree.members[said.id].title == "A fox in the snow"
    assert tree.members[picture].task == "image.generate"
    assert tree.members[prompt].task == ""
    assert tree.parents(picture) == [prompt]
    assert tree.children(picture) == [restyled]
    from_message = shelf.families.around(said.id)
    assert set(from_message.members) == set(tree.members), "a message can be the centre"


def test_what_the_job_of_a_message_made_is_its_child(shelf: Library) -> None:
    talk = shelf.conversations.create("Talk")
    record = shelf.add_record("chat.reply", {}, conversation=talk.id)
    reply = shelf.conversations.add_message(talk.id, None, "assistant", "Here", record=record.id)
    table = made(shelf, "table", record=record.id)
    assert shelf.families.around(table).edges == [(reply.id, table)]
    assert shelf.families.around(reply.id).edges == [(reply.id, table)]


def test_a_large_family_is_folded_and_says_how_many_are_not_shown(shelf: Library) -> None:
    parent = made(shelf, "image")
    children = [f"CHILD{n:04}" for n in range(1000)]
    like = shelf.artifact(parent)
    with shelf._database.write("test") as connection:
        for child in children:
            row_writer.insert(connection, replace(like, id=child))
            row_writer.link(connection, child, [parent])
    tree = shelf.families.around(parent)
    assert len(tree.members) == 1 + SHOWN
    assert tree.members[parent].more_children == 1000 - SHOWN
    assert children[-1] in tree.members, "the latest come first"
    wider = shelf.families.around(parent, children=100)
    assert len(wider.members) == 101
    assert len(shelf.families.around(parent, children=10_000).members) <= MOST
    assert shelf.families.around(children[5]).parents(children[5]) == [parent]


def test_a_circle_is_drawn_once_and_named(shelf: Library) -> None:
    one = made(shelf, "text")
    other = made(shelf, "text", one)
    with shelf._database.write("test") as connection:
        row_writer.link(connection, one, [other])
        row_writer.link(connection, one, [one])
    tree = shelf.families.around(one)
    assert set(tree.members) == {one, other}
    assert set(tree.edges) == {(one, other), (other, one), (one, one)}
    circular = {edge for edge in tree.edges if tree.is_circular(*edge)}
    assert circular == {(one, other), (one, one)}


def test_what_was_erased_stays_as_that_it_was_there(shelf: Library) -> None:
    parent = made(shelf, "image")
    child = made(shelf, "image", parent)
    assert not shelf.families.around(child).members[parent].is_erased, "control"
    shelf.erase([parent])
    member = shelf.families.around(child).members[parent]
    assert member.is_erased
    assert member.title == ""

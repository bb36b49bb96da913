"""Search: words anywhere, in any script, and no typed character is an operator."""

from __future__ import annotations

import pytest

from studio.api.artifacts import NewArtifact
from studio.library import Library


@pytest.fixture
def filled(library: Library) -> Library:
    record = library.add_record("image.generate", {"prompt": "Ein Fuchs über dem Fluss"})
    library.add_artifact(
        NewArtifact("image", b"1", suffix=".png", title="First try"), record=record.id
    )
    library.add_artifact(
        NewArtifact("text", b"2", suffix=".txt", text="The quick brown foxes", title="Poem")
    )
    library.add_artifact(
        NewArtifact("text", b"3", suffix=".txt", text="東京タワーの夜景", title="写真")
    )
    library.add_artifact(
        NewArtifact("code", b"4", suffix=".py", text="a = 100% * b_c", title="C++ port")
    )
    said = "A story of a bus in der Straße, an der Wasserstrasse, zu Fuß in Maßen"
    library.add_artifact(NewArtifact("text", b"5", suffix=".txt", text=said, title="One box"))
    return library


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("fox", ["Poem"]),
        ("FOX quick", ["Poem"]),
        ("foxes", ["Poem"]),
        ("boxes", ["One box"]),
        ("stories fox", []),
        ("stories", ["One box"]),
        ("strasse", ["One box"]),
        ("WASSERSTRASSE", ["One box"]),
        ("wasserstraße", ["One box"]),
        ("fuss massen", ["One box"]),
        ("bus", ["One box"]),
        ("buses", ["One box"]),
        ("glass", []),
        ("fluss uber", ["First try"]),
        ("fuchs nothing", []),
        ("first", ["First try"]),
        ("タワー", ["写真"]),
        ("写", ["写真"]),
        ("++", ["C++ port"]),
        ("100%", ["C++ port"]),
        ("_", ["C++ port"]),
        ("", ["One box", "C++ port", "写真", "Poem", "First try"]),
        ("   ", ["One box", "C++ port", "写真", "Poem", "First try"]),
    ],
)
def test_words_are_found(filled: Library, query: str, titles: list[str]) -> None:
    assert [found.title for found in filled.find(query)] == titles
    assert filled.count(query) == len(titles)


@pytest.mark.parametrize(
    "query",
    ['"', '"fox', "fox OR", "NOT fox", "title:fox", "fox*", "(", "NEAR(a b)", "a -b", "^x", "'",
     "; DROP TABLE artifacts", "\\", "%", "\x00", "🦊", "fox\n" * 50],
)  # fmt: skip
def test_no_query_is_an_error(filled: Library, query: str) -> None:
    filled.find(query)
    filled.count(query)
    filled.conversations.search(query)
    filled.conversations.list(query)
    assert filled.count() == 5


def test_changes_reach_the_index(filled: Library) -> None:
    poem = filled.find("poem")[0]
    filled.rename(poem.id, "Sonnet")
    assert filled.count("poem") == 0
    assert filled.count("sonnet") == 1
    filled.bin(poem.id)
    filled.empty_bin()
    assert filled.count("sonnet") == 0


def test_a_huge_text_is_stored_whole_and_searched_at_its_start(library: Library) -> None:
    conversation = library.conversations.create()
    text = "needle " + "hay " * 250_000 + "haystackend"
    message = library.conversations.add_message(conversation.id, None, "user", text)
    assert library.conversations.message(message.id).content == text
    assert library.conversations.search("needle")[0].message.id == message.id
    library.conversations.update_message(message.id, content="short")
    assert library.conversations.search("needle") == []
    library.rebuild()
    assert library.conversations.search("short")


def test_messages_are_found_with_a_snippet(library: Library) -> None:
    talk = library.conversations.create("About trees")
    library.conversations.add_message(talk.id, None, "user", "Tell me about the oak, please")
    (found,) = library.conversations.search("oa")
    assert found.conversation.title == "About trees"
    assert "[oak]" in found.snippet
    assert [c.id for c in library.conversations.list("oak")] == [talk.id]
    assert [c.id for c in library.conversations.list("tree")] == [talk.id]
    library.conversations.bin(talk.id)
    assert library.conversations.search("oak") == []
    assert library.conversations.list("oak") == []

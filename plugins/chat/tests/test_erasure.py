"""A conversation that is erased for good is gone from every file of the home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.testing.scripted import Artifact, Result, Tokens

TURNS = 8
LENGTH = 1000
"""Characters of a question, and of its answer."""


def sentences(who: str, turn: int) -> str:
    """Return a text whose sentences are its own."""
    words = f"In turn {turn} {who} says that the harbour was quiet at {turn + 4} o'clock. "
    return (words * (LENGTH // len(words) + 1))[:LENGTH]


def said() -> list[str]:
    """Return every sentence of the conversation, once."""
    texts = [sentences(who, turn) for turn in range(TURNS) for who in ("asking", "answering")]
    return sorted({each.strip() for text in texts for each in text.split(". ") if len(each) > 40})


def plugins_in(home: Path, sentences: list[str] | None = None) -> list[str]:
    """Return the files of a home in which a sentence is, by default any of the conversation."""
    wanted = [sentence.encode() for sentence in sentences or said()]
    files = [path for path in home.rglob("*") if path.is_file()]
    data = [(path, path.read_bytes()) for path in files]
    return [str(path) for path, bytes_ in data if any(each in bytes_ for each in wanted)]


def hold(desk: Any) -> str:
    """Talk for all turns; return the id of the conversation."""
    for turn in range(TURNS):
        answer = sentences("answering", turn)
        made = Artifact("text", answer.encode(), ".md", text=answer)
        desk.runtime.enqueue(Tokens(answer), made, Result(finish_reason="stop"))
        desk.say(sentences("asking", turn))
    id: str = desk.page.session.id
    return id


def test_of_an_erased_conversation_no_sentence_is_in_any_file_of_the_home(desk: Any) -> None:
    id = hold(desk)
    library = desk.studio.library
    record = library.record(library.conversations.thread(id)[-1].record)
    assert set(record.inputs) == {"messages"}
    assert "messages" not in record.params
    assert not any("cache" in path for path in plugins_in(desk.home)), "no answer lies in a cache"
    draft = f"{sentences('asking', 2)} Not sent."
    desk.page.composer.set_text(draft)
    desk.until(lambda: desk.ctx.settings.get("drafts", {}).get(id) == draft.strip())
    parked = desk.studio.paths.cache / "beginnings" / "model" / "piece.safetensors"
    parked.parent.mkdir(parents=True)
    parked.write_text(sentences("answering", 1))
    assert len(plugins_in(desk.home)) >= 3, "control"
    library.conversations.bin(id)
    library.empty_bin()
    desk.close()
    assert plugins_in(desk.home) == []
    desk.open()
    assert desk.studio.library.verify().ok


def test_messages_deleted_within_a_conversation_go_with_the_bin(desk: Any) -> None:
    id = hold(desk)
    library = desk.studio.library
    desk.page.session.delete(desk.page.session.turns[2])
    desk.settled()
    assert library.stats().binned_messages == 2 * (TURNS - 1)
    library.empty_bin()
    desk.close()
    first = sentences("asking", 0) + sentences("answering", 0)
    kept = [sentence for sentence in said() if sentence in first]
    gone = [sentence for sentence in said() if sentence not in first]
    assert len(gone) >= 2 * (TURNS - 1)
    assert plugins_in(desk.home, gone) == []
    assert plugins_in(desk.home, kept) != []
    desk.open()
    assert desk.studio.library.verify().ok
    assert len(desk.studio.library.conversations.thread(id)) == 2

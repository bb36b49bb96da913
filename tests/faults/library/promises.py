"""Holds a library to the promises of ``saver``: all that was said is there, nothing is torn."""

from __future__ import annotations

import json
from pathlib import Path

from studio.library import Library, MessageState
from studio.protocol.errors import StudioError


def read(said: Path) -> list[tuple[str, str]]:
    """Return the promises; a line that was cut short was not made."""
    lines = said.read_bytes().split(b"\n")[:-1] if said.exists() else []
    return [tuple(json.loads(line)) for line in lines if line]


def check(folder: Path, said: Path) -> list[tuple[str, str]]:
    """Open the library as the next start would and hold it to its word.

    Returns:
        The promises.
    """
    promises = read(said)
    with Library.open(folder) as library:
        assert not library.read_only, library.health
        assert not [news for news in library.news if "damaged" in news], library.news
        hold(library, promises)
        assert not list((folder / "incoming").iterdir())
        library.rebuild()  # what was not promised may have happened or not, there as here
        hold(library, promises)
    return promises


def hold(library: Library, promises: list[tuple[str, str]]) -> None:
    """Check every promise and the health of the whole."""
    erased = {subject for what, subject in promises if what == "erased"}
    binned = {subject for what, subject in promises if what == "binned"}
    for what, subject in promises:
        if what == "record":
            assert library.record(subject).params == {"prompt": "fox"}
        elif what == "artifact" and subject not in erased | binned:
            # One that is about to be erased may be gone already, though nobody said so yet.
            assert library.payload_path(subject).read_bytes()
        elif what == "starred":
            assert library.artifact(subject).starred
        elif what == "conversation":
            assert library.conversations.get(subject).title == "Talk"
        elif what == "message":
            assert library.conversations.message(subject).content == "hello"
        elif what == "reply":
            message = library.conversations.message(subject)
            assert (message.content, message.state) == ("part of a reply", MessageState.COMPLETE)
        elif what == "erased":
            assert not _exists(library, subject)
        elif what == "job":
            assert library.jobs.entry(subject).state == "queued"
    assert library.conversations.search("said long ago")
    assert library.count("saved long ago") == 1
    report = library.verify()
    assert report.ok, list(report.sentences())
    assert not [m for m in _messages(library) if m.state is MessageState.PARTIAL]


def _exists(library: Library, artifact: str) -> bool:
    try:
        library.artifact(artifact)
    except StudioError:
        return False
    return True


def _messages(library: Library) -> list:  # type: ignore[type-arg]
    c = library.conversations
    return [
        m for talk in c.list() for root in c.roots(talk.id) for m in [root, *c.children(root.id)]
    ]

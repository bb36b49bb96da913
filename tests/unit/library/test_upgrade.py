"""A library of format 1: nothing bulky stays in its records, what was erased goes, no more."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec
import pytest

from studio.library import HealthState, Library
from studio.library.storage import schema
from studio.protocol.errors import StudioError
from tests.unit.library.disk_faults import Faults, meets, steps
from tests.unit.library.old_library import PIECE, SAID, SECRET, OldLibrary, files_with


@pytest.fixture
def old(folder: Path) -> OldLibrary:
    return OldLibrary(folder)


def upgrade(folder: Path) -> None:
    """Start and end a studio: the library is brought up to date beside the window."""
    with Library.open(folder) as library:
        library.maintain()


def check_whole(old: OldLibrary) -> None:
    """Check that a library of the new format has all that it had, and no more."""
    assert files_with(SECRET, old.folder) == []
    with Library.open(old.folder) as library:
        assert not library.read_only
        thread = library.conversations.thread(old.talk)
        assert [message.content for message in thread] == [SAID] * 6
        for number, id in enumerate(old.replies):
            record = library.record(id)
            assert record.params == {"top_k": 40}
            assert set(record.inputs) == {"messages"}, number
            assert record.conversation == old.talk
        assert library.record(old.failed).params == {"prompt": "a fox"}
        rendered = library.record(old.rendered)
        assert rendered.params == {"format": "wav"}
        assert library.inputs_of(rendered) == {"piece": msgspec.json.encode(PIECE)}
        assert library.payload_path(old.sound).read_bytes().startswith(b"RIFF")
        report = library.verify()
        assert report.ok, list(report.sentences())
        assert library.stats().records == 5
        library.rebuild()
        assert library.record(old.replies[0]).conversation == old.talk
        assert library.stats().records == 5


def test_what_was_erased_before_is_nowhere_and_what_was_kept_is_whole(old: OldLibrary) -> None:
    assert len(files_with(SECRET, old.folder)) >= 4, "control"
    upgrade(old.folder)
    check_whole(old)


def test_the_record_of_a_conversation_has_its_digest_and_no_word_of_it(old: OldLibrary) -> None:
    upgrade(old.folder)
    with Library.open(old.folder) as library:
        record = library.record(old.replies[0])
        turns = [{"role": role, "content": SAID} for role in ("user", "assistant")]
        assert record.inputs["messages"] == hashlib.sha256(msgspec.json.encode(turns)).hexdigest()
        with pytest.raises(StudioError, match=r"cannot be run.*messages"):
            library.inputs_of(record)
    records = old.folder / "history" / "records" / "2026-11.jsonl"
    assert SAID.encode() not in records.read_bytes()


def test_backups_are_brought_up_to_date_and_that_of_the_old_format_goes(old: OldLibrary) -> None:
    upgrade(old.folder)
    backups = sorted(path.name for path in (old.folder / "backups").iterdir())
    assert "library-2026-11-20.db" in backups
    assert "library-format-1.db" not in backups
    with closing(sqlite3.connect(old.folder / "backups" / "library-2026-11-20.db")) as copy:
        assert schema.version(copy) == schema.latest()
        assert copy.execute("SELECT count(*) FROM messages").fetchone()[0] == 6


def test_an_old_studio_says_that_a_newer_one_wrote_it(
    old: OldLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(old.folder)
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
    with Library.open(old.folder) as library:
        assert library.health.state is HealthState.READ_ONLY
        assert "newer version" in library.health.message
        assert len(library.conversations.thread(old.talk)) == 6


def test_reading_an_old_library_shows_the_same_and_changes_nothing(old: OldLibrary) -> None:
    before = {path: path.read_bytes() for path in old.folder.rglob("*.jsonl")}
    with Library.open(old.folder, read_only=True) as library:
        assert library.record(old.replies[0]).params == {"top_k": 40}
        assert len(library.conversations.thread(old.talk)) == 6
    assert {path: path.read_bytes() for path in old.folder.rglob("*.jsonl")} == before


def test_a_database_that_is_made_again_from_old_files_is_brought_up_to_date(
    old: OldLibrary,
) -> None:
    (old.folder / "library.db").write_bytes(b"not a database at all" * 1000)
    upgrade(old.folder)
    left = files_with(SECRET, old.folder)
    assert left == []
    with Library.open(old.folder) as library:
        assert library.record(old.replies[0]).params == {"top_k": 40}
        assert library.inputs_of(library.record(old.rendered))


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("fault", "lasts", "first"),
    [("kill", False, 1), ("full", False, 3), ("broken", False, 5), ("full", True, 7)],
    ids=["killed", "full once", "broken", "full"],
)
def test_whatever_step_of_the_upgrade_fails_the_next_start_ends_it(
    tmp_path: Path, fault: str, lasts: bool, first: int
) -> None:
    old = OldLibrary(tmp_path / "0")
    for nth in steps(first, 8):
        old.folder = tmp_path / str(nth)
        shutil.copytree(tmp_path / "0", old.folder)
        met = meets(Faults(nth, fault, lasts=lasts), partial(upgrade, old.folder))
        upgrade(old.folder)
        check_whole(old)
        if not met:
            break
    assert nth > 12, "it has so many steps"

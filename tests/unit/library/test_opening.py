"""Opening: a second studio, a newer or older database, what a crash left: each a normal case."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.library import HealthState, Library
from studio.library.storage import schema, startup
from studio.protocol.errors import Cancelled, ErrorCode, StudioError


def released(number: int) -> bytes:
    """Return a small database as the studio with this format wrote it."""
    path = Path(__file__).parent / "fixtures" / f"format-{number}.db.gz"
    return gzip.decompress(path.read_bytes())


def test_a_second_studio_reads_and_says_who_writes(library: Library, folder: Path) -> None:
    saved = library.add_artifact(NewArtifact("text", b"x", suffix=".txt", title="first"))
    with Library.open(folder) as second:
        assert second.read_only
        assert second.health.state is HealthState.READ_ONLY
        assert second.health.writer > 0
        assert str(second.health.writer) in second.health.message
        assert second.artifact(saved.id) == saved
        library.rename(saved.id, "while both are open")
        assert second.artifact(saved.id).title == "while both are open"
        for write in (
            lambda: second.add_artifact(NewArtifact("text", b"y", suffix=".txt")),
            lambda: second.bin(saved.id),
            second.conversations.create,
            lambda: second.add_record("a.b", {}),
            lambda: second.jobs.journal_start("j", "a.b"),
            second.check_room,
            second.rebuild,
        ):
            with pytest.raises(StudioError) as caught:
                write()
            assert caught.value.code is ErrorCode.READ_ONLY
            assert caught.value.hint
        second.maintain()
    library.close()
    with Library.open(folder) as third:
        assert not third.read_only


def test_opening_for_reading_changes_no_file(library: Library, folder: Path) -> None:
    library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
    library.close()

    def files() -> dict[Path, int]:  # SQLite itself needs two beside the database, even to read
        found = (path for path in folder.rglob("*") if path.suffix not in (".db-wal", ".db-shm"))
        return {path: path.stat().st_mtime_ns for path in found}

    before = files()
    before.pop(folder, None)
    with Library.open(folder, read_only=True) as reading:
        assert reading.count() == 1
    assert {path: when for path, when in files().items() if path != folder} == before


def test_a_newer_database_is_shown_but_not_changed(library: Library, folder: Path) -> None:
    saved = library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
    library.close()
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.execute("ALTER TABLE artifacts ADD COLUMN mood TEXT")
        connection.execute(f"PRAGMA user_version = {schema.latest() + 1}")
    with Library.open(folder) as old:
        assert old.read_only
        assert "newer version" in old.health.message
        assert old.artifact(saved.id) == saved
        with pytest.raises(StudioError, match="newer version"):
            old.star(saved.id)


@pytest.mark.parametrize("number", range(1, schema.latest() + 1))
def test_every_released_database_opens(folder: Path, number: int) -> None:
    folder.mkdir()
    (folder / "library.db").write_bytes(released(number))
    with Library.open(folder) as library:
        assert not library.read_only
        assert library._database.value("PRAGMA user_version") == schema.latest()
        assert library._database.problem() == ""
        (fox,) = library.find("fox")
        assert fox.starred
        assert library.record(fox.record).params == {"prompt": "a red fox"}
        (talk,) = library.conversations.list("hello")
        assert [m.content for m in library.conversations.thread(talk.id)] == ["hello", "Hi!"]
        library.conversations.add_message(talk.id, None, "user", "more")


def test_the_last_fixture_is_what_is_written_today(library: Library, folder: Path) -> None:
    """When this fails a released step was edited, or a new one has no fixture yet."""
    last = folder.with_name("last.db")
    last.write_bytes(released(schema.latest()))
    query = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    with closing(sqlite3.connect(last)) as connection:
        fixture = connection.execute(query).fetchall()
    assert [tuple(row) for row in library._database.all(query)] == fixture


ADD_MOOD = "ALTER TABLE artifacts ADD COLUMN mood TEXT NOT NULL DEFAULT '';"


def test_a_migration_makes_a_checked_copy_first(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
    library.close()
    old = schema.latest()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ADD_MOOD))
    with Library.open(folder) as new:
        assert new._database.value("PRAGMA user_version") == old + 1
        assert new.artifact(saved.id) == saved
    with closing(sqlite3.connect(folder / "backups" / f"library-format-{old}.db")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone()[0] == old
        assert copy.execute("SELECT id FROM artifacts").fetchone()[0] == saved.id


def test_a_migration_that_fails_leaves_the_old_database(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
    library.close()
    old = schema.latest()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ADD_MOOD + "SELECT nonsense;"))
        with pytest.raises(StudioError), Library.open(folder):
            pass
    with Library.open(folder) as again:
        assert not again.read_only
        assert again._database.value("PRAGMA user_version") == old
        assert again.artifact(saved.id) == saved


def test_damage_in_the_middle_of_a_session_stops_the_writing(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.library.storage.startup._CHECKED_AT_START", 0)  # as a large one is
    saved = library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
    library.close()
    with Library.open(folder) as sick:
        monkeypatch.setattr(sick._database, "problem", lambda: "page 7 is nonsense")
        with pytest.raises(StudioError, match="damaged"):
            sick.maintain()
        assert sick.health.state is HealthState.FAULTY
        assert "Restart" in sick.health.hint
        with pytest.raises(StudioError, match="damaged"):
            sick.star(saved.id)
        assert sick.artifact(saved.id) == saved
    database = folder / "library.db"
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    database.write_bytes(data)
    with Library.open(folder) as well:  # it was told to look at the whole
        assert "damaged" in well.news[0]
        assert well.artifact(saved.id) == saved
    with Library.open(folder) as again:
        assert again.news == []


def test_a_damaged_page_that_a_query_meets_is_one_sentence(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        library.jobs.journal_start(f"{number}", "a.b", {"text": "x" * 500})
    library.close()
    database = folder / "library.db"
    data = bytearray(database.read_bytes())
    data[-20 * 4096 :] = b"\xff" * 20 * 4096
    database.write_bytes(data)
    monkeypatch.setattr("studio.library.storage.startup._CHECKED_AT_START", 0)
    with Library.open(folder) as sick:
        with pytest.raises(StudioError, match="damaged"):
            sick.jobs.recent(1000)
        assert sick.health.state is HealthState.FAULTY
    with Library.open(folder) as well:
        assert "damaged" in well.news[0]
        assert well.health.state is HealthState.OK


def test_a_foreign_database_is_put_aside_not_overwritten(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.execute("PRAGMA application_id = 77")
        connection.commit()
    with Library.open(folder) as library:
        assert "another application" in library.news[0]
        assert not library.read_only
    with closing(sqlite3.connect(folder / "library.broken-1.db")) as kept:
        assert kept.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_the_promises_to_the_disk_are_kept(waits_for_the_disk: None, library: Library) -> None:
    with library._database.exclusive() as connection:

        def pragma(name: str) -> object:
            return connection.execute(f"PRAGMA {name}").fetchone()[0]

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("foreign_keys") == 1
        assert pragma("trusted_schema") == 0
        assert pragma("application_id") == schema.APPLICATION_ID
    reader = library._database._reader()
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("DELETE FROM artifacts")


def test_a_clock_set_back_does_not_disorder_the_library(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    first = library.add_artifact(NewArtifact("text", b"1", suffix=".txt"))
    library.close()
    monkeypatch.setattr(time, "time_ns", lambda: 10**18)
    monkeypatch.setattr("studio.library.storage.ulid._clock", type(_clock())())
    with Library.open(folder) as again:
        second = again.add_artifact(NewArtifact("text", b"2", suffix=".txt"))
        assert [found.id for found in again.find()] == [second.id, first.id]


def _clock() -> object:
    from studio.library.storage import ulid

    return ulid._clock


def test_another_program_that_holds_the_database_is_one_sentence(
    library: Library, folder: Path
) -> None:
    with library._database.exclusive() as connection:
        connection.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(folder / "library.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StudioError, match="another program") as caught:
            library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
        assert caught.value.code is ErrorCode.BUSY
        assert library.count() == 0
        other.execute("ROLLBACK")
    assert library.health.state is HealthState.OK
    library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))


def test_a_mistake_of_ours_is_not_blamed_on_the_disk(library: Library) -> None:
    record = library.add_record("a.b", {})
    with pytest.raises(sqlite3.IntegrityError):
        library.add_record("a.b", {}, id=record.id)
    assert library.health.state is HealthState.OK
    assert library.record(record.id) == record


def test_a_closed_library_says_so(library: Library) -> None:
    library.close()
    library.close()
    with pytest.raises(StudioError, match="closed"):
        library.count()
    with pytest.raises(StudioError):
        library.conversations.create()


def test_two_libraries_do_not_meet(tmp_path: Path) -> None:
    with Library.open(tmp_path / "a") as one, Library.open(tmp_path / "b") as two:
        one.add_artifact(NewArtifact("text", b"1", suffix=".txt"))
        assert not two.read_only
        assert two.count() == 0


def test_what_leftovers_cannot_be_understood_are_swept(library: Library, folder: Path) -> None:
    library.close()
    incoming = folder / "incoming"
    (incoming / "X.part").write_bytes(b"half")
    (incoming / "X.json").write_bytes(b"{}")
    (incoming / "Y.json").write_bytes(b"\xff")
    with Library.open(folder) as again:
        assert again.count() == 0
        assert list(incoming.iterdir()) == []


def test_a_damaged_library_is_repaired_beforehand_and_says_how_far(folder: Path) -> None:
    with Library.open(folder) as library:
        for number in range(150):
            library.add_artifact(NewArtifact("text", b"%d" % number, ".txt"))
    (folder / "library.db").write_bytes(b"no database " * 1000)

    def stops(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        startup.repair(folder, stops)
    told: list[tuple[int, int]] = []
    assert startup.repair(folder, lambda *far: told.append(far)) == [], "told when it was put aside"
    assert told == [(0, 150), (100, 150)]
    assert startup.repair(folder, stops) == [], "the control: a sound one is left alone"
    with Library.open(folder) as library:
        assert library.stats().kinds == {"text": 150}
        assert startup.repair(folder, stops) == [], "another studio has it"
    (folder / "library.db").write_bytes(b"no database " * 1000)
    (news,) = startup.repair(folder, lambda *far: None)
    assert "has been rebuilt from your files" in news

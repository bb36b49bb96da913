"""The database is an index: whatever happens to it, files and history make the same one again."""

from __future__ import annotations

import gc
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.library import Library
from studio.library.storage import database
from studio.library.storage.event_log import EventLog
from studio.protocol.errors import StudioError
from studio.testing.guards import THOROUGH

Rows = Callable[[], dict[str, list[dict[str, object]]]]


def fill(library: Library) -> None:
    """Do a bit of everything."""
    c = library.conversations
    record = library.add_record("image.generate", {"prompt": "fox", "steps": 20}, seed=3)
    library.records.complete(record.id, seconds=2.5, device="cpu", machine="gpu-box")
    library.add_record("chat.reply", {"prompt": "no artifact came of this"})
    images = [
        library.add_artifact(
            NewArtifact("image", b"%d" % n, suffix=".png", title=f"n {n}", preview=b"p%d" % n),
            record=record.id,
        )
        for n in range(5)
    ]
    library.add_artifact(
        NewArtifact("text", b"made of", suffix=".txt", text="words"),
        inputs=[images[0].id, images[1].id],
    )
    library.star(images[1].id)
    library.rename(images[2].id, "renamed")
    library.bin([images[3].id, images[4].id])
    library.restore(images[4].id)
    library.empty_bin()
    best = library.collections.create("Best")
    library.collections.put(best.id, [images[2].id, images[0].id])
    library.collections.remove(library.collections.create("Gone").id)
    library.tags.add("keep", [images[0].id, images[1].id])
    library.tags.remove("keep", [images[1].id])
    talk = c.create("Talk", folder="Work", system="s", settings={"a": [1]})
    question = c.add_message(talk.id, None, "user", "q", artifacts=[images[0].id])
    answer = c.add_message(talk.id, question.id, "assistant", "a", extra={"n": 1})
    c.edit(question.id, "q2")
    c.set_head(talk.id, answer.id)
    c.delete_branch(answer.id)
    c.pin(talk.id)
    c.bin(c.create("Binned").id)
    erased = c.create("Erased")
    c.add_message(erased.id, None, "user", "x")
    library.erase([erased.id])


def delete(database: Path) -> None:
    database.unlink()


def empty(database: Path) -> None:
    database.write_bytes(b"")


def delete_and_leave_the_log(database: Path) -> None:
    database.with_name(database.name + "-wal").write_bytes(database.read_bytes()[:40_000])
    database.unlink()


def halve(database: Path) -> None:
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])


def overwrite_start(database: Path) -> None:
    database.write_bytes(b"not a database!!" * 64 + database.read_bytes()[1024:])


def flip_pages(count: int) -> Callable[[Path], None]:
    def flip(database: Path) -> None:
        data = bytearray(database.read_bytes())
        pages = len(data) // 4096
        for page in random.Random(1).sample(range(1, pages), min(count, pages - 1)):
            data[page * 4096 : page * 4096 + 4096] = random.Random(page).randbytes(4096)
        database.write_bytes(data)

    return flip


def drop_a_table(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE collections")


@pytest.mark.parametrize(
    "harm",
    [
        drop_a_table,
        delete,
        delete_and_leave_the_log,
        empty,
        halve,
        overwrite_start,
        flip_pages(1),
        flip_pages(10),
        flip_pages(100),
    ],
)
def test_a_lost_database_is_made_again(
    library: Library, folder: Path, rows: Rows, harm: Callable[[Path], None]
) -> None:
    fill(library)
    library.close()
    before = rows()
    harm(folder / "library.db")
    with Library.open(folder) as again:
        assert again.verify().ok
        assert again.count("renamed") == 1
        told, kept = again.news, sorted(path.name for path in folder.glob("library.broken-*"))
        assert not again.read_only
    assert rows() == before
    assert before["artifacts"]
    quiet = (delete, delete_and_leave_the_log, empty)
    assert bool(told) == (harm not in quiet)
    if told:
        assert kept[0] in told[0]


def test_rebuilding_a_sound_database_changes_nothing(
    library: Library, folder: Path, rows: Rows
) -> None:
    fill(library)
    library.jobs.journal_start("job", "a.b")
    before = rows()
    library.rebuild()
    assert rows() == before
    assert [job.id for job in library.jobs.unfinished()] == ["job"]


def test_an_erased_artifact_does_not_come_back(library: Library, folder: Path) -> None:
    saved = library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
    library.bin(saved.id)
    library.empty_bin()
    library.rebuild()
    assert library.count() == library.count(binned=True) == 0


def test_a_broken_sidecar_costs_the_recipe_only(library: Library, folder: Path) -> None:
    saved = library.add_artifact(NewArtifact("image", b"x", suffix=".png", title="Fox"))
    whole = library.add_artifact(NewArtifact("image", b"y", suffix=".png", title="Bee"))
    (folder / "objects" / saved.digest[:2] / f"{saved.digest}.{saved.id}.json").write_text("{")
    assert library.verify().sidecars == (saved.id,)
    assert library.artifact(saved.id).title == "Fox"
    library.rebuild()
    assert library.artifact(whole.id) == whole
    salvaged = library.artifact(saved.id)
    assert (salvaged.kind, salvaged.bytes) == ("image", 1)
    assert "unreadable" in salvaged.title
    assert library.payload_path(salvaged).read_bytes() == b"x"


@pytest.mark.parametrize(
    "line",
    [b"{", b"\xff\xfe\n", b"[]\n", b"7\n", b'{"message": {"id": 5}}\n', b'{"set": 3}\n', b"\n",
     b'{"conversation": "x"}\n', b'{"bin": ["nobody"], "at": 1}\n', b'{"erased"'],
)  # fmt: skip
def test_a_bad_line_of_history_does_not_cost_the_others(
    library: Library, folder: Path, rows: Rows, line: bytes
) -> None:
    fill(library)
    before = rows()
    for path in (folder / "history").rglob("*.jsonl"):
        path.write_bytes(line + (b"" if line.endswith(b"\n") else b"\n") + path.read_bytes())
    library.rebuild()
    assert rows() == before


def test_a_conversation_whose_beginning_is_lost_keeps_its_messages(
    library: Library, folder: Path
) -> None:
    c = library.conversations
    talk = c.create("Title")
    c.add_message(talk.id, None, "user", "still here")
    path = folder / "history" / "conversations" / f"{talk.id}.jsonl"
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    library.rebuild()
    assert [message.content for message in c.thread(talk.id)] == ["still here"]


def test_history_continues_after_a_torn_line(tmp_path: Path) -> None:
    history = EventLog(tmp_path)
    history.append("a/b", {"n": 1})
    with (tmp_path / "a" / "b.jsonl").open("ab") as file:
        file.write(b'{"n": 2')
    history.append("a/b", {"n": 3}, {"n": 4})
    assert list(history.read("a/b")) == [{"n": 1}, {"n": 3}, {"n": 4}]
    assert history.streams("a/") == ["a/b"]
    history.forget("a/b")
    assert list(history.read("a/b")) == []


@pytest.mark.slow
def test_thousands_of_artifacts_are_made_again(library: Library, folder: Path, rows: Rows) -> None:
    from studio.base import disk  # so many syncs would test the disk, not the rebuild

    many = 10_000 if THOROUGH else 2_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "sync_file", lambda fd: None)
        patch.setattr(disk, "sync_folder", lambda folder: None)
        with library._database.exclusive() as connection:
            connection.execute("PRAGMA synchronous = OFF")
        record = library.add_record("a.b", {"prompt": "many"})
        for n in range(many):
            library.add_artifact(
                NewArtifact("text", b"%d" % n, suffix=".txt", title=f"{n}"), record=record.id
            )
    library.close()
    before = rows()
    (folder / "library.db").unlink()
    with Library.open(folder) as again:
        assert again.count() == many
    assert rows() == before


def test_a_table_that_is_lost_meanwhile_is_damage_that_the_next_start_mends(
    library: Library, folder: Path
) -> None:
    with closing(sqlite3.connect(folder / "library.db")) as connection, connection:
        connection.execute("DROP TABLE collections")
    with pytest.raises(StudioError, match="is damaged") as told:
        library.collections.list()
    assert "rebuild it from your files" in told.value.hint
    library.close()
    with Library.open(folder) as again:
        assert again.collections.list() == []
        assert "without its table collections" in again.news[0]


def test_a_reader_that_could_not_connect_is_let_go_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(sqlite3.OperationalError):
        database._Reader(f"file:{tmp_path / 'none.db'}?mode=ro")
    gc.collect()
    assert capfd.readouterr().err == ""


def test_a_damaged_file_of_a_plugins_kind_is_what_its_suffix_says(library: Library) -> None:
    def add(suffix: str, kind: str, broken: bool) -> str:
        payload = f"{suffix} {kind} {broken}".encode()
        saved = library.add_artifact(NewArtifact(kind, payload, suffix=suffix))
        if broken:
            library._store.sidecar_path(saved.digest, saved.id).write_text("{")
        return saved.id

    declared = add(".mesh", "mesh", broken=True)
    gone = [add(".swatch", "palette", broken) for broken in (True, False)]
    nobody = add(".odd", "odd", broken=True)
    library.rebuild({".mesh": "mesh", ".png": "not-a-picture"})
    kinds = {id: library.artifact(id).kind for id in (declared, *gone, nobody)}
    assert kinds == {declared: "mesh", gone[0]: "palette", gone[1]: "palette", nobody: "text"}
    assert [found.id for found in library.find(order="oldest")] == [declared, *gone, nobody]

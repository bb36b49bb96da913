"""Erasing for good: of what is erased nothing is left anywhere, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.library import Library
from studio.library.storage import schema
from studio.protocol.caches import PROMPT_CACHE
from studio.protocol.errors import ErrorCode, StudioError
from tests.unit.library.disk_faults import Faults, meets, steps
from tests.unit.library.old_library import files_with

SECRET = "nobody is to read this again"
KEPT = "this stays"


def talk(library: Library, words: str) -> str:
    """Hold a conversation as a page does; return its id."""
    c = library.conversations
    id = c.create(words, system=words).id
    asked = c.add_message(id, None, "user", words)
    record = library.add_record(
        "chat.reply", {"system": words}, conversation=id, inputs={"messages": "0" * 64}
    )
    library.jobs.journal_start(f"job-{id}", "chat.reply", title=words, record=record.id)
    reply = c.begin_reply(id, asked.id, record=record.id)
    reply.append(words)
    c.finish_reply(reply)
    return id


def picture(library: Library, words: str) -> str:
    """Make an artifact from something that was handed in; return its id."""
    given = {"image": digest(words)}
    record = library.add_record("image.generate", {"prompt": words}, inputs=given)
    library.keep_inputs({digest(words): words.encode()})
    made = library.add_artifact(
        NewArtifact(
            "image",
            f"payload: {words}".encode(),
            suffix=".png",
            title=words,
            text=words,
            preview=f"preview: {words}".encode(),
        ),
        record=record.id,
    )
    library.rename(made.id, f"{words} renamed")
    return made.id


def digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def filled(folder: Path) -> list[str]:
    """Make a library with things that stay and things that go, backed up; return what goes."""
    with Library.open(folder) as library:
        talk(library, KEPT)
        picture(library, KEPT)
        doomed = [talk(library, SECRET), picture(library, SECRET)]
        library.maintain()
        assert list((folder / "backups").glob("library-*.db"))
    return doomed


def erase(folder: Path, ids: list[str]) -> None:
    with Library.open(folder) as library:
        library.erase(ids)


def check_erased(folder: Path) -> None:
    assert files_with(SECRET, folder) == []
    with Library.open(folder) as library:
        (kept,) = library.conversations.list()
        assert [m.content for m in library.conversations.thread(kept.id)] == [KEPT, KEPT]
        (shown,) = library.find()
        assert library.payload_path(shown).read_bytes() == f"payload: {KEPT}".encode()
        assert library.inputs_of(library.record(shown.record)) == {"image": KEPT.encode()}
        assert library.stats().records == 2
        assert len(library.jobs.recent()) == 1
        report = library.verify()
        assert report.ok, list(report.sentences())
        library.rebuild()
        assert (library.count(), library.stats().conversations) == (1, 1)


def test_of_what_is_erased_no_file_of_the_library_has_a_word(folder: Path) -> None:
    doomed = filled(folder)
    assert len(files_with(SECRET, folder)) > 5, "control"
    erase(folder, doomed)
    check_erased(folder)


def test_the_words_of_what_is_erased_are_in_no_index(folder: Path) -> None:
    doomed = filled(folder)
    erase(folder, doomed)
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        for name in schema.SEARCHES:
            blocks = connection.execute(f"SELECT block FROM {name}_data").fetchall()
            assert not any(b"nobody" in block for (block,) in blocks), name


def test_what_others_need_stays(library: Library, folder: Path) -> None:
    record = library.add_record("image.generate", {"prompt": "two"}, inputs={"image": digest("x")})
    library.keep_inputs({digest("x"): b"x"})
    first, second = (
        library.add_artifact(NewArtifact("image", b"same", suffix=".png"), record=record.id)
        for _ in "ab"
    )
    library.erase([first.id])
    assert library.record(record.id) == record
    assert library.payload_path(second).read_bytes() == b"same"
    assert library.inputs_of(record) == {"image": b"x"}
    library.erase([second.id])
    with pytest.raises(StudioError):
        library.record(record.id)
    assert list((folder / "objects").rglob("*.*")) == []


def test_an_artifact_goes_although_it_was_handed_to_another_job(library: Library) -> None:
    old = library.add_artifact(NewArtifact("image", b"old", suffix=".png"))
    record = library.add_record("image.enlarge", {}, inputs={"image": old.digest})
    library.keep_inputs({old.digest: b"old"})
    library.add_artifact(
        NewArtifact("image", b"large", suffix=".png"), record=record.id, inputs=[old.id]
    )
    assert library.inputs_of(record) == {"image": b"old"}
    library.erase([old.id])
    with pytest.raises(StudioError, match=r"cannot be run.*\(image\).*erased"):
        library.inputs_of(record)
    assert library.verify().ok


def test_an_emptied_bin_takes_what_was_deleted_within_a_conversation(
    library: Library, folder: Path
) -> None:
    c = library.conversations
    id = talk(library, KEPT)
    last = c.thread(id)[-1]
    record = library.add_record("chat.reply", {"system": SECRET}, conversation=id)
    asked = c.add_message(id, last.id, "user", SECRET)
    answer = c.add_message(id, asked.id, "assistant", SECRET, record=record.id)
    other = c.edit(answer.id, SECRET)
    library.maintain()  # the backup shows what goes
    c.delete_branch(asked.id)
    library.empty_bin(older_than=60)
    assert c.restore_branch(asked.id).head == other.id, "it is too young to go"
    c.delete_branch(asked.id)
    library.empty_bin()
    assert [m.content for m in c.thread(id)] == [KEPT, KEPT]
    assert library.stats().messages == 2
    with pytest.raises(StudioError):
        library.record(record.id)
    assert library.record(last.record).conversation == id
    assert library.verify().ok
    library.close()
    assert files_with(SECRET, folder) == []
    (copy,) = (folder / "backups").glob("library-*.db")
    with closing(sqlite3.connect(copy)) as backup:
        assert backup.execute("SELECT head FROM conversations").fetchall() == [(last.id,)]
    with Library.open(folder) as again:
        again.rebuild()
        assert [m.content for m in again.conversations.thread(id)] == [KEPT, KEPT]


def test_what_is_not_there_is_refused_and_nothing_is_erased(library: Library) -> None:
    there = library.add_artifact(NewArtifact("text", b"x", suffix=".txt"))
    with pytest.raises(StudioError) as no:
        library.erase([there.id, "nothing"])
    assert no.value.code is ErrorCode.NOT_FOUND
    assert library.artifact(there.id) == there


def test_a_reply_that_is_being_written_is_not_brought_back(library: Library, folder: Path) -> None:
    id = library.conversations.create("Talk").id
    reply = library.conversations.begin_reply(id, None)
    reply.append(SECRET)
    library.erase([id])
    reply.append(SECRET)
    with pytest.raises(StudioError):
        library.conversations.finish_reply(reply)
    reply.close()
    library.close()
    assert files_with(SECRET, folder) == []
    with Library.open(folder) as again:
        assert again.conversations.list() == []


def test_verify_finds_what_is_left_and_it_can_be_erased(library: Library, folder: Path) -> None:
    picture(library, KEPT)
    library.add_record("chat.reply", {"system": SECRET}, conversation="gone")
    library.keep_inputs({digest(SECRET): SECRET.encode()})
    stray = folder / "history" / "conversations" / "01M8HA8TM7MFYG04808M2WHAK5.jsonl"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text(json.dumps({"message": SECRET}) + "\n")
    (folder / "history" / "erased.jsonl").write_text(json.dumps({"id": stray.stem}) + "\n")
    (folder / "library.broken-1.db").write_text(SECRET)
    report = library.verify()
    assert not report.ok
    assert {name.split()[0] for name in report.left} == {"record", "conversation", "input"}
    assert report.broken == ("library.broken-1.db",)
    assert any("--left" in sentence for sentence in report.sentences())
    assert len(library.erase_leftovers()) == 4
    assert library.verify().ok
    library.close()
    assert files_with(SECRET, folder) == []


def test_verify_finds_deleted_messages_that_a_history_or_a_backup_still_has(
    library: Library, folder: Path
) -> None:
    c = library.conversations
    id = talk(library, KEPT)
    asked = c.add_message(id, c.thread(id)[-1].id, "user", SECRET)
    library.maintain()
    (backup,) = (folder / "backups").glob("library-*.db")
    history = folder / "history" / "conversations" / f"{id}.jsonl"
    before = backup.read_bytes(), history.read_bytes()
    assert library.verify().left == (), "what is there is not left over"
    c.delete_branch(asked.id)
    library.empty_bin()
    assert library.verify().ok
    for path, old in zip((backup, history), before, strict=True):
        path.write_bytes(old)
        assert library.verify().left == (f"message {asked.id}",), path.name
        assert library.erase_leftovers() == [f"message {asked.id}"]
        assert library.verify().ok
    library.close()
    assert files_with(SECRET, folder) == []
    with Library.open(folder) as again:
        again.rebuild()
        assert [m.content for m in again.conversations.thread(id)] == [KEPT, KEPT]


def test_caches_and_settings_that_outlived_an_erasure_are_found(tmp_path: Path) -> None:
    paths = StudioPaths.default(tmp_path / "home")
    prompts = paths.cache / PROMPT_CACHE / "model"
    of_plugin = paths.cache / "plugins" / "image"
    aside = [paths.home / f"{name}.broken-1.json" for name in ("settings", "state")]
    files = [prompts / "a.safetensors", of_plugin / "deep" / "b.bin", *aside]

    def plant(moment: float) -> None:
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(SECRET)
            os.utime(path, (moment, moment))

    with Library.open(paths) as library:
        plant(1.0)
        assert library.verify().ok, "nothing was erased yet"
        record = library.add_record("image.generate", {}, plugin="image")
        made = library.add_artifact(NewArtifact("image", b"x", suffix=".png"), record=record.id)
        library.erase([made.id])
        assert [path for path in files if path.exists()] == []
        plant(1.0)
        names = {f"file {path.relative_to(paths.home).as_posix()}" for path in files}
        assert set(library.verify().left) == names
        assert set(library.erase_leftovers()) == names
        assert library.verify().ok
        assert not any(path.exists() for path in files)
        plant(time.time() + 60)
        assert library.verify().ok, "the control: what came later belongs to what is there"


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("fault", "lasts", "first"), [("kill", False, 1), ("full", True, 3)], ids=["killed", "full"]
)
def test_whatever_step_fails_it_is_erased_by_the_next_start_or_not_begun(
    tmp_path: Path, fault: str, lasts: bool, first: int
) -> None:
    doomed = filled(tmp_path / "0")
    for nth in steps(first, 4):
        folder = tmp_path / str(nth)
        shutil.copytree(tmp_path / "0", folder)
        met = meets(Faults(nth, fault, lasts=lasts), partial(erase, folder, doomed))
        with Library.open(folder) as library:
            begun = {id for id in doomed if not there(library, id)}
            if not begun:
                library.erase(doomed)
            else:
                assert begun == set(doomed), "all of it, or none"
                library.maintain()
        check_erased(folder)
        if not met:
            break
    assert nth > 12, "it has so many steps"


def there(library: Library, id: str) -> bool:
    for look_up in (library.artifact, library.conversations.get):
        try:
            look_up(id)
        except StudioError:
            continue
        return True
    return False


def test_a_save_that_was_cut_short_is_no_trace_of_something_erased(
    library: Library, folder: Path
) -> None:
    stray = folder / "history" / "conversations" / "01M8HA8TM7MFYG04808M2WHAK6.jsonl"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text(json.dumps({"message": KEPT}) + "\n")
    assert library.verify().left == ()
    assert library.erase_leftovers() == []
    assert stray.exists()

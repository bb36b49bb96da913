"""Copies out of the library: exports, backups, and the check-up that says what is missing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.library import Library, export
from studio.library.export import file_name
from studio.library.upkeep import library_copy
from studio.protocol.errors import ErrorCode, StudioError


def test_an_export_is_a_copy_that_replaces_nothing(library: Library, tmp_path: Path) -> None:
    saved = library.add_artifact(NewArtifact("image", b"x", suffix=".png", title="Red fox"))
    out = tmp_path / "new" / "folder"
    copy = library.export(saved.id, out)
    assert copy == out / "Red fox.png"
    assert copy.read_bytes() == b"x"
    assert library.export(saved.id, out).name == "Red fox (2).png"
    assert sorted(path.name for path in out.iterdir()) == ["Red fox (2).png", "Red fox.png"]


def test_an_export_without_payload_says_so(library: Library, tmp_path: Path) -> None:
    saved = library.add_artifact(NewArtifact("image", b"x", suffix=".png", title="Gone"))
    library.payload_path(saved).unlink()
    with pytest.raises(StudioError, match="is missing from the library") as caught:
        library.export(saved.id, tmp_path / "out")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_an_export_onto_a_file_is_refused_in_words(library: Library, tmp_path: Path) -> None:
    saved = library.add_artifact(NewArtifact("image", b"x", suffix=".png"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudioError, match="Could not export"):
        library.export(saved.id, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a/b\\c:d*e", "a b c d e.png"),
        ("../../etc/passwd", "etc passwd.png"),
        ("", "result.png"),
        ("...", "result.png"),
        ("CON", "result CON.png"),
        ("com1.txt", "result com1.txt.png"),
        ("trailing. ", "trailing.png"),
        ("new\nline\x00\u202e", "newline.png"),
        ("🦊 e\u0301", "🦊 é.png"),
        ("-rf", "-rf.png"),
        ("7 of drugs.PNG", "7 of drugs.png"),
    ],
)
def test_names_are_taken_by_any_file_system(title: str, name: str, tmp_path: Path) -> None:
    assert file_name(title, ".png") == name
    (tmp_path / name).write_bytes(b"")


def test_a_result_is_called_as_its_task_named_it(library: Library, tmp_path: Path) -> None:
    saved = library.add_artifact(
        NewArtifact(
            "code", b"x", suffix=".py", title="A function add(a, b) that …", meta={"file": "add"}
        )
    )
    assert library.export(saved.id, tmp_path).name == "add.py"


def test_a_long_title_is_cut_between_characters() -> None:
    name = file_name("🦊" * 400, ".png")
    assert len(os.fsencode(name)) <= 255
    assert set(name[:-4]) == {"🦊"}


def test_a_backup_is_a_home_that_opens(library: Library, tmp_path: Path) -> None:
    saved = library.add_artifact(
        NewArtifact("image", b"x", suffix=".png", title="Fox", preview=b"p")
    )
    talk = library.conversations.create("Talk")
    library.conversations.add_message(talk.id, None, "user", "hi")
    library.backup(target := tmp_path / "copy")
    library.add_artifact(NewArtifact("image", b"later", suffix=".png"))
    with Library.open(StudioPaths(target)) as copy:
        assert copy.find() == [saved]
        assert copy.verify().ok
        assert copy.preview_path(saved) is not None
        copy.rebuild()
        assert [m.content for m in copy.conversations.thread(talk.id)] == ["hi"]
    with pytest.raises(StudioError, match="already exists"):
        library.backup(tmp_path / "copy")


def test_a_second_studio_may_back_up_what_the_first_one_writes(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    saved = library.add_artifact(NewArtifact("image", b"x", suffix=".png"))
    with Library.open(folder) as second:
        assert second.read_only
        second.backup(tmp_path / "copy")
    with Library.open(StudioPaths(tmp_path / "copy")) as copy:
        assert copy.find() == [saved]


def test_a_backup_of_a_damaged_library_says_so(library: Library, tmp_path: Path) -> None:
    saved = library.add_artifact(NewArtifact("image", b"good", suffix=".png"))
    library.payload_path(saved).write_bytes(b"bad!")
    note = library.backup(tmp_path / "copy")
    assert note.damaged == (library.payload_path(saved).name,)
    with Library.open(StudioPaths(tmp_path / "copy")) as copy:
        assert copy.verify().damaged == (saved.id,)


def test_daily_backups_are_made_once_and_few_are_kept(library: Library, folder: Path) -> None:
    backups = folder / "backups"
    backups.mkdir()
    for day in range(1, 20):
        (backups / f"library-2001-01-{day:02}.db").write_bytes(b"old")
    (backups / "library-format-1.db").write_bytes(b"kept")
    library.maintain()
    library.maintain()
    names = sorted(path.name for path in backups.iterdir())
    assert len(names) == 8
    assert "library-format-1.db" in names
    assert "library-2001-01-19.db" in names


def test_the_check_up_names_what_is_wrong(library: Library, folder: Path) -> None:
    good, missing, damaged, bare = (
        library.add_artifact(NewArtifact("text", name, suffix=".txt"))
        for name in (b"a", b"b", b"c", b"d")
    )
    assert library.verify().ok
    assert "All 4" in next(library.verify().sentences())
    library.payload_path(missing).unlink()
    library.payload_path(damaged).write_bytes(b"C")
    (folder / "objects" / bare.digest[:2] / f"{bare.digest}.{bare.id}.json").unlink()
    (folder / "objects" / "ab" / "stray.png").parent.mkdir(exist_ok=True)
    (folder / "objects" / "ab" / "stray.png").write_bytes(b"?")
    seen: list[tuple[int, int]] = []
    report = library.verify(lambda done, total: seen.append((done, total)))
    assert not report.ok
    assert (report.missing, report.damaged, report.sidecars, report.orphans) == (
        (missing.id,),
        (damaged.id,),
        (bare.id,),
        ("stray.png",),
    )
    assert seen[-1] == (4, 4)
    assert good.id not in " ".join(report.sentences())
    assert len(list(report.sentences())) == 4


def test_stats_count(library: Library) -> None:
    for payload in (b"1", b"22"):
        library.add_artifact(NewArtifact("image", payload, suffix=".png"))
    library.bin(library.add_artifact(NewArtifact("text", b"333", suffix=".txt")).id)
    library.conversations.create()
    stats = library.stats()
    assert (stats.kinds, stats.binned, stats.bytes) == ({"image": 2}, 1, 6)
    assert (stats.conversations, stats.messages) == (1, 0)
    assert stats.free > 0


def test_a_conversation_is_written_as_a_person_or_a_program_reads_it(
    library: Library, tmp_path: Path
) -> None:
    store = library.conversations
    talk = store.create("Colours", system="Be brief.")
    asked = store.add_message(talk.id, None, "user", "What is red?")
    store.add_message(talk.id, asked.id, "assistant", "A colour.\n")
    store.export(talk.id, tmp_path / "talk.md")
    assert (tmp_path / "talk.md").read_text("utf-8") == (
        "# Colours\n\n## System prompt\n\nBe brief.\n\n## You\n\nWhat is red?\n\n"
        "## Assistant\n\nA colour.\n"
    )
    store.export(talk.id, tmp_path / "talk.json")
    told = json.loads((tmp_path / "talk.json").read_text("utf-8"))
    assert (told["title"], told["system"]) == ("Colours", "Be brief.")
    assert [turn["role"] for turn in told["messages"]] == ["user", "assistant"]
    with pytest.raises(StudioError, match="Could not export"):
        store.export(talk.id, tmp_path / "missing" / "talk.md")


def test_results_whose_rows_are_gone_are_told_and_listed_again(
    library: Library, folder: Path
) -> None:
    saved = library.add_artifact(NewArtifact("text", b"a", suffix=".txt"))
    library.add_artifact(NewArtifact("text", b"b", suffix=".txt"))
    library.close()
    with closing(sqlite3.connect(folder / "library.db")) as connection, connection:
        connection.execute("DELETE FROM artifacts WHERE id = ?", (saved.id,))
    with Library.open(folder) as again:
        report = again.verify()
        assert not report.ok
        assert len(report.unlisted) == 1
        assert not report.orphans
        assert "1 result is not listed any more; “studio library rebuild”" in " ".join(
            report.sentences()
        )
        again.rebuild()
        assert again.verify().ok
        assert again.artifact(saved.id) == saved


def test_a_pipe_among_the_objects_is_damage_and_holds_nothing_up(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    saved = library.add_artifact(NewArtifact("text", b"a", suffix=".txt"))
    for path in (library.payload_path(saved), *library.payload_path(saved).parent.glob("*.json")):
        path.unlink()
        os.mkfifo(path)
    report = library.verify()
    assert report.damaged == report.sidecars == (saved.id,)
    library.rebuild()
    with pytest.raises(OSError, match="not an ordinary file"):
        export.copy_out(library.payload_path(saved), tmp_path / "out", "a.txt")
    assert list((tmp_path / "out").iterdir()) == []


KILLED = """import os, sys
from pathlib import Path
from studio.library import Library
from studio.library.upkeep import library_copy
library_copy._Copy.copy_files = lambda *_: os.kill(os.getpid(), 9)
Library.open(Path(sys.argv[1])).backup(Path(sys.argv[2]))
"""


@pytest.mark.parametrize("when", ["the next backup", "the next start"])
def test_what_a_killed_backup_left_is_swept(
    library: Library, folder: Path, tmp_path: Path, when: str
) -> None:
    library.add_artifact(NewArtifact("text", b"a", suffix=".txt"))
    library.close()
    target = tmp_path / "elsewhere" / "copy"
    target.parent.mkdir()
    command = [sys.executable, "-c", KILLED, str(folder), str(target)]
    assert subprocess.run(command, check=False).returncode == -9
    assert [each.name for each in target.parent.iterdir()] == [".copy.part"], "the control"
    (folder / "backups" / ".library-2001-01-01.db.part").write_bytes(b"half")
    with Library.open(folder, read_only=when == "the next backup") as again:
        if again.read_only:
            again.backup(tmp_path / "other")
        assert list(target.parent.iterdir()) == []
        assert not list((folder / "backups").glob("under-way-*"))
        assert again.read_only == bool(list((folder / "backups").glob(".library-*")))


def test_a_backup_that_is_under_way_is_left_alone(library: Library, folder: Path) -> None:
    part = folder.parent / ".copy.part"
    part.mkdir()
    (folder / "backups").mkdir(exist_ok=True)
    with library_copy._noted(part, folder / "backups"):
        library_copy.sweep(folder / "backups", alone=True)
        assert part.is_dir()
    # A number says nothing: another process may have it by now, as this one has.
    (folder / "backups" / f"under-way-{os.getpid()}.txt").write_text(str(part))
    library_copy.sweep(folder / "backups", alone=True)
    assert not part.exists()

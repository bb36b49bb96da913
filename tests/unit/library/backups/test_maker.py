"""A backup is whole and verified, takes room only for what is new, and comes before old ones go."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library import Library
from studio.library.backups import catalogue, maker, settings
from studio.protocol.errors import ErrorCode, StudioError


def payload(backup: catalogue.Backup, library: Library, artifact: str) -> Path:
    """Return a file of a backup."""
    return backup.library / library.payload_path(artifact).relative_to(library.folder)


def test_a_backup_has_everything_and_says_so(library: Library, folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    made = maker.make(library, folder, progress=lambda *step: seen.append(step))
    assert catalogue.listed(folder) == [made]
    assert (made.artifacts, made.conversations, made.is_whole) == (2, 1, True)
    assert seen[-1] == (4, 4)
    assert [each.name for each in folder.iterdir()] == [made.name]
    with Library.open(StudioPaths(made.folder)) as copy:
        assert copy.verify().ok
        assert copy.conversations.search("hello")


def test_only_what_is_new_takes_room_and_nothing_is_shared_with_the_library(
    library: Library, folder: Path
) -> None:
    first = maker.make(library, folder)
    late = library.add_artifact(NewArtifact("text", b"blue", ".txt", "blue")).id
    second = maker.make(library, folder)
    (old, *_) = [each.id for each in library.find("red")]
    assert payload(first, library, old).samefile(payload(second, library, old))
    assert not payload(second, library, old).samefile(library.payload_path(old))
    assert not payload(first, library, late).exists()
    with Library.open(StudioPaths(second.folder), read_only=True) as copy:
        assert copy.verify().ok


def test_a_file_that_rotted_in_the_last_backup_is_written_anew(
    library: Library, folder: Path
) -> None:
    (red,) = library.find("red")
    first = maker.make(library, folder)
    payload(first, library, red.id).write_bytes(b"rot")
    second = maker.make(library, folder)
    assert second.is_whole
    assert payload(second, library, red.id).read_bytes() == b"red"


def test_a_file_that_the_library_has_lost_is_taken_from_the_last_backup(
    library: Library, folder: Path
) -> None:
    (red,), (green,) = library.find("red"), library.find("green")
    maker.make(library, folder)
    library.payload_path(red).unlink()
    library.payload_path(green).write_bytes(b"rot")
    assert not library.verify().ok, "the control"
    second = maker.make(library, folder)
    assert second.is_whole
    with Library.open(StudioPaths(second.folder), read_only=True) as copy:
        assert copy.verify().ok


def test_old_ones_of_the_schedule_go_and_others_stay(library: Library, folder: Path) -> None:
    asked = maker.make(library, folder)
    strange = folder / "offline-studio-2001-01-01-000000"
    (strange / "library").mkdir(parents=True)
    made = [maker.make(library, folder, kept=2) for _ in range(4)]
    left = {each.name for each in folder.iterdir()}
    assert left == {asked.name, strange.name, made[-1].name, made[-2].name}


def test_none_goes_before_a_whole_one_is_there(library: Library, folder: Path) -> None:
    (red,) = library.find("red")
    first = maker.make(library, folder, kept=1)
    payload(first, library, red.id).unlink()
    library.payload_path(red).unlink()
    second = maker.make(library, folder, kept=1)
    assert second.damaged == 1
    assert [each.name for each in catalogue.listed(folder)] == [second.name, first.name]


@pytest.mark.parametrize("inside", [".", "backups", "library", "library/objects"])
def test_a_folder_inside_the_home_is_refused(
    library: Library, paths: StudioPaths, inside: str
) -> None:
    before = sorted(paths.home.rglob("*"))
    with pytest.raises(StudioError, match="lies inside the data folder"):
        maker.make(library, paths.home / inside)
    assert sorted(paths.home.rglob("*")) == before


def test_a_chosen_folder_that_is_gone_is_not_made_anew(library: Library, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="is not there") as caught:
        maker.make(library, tmp_path / "disk" / "backups")
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert not (tmp_path / "disk").exists()
    assert maker.make(library, tmp_path / "usual", chosen=False).is_whole


def test_a_file_in_the_place_of_the_folder_is_told(library: Library, tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("a file")
    with pytest.raises(StudioError, match="a file is in the way"):
        maker.make(library, tmp_path / "usual", chosen=False)


def test_nobody_is_asked_for_much_room_without_a_choice(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maker, "ROOM_UNASKED", 0.0)
    with pytest.raises(StudioError, match="would take much"):
        maker.make(library, folder, chosen=False)
    assert maker.make(library, folder).is_whole, "the control: where the folder was chosen"


def test_what_is_no_backup_is_not_listed(library: Library, folder: Path, tmp_path: Path) -> None:
    made = maker.make(library, folder)
    (folder / "notes").mkdir()
    (folder / "notes" / "backup.json").write_text('{"format": "of another program"}')
    (folder / "torn").mkdir()
    (folder / "torn" / "backup.json").write_text("{")
    (folder / "file").write_text("x")
    (folder / ".offline-studio-2001-01-01-000000.part").mkdir()
    assert catalogue.listed(folder) == [made]
    assert catalogue.listed(made.folder) == [made], "a backup itself was picked"
    assert catalogue.listed(tmp_path / "gone") == []


def test_unasked_they_lie_inside_the_home(library: Library, paths: StudioPaths) -> None:
    before = {*paths.home.parent.iterdir()}
    usual = settings.folder(paths, Settings(paths.settings))
    assert usual == paths.home / "backups"
    assert maker.make(library, usual, chosen=False).is_whole
    assert {*paths.home.parent.iterdir()} == before, "nothing appears beside it"
    assert [each.folder.parent for each in catalogue.listed(usual, paths.home)] == [usual]


def test_those_that_lie_beside_an_older_home_go_on_there(paths: StudioPaths) -> None:
    beside = paths.home.with_name(f"{paths.home.name}-backups")
    beside.mkdir()
    assert settings.folder(paths, Settings(paths.settings)) == beside

"""The way back: the library that was there is kept, and every step can be the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library import Library
from studio.library.backups import catalogue, maker, restoration
from studio.library.backups.catalogue import Backup
from studio.protocol.errors import ErrorCode, StudioError
from tests.unit.library.backups.test_maker import payload


@pytest.fixture
def backup(library: Library, folder: Path) -> Backup:
    """Of the library, which has one more since, and is closed."""
    made = maker.make(library, folder)
    library.add_artifact(NewArtifact("text", b"blue", ".txt", "blue"))
    library.close()
    return made


def words(paths: StudioPaths) -> set[str]:
    """Return the titles in the library as the next start finds it."""
    restoration.finish(paths)
    with Library.open(paths) as library:
        assert library.verify().ok
        return {each.title for each in library.find()}


def restore(backup: Backup, paths: StudioPaths) -> restoration.Restored:
    restoration.prepare(backup, paths)
    done = restoration.finish(paths)
    assert done is not None
    return done


def test_the_library_is_as_it_was_and_the_other_can_be_returned_to(
    backup: Backup, paths: StudioPaths, folder: Path
) -> None:
    done = restore(backup, paths)
    assert str(done).startswith(f"The library was restored from {backup.name}.")
    assert words(paths) == {"red", "green"}
    (aside,) = [each for each in catalogue.listed(folder, paths.home) if each.set_aside]
    assert not (aside.library / "ballast").exists(), "nobody works in it"
    assert (aside.folder, aside.artifacts) == (done.kept, 3)
    restore(aside, paths)
    assert words(paths) == {"red", "green", "blue"}
    (aside,) = [each for each in catalogue.listed(folder, paths.home) if each.set_aside]
    assert aside.artifacts == 2
    assert not [each.name for each in paths.home.iterdir() if each.name.startswith("restoring")]
    assert catalogue.listed(folder) == [backup]


def test_what_plugins_keep_in_the_settings_comes_back_and_nothing_of_now_is_replaced(
    library: Library, folder: Path, paths: StudioPaths
) -> None:
    settings = Settings(paths.settings)
    settings.set("plugins.chat.prompts", ["mine"])
    settings.set("plugins.chat.presets", ["old"])
    settings.set("appearance.theme", "light")
    backup = maker.make(library, folder)
    library.close()
    settings.reset("plugins.chat.prompts")
    settings.set("plugins.chat.presets", ["new"])
    settings.reset("appearance.theme")
    restore(backup, paths)
    now = Settings(paths.settings)
    assert now.get("plugins.chat.prompts", []) == ["mine"]
    assert now.get("plugins.chat.presets", []) == ["new"]
    assert not now.is_set("appearance.theme"), "how the window looks is of no library"


def test_a_library_that_cannot_even_be_opened_is_replaced(
    backup: Backup, paths: StudioPaths
) -> None:
    paths.library.rename(paths.home / "lost")
    paths.library.write_bytes(b"not even a folder")
    with pytest.raises(StudioError):
        Library.open(paths)
    done = restore(backup, paths)
    assert words(paths) == {"red", "green"}
    assert done.kept
    assert done.kept.read_bytes() == b"not even a folder"


def test_a_home_without_a_library_gets_one(backup: Backup, tmp_path: Path) -> None:
    other = StudioPaths.default(tmp_path / "other")
    assert restore(backup, other).kept is None
    assert words(other) == {"red", "green"}


def test_a_library_in_use_is_left_alone_until_the_next_start(
    backup: Backup, paths: StudioPaths
) -> None:
    with Library.open(paths):
        restoration.prepare(backup, paths)
        with pytest.raises(StudioError, match="is using the library") as caught:
            restoration.finish(paths)
        assert caught.value.code is ErrorCode.BUSY
        assert restoration.is_wanted(paths)
    assert words(paths) == {"red", "green"}


def test_a_backup_with_a_damaged_database_is_refused_and_nothing_changes(
    backup: Backup, paths: StudioPaths
) -> None:
    (backup.library / "library.db").write_bytes(b"x" * 5000)
    with pytest.raises(StudioError, match=f"{backup.name} is damaged"):
        restoration.prepare(backup, paths)
    assert not restoration.is_wanted(paths)
    assert words(paths) == {"red", "green", "blue"}


def test_files_that_rotted_in_the_backup_are_told(
    library: Library, backup: Backup, paths: StudioPaths
) -> None:
    with Library.open(paths, read_only=True) as library:
        (red,) = library.find("red")
        payload(backup, library, red.id).write_bytes(b"rot")
    assert "damaged or missing in it: 1." in str(restore(backup, paths))


@pytest.mark.parametrize(
    "wish", ['{"folder": "../../etc", "backup": "x"}', '{"folder": "library-replaced-/../x"}', "{"]
)
def test_a_wish_for_a_folder_elsewhere_is_no_wish(
    backup: Backup, paths: StudioPaths, wish: str
) -> None:
    (paths.home / "restoring.json").write_text(wish)
    assert words(paths) == {"red", "green", "blue"}
    assert not restoration.is_wanted(paths)

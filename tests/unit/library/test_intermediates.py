"""Costly intermediates: hidden, counted, gone with their result, the first to go for room."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base import disk
from studio.library import Library
from studio.library import intermediates as module
from studio.library.library import JOB_RESERVE
from studio.protocol.errors import StudioError

LATENT = b"latent" * 100


def made(library: Library, title: str = "A picture") -> str:
    return library.add_artifact(NewArtifact("image", title.encode(), ".png", title)).id


def files(folder: Path) -> list[Path]:
    return list((folder / module.FOLDER).glob("*"))


def test_what_is_kept_is_found_by_its_plugin_and_key_alone(library: Library) -> None:
    kept, parent = library.intermediates, made(library)
    kept.keep("image", "key", parent, LATENT)
    found = kept.find("image", "key")
    assert found is not None
    assert found.read_bytes() == LATENT
    assert kept.find("image", "other") is None
    assert kept.find("music", "key") is None
    kept.keep("image", "key", parent, b"newer")
    assert kept.bytes == len(b"newer")


def test_nothing_lists_it_and_its_bytes_count(library: Library) -> None:
    parent = made(library)
    before = library.stats()
    library.intermediates.keep("image", "key", parent, LATENT)
    after = library.stats()
    assert after.bytes - before.bytes == len(LATENT)
    assert after.kinds == before.kinds
    assert [each.id for each in library.find()] == [parent]
    assert set(library.families.around(parent).members) == {parent}


def test_it_goes_with_its_result_and_nothing_of_it_is_left(library: Library, folder: Path) -> None:
    parent, other = made(library), made(library, "Another")
    library.intermediates.keep("image", "key", parent, LATENT)
    library.intermediates.keep("image", "of another", other, b"stays")
    library.bin(parent)
    assert library.intermediates.find("image", "key"), "the bin can be undone"
    library.erase([parent])
    assert library.intermediates.find("image", "key") is None
    assert [path.read_bytes() for path in files(folder)] == [b"stays"]
    report = library.verify()
    assert report.ok, list(report.sentences())


def test_a_damaged_or_lost_one_is_none(library: Library, folder: Path) -> None:
    library.intermediates.keep("image", "key", made(library), LATENT)
    (path,) = files(folder)
    path.write_bytes(b"x" + LATENT[1:])
    assert library.intermediates.find("image", "key") is None
    path.unlink()
    assert library.intermediates.find("image", "key") is None


def test_it_goes_first_where_space_is_short(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = made(library)
    for number in range(3):
        library.intermediates.keep("image", f"key {number}", parent, LATENT)
    library.intermediates.find("image", "key 0")  # used last

    def free(folder: Path) -> int:
        return JOB_RESERVE - 700 + (3 - len(files(library.folder))) * len(LATENT)

    monkeypatch.setattr(disk, "free_bytes", free)
    library.check_room()
    assert [bool(library.intermediates.find("image", f"key {n}")) for n in range(3)] == [
        True, False, False,
    ]  # fmt: skip
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 0)
    with pytest.raises(StudioError, match="Not enough disk space"):
        library.check_room()


def test_no_more_is_kept_than_may_be(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1500)
    parent = made(library)
    for number in range(4):
        library.intermediates.keep("image", f"key {number}", parent, LATENT)
    assert library.intermediates.bytes == 1200
    assert library.intermediates.find("image", "key 0") is None
    assert library.intermediates.find("image", "key 3")


def test_a_database_that_is_made_again_begins_without(library: Library, folder: Path) -> None:
    library.intermediates.keep("image", "key", made(library), LATENT)
    library.rebuild()
    assert library.intermediates.find("image", "key") is None
    library.intermediates.sweep()
    assert files(folder) == []

"""Backups and restores that are cut short at every step: no library and no backup is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.library import Library
from studio.library.backups import catalogue, maker, restoration
from studio.library.storage import reserved_space
from tests.faults.library.test_full_disk import on_small_disk
from tests.faults.tally import tried
from tests.unit.library.disk_faults import Faults, meets, steps

FAULTS = pytest.mark.parametrize(
    ("fault", "lasts", "first", "apart"),
    [("kill", False, 1, 6), ("full", True, 3, 11)],
    ids=["killed", "full"],
)
pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose library has one result more than its two backups."""
    root = tmp_path_factory.mktemp("made")
    (root / "backups").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reserved_space, "BALLAST_BYTES", 1 << 16)
        with Library.open(StudioPaths.default(root / "home")) as library:
            library.add_artifact(NewArtifact("text", b"red", ".txt", "red"))
            library.conversations.create("Talk")
            for _ in range(2):
                maker.make(library, root / "backups", kept=2)
            library.add_artifact(NewArtifact("text", b"blue", ".txt", "blue"))
    return root


def paths(root: Path) -> StudioPaths:
    return StudioPaths(root / "home")


def copy_of(made: Path, root: Path) -> Path:
    """Return the same in another place, with backups that say so."""
    shutil.copytree(made, root)
    for note in root.glob("backups/*/backup.json"):
        note.write_text(note.read_text("utf-8").replace(str(made), str(root)), "utf-8")
    return root


def back_up(root: Path) -> None:
    with Library.open(paths(root)) as library:
        maker.make(library, root / "backups", kept=2)


def restore(root: Path) -> None:
    newest = catalogue.listed(root / "backups")[0]
    restoration.prepare(newest, paths(root))
    restoration.finish(paths(root))


def titles(library: Path) -> set[str]:
    """Return what a sound library has."""
    with Library.open(library, read_only=True) as opened:
        assert opened.verify().ok, list(opened.verify().sentences())
        return {each.title for each in opened.find()}


def strikes(made: Path, place: Path, work: Callable[[Path], None], *how: object) -> Iterator[Path]:
    """Yield what a fault at each step of ``work`` has left, and at last what none has."""
    fault, lasts, first, apart = how
    for nth in steps(int(first), int(apart)):
        root = copy_of(made, place / str(nth))
        met = meets(Faults(nth, str(fault), lasts=bool(lasts)), partial(work, root))
        tried()
        yield root
        shutil.rmtree(root)
        if not met:
            assert nth > 12, "it has so many steps"
            return


@FAULTS
def test_a_backup_that_is_cut_short_costs_none_that_was_there(
    made: Path, tmp_path: Path, fault: str, lasts: bool, first: int, apart: int
) -> None:
    for root in strikes(made, tmp_path, back_up, fault, lasts, first, apart):
        before = catalogue.listed(root / "backups")
        assert len(before) >= 2, "old ones go last"
        for backup in before:
            assert titles(backup.library) >= {"red"}
        assert titles(paths(root).library) == {"red", "blue"}
        back_up(root)
        newest, *_ = after = catalogue.listed(root / "backups")
        assert len(after) == 2
        assert titles(newest.library) == {"red", "blue"}
        assert {each.name for each in (root / "backups").iterdir()} == {b.name for b in after}


@FAULTS
def test_a_restore_that_is_cut_short_costs_neither_library(
    made: Path, tmp_path: Path, fault: str, lasts: bool, first: int, apart: int
) -> None:
    for root in strikes(made, tmp_path, restore, fault, lasts, first, apart):
        restoration.finish(paths(root))  # as each start does
        if titles(paths(root).library) == {"red", "blue"}:
            assert not list((root / "home").glob("library-replaced-*")), "it was not begun"
            restore(root)
        assert titles(paths(root).library) == {"red"}
        (aside,) = (root / "home").glob("library-replaced-*")
        assert titles(aside) == {"red", "blue"}
        assert len(catalogue.listed(root / "backups")) == 2
        assert not list((root / "home").glob("*restoring/*"))


FULL = """
import json, os, subprocess, sys
from pathlib import Path
from studio.api.artifacts import NewArtifact
from studio.library.backups import catalogue, maker, restoration
from studio.library import Library
from studio.library.storage import reserved_space
from studio.library.upkeep import library_copy
from studio.base.paths import StudioPaths
from studio.protocol.errors import StudioError

disk, place = Path(sys.argv[1]), Path(sys.argv[2])
reserved_space.BALLAST_BYTES, library_copy._SPARE = 1 << 16, 0
small, large = StudioPaths.default(disk / "home"), StudioPaths.default(place / "home")
out = {"refused": [], "left": [], "lost": []}

def fill(room):
    with open(disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            assert error.errno == 28
    if room:
        os.truncate(disk / "filler", max(0, os.path.getsize(disk / "filler") - room))

def sound(folder):
    with Library.open(folder, read_only=True) as opened:
        return opened.verify().ok and opened.count()

def refused(work):
    before = {path for path in disk.rglob("*") if path.name != ".restoring.lock"}
    try:
        work()
        return
    except StudioError as error:
        out["refused"].append([error.code, str(error)])
    after = {path for path in disk.rglob("*") if path.name != ".restoring.lock"}
    out["left"] += [str(path) for path in after - before]
    out["lost"] += [str(path) for path in before - after]

with Library.open(large) as library:
    library.add_artifact(NewArtifact("text", os.urandom(300_000), ".bin", "a"))
    backups = disk / "backups"
    backups.mkdir()
    first = maker.make(library, backups, kept=1)
    library.add_artifact(NewArtifact("text", os.urandom(700_000), ".bin", "b"))
    for room in range(0, 700_000, 100_000):
        fill(room)
        refused(lambda: maker.make(library, backups, kept=1))
        assert catalogue.listed(backups) == [first]
        assert sound(first.library) == 1
    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    refused(lambda: maker.make(library, backups, kept=1))
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    second = maker.make(library, backups, kept=1)
    out["then"] = sound(second.library)
with Library.open(small) as library:
    library.add_artifact(NewArtifact("text", b"c", ".txt", "c"))
for room in range(0, 1_000_000, 200_000):
    fill(room)
    refused(lambda: restoration.prepare(second, small))
    restoration.finish(small)
    assert sound(small.library) == 1
(disk / "filler").unlink()
restoration.prepare(second, small)
restoration.finish(small)
out["restored"] = sound(small.library)
print(json.dumps(out))
"""


def test_a_full_or_read_only_disk_costs_no_backup_and_no_library(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    out = on_small_disk(tmp_path, str(tmp_path / "place"), scenario=FULL)
    codes = [code for code, _ in out["refused"]]
    assert codes.count("DISK_FULL") > 8
    assert codes.count("READ_ONLY") == 1
    assert (out["left"], out["lost"]) == ([], [])
    assert (out["then"], out["restored"]) == (2, 2)
    tried(len(codes))

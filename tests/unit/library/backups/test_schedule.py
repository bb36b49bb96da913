"""When a backup is made, by whom, and what is said of it: over the process that copies."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.automation.backup_schedule import NOTICE, Backups
from studio.base.background import Background
from studio.base.notices import Notices
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library import Library
from studio.library.backups import catalogue, maker, settings
from studio.library.backups.catalogue import Backup
from studio.library.backups.copier import Copier
from studio.library.backups.process import Request
from studio.protocol.errors import StudioError
from studio.testing.guards import PATIENCE


class Desk:
    """The schedule of a studio without the rest of it."""

    def __init__(self, paths: StudioPaths, library: Library, folder: Path) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.settings = Settings(paths.settings)
        self.settings.set(settings.FOLDER, str(folder))
        self.notices = Notices(self._calls.put)
        self.is_busy = False
        self._background = Background("test", self._calls.put)
        self.backups = Backups(
            paths,
            self.settings,
            library,
            self.notices,
            self._background,
            self._calls.put,
            lambda: self.is_busy,
        )

    def until(self, met: Callable[[], object]) -> None:
        """Do what is posted until it is so."""
        end = time.monotonic() + PATIENCE
        while not met():
            self._calls.get(timeout=end - time.monotonic())()

    def look(self) -> bool:
        """Look; return whether a backup was begun for it."""
        self.backups.look()
        self.until(lambda: not self.backups._is_looking)
        return self.backups.copier is not None

    def over(self) -> None:
        self.until(lambda: self.backups.copier is None)

    def close(self) -> None:
        self.backups.close()
        self._background.close()


@pytest.fixture
def desk(paths: StudioPaths, library: Library, folder: Path) -> Iterator[Desk]:
    made = Desk(paths, library, folder)
    yield made
    made.close()


def test_the_process_makes_one_when_it_is_due_and_again_a_week_later(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.is_busy = True
    assert not desk.look(), "somebody waits for an answer"
    desk.is_busy = False
    assert desk.look()
    desk.over()
    (made,) = catalogue.listed(folder)
    assert made.is_whole
    assert made.automatic
    assert desk.backups.last == made
    assert desk.notices.all == []
    assert not desk.look()
    now = time.time()
    started: list[bool] = []
    monkeypatch.setattr(desk.backups, "_start", lambda *_: started.append(True))
    for days, every, due in ((6, "weekly", False), (8, "weekly", True), (2, "daily", True)):
        monkeypatch.setattr(time, "time", lambda days=days: now + days * 24 * 3600)
        desk.settings.set(settings.EVERY, every)
        started.clear()
        desk.look()
        assert bool(started) is due, (days, every)
    desk.settings.set(settings.EVERY, "off")
    desk.look()
    assert len(started) == 1


def test_an_empty_library_is_not_worth_one(paths: StudioPaths, folder: Path) -> None:
    with Library.open(paths) as library:
        desk = Desk(paths, library, folder)
        assert not desk.look()
        desk.close()


def test_what_fails_is_one_sentence_and_is_not_tried_again_at_once(
    desk: Desk, tmp_path: Path
) -> None:
    desk.settings.set(settings.FOLDER, str(tmp_path / "gone"))
    assert desk.look()
    desk.over()
    (told,) = desk.notices.all
    assert "is not there" in told.message
    assert "choose another folder" in told.hint
    assert desk.backups.error is not None
    assert not desk.look()
    desk.settings.set(settings.FOLDER, "")
    desk.backups.make()
    desk.over()
    assert desk.backups.error is None


class Watch:
    """Hears a copier of a library that takes a while."""

    def __init__(self, paths: StudioPaths, folder: Path) -> None:
        self.calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.ended: list[tuple[Path | None, StudioError | None]] = []
        request = Request(home=str(paths.home), folder=str(folder))
        self.copier = Copier(
            request, self.calls.put, lambda: None, lambda *end: self.ended.append(end)
        )
        self.copier.pause(True)

    def end(self) -> tuple[Path | None, StudioError | None]:
        while not self.ended:
            self.calls.get(timeout=PATIENCE)()
        return self.ended[0]


def parts(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.name.startswith(".")]


def wait_for_parts(folder: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not parts(folder):
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_is_still_looked_for_at_the_end_is_told_to_nobody(
    desk: Desk, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(folder: Path) -> list[Backup]:
        raise OSError("the library is closed")

    monkeypatch.setattr("studio.automation.backup_schedule.catalogue.listed", unreadable)
    desk.look()
    assert desk.notices.all, "the control: a look that fails is told"
    desk.notices.dismiss(NOTICE)
    desk.backups.look()
    desk.backups.close()
    desk.until(lambda: not desk.backups._is_looking)
    assert not desk.notices.all


@pytest.mark.slow
@pytest.mark.usefixtures("library")
def test_paused_it_waits_and_stopped_it_leaves_nothing(paths: StudioPaths, folder: Path) -> None:
    watch = Watch(paths, folder)
    wait_for_parts(folder)
    watch.copier.stop()
    assert watch.end() == (None, None)
    assert list(folder.iterdir()) == []
    watch = Watch(paths, folder)
    wait_for_parts(folder)
    assert catalogue.listed(folder) == []
    watch.copier.pause(False)
    made, _ = watch.end()
    (backup,) = catalogue.listed(folder)
    assert backup.folder == made
    assert backup.is_whole


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is for POSIX")
def test_killed_in_the_middle_it_is_told_and_swept_by_the_next(
    paths: StudioPaths, library: Library, folder: Path
) -> None:
    watch = Watch(paths, folder)
    wait_for_parts(folder)
    os.kill(watch.copier._process.pid, signal.SIGKILL)
    _, error = watch.end()
    assert error is not None
    assert "ended early. It was killed" in error.message
    assert parts(folder), "the control"
    maker.make(library, folder)
    assert parts(folder) == []

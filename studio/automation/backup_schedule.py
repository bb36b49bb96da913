"""Backups of a session: made when they are due or asked for, by a process that makes way.

Looks whether one is due whenever its owner says so. Nothing here waits for a disk on the owner's
thread, for a backup folder may lie on a network that does not answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from studio.base.background import Background, Post
from studio.base.notices import Notices
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.jobs.board import JobBoard
from studio.library import Library
from studio.library.backups import catalogue, settings
from studio.library.backups.catalogue import Backup
from studio.library.backups.copier import Copier, Over
from studio.library.backups.process import Request
from studio.library.backups.settings import Every
from studio.library.upkeep.library_copy import damage_in_words
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState, Lane

log = logging.getLogger("studio.backups")

RETRY_SECONDS = 3600.0
"""After a backup of the schedule has failed."""
NOTICE = "backup"
_CLOCK_SECONDS = 24 * 3600
"""A backup that is further in the future was made by a wrong clock, and counts for nothing."""


def somebody_waits(jobs: JobBoard, plugins: PluginHost) -> bool:
    """Whether a short answer is being computed for somebody."""
    running = {job.recipe.task for job in jobs.live() if job.state is JobState.RUNNING}
    entries = (entry for _, entry in plugins.tasks() if entry.id in running)
    return any(entry.lane is Lane.INTERACTIVE for entry in entries)


class Backups:
    """The backup schedule, and the running backup. Used on the owner's thread.

    Attributes:
        copier: The running backup; None if there is none.
        last: The newest backup of this library found; None before the first look.
        error: Error of the last backup; None after a success.
    """

    def __init__(
        self,
        paths: StudioPaths,
        chosen: Settings,
        library: Library,
        notices: Notices,
        background: Background,
        post: Post,
        is_busy: Callable[[], bool],
    ) -> None:
        """``is_busy``: whether somebody waits for an answer, so that copying has to wait."""
        self._paths, self._settings, self._library = paths, chosen, library
        self._notices, self._background, self._post = notices, background, post
        self._is_busy = is_busy
        self._observers: list[Callable[[], None]] = []
        self._not_before = 0.0
        self._is_looking = self._is_closed = False
        self.copier: Copier | None = None
        self.last: Backup | None = None
        self.error: StudioError | None = None

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call after each change of the attributes; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    @property
    def folder(self) -> Path:
        """Return where backups go."""
        return settings.folder(self._paths, self._settings)

    def refresh(self) -> None:
        """Find the newest backup."""
        self._find(self._found)

    def look(self) -> None:
        """Find the newest backup, and make one if that is due and nobody waits for an answer."""
        self._find(self._make_if_due)

    def make(self) -> None:
        """Make one now; nothing when a copy is under way."""
        self._start(self._request(limit=0), partial(self._made, asked=True))

    def stop(self) -> None:
        """Abort the running copy and delete its partial files."""
        if self.copier is not None:
            self.copier.stop()

    def make_way(self) -> None:
        """Pause while somebody waits for an answer, and go on afterwards."""
        if self.copier is not None:
            self.copier.pause(self._is_busy())

    def close(self) -> None:
        """Stop and wait until nothing of it runs; pending look-ups are not reported."""
        self._is_closed = True
        if self.copier is not None:
            self.copier.close()

    # --- inside -------------------------------------------------------------------------------

    def _find(self, then: Callable[[tuple[Backup | None, bool]], None]) -> None:
        if self._is_looking:
            return
        self._is_looking = True

        def found(newest: tuple[Backup | None, bool]) -> None:
            self._is_looking = False
            if not self._is_closed:
                then(newest)

        self._background.run(partial(self._newest, self.folder), found, self._not_found)

    def _newest(self, folder: Path) -> tuple[Backup | None, bool]:
        """Return the newest backup of this library, and whether there is anything to back up."""
        mine = str(self._library.folder.absolute())
        backups = (backup for backup in catalogue.listed(folder) if backup.source == mine)
        stats = self._library.stats()
        return next(backups, None), bool(stats.kinds or stats.conversations)

    def _found(self, newest: tuple[Backup | None, bool]) -> None:
        self.last = newest[0]
        self._changed()

    def _make_if_due(self, newest: tuple[Backup | None, bool]) -> None:
        self._found(newest)
        every = settings.every(self._settings)
        if every is Every.OFF or not newest[1] or self._library.read_only or self.copier:
            return
        age = time.time() - self.last.made if self.last else float("inf")
        is_due = age >= every.seconds or age < -_CLOCK_SECONDS
        if is_due and time.monotonic() >= self._not_before and not self._is_busy():
            request = self._request(limit=settings.kept(self._settings))
            self._start(request, partial(self._made, asked=False))

    def _not_found(self, error: StudioError) -> None:
        self._is_looking = False
        if not self._is_closed:  # a library that was closed meanwhile cannot be read
            self._fail(error)

    def _request(self, limit: int) -> Request:
        return Request(
            home=str(self._paths.home),
            folder=str(self.folder),
            chosen=bool(self._settings.get(settings.FOLDER, "")),
            kept=limit,
        )

    def _start(self, request: Request, over: Over) -> None:
        if self.copier is not None:
            return
        try:
            self.copier = Copier(request, self._post, self._changed, over)
        except OSError as error:
            message = f"The process that copies the library cannot be started ({error.strerror})."
            self._fail(StudioError(ErrorCode.INTERNAL, message, "Try again later."))
        self._changed()

    def _made(self, made: Path | None, error: StudioError | None, *, asked: bool) -> None:
        if made:
            done = partial(self._is_made, asked=asked)
            self._background.run(partial(catalogue.look, made), done, self._fail)
            return
        self._end()
        if error:
            self._fail(error)
        self._changed()

    def _is_made(self, backup: Backup | None, *, asked: bool) -> None:
        assert backup is not None, "it was just written"
        self._end()
        self.last, self.error = backup, None
        log.info("backed up to %s: %d bytes, all verified", backup.folder, backup.bytes)
        if damage := damage_in_words(backup.folder, backup.damaged):
            self._notices.warn(damage.message, damage.hint, key=NOTICE)
        elif asked:
            words = self._notices.tr("The library was backed up and verified.")
            self._notices.info(words, str(backup.folder), key=NOTICE)
        else:
            self._notices.dismiss(NOTICE)
        self._changed()

    def _fail(self, error: StudioError) -> None:
        self.error = error
        self._not_before = time.monotonic() + RETRY_SECONDS
        log.warning("the library was not backed up: %s %s", error, error.details)
        self._notices.error(error, key=NOTICE)
        self._changed()

    def _end(self) -> None:
        self.copier = None

    def _changed(self) -> None:
        for call in list(self._observers):
            call()

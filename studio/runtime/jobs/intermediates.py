"""What a running task kept, or finds of earlier runs; the studio has it, and is asked."""

from __future__ import annotations

import logging
from pathlib import Path

from studio.api.worker.intermediates import KeepEvent
from studio.protocol.errors import StudioError
from studio.protocol.messages import LibraryQuery
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.library_reader import ask

log = logging.getLogger(__name__)


class Intermediates:
    """Those of one job's plugin; see ``studio.api.worker.intermediates``."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def find(self, key: str) -> bytes | None:
        """Return what was kept under ``key``; None if it is gone."""
        try:
            rows = ask(self._job, LibraryQuery(self._job.id, 0, kept=str(key)))
            return Path(rows[0].path).read_bytes() if rows else None
        except (OSError, StudioError) as error:  # it went meanwhile; the work is done anew
            log.info("an intermediate cannot be used: %s", error)
            return None

    def keep(self, key: str, payload: bytes) -> KeepEvent | None:
        """Return the event that keeps ``payload``."""
        return KeepEvent(str(key), payload)

"""The log of the command line, ``logs/cli.log``. It never writes to the terminal, never fails."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from studio.base import disk

MAX_BYTES = 1_000_000


class QuietLog(RotatingFileHandler):
    """A file that is made with its first line. One that cannot be written is done without.

    Attributes:
        is_written: Whether anything got there.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", delay=True, errors="replace"
        )
        self.is_written = False
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            disk.make_folder(Path(self.baseFilename).parent)
        except OSError:
            return
        self.is_written = True
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Do without."""
        self.is_written = False


def log_to(path: Path) -> QuietLog:
    """Send all log output to ``path`` from now on, replacing the previous target."""
    log = QuietLog(path)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, QuietLog)]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(log)
    return log

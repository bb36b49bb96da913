"""Reads weights from end to end and compares their digest with the promised one. Read-only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.models.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular
from studio.protocol.weights_files import digest_of_all, files_of

BLOCK = 4 * 1024 * 1024


@dataclass(frozen=True)
class Verification:
    """What reading all bytes found.

    Attributes:
        passed: True or False; None if there is no promised digest to compare with.
        digest: SHA-256 of the file; of several, see ``digest_of_all``.
    """

    id: str
    passed: bool | None
    digest: str
    expected: str
    bytes: int

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.passed:
            return f"{self.id}: all {self.bytes:,} bytes are correct."
        if self.passed is None:
            return f"{self.id}: read without errors; no checksum is known for it."
        return (
            f"{self.id}: the file does not match its checksum. It is damaged or another version; "
            "download it again."
        )


def verify(weights: Weights, on_progress: Callable[[int, int], None]) -> Verification:
    """Return how ``weights`` compare with their promised digest.

    Args:
        on_progress: Called with bytes read so far and in all; may raise to stop.

    Raises:
        StudioError: They cannot be read.
    """
    try:
        files = files_of(weights.path)
        total = sum(file.stat().st_size for file in files)
        progress = _Progress(total, on_progress)
        digests = {file: _digest(file, progress) for file in files}
    except OSError as error:
        raise StudioError(
            ErrorCode.NOT_FOUND if isinstance(error, FileNotFoundError) else ErrorCode.BAD_WEIGHTS,
            weights.problem or f"{weights.path} cannot be read ({error.strerror}).",
        ) from error
    digest = digest_of_all(weights.path, digests)
    passed = digest == weights.digest if weights.digest else None
    return Verification(weights.id, passed, digest, weights.digest, total)


class _Progress:
    def __init__(self, total: int, report: Callable[[int, int], None]) -> None:
        self._done, self._total, self._report = 0, total, report

    def add(self, count: int) -> None:
        self._done += count
        self._report(self._done, self._total)


def _digest(file: Path, progress: _Progress) -> str:
    digest = hashlib.sha256()
    for block in _blocks(file):
        digest.update(block)
        progress.add(len(block))
    return digest.hexdigest()


def _blocks(file: Path) -> Iterator[bytes]:
    with open_regular(file) as stream:
        while block := stream.read(BLOCK):
            yield block

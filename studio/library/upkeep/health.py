"""How the library is, in words for a banner."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from studio.protocol.errors import ErrorCode, StudioError


class HealthState(StrEnum):
    """The available operations; reading, browsing and exporting always work."""

    OK = "ok"
    READ_ONLY = "read-only"
    FULL = "full"
    FAULTY = "faulty"


class Health(msgspec.Struct, frozen=True):
    """The state of the library: its state and cause in one sentence, the remedy in another.

    Attributes:
        writer: The pid of the studio that writes, where that is the reason.
    """

    state: HealthState = HealthState.OK
    message: str = ""
    hint: str = ""
    writer: int = 0

    @property
    def writable(self) -> bool:
        """Whether saving is worth a try."""
        return self.state is not HealthState.READ_ONLY

    def error(self) -> StudioError:
        """Return the refusal of a write to a read-only library."""
        return StudioError(ErrorCode.READ_ONLY, self.message, self.hint)


def of_fault(fault: StudioError) -> Health:
    """Return the health that a refusal of the disk stands for."""
    full = fault.code is ErrorCode.DISK_FULL
    return Health(HealthState.FULL if full else HealthState.FAULTY, fault.message, fault.hint)


def refused(error: StudioError) -> Health:
    """The database cannot be opened for writing."""
    return Health(HealthState.READ_ONLY, error.message, error.hint)


def asked() -> Health:
    """The caller wanted to read only."""
    return Health(HealthState.READ_ONLY, "The library was opened read-only.")


def other_writer(pid: int) -> Health:
    """Another studio has the library open."""
    who = f" (process {pid})" if pid else ""
    return Health(
        HealthState.READ_ONLY,
        f"Another copy of Offline Studio{who} is using this library, so nothing can be saved here.",
        "Use the other window, or close it and start this one again.",
        pid,
    )


def no_permission(folder: Path) -> Health:
    """The folder cannot be written to."""
    return Health(
        HealthState.READ_ONLY,
        f"The library folder {folder} is not writable, so nothing can be saved.",
        "Make it writable, or choose another folder with STUDIO_HOME.",
    )


def newer(folder: Path, version: int, latest: int) -> Health:
    """A later studio wrote the database."""
    return Health(
        HealthState.READ_ONLY,
        f"The library in {folder} was created by a newer version (format {version}; this version "
        f"supports {latest}), so it is read-only.",
        "Update Offline Studio, or choose another library with STUDIO_HOME.",
    )

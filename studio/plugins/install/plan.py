"""What installing a plugin would mean, for a person to read before anything happens. Data only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from studio.api.manifest import Manifest
from studio.plugins.install.records import Record

IN_STUDIO = "studio"
PERMISSIONS = {
    "network": "use the network",
    "files": "read files",
    "run_code": "run code that it generates",
    "gpu": "use the graphics card",
    "library": "read what is in the library",
    "uses": "run tasks of other plugins",
}
"""Permission → what the plugin may do with it."""
_FILES = ("none", "picked", "folder")


@dataclass(frozen=True)
class Before:
    """The version that is installed now."""

    record: Record
    manifest: Manifest | None
    enabled: bool


@dataclass(frozen=True)
class Plan:
    """One plugin, read and found good, with its packages chosen. Nothing has been changed yet.

    Attributes:
        record: What will be written down.
        wheels: Name of a wheel → where it lies now.
        before: What it takes the place of; None for a plugin that is new here.
        has_native_code: Names of the packages that bring compiled libraries.
    """

    record: Record
    manifest: Manifest
    wheels: Mapping[str, Path]
    before: Before | None = None
    has_native_code: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes it will take on the disk."""
        return sum(package.size + package.unpacked for package in self.record.brings)

    @property
    def runs_in_studio(self) -> bool:
        """Whether its code runs in the studio's own processes, where there is no sandbox."""
        return runs_in_studio(self.manifest)

    @property
    def is_older(self) -> bool:
        """Whether an older version would take the place of a newer one."""
        before = self.before
        return before is not None and Version(self.record.version) < Version(before.record.version)

    @property
    def is_signed_by_another(self) -> bool:
        """Whether not the key that vouched for the version before vouches for this one."""
        return self.before is not None and self.before.record.key not in ("", self.record.key)

    def new_permissions(self) -> Iterator[str]:
        """Yield the permissions that the version before did not ask for."""
        return gains(self.before.manifest if self.before else None, self.manifest)

    def questions(self) -> Iterator[str]:
        """Yield what must be answered with yes, beyond the wish to install it and trust in it."""
        before = self.before
        if before and self.is_older:
            yield (
                f"Version {self.record.version} is older than {before.record.version}, which is "
                "installed. Replace the newer version with the older one?"
            )

    def trust_questions(self) -> Iterator[str]:
        """Yield what only somebody who trusts it may answer with yes."""
        before = self.before
        if before and self.is_signed_by_another:
            by = "signed with another key than" if self.record.key else "not signed, unlike"
            yield f"It is {by} version {before.record.version}. Do you still trust it?"
        if before and before.enabled and any(self.new_permissions()):
            yield "It asks for more than the version before, and is enabled. Allow it?"


@dataclass(frozen=True)
class Widening:
    """An enabled plugin with more permissions than the version it replaces."""

    title: str
    version: str
    manifest: Manifest
    new: tuple[str, ...]


def wanted(manifest: Manifest) -> dict[str, str]:
    """Return permission → how far, for those that are asked for."""
    permissions = manifest.permissions
    kinds = {
        name: "yes"
        for name in ("network", "run_code", "gpu", "library")
        if getattr(permissions, name)
    }
    if permissions.files != "none":
        kinds["files"] = permissions.files
    if manifest.uses:
        kinds["uses"] = ", ".join(manifest.uses)
    return kinds


def gains(before: Manifest | None, now: Manifest) -> Iterator[str]:
    """Yield the permissions that ``now`` asks for and ``before`` did not, or not so far."""
    had = wanted(before) if before else {}
    for name, how in wanted(now).items():
        if name == "uses":
            is_more = bool(set(now.uses) - set(before.uses if before else ()))
        elif name == "files":
            is_more = _FILES.index(how) > _FILES.index(had.get(name, "none"))
        else:
            is_more = name not in had
        if is_more:
            yield name
    if runs_in_studio(now) and not (before and runs_in_studio(before)):
        yield IN_STUDIO


def runs_in_studio(manifest: Manifest) -> bool:
    """Whether a plugin asks to run in the studio's own processes."""
    return manifest.isolation == IN_STUDIO

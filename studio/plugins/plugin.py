"""One plugin as the host sees it: its manifest, its origin, how it is. Runs none of its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from studio.api.manifest import Manifest
from studio.plugins.deny_list import Identity
from studio.plugins.discovery import Origin
from studio.plugins.release import digest_of, files_in


class PluginState(StrEnum):
    """How a plugin is. Only ``DISCOVERED`` and ``ACTIVE`` ones take part."""

    DISCOVERED = "discovered"
    """Its manifest is good; none of its code has been imported yet."""
    ACTIVE = "active"
    """Its window half is imported and registered."""
    INVALID = "invalid"
    """Its manifest, or the way it is packaged, cannot be used."""
    INCOMPATIBLE = "incompatible"
    """It was written for another version of the API."""
    DENIED = "denied"
    """The user, or a list that the user took over, refuses it."""
    DISABLED = "disabled"
    """The user, ``--only`` or safe mode left it out."""
    FAILED = "failed"
    """It raised while loading, or too often since; off until it is tried again."""
    QUARANTINED = "quarantined"
    """The studio died while loading it; off until the user tries it again."""

    @property
    def words(self) -> str:
        """The state in words, for the window and the terminal."""
        return {
            "discovered": "ready",
            "active": "active",
            "invalid": "not usable",
            "incompatible": "incompatible version",
            "disabled": "off",
            "quarantined": "quarantined",
        }.get(self.value, self.value)


@dataclass
class Plugin:
    """A row of the Plugins page.

    Attributes:
        id: From the manifest, or the name it was found under if there is no usable manifest.
        reason: Why it does not take part, in words; while it does, what is to be known of it.
        package: Its import package, ``studio_chat``.
        distribution: What it was installed by; empty if it was found in a folder.
        version: Of the manifest; empty where there is none.
        folder: Of the package; None if it could not be found.
        shipped: Whether it is one of the studio's own.
        paths: Folders that hold its packages; empty where they are the studio's.
        schemas: Task id → frozen schema, where they were frozen when it was installed.
        origin: How it came to be here.
        lends: Distributions of the studio that it runs with, beside those lent to every plugin.
        identity: What a list of denied plugins may name it by.
    """

    id: str
    manifest: Manifest | None
    state: PluginState
    package: str
    reason: str = ""
    distribution: str = ""
    version: str = ""
    folder: Path | None = None
    shipped: bool = False
    paths: tuple[Path, ...] = ()
    schemas: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = Origin.FOLDER
    lends: tuple[str, ...] = ()
    identity: Identity | None = None

    @property
    def title(self) -> str:
        """The name a person reads."""
        return self.manifest.title if self.manifest else self.id

    @property
    def isolated(self) -> bool:
        """Whether its tasks run in a process of its own, and nothing of it is imported here."""
        asks = self.manifest is not None and self.manifest.isolation == "process"
        return asks and bool(self.paths) and not self.shipped

    @property
    def stored(self) -> bool:
        """Whether the studio has installed it."""
        return self.origin is Origin.STORE

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the names and bytes of its package's files, read once; empty without one.

        Raises:
            OSError: They cannot be read.
        """
        return digest_of(self.folder, files_in(self.folder)) if self.folder else ""

    def is_same_as(self, other: Plugin) -> bool:
        """Whether both are the same files, allowed the same; one that failed stays so."""
        mine = (self.folder, self.manifest, self.lends, dict(self.schemas))
        is_failed = self.state is PluginState.FAILED and other.is_usable
        as_before = self.reason == other.reason and self.is_usable == other.is_usable
        is_same = mine == (other.folder, other.manifest, other.lends, dict(other.schemas))
        return is_same and (is_failed or as_before)

    @property
    def is_usable(self) -> bool:
        """Whether its pages and tasks take part."""
        return self.state in (PluginState.DISCOVERED, PluginState.ACTIVE)

    @property
    def is_beyond_use(self) -> bool:
        """Whether it cannot be enabled as it is."""
        refused = (PluginState.INVALID, PluginState.INCOMPATIBLE, PluginState.DENIED)
        return self.state in refused

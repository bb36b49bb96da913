"""Records of the installed plugins. Plain data; touches no disk."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.api.manifest import Permissions
from studio.plugins.deny_list import Identity
from studio.plugins.install.host_packages import STUDIO

_MANY = 10
BUNDLE = ".studioplugin"
"""Suffix of a file that holds a plugin and its packages."""


class LockedPackage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One distribution of a plugin's lock.

    Attributes:
        name: Canonical name.
        file: Its wheel; empty for one that the studio lends.
        sha256: Of that wheel, in hexadecimal; empty for one that the studio lends.
        size: Bytes of the wheel; ``unpacked``: of what it holds.
    """

    name: str
    version: str
    file: str = ""
    sha256: str = ""
    size: int = 0
    unpacked: int = 0
    licence: str = ""

    @property
    def is_lent(self) -> bool:
        """Whether it is the studio's own, used and not copied."""
        return not self.file


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of one plugin, as it was installed. Never changes.

    Attributes:
        package: Its import package.
        manifest: The text of its manifest.
        digest: SHA-256 of its wheel.
        source: The file it was installed from, without its folder.
        publisher: Who the wheel says made it, which nobody has verified.
        key: The minisign public key that vouched for its bundle; empty without a signature.
        lock: Exactly the distributions it runs with, its own first.
        python: Of which its wheels are: ``3.11``.
    """

    id: str
    title: str
    version: str
    package: str
    manifest: str
    digest: str
    source: str
    lock: tuple[LockedPackage, ...]
    publisher: str = ""
    licence: str = ""
    summary: str = ""
    key: str = ""
    python: str = ""

    @property
    def lends(self) -> tuple[str, ...]:
        """The names of the distributions that the studio lends it."""
        return tuple(package.name for package in self.lock if package.is_lent)

    @property
    def lent_in_short(self) -> tuple[tuple[str, ...], int]:
        """Packages lent by the studio with versions, and the number left out: of very many
        only the studio itself is named, whose packages they are.
        """
        lent = [package for package in self.lock if package.is_lent]
        if len(lent) > _MANY:
            lent = [package for package in lent if package.name == STUDIO] or lent[:_MANY]
        left_out = len(self.lends) - len(lent)
        return tuple(f"{package.name} {package.version}" for package in lent), left_out

    @property
    def identity(self) -> Identity:
        """The identity for matching against a deny list."""
        digests = tuple(package.sha256 for package in self.brings)
        names = (self.id, self.lock[0].name)
        return Identity(names, self.version, (self.digest, *digests), self.key, self.publisher)

    @property
    def brings(self) -> tuple[LockedPackage, ...]:
        """The distributions that lie in its own folder, its own first."""
        return tuple(package for package in self.lock if not package.is_lent)


class Installed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A plugin in a set.

    Attributes:
        folder: Of its version, below ``versions``.
        enabled: Whether the user has let its code run.
        granted: The permissions that the user has read and accepted; None before that.
        schemas: Task id → its frozen schema; empty until it was tried.
        tier: Tier of the sandbox that it was tried in; empty if none stood around it.
    """

    folder: str
    enabled: bool = False
    granted: Permissions | None = None
    schemas: dict[str, Any] = {}
    tier: str = ""


class PluginSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """All plugins of others at one time. Never changes.

    Attributes:
        number: Grows with each change; 0 before the first.
        change: What made it differ from the one before, in words.
        time: Seconds since the epoch.
        plugins: Id → plugin.
        doomed: Whether nobody may go back to it: the studio did not start with it.
    """

    number: int = 0
    change: str = ""
    time: float = 0.0
    plugins: dict[str, Installed] = {}
    doomed: bool = False

"""The packages of the studio's own environment, which no plugin may replace."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import Distribution, distributions, packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

STUDIO = "offline-studio"
PLUGIN_PREFIX = "studio-plugin-"
_CODE = (".py", ".so", ".pyd")


@dataclass(frozen=True)
class HostPackage:
    """A distribution of the studio's environment, and its requirements."""

    name: str
    version: str
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostPackages:
    """The studio's environment by name.

    Attributes:
        packages: Canonical name of a distribution → the distribution.
        owners: What can be imported, in lower case → the distribution that brings it; empty where
            nobody says.
    """

    packages: Mapping[str, HostPackage] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)

    def owner(self, top: str) -> str | None:
        """Return who brings the top-level name ``top`` here; None if nobody does."""
        return self.owners.get(top.casefold())

    def is_standard(self, top: str) -> bool:
        """Whether ``top`` is a module of Python itself."""
        return top.casefold() in _standard()

    def version(self, name: str) -> str:
        """Return the version of a distribution that is here; empty if it is not."""
        package = self.packages.get(canonicalize_name(name))
        return package.version if package else ""

    def digest(self) -> str:
        """Return one word for all names and versions: it changes when any package does."""
        lines = sorted(f"{name}=={package.version}" for name, package in self.packages.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def this_python() -> str:
    """Return the version of Python that compiled packages are made for: ``3.11``."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def look() -> HostPackages:
    """Return the packages installed now; imports nothing.

    It takes some tenths of a second the first time, and when a folder on the path has changed.
    """
    folders = filter(os.path.exists, sys.path)
    return _found(os.getcwd(), tuple((folder, os.stat(folder).st_mtime_ns) for folder in folders))


@lru_cache(maxsize=1)
def _found(_here: str, _folders: tuple[tuple[str, int], ...]) -> HostPackages:
    packages: dict[str, HostPackage] = {}
    for distribution in distributions():
        name = _name(distribution)
        if name and name not in packages:
            packages[name] = HostPackage(
                name, distribution.version, tuple(distribution.requires or ())
            )
    owners = {top.casefold(): "" for top in _importable()}
    for top, names in packages_distributions().items():
        owners[top.casefold()] = canonicalize_name(names[0])
    return HostPackages(packages, owners)


def _name(distribution: Distribution) -> str:
    try:
        return canonicalize_name(distribution.metadata["Name"])
    except Exception:  # noqa: BLE001 - metadata of any package on the machine may be damaged
        return ""


def _importable() -> Iterator[str]:
    """Yield the top-level names on the path, whoever put them there."""
    for folder in map(Path, filter(None, sys.path)):
        if not folder.is_dir() or folder.samefile(Path.cwd()):
            continue  # what lies where the studio was started is no part of it
        for entry in folder.iterdir():
            top, _, _ = entry.name.partition(".")
            is_package = entry.is_dir() and entry.name == top and (entry / "__init__.py").exists()
            if top.isidentifier() and (is_package or entry.suffix in _CODE):
                yield top


@lru_cache(maxsize=1)
def _standard() -> frozenset[str]:
    return frozenset(name.casefold() for name in sys.stdlib_module_names)

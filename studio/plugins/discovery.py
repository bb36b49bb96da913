"""Finds plugins and reads their manifests. Never imports them: a broken one is data."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import (
    Distribution,
    DistributionFinder,
    EntryPoint,
    PackageNotFoundError,
    distributions,
    version,
)
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from studio.api.manifest import Manifest, read_manifest
from studio.plugins.deny_list import Identity
from studio.plugins.fault_list import in_words
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note

GROUP = "studio.plugins"
MANIFEST = "manifest.toml"
PROJECT = "pyproject.toml"
SEARCH_PATH = "STUDIO_PLUGIN_PATH"
STUDIO = "offline-studio"


class Origin(StrEnum):
    """How a plugin came to be here."""

    ENVIRONMENT = "environment"
    """It is installed beside the studio: its own plugins, and what somebody else put there."""
    STORE = "store"
    """The studio has installed it."""
    FOLDER = "folder"
    """It lies in a folder of ``STUDIO_PLUGIN_PATH``: its author works on it."""


@dataclass(frozen=True)
class Found:
    """A plugin that was found: either ``manifest`` or ``error`` is set.

    Attributes:
        name: The id of the manifest, or of the entry point or folder where there is none.
        package: The import package, ``studio_chat``.
        distribution: Name of what installed it; empty if it lies in a folder of the search path.
        paths: Folders that hold all of its packages, if they are not those of the studio: only
            then can it run in a process of its own.
        schemas: Task id → frozen schema, where they were frozen when it was installed.
        lends: Distributions of the studio that it runs with, beside those lent to every plugin.
        identity: What a list of denied plugins may name it by, if more than its id and its
            distribution is known.
        unready: Why it cannot take part as it is, although nothing is wrong with it: the user has
            not enabled it yet, or the studio has changed since.
    """

    name: str
    package: str
    folder: Path | None = None
    manifest: Manifest | None = None
    error: StudioError | None = None
    distribution: str = ""
    paths: tuple[Path, ...] = ()
    schemas: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = Origin.FOLDER
    lends: tuple[str, ...] = ()
    unready: str = ""
    identity: Identity | None = None


class PluginFinder:
    """Finds the packages of plugins whose code runs here, after all that Python finds by itself.

    They do not lie on ``sys.path``: what is there counts as installed beside the studio.
    """

    def __init__(self) -> None:
        self.folders: list[str] = []

    def add(self, folders: Iterable[Path]) -> None:
        """Look in ``folders``, too."""
        self.folders += [path for path in map(str, folders) if path not in self.folders]
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def discard(self, folders: Iterable[Path]) -> None:
        """Look in ``folders`` no more."""
        gone = set(map(str, folders))
        self.folders[:] = [path for path in self.folders if path not in gone]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """Find a top-level package; those inside it Python finds by itself."""
        return None if path is not None else PathFinder.find_spec(name, self.folders)

    def find_distributions(
        self,
        context: DistributionFinder.Context = DistributionFinder.Context(),  # noqa: B008
    ) -> Iterable[Distribution]:
        """Find the metadata of a package by its name; none of these is in a list of all."""
        if context.name is None:
            return ()
        here = DistributionFinder.Context(name=context.name, path=self.folders)
        return PathFinder.find_distributions(here)


finder = PluginFinder()
"""That of this process."""


def discover(search_path: Sequence[Path] = (), stored: Sequence[Found] = ()) -> list[Found]:
    """Return all plugins: those of the environment, ``stored``, those in ``search_path``."""
    importlib.invalidate_caches()  # something may have been installed since
    plugins = [*_installed(), *stored]
    installed = {plugin.folder for plugin in plugins}
    plugins += [plugin for plugin in _in_folders(search_path) if plugin.folder not in installed]
    return plugins


def search_path_of_environment() -> list[Path]:
    """Return the folders of ``STUDIO_PLUGIN_PATH``, where authors keep plugins they work on."""
    entries = os.environ.get(SEARCH_PATH, "").split(os.pathsep)
    return [Path(entry).expanduser().resolve() for entry in entries if entry]


def _installed() -> Iterator[Found]:
    points: list[tuple[str, EntryPoint]] = []
    for distribution in distributions():
        points += [(_name_of(distribution), point) for point in _entry_points(distribution)]
    # An editable install may be listed twice: by its metadata and by the one it replaced.
    for name, point in sorted(set(points), key=lambda pair: (pair[1].name, pair[0])):
        plugin = _read(point.name, point.value.strip(), distribution=name)
        yield replace(plugin, origin=Origin.ENVIRONMENT)


def _entry_points(distribution: Distribution) -> list[EntryPoint]:
    try:
        return [point for point in distribution.entry_points if point.group == GROUP]
    except Exception:  # noqa: BLE001 - metadata of any package on the machine may be damaged
        return []


def _name_of(distribution: Distribution) -> str:
    return distribution.metadata["Name"] or "?"


def _in_folders(search_path: Sequence[Path]) -> Iterator[Found]:
    for folder in search_path:
        if not folder.is_dir():
            continue
        for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
            package = manifest.parent
            yield replace(
                _read(package.name, package.name, expected=package),
                lends=tuple(_lent(requirements_of(project_of(package)))),
            )


def project_of(package: Path) -> Path:
    """Return the folder of the project that the folder ``package`` is of; its own if of none."""
    folders = (package.parent, package.parent.parent)
    return next((folder for folder in folders if (folder / PROJECT).is_file()), package.parent)


def requirements_of(folder: Path) -> tuple[str, ...]:
    """Return the requirements of the project in ``folder``, as far as readable."""
    try:
        table = tomllib.loads(read_note(folder / PROJECT).decode("utf-8")).get("project", {})
    except (OSError, ValueError, RecursionError, AttributeError):
        return ()
    lines = [str(line) for line in table.get("dependencies", ())]
    for extra, more in table.get("optional-dependencies", {}).items():
        lines += [f"{str(line).partition(';')[0]}; extra == '{extra}'" for line in more]
    return tuple(lines)


def _lent(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the packages that an installed plugin would find, as far as present."""
    for line in requirements:
        with contextlib.suppress(InvalidRequirement, PackageNotFoundError):
            needed = Requirement(line)
            name = canonicalize_name(needed.name)
            if name != STUDIO and (not needed.marker or needed.marker.evaluate({"extra": ""})):
                version(name)
                yield name


def read_folder(name: str, folder: Path) -> Found:
    """Return the plugin in ``folder``, which is its package; ``name`` is what errors call it."""
    return _read(name, folder.name, expected=folder)


def _read(name: str, package: str, distribution: str = "", expected: Path | None = None) -> Found:
    folder = expected
    try:
        folder = _locate(package, expected)
        manifest = read_manifest(folder / MANIFEST)
        check_modules(package, manifest)
        paths = (expected.parent,) if expected else ()
        return Found(manifest.id, package, folder, manifest, None, distribution, paths)
    except StudioError as error:
        return Found(name, package, folder, None, error, distribution)
    except Exception as error:  # noqa: BLE001 - a hostile file must not stop the start
        unreadable = _unusable(name, f"its manifest cannot be read ({in_words(error)})")
        return Found(name, package, folder, None, unreadable, distribution)


def _locate(package: str, expected: Path | None) -> Path:
    """Return the folder of ``package`` without importing anything, parents included."""
    if not (package.isidentifier() and package.isascii()):
        raise _unusable(package, f"“{package}” is not the name of a top-level package")
    try:
        taken = _environment_spec(package)
        spec = PathFinder.find_spec(package, [str(expected.parent)]) if expected else taken
    except Exception as error:  # import hooks of others may raise anything
        raise _unusable(package, f"it cannot be found ({in_words(error)})") from error
    if package in sys.stdlib_module_names:
        raise _unusable(package, "its package has the same name as a Python standard module")
    if spec is None or not spec.submodule_search_locations:
        raise _unusable(package, "the package is missing or only partly removed")
    folder = Path(next(iter(spec.submodule_search_locations))).resolve()
    if taken and taken.origin and Path(taken.origin).resolve().parent != folder:
        raise _unusable(
            package, f"another package named “{package}” is installed at {taken.origin}"
        )
    return folder


def _environment_spec(package: str) -> ModuleSpec | None:
    """Find the spec of a package of that name, ignoring plugins that run already."""
    others = (other for other in sys.meta_path if other is not finder)
    specs = (other.find_spec(package, None) for other in others)
    return next((spec for spec in specs if spec is not None), None)


def check_modules(package: str, manifest: Manifest) -> None:
    """Refuse a manifest that points at code of somebody else."""
    params = [task.params.partition(":")[0] for task in manifest.tasks]
    benches = [bench.module for bench in manifest.benches]
    for module in filter(None, (manifest.plugin, manifest.worker, *params, *benches)):
        if module.partition(".")[0] != package:
            raise _unusable(manifest.id, f"“{module}” is not a module of its package “{package}”")


def _unusable(name: str, why: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin “{name}” cannot be used: {why}.",
        "Reinstall it, or remove it.",
    )

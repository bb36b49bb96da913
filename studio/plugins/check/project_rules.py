"""Checks of a plugin's files beside its manifest. Reads them; imports nothing."""

from __future__ import annotations

import ast
import difflib
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from studio.api.manifest import Manifest
from studio.plugin_process.launch import LENT_LAST
from studio.plugins.check.manifest_rules import IN_STUDIO
from studio.plugins.check.toml_lines import line_of
from studio.plugins.discovery import GROUP, MANIFEST, PROJECT
from studio.plugins.finding import Finding
from studio.protocol.regular_file import read_note

STUDIO = "offline-studio"
_OPEN = ("studio.api", "studio.testing")


@dataclass(frozen=True)
class Sources:
    """A plugin as files.

    Attributes:
        package: The folder with the manifest.
        requires: What it needs of others, as it is declared.
    """

    package: Path
    manifest: Manifest
    requires: tuple[str, ...] = ()

    def name_of(self, file: Path) -> str:
        """Return the name of a file as its author writes it."""
        return file.relative_to(self.package.parent).as_posix()

    def python_files(self) -> list[Path]:
        """Return the modules of the package."""
        return sorted(self.package.rglob("*.py"))

    def module_file(self, module: str) -> Path | None:
        """Return the file of a module; None if there is none."""
        place = self.package.parent.joinpath(*module.split("."))
        candidates = (place.with_suffix(".py"), place / "__init__.py")
        return next((file for file in candidates if file.is_file()), None)


def project_findings(folder: Path, package: str, manifest: Manifest) -> Iterator[Finding]:
    """Yield the findings for the project file in ``folder``, which builds the wheel."""
    file = folder / PROJECT
    if not file.is_file():
        words, cure = "No project file says how to build it.", "`studio plugins new` writes one."
        yield Finding("no-project", words, PROJECT, cure=cure, is_advice=True)
        return
    text = read_note(file).decode("utf-8", "replace")
    try:
        table: dict[str, Any] = tomllib.loads(text).get("project", {})
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        yield Finding("toml", f"This is not valid TOML: {error}.", PROJECT, cure="Correct it.")
        return
    points = table.get("entry-points", {}).get(GROUP, {})
    if package not in points.values():
        words = f"No entry point of “{GROUP}” names the package {package}: nobody will find it."
        cure = f'[project.entry-points."{GROUP}"] {manifest.id} = "{package}"'
        yield Finding("entry-point", words, PROJECT, line_of(text, ("project", GROUP)), cure)
    if table.get("version", manifest.version) != manifest.version:
        words = f"It says version {table['version']}, the manifest {manifest.version}."
        place = line_of(text, ("project", "version"))
        yield Finding("version-differs", words, PROJECT, place, "Say the same in both.")


def file_findings(sources: Sources, manifest_text: str) -> Iterator[Finding]:
    """Yield modules that are missing, imports that are not allowed or not declared."""
    yield from _missing_modules(sources, manifest_text)
    missing = list(_requirements(sources))
    yield from missing
    yield from _imports(sources)


def _missing_modules(sources: Sources, text: str) -> Iterator[Finding]:
    manifest = sources.manifest
    named: list[tuple[Sequence[str | int], str]] = [
        (("plugin",), manifest.plugin),
        (("worker",), manifest.worker),
    ]
    for number, task in enumerate(manifest.tasks):
        named.append((("tasks", number, "params"), task.params.partition(":")[0]))
    for number, bench in enumerate(manifest.benches):
        named.append((("benches", number, "module"), bench.module))
    modules = [_module_name(sources, file) for file in sources.python_files()]
    for place, module in named:
        if module and sources.module_file(module) is None:
            near = difflib.get_close_matches(module, modules, n=1)
            cure = f"Did you mean “{near[0]}”?" if near else "Write it, or correct the name."
            words = f"There is no module “{module}”."
            yield Finding("missing-module", words, MANIFEST, line_of(text, place), cure)


def _module_name(sources: Sources, file: Path) -> str:
    parts = file.relative_to(sources.package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _requirements(sources: Sources) -> Iterator[Finding]:
    for line in sources.requires:
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            yield Finding("requirement", f"“{line}” names no package.", PROJECT, cure="Correct it.")
            continue
        if not _is_usual(wanted):
            continue
        try:
            here = version(wanted.name)
        except PackageNotFoundError:
            words = f"It needs {wanted}, which is not installed here: its code cannot be tried."
            cure = f"python -m pip install '{wanted}'. Users get it with the plugin."
            yield Finding("not-installed", words, PROJECT, cure=cure)
            continue
        if not wanted.specifier.contains(here, prereleases=True):
            words = f"It needs {wanted}; {here} is installed here."
            cure = "Install that version to try it here, or allow this one."
            yield Finding("requirement", words, PROJECT, cure=cure)


def _imports(sources: Sources) -> Iterator[Finding]:
    declared = {canonicalize_name(Requirement(line).name) for line in _readable(sources.requires)}
    if sources.manifest.isolation == IN_STUDIO:  # it runs among the packages of the studio
        lines = map(Requirement, _readable(requires(STUDIO) or ()))
        declared |= {
            canonicalize_name(requirement.name) for requirement in lines if _is_usual(requirement)
        }
        declared.add(canonicalize_name("shiboken6"))  # comes with PySide6
    else:
        declared |= set(map(canonicalize_name, LENT_LAST))  # found in any case
    brings = packages_distributions()
    reported: set[str] = set()
    for file in sources.python_files():
        for top, module, line in _imported(file):
            if top == "studio" and not module.startswith(_OPEN):
                words = f"It imports {module}, which may change or go without notice."
                yield Finding(
                    "closed-door", words, sources.name_of(file), line, "Import from studio.api."
                )
            owners = {canonicalize_name(name) for name in brings.get(top, [top])}
            is_own = top in ("studio", sources.package.name) or top in sys.stdlib_module_names
            if is_own or owners & declared or top in reported:
                continue
            reported.add(top)
            named = min(owners)
            words = f"It imports {top}, but {named} is not among its dependencies."
            cure = f"Add it to the dependencies in {PROJECT}, with its range."
            yield Finding("undeclared", words, sources.name_of(file), line, cure)


def _is_usual(wanted: Requirement) -> bool:
    """Whether it is needed here, and not only for an extra."""
    return not wanted.marker or wanted.marker.evaluate({"extra": ""})


def _readable(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        try:
            Requirement(line)
        except InvalidRequirement:
            continue
        yield line


def _imported(file: Path) -> Iterator[tuple[str, str, int]]:
    """Yield (top-level name, module, line) of each import, those inside functions too."""
    try:
        tree = ast.parse(read_note(file).decode("utf-8", "replace"))
    except SyntaxError:
        return  # the trial says so, with the line
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.module, node.lineno

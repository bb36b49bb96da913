"""Reads a wheel that may be hostile: its metadata, and all its problems.

Nothing is unpacked and none of its code runs. A wheel is a *plugin* if it has an entry point of
the group ``studio.plugins``; any other is a *package* that a plugin needs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from studio.api.manifest import API_VERSION, Manifest, is_compatible, parse_manifest
from studio.plugins.discovery import GROUP, MANIFEST, check_modules
from studio.plugins.eligibility import belongs_inside
from studio.plugins.finding import Finding
from studio.plugins.install.archive import Archive
from studio.plugins.install.host_packages import PLUGIN_PREFIX, STUDIO, HostPackages
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import open_regular

MAX_TEXT = 8 << 20
OURS = frozenset(
    f"studio_{name}" for name in ("chat", "image", "music", "molecules", "code", "lab", "voice")
) | frozenset({"studio"})
"""Top-level packages of the studio and of the plugins that come with it."""
_AT_START = ("sitecustomize", "usercustomize")
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_HASHES = ("sha256", "sha384", "sha512")
_COMPILED = (".pyc", ".pyo")
_IMPORTED = (".py", ".so", ".pyd", ".pth", *_COMPILED)


@dataclass(frozen=True)
class Wheel:
    """The metadata of a wheel; trustworthy only where ``findings`` is empty.

    Attributes:
        path: The file.
        findings: Its problems; empty if it may be installed.
        name: Canonical name of the distribution.
        sha256: Of the whole file, in hexadecimal.
        size: Bytes of the file; ``unpacked``: of its content.
        requires: Its requirements, as in ``Requires-Dist``.
        publisher: The author it claims, unverified.
        package: The import package of a plugin; empty for a package that a plugin needs.
        has_native_code: Whether it brings compiled libraries.
    """

    path: Path
    findings: tuple[Finding, ...] = ()
    name: str = ""
    version: str = ""
    sha256: str = ""
    size: int = 0
    unpacked: int = 0
    summary: str = ""
    publisher: str = ""
    licence: str = ""
    requires: tuple[str, ...] = ()
    package: str = ""
    manifest: Manifest | None = None
    manifest_text: str = ""
    has_native_code: bool = False

    @property
    def is_plugin(self) -> bool:
        """Whether it says that it is a plugin."""
        return bool(self.package)


def read_wheel(path: Path, host: HostPackages) -> Wheel:
    """Read the wheel at ``path`` whole, and check it against this Python and the studio.

    Raises:
        OSError: The file cannot be read.
    """
    with Archive(path) as archive:
        if archive.findings:
            return Wheel(path, tuple(archive.findings), size=archive.size)
        reader = _Reader(path, archive, host)
        return reader.read()


def placed(name: str) -> str | None:
    """Return where below ``site-packages`` the entry ``name`` belongs; None if not there."""
    parts = PurePosixPath(name).parts
    if not parts[0].endswith(".data"):
        return name
    if len(parts) > 2 and parts[1] in ("purelib", "platlib"):
        return "/".join(parts[2:])
    return None  # scripts, headers, data: for an environment, which a plugin does not have


@dataclass
class _Reader:
    """One reading."""

    path: Path
    archive: Archive
    host: HostPackages
    findings: list[Finding] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)

    def blame(self, rule: str, message: str, file: str = "", cure: str = "") -> None:
        self.findings.append(Finding(rule, message, file, cure=cure))

    def read(self) -> Wheel:
        try:
            name, version, _, tags = parse_wheel_filename(self.path.name)
        except InvalidWheelFilename:
            self.blame("file-name", "Its name is not that of a wheel.", cure="Build it again.")
            return self._wheel("", "")
        info = self._info_folder(name, str(version))
        if not info:
            return self._wheel(name, str(version))
        listed = self._record_lines(info)
        digests = dict(self._digests(info, listed))
        if self.findings:
            return self._wheel(name, str(version))
        self._check_tags(tags)
        self._check_record(info, listed, digests)
        metadata = self._check_metadata(info, name, str(version))
        self._check_wheel_file(info, tags)
        package = self._plugin_package(info)
        self._check_places(info, package)
        self._check_tops(name, package)
        return self._wheel(name, str(version), metadata, package, self._manifest(package, version))

    def _wheel(
        self,
        name: str,
        version: str,
        metadata: Message | None = None,
        package: str = "",
        manifest: Manifest | None = None,
    ) -> Wheel:
        about = metadata or Message()
        licence = about.get("License-Expression") or about.get("License") or ""
        text = self.texts.get(f"{package}/{MANIFEST}", b"")
        return Wheel(
            path=self.path,
            findings=tuple(self.findings),
            name=name,
            version=version,
            sha256=_file_digest(self.path),
            size=self.archive.size,
            unpacked=sum(info.file_size for info in self.archive.entries.values()),
            summary=one_line(about.get("Summary")),
            publisher=one_line(about.get("Author") or about.get("Author-email")),
            licence=one_line(licence),
            requires=tuple(map(str, about.get_all("Requires-Dist") or ())),
            package=package,
            manifest=manifest,
            manifest_text=text.decode("utf-8", "replace") if manifest else "",
            has_native_code=any(_is_native(entry) for entry in self.archive.entries),
        )

    # --- what every wheel has to be -----------------------------------------------------------

    def _check_tags(self, tags: frozenset[Tag]) -> None:
        if tags.isdisjoint(sys_tags()):
            built = ", ".join(sorted(map(str, tags)))
            self.blame(
                "tags",
                f"It was built for another Python or system: {built}.",
                cure="Get the wheel for this system and this version of Python.",
            )

    def _info_folder(self, name: str, version: str) -> str:
        """Return the one ``….dist-info`` folder, which carries the name of the wheel."""
        tops = {PurePosixPath(entry).parts[0] for entry in self.archive.entries}
        infos = [top for top in tops if top.endswith(".dist-info")]
        if len(infos) == 1:
            stem, _, number = infos[0].removesuffix(".dist-info").partition("-")
            if canonicalize_name(stem) == name and number == self.path.name.split("-")[1]:
                return infos[0]
        self.blame(
            "dist-info",
            f"It does not hold exactly one folder of metadata for {name} {version}.",
            cure="Build it again with an ordinary build tool.",
        )
        return ""

    def _digests(
        self, info: str, listed: dict[str, tuple[str, str]]
    ) -> Iterator[tuple[str, tuple[str, int]]]:
        """Yield name → (the digest that RECORD has to name, size), reading each file once."""
        wanted = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
        for name, entry in self.archive.entries.items():
            algorithm = listed.get(name, ("sha256",))[0].partition("=")[0]
            digest = hashlib.new(algorithm if algorithm in _HASHES else "sha256")
            is_text = name in wanted or PurePosixPath(name).name == MANIFEST
            metadata: list[bytes] = []
            try:
                for chunk in self.archive.chunks(name):
                    digest.update(chunk)
                    if is_text and entry.file_size <= MAX_TEXT:
                        metadata.append(chunk)
            except ValueError:
                self.blame("damaged", "A file in it is damaged.", name, "Get another copy.")
                continue
            self.texts[name] = b"".join(metadata)
            word = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
            yield name, (f"{digest.name}={word}", entry.file_size)

    def _record_lines(self, info: str) -> dict[str, tuple[str, str]]:
        """Return name → (hash, size) of the wheel's own list of its files."""
        name = f"{info}/RECORD"
        entry = self.archive.entries.get(name)
        if entry is None or entry.file_size > MAX_TEXT:
            self.blame("record", "The list of its files (RECORD) is missing.", name)
            return {}
        try:
            text = b"".join(self.archive.chunks(name)).decode("utf-8")
            rows = [row for row in csv.reader(io.StringIO(text)) if row]
        except (ValueError, csv.Error):
            self.blame("record", "The list of its files (RECORD) cannot be read.", name)
            return {}
        lines = {row[0]: (row[1], row[2]) for row in rows if len(row) == 3}
        if len(lines) != len(rows):
            self.blame("record", "The list of its files (RECORD) names one twice.", name)
        return lines

    def _check_record(
        self,
        info: str,
        listed: dict[str, tuple[str, str]],
        digests: dict[str, tuple[str, int]],
    ) -> None:
        cure = "It was changed after it was built, or damaged: get another copy."
        for name, (digest, size) in digests.items():
            if name in (f"{info}/{free}" for free in _UNHASHED):
                continue
            if name not in listed:
                self.blame("record-extra", "It holds a file that its list lacks.", name, cure)
            elif listed[name][0].partition("=")[0] not in _HASHES:
                self.blame("record-weak", "Its list has no safe hash of a file.", name, cure)
            elif listed[name] != (digest, str(size)):
                self.blame("record-hash", "A file in it is not what its list says.", name, cure)
        for name in listed.keys() - digests.keys():
            self.blame("record-missing", "A file that its list names is not in it.", name, cure)

    def _check_metadata(self, info: str, name: str, version: str) -> Message:
        about = _headers(self.texts.get(f"{info}/METADATA", b""))
        file = f"{info}/METADATA"
        if canonicalize_name(about.get("Name", "")) != name or about.get("Version") is None:
            self.blame("metadata", f"Its metadata are not those of {name}.", file)
        elif not _same_version(str(about["Version"]), version):
            self.blame("metadata", f"Its metadata are not those of version {version}.", file)
        try:
            needed = SpecifierSet(about.get("Requires-Python", ""))
            if not needed.contains(_python(), prereleases=True):
                message = f"It needs Python {needed}; this is Python {_python()}."
                self.blame("python", message, file, "Ask its author for a version for this one.")
            for line in about.get_all("Requires-Dist") or ():
                if Requirement(line).url:
                    self.blame("link-requirement", f"It asks for a package by link: {line}", file)
        except (InvalidSpecifier, InvalidRequirement) as error:
            self.blame("metadata", f"Its metadata cannot be read: {error}", file)
        if name == STUDIO or name in {f"{PLUGIN_PREFIX}{o.removeprefix('studio_')}" for o in OURS}:
            self.blame("ours", f"It calls itself {name}, which is part of Offline Studio.", file)
        return about

    def _check_wheel_file(self, info: str, tags: frozenset[Tag]) -> None:
        about = _headers(self.texts.get(f"{info}/WHEEL", b""))
        file = f"{info}/WHEEL"
        if not str(about.get("Wheel-Version", "")).startswith("1."):
            self.blame("wheel-version", "It has a format of wheels that is not supported.", file)
        declared = {str(tag) for line in about.get_all("Tag") or () for tag in _expanded(str(line))}
        if declared != {str(tag) for tag in tags}:
            self.blame("tags-differ", "It says in two places what it was built for.", file)

    # --- where its files lie ------------------------------------------------------------------

    def _check_places(self, info: str, package: str) -> None:
        for name in self.archive.entries:
            place = placed(name)
            parts = PurePosixPath(place or name).parts
            if PurePosixPath(name).suffix == ".pth" and len(parts) == 1:
                self.blame("pth", "It would run code at every start of Python (.pth).", name)
            elif parts[0].partition(".")[0].casefold() in _AT_START:
                self.blame("site-hook", "It would run code at every start of Python.", name)
            elif package and name != place:
                what = "a command" if "/scripts/" in name else "files outside its package"
                self.blame("data", f"It would install {what}.", name)
            elif package and parts[0] not in (package, info):
                self.blame("own-package", f"It has files outside its package {package}.", name)
            elif package and PurePosixPath(name).suffix in _COMPILED:
                self.blame("compiled", "It holds Python code that nobody can read.", name)

    def _check_tops(self, name: str, package: str) -> None:
        """No name that can be imported is one of Python's, ours, or another package's."""
        tops = {top for entry in self.archive.entries if (top := _top(placed(entry)))}
        for top in sorted(tops):
            owner = self.host.owner(top)
            if top.casefold() in OURS:
                self.blame("ours", f"Its package {top} would replace a part of Offline Studio.")
            elif self.host.is_standard(top):
                self.blame("standard", f"Its package {top} would replace a module of Python.")
            elif owner is not None and (package or owner != name):
                by = f" of {owner}" if owner else ""
                cure = f"Uninstall {name} from the studio's environment." if owner == name else ""
                self.blame("shadow", f"Its package {top} would replace the one{by}.", cure=cure)

    # --- what a plugin has to be --------------------------------------------------------------

    def _plugin_package(self, info: str) -> str:
        parser = ConfigParser(strict=True, interpolation=None, delimiters=("=",))
        file = f"{info}/entry_points.txt"
        try:
            parser.read_string(self.texts.get(file, b"").decode("utf-8"))
        except (ConfigError, UnicodeDecodeError):
            self.blame("entry-points", "Its entry points cannot be read.", file)
            return ""
        points = list(parser[GROUP].values()) if parser.has_section(GROUP) else []
        if len(points) > 1:
            self.blame("entry-points", "It holds more than one plugin.", file)
        package = points[0].strip() if points else ""
        if package and not (package.isidentifier() and package.isascii()):
            self.blame("entry-points", f"“{package}” is not the name of a package.", file)
            return ""
        return package

    def _manifest(self, package: str, version: object) -> Manifest | None:
        if not package:
            return None
        file = f"{package}/{MANIFEST}"
        if file not in self.archive.entries:
            self.blame("no-manifest", f"It has no manifest ({file}).", file)
            return None
        try:
            manifest = parse_manifest(self.texts[file], Path(file))
            check_modules(package, manifest)
        except StudioError as error:
            self.blame("manifest", error.message, file, error.hint)
            return None
        if not is_compatible(manifest):
            needs = f"It needs plugin API {manifest.api}; this version provides {API_VERSION}."
            self.blame("api", needs, file, "Install a matching version of the plugin.")
        if what := belongs_inside(manifest):
            needs = f"It has {what}, which can only run inside the studio, and does not say so."
            self.blame("isolation", needs, file, 'Write isolation = "studio" into its manifest.')
        if not _same_version(manifest.version, str(version)):
            both = f"Its manifest says version {manifest.version}, its wheel {version}."
            self.blame("version", both, file, "Say the same in both.")
        return manifest


def _headers(data: bytes) -> Message:
    return HeaderParser().parsestr(data.decode("utf-8", "replace"))


def _top(place: str | None) -> str:
    """Return the name under which the file at ``place`` can be imported; empty if it cannot."""
    if place is None:
        return ""
    parts = PurePosixPath(place).parts
    if len(parts) == 1 and PurePosixPath(place).suffix not in _IMPORTED:
        return ""
    top = parts[0].partition(".")[0]
    return top if top.isidentifier() else ""


def _expanded(line: str) -> Iterator[Tag]:
    pythons, _, rest = line.partition("-")
    abis, _, platforms = rest.partition("-")
    for python in pythons.split("."):
        for abi in abis.split("."):
            for platform in platforms.split("."):
                yield Tag(python, abi, platform)


def _same_version(one: str, other: str) -> bool:
    try:
        return SpecifierSet(f"=={one}").contains(other, prereleases=True)
    except InvalidSpecifier:
        return False


def _python() -> str:
    from platform import python_version

    return python_version()


def _is_native(name: str) -> bool:
    return name.endswith((".so", ".pyd", ".dll", ".dylib")) or ".so." in name


def one_line(text: object, most: int = 200) -> str:
    """Return ``text`` as one short line: it is shown to people, and others wrote it."""
    words = " ".join(str(text or "").split())
    return "".join(letter for letter in words if letter.isprintable())[:most]


def _file_digest(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""A plugin and all its packages in one file, to be carried to a machine without a network.

A zip file that holds ``bundle.json`` (what is in it, with digests), ``bundle.json.minisig`` (a
signature of that, if there is one), ``requirements.txt`` (for people and for pip), the plugin's
``manifest.toml``, and ``wheels/``.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from studio.base import disk
from studio.plugins.finding import Finding
from studio.plugins.install import minisign
from studio.plugins.install.archive import Archive
from studio.plugins.install.records import Record
from studio.plugins.install.source import Source
from studio.protocol.errors import ErrorCode, StudioError

FORMAT = 1
_ABOUT, _SIGNATURE = "bundle.json", "bundle.json.minisig"
_MOST_TEXT = 1 << 20


class About(msgspec.Struct, forbid_unknown_fields=True):
    """What ``bundle.json`` says.

    Attributes:
        wheel: Name of the plugin's own wheel.
        files: Name of each wheel → its SHA-256.
        key: Public key of whoever signed it; empty without a signature.
    """

    format: int
    id: str
    version: str
    wheel: str
    files: dict[str, str]
    key: str = ""


class DamagedBundle(StudioError):
    """A bundle that will not be opened; ``findings`` say why."""

    def __init__(self, path: Path, findings: Sequence[Finding]) -> None:
        """Tell the first finding."""
        super().__init__(
            ErrorCode.BAD_INPUT,
            f"{path.name} cannot be opened. {findings[0].message}",
            "Nothing of it was unpacked. Get another copy of it.",
            "\n".join(f"{finding.rule}: {finding.message} {finding.file}" for finding in findings),
        )
        self.findings = tuple(findings)


def write(path: Path, record: Record, wheels: Path, key: minisign.SecretKey | None = None) -> None:
    """Write a bundle of an installed version.

    Args:
        path: Replaced if it is there.
        wheels: The folder with its wheels.
        key: Signs the bundle.

    Raises:
        OSError: The disk refused.
    """
    about = About(
        FORMAT,
        record.id,
        record.version,
        record.lock[0].file,
        {item.file: item.sha256 for item in record.brings},
        key.public if key else "",
    )
    metadata = msgspec.json.format(msgspec.json.encode(about))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_ABOUT, metadata)
            if key:
                comment = f"{record.id} {record.version}"
                archive.writestr(_SIGNATURE, minisign.sign(key, metadata, comment))
            archive.writestr("requirements.txt", requirements(record))
            archive.writestr("manifest.toml", record.manifest)
            for package in record.brings:
                archive.write(wheels / package.file, f"wheels/{package.file}")
        os.replace(part, path)
    except BaseException:
        disk.remove(part)
        raise


def requirements(record: Record) -> str:
    """Return the lock in pip's format; packages lent by the studio are comments."""
    lines = []
    for package in record.lock:
        if package.is_lent:
            lines.append(f"# {package.name}=={package.version} is lent by Offline Studio")
        else:
            lines.append(f"{package.name}=={package.version} --hash=sha256:{package.sha256}")
    return "\n".join([*lines, ""])


def open_bundle(path: Path, work: Path) -> Source:
    """Check a bundle and copy its wheels to ``work``.

    Raises:
        DamagedBundle: It is not as it should be.
        OSError: It cannot be read.
    """
    with Archive(path) as archive:
        if archive.findings:
            raise DamagedBundle(path, archive.findings)
        about, key = _about(path, archive)
        folder = work / "bundle"
        folder.mkdir()
        inside = {f"wheels/{name}" for name in about.files}
        given = {name for name in archive.entries if name.startswith("wheels/")}
        if inside != given or about.wheel not in about.files:
            odd = Finding("bundle-files", "Its wheels are not those that it lists.")
            raise DamagedBundle(path, [odd])
        for name, sha256 in about.files.items():
            digest = hashlib.sha256()
            with (folder / name).open("xb") as file:
                for chunk in _chunks(path, archive, f"wheels/{name}"):
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != sha256:
                wrong = Finding("bundle-hash", "A wheel in it is not the one it lists.", name)
                raise DamagedBundle(path, [wrong])
    return Source(
        folder / about.wheel,
        (folder,),
        path.name,
        key,
        digests=tuple(about.files.items()),
        says=(about.id, about.version),
    )


def _about(path: Path, archive: Archive) -> tuple[About, str]:
    text = _text(path, archive, _ABOUT)
    try:
        about = msgspec.json.decode(text, type=About)
    except msgspec.DecodeError as error:
        unread = Finding("bundle-form", "What it says of itself cannot be read.", _ABOUT)
        raise DamagedBundle(path, [unread]) from error
    if about.format != FORMAT:
        newer = Finding("bundle-format", "It was made by a newer version of Offline Studio.")
        raise DamagedBundle(path, [newer])
    if any("/" in name or not name.endswith(".whl") for name in about.files):
        raise DamagedBundle(path, [Finding("bundle-files", "It lists what is not a wheel.")])
    if not about.key and _SIGNATURE not in archive.entries:
        return about, ""
    try:
        signature = _text(path, archive, _SIGNATURE).decode("utf-8")
        minisign.verify(about.key, signature, text)
    except ValueError as error:
        bad = Finding("signature", f"Its signature is not valid: {error}.", _SIGNATURE)
        raise DamagedBundle(path, [bad]) from error
    return about, about.key


def _text(path: Path, archive: Archive, name: str) -> bytes:
    entry = archive.entries.get(name)
    if entry is None or entry.file_size > _MOST_TEXT:
        raise DamagedBundle(path, [Finding("bundle-form", f"It has no {name}.", name)])
    return b"".join(_chunks(path, archive, name))


def _chunks(path: Path, archive: Archive, name: str) -> Iterator[bytes]:
    try:
        yield from archive.chunks(name)
    except ValueError as error:
        damaged = Finding("damaged", "A file in it is damaged.", name)
        raise DamagedBundle(path, [damaged]) from error

"""Reads a zip file that may be hostile. Nothing is unpacked before its form has been checked."""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from studio.api.manifest import unprintable
from studio.plugins.finding import Finding
from studio.protocol.regular_file import open_regular

MAX_BYTES = 2 << 30
MAX_UNPACKED = 4 << 30
MAX_ENTRIES = 50_000
MAX_DIRECTORY = 16 << 20
MAX_RATIO = 200
RATIO_COUNTS_FROM = 1 << 20
"""Small files of zeros pack better than any bomb and harm nobody."""
MAX_PATH = 240

_END = struct.Struct("<4s4H2LH")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1, 0x8, 0x800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DESCRIPTOR_BYTES = (12, 24)
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_FILE_TYPES = 0o170000
_PLAIN, _FOLDER = 0o100000, 0o040000
_CHUNK = 1 << 20


class Archive:
    """A zip file and its format errors.

    Attributes:
        findings: Empty if every entry can be read and written where its name says.
        entries: The files in it, name → entry; empty where its form cannot be trusted.
        size: Bytes of the file.
    """

    def __init__(self, path: Path) -> None:
        """Open and check ``path``; unpacks nothing.

        Raises:
            OSError: It cannot be read.
        """
        self.findings: list[Finding] = []
        self.entries: dict[str, zipfile.ZipInfo] = {}
        self._file: BinaryIO = open_regular(path)
        self._zip: zipfile.ZipFile | None = None
        self.size = self._file.seek(0, 2)
        try:
            if self._has_one_end():
                self._open()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._zip is not None:
            self._zip.close()
        self._file.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of one file; never more of them than its entry says.

        Raises:
            ValueError: They are damaged, or another number than the entry says.
        """
        assert self._zip is not None
        try:
            with self._zip.open(self.entries[name]) as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except Exception as error:  # zipfile and zlib raise many kinds for damaged data
            raise ValueError(f"{name} is damaged") from error

    # --- the form -----------------------------------------------------------------------------

    def _blame(self, rule: str, message: str, file: str = "") -> None:
        self.findings.append(
            Finding(rule, message, file, cure="Get another copy of it, or build it again.")
        )

    def _has_one_end(self) -> bool:
        """Look at the last record only: whoever looks for another one may read another archive."""
        if self.size > MAX_BYTES:
            self._blame("too-large", "The file is larger than 2 GB.")
            return False
        self._file.seek(max(0, self.size - _END.size))
        last = self._file.read(_END.size)
        if len(last) < _END.size or last[:4] != b"PK\x05\x06":
            self._blame(
                "not-a-zip", "The file is not a complete zip archive, or data follow its end."
            )
            return False
        _, disk, first, here, count, length, start, comment = _END.unpack(last)
        if disk or first or here != count or comment:
            self._blame("not-a-zip", "The end of the archive says things that no wheel says.")
            return False
        if count > MAX_ENTRIES or length > MAX_DIRECTORY or 0xFFFFFFFF in (length, start):
            self._blame("too-many-files", f"There are more than {MAX_ENTRIES:,} files in it.")
            return False
        if start + length + _END.size != self.size:
            self._blame("hidden-data", "There are data in it that belong to no file.")
            return False
        return True

    def _open(self) -> None:
        try:
            self._zip = zipfile.ZipFile(self._file)
        except Exception:  # noqa: BLE001 - zipfile raises many kinds for a damaged list
            self._blame("not-a-zip", "The list of files in the archive is damaged.")
            return
        infos = self._zip.infolist()
        self._check_places(infos, self._zip.start_dir)
        self._check_sizes(infos)
        self._check_names(infos)
        for info in () if self.findings else infos:
            self._check_kind(info)
        if not self.findings:
            self.entries = {info.filename: info for info in infos if not info.is_dir()}

    def _check_places(self, infos: list[zipfile.ZipInfo], directory: int) -> None:
        """Check that each byte has one entry, and that local and central headers agree."""
        end, slack = 0, (0, 0)
        for info in sorted(infos, key=lambda info: info.header_offset):
            name = info.orig_filename
            if info.header_offset < end:
                self._blame("overlap", "Two files in it share the same bytes.", name)
                return
            if not slack[0] <= info.header_offset - end <= slack[1]:
                self._blame("hidden-data", "There are data in it that belong to no file.", name)
                return
            self._file.seek(info.header_offset)
            head = self._file.read(_LOCAL.size)
            if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
                self._blame("not-a-zip", "The list of files in the archive is damaged.", name)
                return
            _, _, flags, method, _, _, _, packed, size, names, extra = _LOCAL.unpack(head)
            described = bool(flags & _DESCRIPTOR)
            encoded = name.encode("utf-8" if info.flag_bits & _UTF8 else "cp437", "replace")
            sizes_agree = (
                described
                or 0xFFFFFFFF in (packed, size)
                or ((packed, size) == (info.compress_size, info.file_size))
            )
            same = (flags, method) == (info.flag_bits, info.compress_type) and sizes_agree
            if self._file.read(names) != encoded or not same:
                self._blame(
                    "two-truths", "The archive says two different things about a file.", name
                )
                return
            end = info.header_offset + _LOCAL.size + names + extra + info.compress_size
            slack = _DESCRIPTOR_BYTES if described else (0, 0)
        if not slack[0] <= directory - end <= slack[1]:
            self._blame("hidden-data", "There are data in it that belong to no file.")

    def _check_sizes(self, infos: list[zipfile.ZipInfo]) -> None:
        unpacked = sum(info.file_size for info in infos)
        packed = sum(info.compress_size for info in infos)
        if unpacked > MAX_UNPACKED:
            self._blame("bomb", "Unpacked it would be larger than 4 GB.")
        elif unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * max(1, packed):
            self._blame("bomb", f"Unpacked it would grow more than {MAX_RATIO} times.")
        for info in infos:
            grown = info.file_size > MAX_RATIO * max(1, info.compress_size)
            if info.file_size > RATIO_COUNTS_FROM and grown:
                self._blame(
                    "bomb", f"A file in it would grow more than {MAX_RATIO} times.", info.filename
                )

    def _check_names(self, infos: list[zipfile.ZipInfo]) -> None:
        seen: dict[str, str] = {}
        folders: dict[str, str] = {}
        for info in infos:
            name = info.orig_filename
            if why := _bad_name(name):
                self._blame(*why, name)
                continue
            parts = name.rstrip("/").split("/")
            key = _folded("/".join(parts))
            if not info.is_dir():
                if key in seen:
                    rule = "duplicate" if seen[key] == name else "case"
                    self._blame(rule, f"Two files in it have one name: {seen[key]}.", name)
                seen[key] = name
                parts.pop()
            for depth in range(1, len(parts) + 1):
                folder = "/".join(parts[:depth])
                if folders.setdefault(_folded(folder), folder) != folder:
                    other = folders[_folded(folder)]
                    self._blame("case", f"Two folders in it differ only in case: {other}.", name)
        for key in folders.keys() & seen.keys():
            self._blame("duplicate", "A file and a folder in it have one name.", seen[key])

    def _check_kind(self, info: zipfile.ZipInfo) -> None:
        name = info.orig_filename
        kind = info.external_attr >> 16 & _FILE_TYPES if info.create_system == 3 else 0
        if kind not in (0, _FOLDER if info.is_dir() else _PLAIN):
            self._blame("link", "It holds a link or a device, not a plain file.", name)
        if info.flag_bits & _ENCRYPTED:
            self._blame("encrypted", "It holds a file that is encrypted.", name)
        elif info.compress_type not in _METHODS:
            self._blame("packing", "It holds a file that is packed in an unusual way.", name)
        if info.is_dir() and info.file_size:
            self._blame("hidden-data", "A folder in it has bytes of its own.", name)


def _folded(name: str) -> str:
    """Return ``name`` as a case-insensitive or normalising file system may read it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())


def _bad_name(name: str) -> tuple[str, str] | None:
    """Return the rule that a name breaks, and the sentence."""
    parts = name.removesuffix("/").split("/")
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "path-absolute", "It holds a file with an absolute path."
    if ".." in parts or "\\" in name:
        return "path-outside", "It holds a file that would lie outside its folder."
    if (
        _FORBIDDEN.search(name)
        or unprintable(name)
        or "\ufffd" in name
        or not all(parts)
        or "." in parts
    ):
        return "path-odd", "It holds a file whose name cannot be used on every system."
    if len(name) > MAX_PATH or any(len(part.encode()) > 255 for part in parts):
        return "path-long", "It holds a file whose name is too long."
    if any(part.endswith((".", " ")) or part.startswith(" ") for part in parts):
        return "path-odd", "It holds a file whose name ends with a dot or a space."
    if any(_DEVICES.fullmatch(part.partition(".")[0].rstrip()) for part in parts):
        return "path-device", "It holds a file with the name of a device."
    return None

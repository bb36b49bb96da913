"""Which plugins the user refuses: by id or name, file, key or publisher; also from carried lists.

A list is a TOML file that people hand on, on a stick if need be:

    format = 1
    title = "Plugins known to be bad"

    [[deny]]
    name = "dice"            # or sha256, key, publisher; for a name also versions = "<1.3"
    reason = "It sends files to others."

With a signature of minisign beside it (``NAME.toml.minisig``) it can be told who wrote it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from studio.base import disk
from studio.plugins.install import minisign
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular, read_note

FORMAT = 1
_MOST_BYTES = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Identity:
    """The identity of a plugin, for matching against the list.

    Attributes:
        names: Its id, and the names of its distribution.
        digests: SHA-256 of its wheel and of those that it brings along.
        key: The public key that vouched for its bundle; empty without a signature.
        publisher: The author it claims, unverified.
    """

    names: tuple[str, ...]
    version: str
    digests: tuple[str, ...] = ()
    key: str = ""
    publisher: str = ""


class Denied(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry: exactly one of the first four fields identifies the refused plugin.

    Attributes:
        versions: Of ``name`` alone: ``<1.3``; empty for all.
        source: Title of the list that it came with; empty if the user said so.
    """

    name: str = ""
    sha256: str = ""
    key: str = ""
    publisher: str = ""
    versions: str = ""
    reason: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse an entry that would never, or always, fit."""
        given = [self.name, self.sha256, self.key, self.publisher]
        if len(list(filter(None, given))) != 1:
            raise ValueError("an entry names one of name, sha256, key and publisher")
        if self.sha256 and not _DIGEST.fullmatch(self.sha256):
            raise ValueError("a sha256 has 64 digits, 0 to 9 and a to f")
        if self.key and not minisign.key_id(self.key):
            raise ValueError("a key is a public key of minisign")
        try:
            SpecifierSet(self.versions)
        except InvalidSpecifier as error:
            raise ValueError(f"“{self.versions}” is not a range of versions") from error
        if self.versions and not self.name:
            raise ValueError("versions belong to a name")

    @property
    def what(self) -> str:
        """The refused name, digest or key, as ``studio plugins deny`` and ``allow`` take it."""
        if self.name:
            return f"{self.name}{self.versions}"
        return self.sha256 or self.key or f"publisher:{self.publisher}"

    def fits(self, one: Identity) -> bool:
        """Whether ``one`` is refused by this entry."""
        if self.name:
            names = {canonicalize_name(name) for name in one.names}
            return canonicalize_name(self.name) in names and self._has(one.version)
        if self.publisher:
            return self.publisher.casefold() in one.publisher.casefold()
        return self.sha256 in one.digests if self.sha256 else self.key == one.key

    def _has(self, version: str) -> bool:
        try:
            return SpecifierSet(self.versions).contains(version, prereleases=True)
        except InvalidVersion:
            return True  # nobody can say that it is another one

    def sentence(self) -> str:
        """Return a sentence with the refusal, its source, reason and the command to undo it."""
        who = f"The list “{self.source}” denies it" if self.source else "You denied it"
        why = f": {self.reason.rstrip('.')}." if self.reason else "."
        return f"{who}{why} To allow it: studio plugins allow '{self.what}'"


class _List(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    title: str
    deny: list[Denied]


class DenyList:
    """The deny list of this installation, a small file. Read again on every access."""

    def __init__(self, path: Path) -> None:
        """Keep it in ``path``, which need not exist."""
        self._path = path

    @classmethod
    def beside(cls, journals: Path) -> DenyList:
        """Return that of the studio whose journals lie there."""
        return cls(journals / "denied.json")

    def entries(self) -> tuple[Denied, ...]:
        """Return all of it.

        Raises:
            StudioError: It cannot be read, so that nobody knows what is refused.
        """
        try:
            return msgspec.json.decode(read_note(self._path), type=tuple[Denied, ...])
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except (OSError, msgspec.MsgspecError) as error:
            raise StudioError(
                ErrorCode.PLUGIN_FAILED,
                f"The list of denied plugins cannot be read ({self._path}).",
                "Plugins of others stay off until it can. If it is damaged, remove it, then deny "
                "again what you do not want.",
                str(error),
            ) from error

    def entry_for(self, one: Identity) -> Denied | None:
        """Return the first entry that refuses ``one``; None if none does.

        Raises:
            StudioError: The list cannot be read.
        """
        return next((entry for entry in self.entries() if entry.fits(one)), None)

    def against(self, one: Identity) -> str:
        """Return why ``one`` is refused, in a sentence; empty if it is not."""
        try:
            entry = self.entry_for(one)
        except StudioError as error:
            return f"{error.message} {error.hint}"
        return entry.sentence() if entry else ""

    def add(self, more: Iterable[Denied], instead_of: str = "") -> None:
        """Refuse ``more``; those of the list called ``instead_of`` give way to them.

        Raises:
            StudioError: What is there cannot be read, or the disk refuses.
        """
        entries = [
            entry for entry in self.entries() if not instead_of or entry.source != instead_of
        ]
        self._write(dict.fromkeys([*entries, *more]))

    def remove(self, what: str) -> Sequence[Denied]:
        """Refuse it no longer; return the entries that were taken out.

        Args:
            what: An entry's ``what`` or name, or the title of a list for all of that.

        Raises:
            StudioError: Nothing like that is refused; or the disk refuses.
        """
        entries = self.entries()
        gone = [entry for entry in entries if what in (entry.what, entry.source, entry.name)]
        if not gone:
            listed = ", ".join(entry.what for entry in entries) or "nothing"
            raise StudioError(ErrorCode.NOT_FOUND, f"“{what}” is not denied.", f"Denied: {listed}.")
        self._write(entry for entry in entries if entry not in gone)
        return gone

    def _write(self, entries: Iterable[Denied]) -> None:
        entries = list(entries)
        try:
            if not entries:
                self._path.unlink(missing_ok=True)
                return
            disk.make_folder(self._path.parent)
            disk.write_durably(self._path, msgspec.json.format(msgspec.json.encode(entries)))
        except OSError as error:
            raise disk.explain(error, "change the list of denied plugins", self._path) from error


def entry(what: str, reason: str = "") -> Denied:
    """Return the entry for an input: a name, ``name<2``, a digest, a key or a publisher.

    Raises:
        StudioError: It is none of these.
    """
    prefix, _, rest = what.partition(":")
    if prefix == "publisher" and rest.strip():
        return Denied(publisher=rest.strip(), reason=reason)
    if _DIGEST.fullmatch(what.lower()):
        return Denied(sha256=what.lower(), reason=reason)
    if minisign.key_id(what):
        return Denied(key=what, reason=reason)
    try:
        named = Requirement(what)
    except InvalidRequirement as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"“{what}” is not something to deny.",
            "Give an id or a name, also with versions ('dice<1.3'), a wheel, a SHA-256, a public "
            "key of minisign, or publisher:NAME.",
        ) from error
    return Denied(name=named.name, versions=str(named.specifier), reason=reason)


def read_list(path: Path, key: str = "") -> tuple[str, tuple[Denied, ...]]:
    """Return the title and the entries of a list that somebody wrote.

    Args:
        key: Public key of minisign that must have signed it, in ``PATH.minisig``; empty for none.

    Raises:
        StudioError: It cannot be read, or it was not signed by ``key``. Nothing of it counts then.
    """
    try:
        data = _head(path)
        if key:
            signature = _head(path.with_name(f"{path.name}.minisig"))
            minisign.verify(key, signature.decode("utf-8"), data)
        content = msgspec.convert(tomllib.loads(data.decode("utf-8")), _List)
        if content.format != FORMAT or not content.title.strip():
            raise ValueError(f"its format is not {FORMAT}, or it has no title")
    except (OSError, ValueError, RecursionError) as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"{path.name} is not used as a list of denied plugins: {error}.",
            "Nothing was changed. Get another copy of it, or the right key.",
        ) from error
    title = content.title.strip()
    return title, tuple(msgspec.structs.replace(entry, source=title) for entry in content.deny)


def _head(path: Path) -> bytes:
    with open_regular(path) as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{path.name} is too long")
    return data

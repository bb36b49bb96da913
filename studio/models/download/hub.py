"""A repository of a Hugging Face hub: its address, its files, and the editions they form.

Only ``look_up`` makes requests, when a user wants it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import msgspec

from studio.base.settings import Settings
from studio.models.download.https import Line, Wanted
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.weights_files import name_of, parts_of

HUB = "https://huggingface.co"
ADDRESS = "STUDIO_HUB"
"""Environment: the address of another hub, or of a server on this machine."""
NEVER = "network.never"
"""Setting: the studio never uses the network, whatever is pressed."""
MAX_FILES = 20_000
_PART = re.compile(r"[A-Za-z0-9][\w.-]{0,95}")
_FILE = re.compile(r"[\w][\w.+ ()-]{0,180}")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_BESIDE = (".json", ".txt", ".model", ".jinja")
_SHARD = re.compile(r"-\d+-of-\d+\.")


@dataclass(frozen=True)
class Address:
    """An address pasted by the user: ``owner/name``, perhaps a revision, perhaps one file."""

    owner: str
    name: str
    revision: str = "main"
    file: str = ""

    @property
    def repository(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address in ``text``.

        Raises:
            StudioError: ``BAD_INPUT``: it is none.
        """
        text = text.strip()
        if "://" in text or text.lower().startswith(("huggingface.co/", "hf.co/")):
            split = urlsplit(text if "://" in text else f"https://{text}")
            if split.hostname not in ("huggingface.co", "www.huggingface.co", "hf.co"):
                raise _no_address(text, f"{split.hostname or 'it'} is not huggingface.co")
            text = unquote(split.path)
        parts = [part for part in text.split("/") if part]
        if parts[:1] in (["datasets"], ["spaces"]):
            raise _no_address(text, f"it is a Hugging Face {parts[0]} link, not a model")
        if len(parts) < 2 or not all(_PART.fullmatch(part) for part in parts[:2]):
            raise _no_address(text, "it must have the form owner/name")
        if len(parts) == 2:
            return cls(*parts)
        what, *rest = parts[2:]
        if what not in ("resolve", "blob", "tree", "raw") or not rest or ".." in rest:
            raise _no_address(text, "owner/name must be followed by resolve/REVISION/FILE")
        return cls(parts[0], parts[1], rest[0], "/".join(rest[1:]))


@dataclass(frozen=True)
class HubFile:
    """One file of a repository."""

    name: str
    wanted: Wanted


@dataclass(frozen=True)
class Edition:
    """Files that make one model.

    Attributes:
        name: What the user chooses it by: its (first) file, or ``folder`` for a model folder.
        format: ``gguf``, ``safetensors`` or ``pickle``.
        target: The name it gets here: a file's, or a folder's.
    """

    name: str
    format: str
    target: str
    files: tuple[HubFile, ...]

    @property
    def is_folder(self) -> bool:
        """Whether it comes into a folder of its own."""
        return self.name == "folder" or len(self.files) > 1

    @property
    def missing(self) -> str:
        """The first file that the model needs and the repository lacks; empty for none."""
        here = {file.name for file in self.files}
        needed = () if self.name == "folder" else parts_of(Path(self.name))
        return next((part.as_posix() for part in needed if part.as_posix() not in here), "")

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return sum(file.wanted.bytes for file in self.files)


@dataclass(frozen=True)
class Repository:
    """A repository as it was at one commit.

    Attributes:
        licence: As its card says; empty if it does not.
    """

    address: Address
    commit: str
    licence: str
    editions: tuple[Edition, ...]

    def edition(self, name: str) -> Edition:
        """Return the edition with that name, or with a file of that name.

        Raises:
            StudioError: ``NOT_FOUND``; says which there are.
        """
        for edition in self.editions:
            if name == edition.name or any(file.name == name for file in edition.files):
                return edition
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"{self.address.repository} has no model file “{name}”.",
            f"Available: {', '.join(edition.name for edition in self.editions)}.",
        )

    def path(self, file: HubFile) -> str:
        """Return where a file lies on the hub, at this commit for ever."""
        return f"/{self.address.repository}/resolve/{self.commit}/{quote(file.name)}"


def line(settings: Settings) -> Line:
    """Return the way to the hub.

    Raises:
        StudioError: The user has said that the network is never used.
    """
    check_network(settings)
    return Line(os.environ.get(ADDRESS) or HUB)


def check_network(settings: Settings) -> None:
    """Raise if the user has said that the network is never used."""
    if settings.get(NEVER, False):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Network access is turned off, so nothing was downloaded.",
            "You can turn it on in Settings › Privacy.",
        )


def look_up(address: Address, line: Line) -> Repository:
    """Ask the hub which files there are.

    Raises:
        StudioError: It cannot be asked, or its answer makes no sense.
    """
    path = f"/api/models/{address.repository}/revision/{quote(address.revision, safe='')}"
    try:
        model = msgspec.json.decode(line.text(f"{path}?blobs=true"), type=_Model)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            "The file list from Hugging Face is invalid.",
            "Check the address, or try again later.",
            str(error),
        ) from error
    files = [file for sibling in model.siblings[:MAX_FILES] if (file := _file(sibling))]
    licence = model.cardData.license if model.cardData else ""
    commit = model.sha if re.fullmatch("[0-9a-f]{40}", model.sha) else quote(address.revision, "")
    return Repository(
        address, commit, licence if isinstance(licence, str) else "",
        tuple(_editions(address, files)),
    )  # fmt: skip


# --- what the hub says ---------------------------------------------------------------------------


class _Lfs(msgspec.Struct, frozen=True):
    sha256: str = ""
    size: int = 0


class _Sibling(msgspec.Struct, frozen=True):
    rfilename: str
    size: int | None = None
    blobId: str | None = None
    lfs: _Lfs | None = None


class _Card(msgspec.Struct, frozen=True):
    license: str | list[str] | None = ""


class _Model(msgspec.Struct, frozen=True):
    sha: str = ""
    siblings: tuple[_Sibling, ...] = ()
    cardData: _Card | None = None


def _file(sibling: _Sibling) -> HubFile | None:
    """Return a file that could be written here under its name; None for others."""
    parts = sibling.rfilename.split("/")
    size = sibling.lfs.size if sibling.lfs else sibling.size
    if not size or size < 0 or not all(_FILE.fullmatch(part) for part in parts):
        return None
    sha256 = sibling.lfs.sha256 if sibling.lfs else ""
    git = "" if sibling.lfs else sibling.blobId or ""
    if not re.fullmatch("[0-9a-f]{64}", sha256) and not re.fullmatch("[0-9a-f]{40}", git):
        return None  # nothing to check it against
    return HubFile(sibling.rfilename, Wanted(size, sha256, git))


def _editions(address: Address, files: list[HubFile]) -> Iterable[Edition]:
    """Yield the editions formed by the files, smallest first within a format; pickles last."""
    ggufs = [file for file in files if file.name.lower().endswith(".gguf")]
    names = {file.name for file in files}
    tensors = [file for file in files if file.name.lower().endswith(".safetensors")]
    pickles = [file for file in files if file.name.lower().endswith(_PICKLES)
               and not file.name.endswith("training_args.bin")]  # fmt: skip
    yield from sorted(_ggufs(ggufs), key=lambda edition: edition.bytes)
    folder = f"{address.owner}--{address.name}"
    if "model_index.json" in names and tensors:
        used = (*_BESIDE, ".safetensors")
        parts = [file for file in files if file.name == "model_index.json"
                 or ("/" in file.name and file.name.lower().endswith(used))]  # fmt: skip
        yield Edition("folder", "safetensors", folder, tuple(_without_variants(parts)))
    elif "config.json" in names and any("/" not in file.name for file in tensors):
        yield _folder(folder, "folder", "safetensors", files, tensors)
    else:
        for file in tensors:
            yield Edition(file.name, "safetensors", _last(file), (file,))
    if "config.json" in names and not tensors and any("/" not in f.name for f in pickles):
        yield _folder(folder, "folder", "pickle", files, pickles)
    elif not tensors:
        for file in pickles:
            yield Edition(file.name, "pickle", _last(file), (file,))


def _ggufs(files: list[HubFile]) -> Iterable[Edition]:
    """Yield the models in ``files``: all files of one model are one edition."""
    by_name = {file.name: file for file in files}
    while by_name:
        one = next(iter(by_name))
        parts = [part.as_posix() for part in parts_of(Path(one))]
        here = tuple(by_name.pop(part) for part in parts if part in by_name)
        target = _last(here[0]) if len(parts) == 1 else name_of(Path(one))
        yield Edition(parts[0], "gguf", target, here)


def _folder(
    target: str, name: str, format: str, files: list[HubFile], weights: list[HubFile]
) -> Edition:
    top = [file for file in files if "/" not in file.name]
    beside = [file for file in top if file.name.lower().endswith(_BESIDE)]
    main = [file for file in weights if "/" not in file.name]
    sharded = [file for file in main if _SHARD.search(file.name)]
    # Some carry the same weights twice: whole, or as their makers' own program wants them.
    return Edition(name, format, target, (*beside, *(sharded or _one_of(main))))


def _one_of(main: list[HubFile]) -> list[HubFile]:
    usual = [f for f in main if f.name in ("model.safetensors", "pytorch_model.bin")]
    return usual or main


def _without_variants(files: list[HubFile]) -> list[HubFile]:
    """Leave out half-precision twins of files that are there in full."""
    names = {file.name for file in files}
    return [file for file in files if file.name.replace(".fp16.", ".") not in names - {file.name}]


def _last(file: HubFile) -> str:
    return file.name.rpartition("/")[2]


def _no_address(text: str, why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_INPUT,
        f"“{text[:120]}” is not a model link: {why}.",
        "Paste a link such as https://huggingface.co/owner/name, or owner/name.",
    )

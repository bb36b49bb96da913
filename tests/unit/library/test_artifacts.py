"""Artifacts: what is saved is there, whole, findable, and never lost by accident."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.library import Library
from studio.protocol.errors import ErrorCode, StudioError

PASSED = {"checks": [{"name": "not blank", "passed": True, "evidence": ""}]}
FAILED = {"checks": [{"name": "not blank", "passed": False, "evidence": "all black"}]}


def test_a_saved_artifact_is_there_with_its_recipe(library: Library) -> None:
    record = library.add_record("image.generate", {"prompt": "a red fox"}, seed=7)
    saved = library.add_artifact(
        NewArtifact(
            "image",
            b"pixels",
            suffix="PNG",
            title="Fox",
            preview=b"small",
            verdict=PASSED,
            meta={"width": 4},
        ),
        record=record.id,
    )
    again = library.artifact(saved.id)
    assert again == saved
    assert again.suffix == ".png"
    assert again.digest == hashlib.sha256(b"pixels").hexdigest()
    assert again.bytes == 6
    assert again.passed is True
    assert library.payload_path(again).read_bytes() == b"pixels"
    preview = library.preview_path(again)
    assert preview is not None
    assert preview.read_bytes() == b"small"
    assert library.record(again.record).seed == 7


def test_a_file_is_copied_not_moved(library: Library, tmp_path: Path) -> None:
    source = tmp_path / "long.wav"
    source.write_bytes(b"x" * 3_000_000)
    saved = library.add_artifact(NewArtifact("audio", source, suffix=".wav"))
    assert source.exists()
    assert library.payload_path(saved).stat().st_size == 3_000_000


def test_a_file_that_is_to_move_is_moved_not_copied(library: Library, tmp_path: Path) -> None:
    source = tmp_path / "film.webm"
    source.write_bytes(b"x" * 3_000_000)
    inode = source.stat().st_ino
    saved = library.add_artifact(NewArtifact("video", source, suffix=".webm"), move=True)
    kept = library.payload_path(saved)
    assert (kept.stat().st_ino, kept.stat().st_nlink) == (inode, 1)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert saved.digest == hashlib.sha256(kept.read_bytes()).hexdigest()
    assert not source.exists()


@pytest.mark.parametrize("step", ["link", "fsync", "replace"])
def test_a_file_stays_where_it_is_until_it_is_saved(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    source = tmp_path / "film.webm"
    source.write_bytes(b"frames")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as disk:
        disk.setattr(f"os.{step}", refuse)
        if step == "link":  # a disk without second names: it is copied, then taken away
            library.add_artifact(NewArtifact("video", source, suffix=".webm"), move=True)
        else:
            with pytest.raises(StudioError, match="full"):
                library.add_artifact(NewArtifact("video", source, suffix=".webm"), move=True)
    assert source.exists() == (step != "link")
    assert library.count() == (step == "link")
    assert library.verify().ok


@pytest.mark.slow
def test_half_a_gigabyte_takes_no_memory(tmp_path: Path) -> None:
    """In a process of its own, whose memory may not grow by 64 MB; bytes would take 512 MB."""
    script = """
import resource, sys
from pathlib import Path
from studio.api.artifacts import NewArtifact
from studio.library import Library
from studio.protocol.result_files import found, put
home = Path(sys.argv[1])
job = home / "job"
job.mkdir()
with (job / "film.webm").open("wb") as film:
    film.truncate(512 << 20)
with Library.open(home / "library") as library:
    library.add_artifact(NewArtifact("text", b"x", ".txt"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = found(*put(job / "film.webm", job, home / "results"), home / "results")
    saved = library.add_artifact(NewArtifact("video", path, ".webm"), move=True)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(saved.bytes, grown // 1024, library.payload_path(saved).stat().st_blocks)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    length, grown, blocks = map(int, done.stdout.split())
    assert length == 512 << 20
    assert grown < 64
    assert blocks < 1000, "it is still sparse: it was not copied"


@pytest.mark.parametrize("payload", [b"", bytearray(b"ab"), memoryview(b"abcd").cast("I")])
def test_any_buffer_is_a_payload(library: Library, payload: bytes) -> None:
    saved = library.add_artifact(NewArtifact("table", payload, suffix=".bin"))
    assert library.payload_path(saved).read_bytes() == bytes(payload)


@pytest.mark.parametrize("suffix", ["", ".", "../x", "png/..", ".p n", "a" * 40, ".\0"])
def test_a_suffix_cannot_be_a_path(library: Library, suffix: str) -> None:
    with pytest.raises(StudioError) as caught:
        library.add_artifact(NewArtifact("image", b"x", suffix=suffix))
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert library.count() == 0


def test_json_payloads_and_sidecars_do_not_meet(library: Library, folder: Path) -> None:
    saved = library.add_artifact(NewArtifact("table", b'{"a": 1}', suffix=".json"))
    library.rebuild()
    assert library.find() == [saved]
    assert library.verify().ok
    assert not library.verify().orphans


def test_the_same_bytes_are_stored_once_and_freed_last(library: Library) -> None:
    first = library.add_artifact(NewArtifact("text", b"same", suffix=".txt"))
    second = library.add_artifact(NewArtifact("text", b"same", suffix=".txt"))
    assert library.payload_path(first) == library.payload_path(second)
    library.bin(first.id)
    assert library.empty_bin() == 0
    assert library.payload_path(second).read_bytes() == b"same"
    library.bin(second.id)
    assert library.empty_bin() == 4
    assert not library.payload_path(second).exists()


def test_saving_the_same_bytes_again_heals_bit_rot(library: Library) -> None:
    first = library.add_artifact(NewArtifact("text", b"good", suffix=".txt"))
    library.payload_path(first).write_bytes(b"g00d")
    assert library.verify().damaged == (first.id,)
    library.add_artifact(NewArtifact("text", b"good", suffix=".txt"))
    assert library.verify().ok


def test_the_bin_hides_and_gives_back(library: Library) -> None:
    kept = library.add_artifact(NewArtifact("text", b"1", suffix=".txt"))
    gone = library.add_artifact(NewArtifact("text", b"2", suffix=".txt"))
    library.bin([gone.id])
    assert [found.id for found in library.find()] == [kept.id]
    assert [found.id for found in library.find(binned=True)] == [gone.id]
    library.restore(gone.id)
    assert library.count() == 2
    library.bin(gone.id)
    assert library.empty_bin(older_than=3600) == 0
    assert library.count(binned=True) == 1
    library.empty_bin()
    with pytest.raises(StudioError, match="no item"):
        library.artifact(gone.id)


def test_nothing_is_binned_when_one_of_them_is_unknown(library: Library) -> None:
    kept = library.add_artifact(NewArtifact("text", b"1", suffix=".txt"))
    with pytest.raises(StudioError) as caught:
        library.bin([kept.id, "nobody"])
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert library.count() == 1


def test_find_filters_and_sorts(library: Library) -> None:
    fox = library.add_artifact(
        NewArtifact("image", b"12", suffix=".png", title="fox", verdict=PASSED)
    )
    bee = library.add_artifact(
        NewArtifact("image", b"1", suffix=".png", title="Bee", verdict=FAILED)
    )
    song = library.add_artifact(NewArtifact("audio", b"123", suffix=".wav", title="ant"))
    library.star(bee.id)

    def ids(**how: object) -> list[str]:
        return [found.title for found in library.find(**how)]  # type: ignore[arg-type]

    assert ids() == ["ant", "Bee", "fox"]
    assert ids(order="oldest") == ["fox", "Bee", "ant"]
    assert ids(order="title") == ["ant", "Bee", "fox"]
    assert ids(order="largest") == ["ant", "fox", "Bee"]
    assert ids(kinds=["image"]) == ["Bee", "fox"]
    assert ids(kinds=["image", "audio"], limit=1, offset=1) == ["Bee"]
    assert ids(starred=True) == ["Bee"]
    assert ids(passed=True) == ["fox"]
    assert ids(passed=False) == ["Bee"]
    assert library.count(kinds=["image"]) == 2
    with pytest.raises(StudioError, match="cannot be sorted"):
        library.find(order="random")
    assert {fox.passed, bee.passed, song.passed} == {True, False, None}


def test_the_family_tree(library: Library) -> None:
    sketch = library.add_artifact(NewArtifact("image", b"1", suffix=".png"))
    photo = library.add_artifact(NewArtifact("image", b"2", suffix=".png"))
    mixed = library.add_artifact(
        NewArtifact("image", b"3", suffix=".png"), inputs=[sketch.id, photo.id]
    )
    final = library.add_artifact(
        NewArtifact("image", b"4", suffix=".png"), inputs=[mixed.id, sketch.id]
    )
    ancestors, descendants = library.family(final.id)
    assert [found.id for found in ancestors] == [sketch.id, mixed.id, photo.id]
    assert descendants == []
    assert [found.id for found in library.family(sketch.id).descendants] == [mixed.id, final.id]
    library.bin(photo.id)
    library.empty_bin()
    assert photo.id not in {found.id for found in library.family(final.id).ancestors}
    assert library.inputs(mixed.id) == sorted([sketch.id, photo.id])


def test_collections_keep_their_order_and_own_nothing(library: Library) -> None:
    one = library.add_artifact(NewArtifact("text", b"1", suffix=".txt"))
    two = library.add_artifact(NewArtifact("text", b"2", suffix=".txt"))
    best = library.collections.create("Best")
    library.collections.put(best.id, [two.id, one.id, two.id])
    assert library.count(collection=best.id) == 2
    library.collections.take(best.id, [one.id])
    assert [found.id for found in library.find(collection=best.id)] == [two.id]
    library.collections.rename(best.id, "Better")
    assert [found.title for found in library.collections.list()] == ["Better"]
    library.collections.remove(best.id)
    assert library.count() == 2


def test_artifacts_saved_from_many_threads_are_all_there(library: Library) -> None:
    def save(number: int) -> None:
        library.add_artifact(NewArtifact("text", f"text {number % 5}".encode(), suffix=".txt"))
        assert library.find(limit=1)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert library.count() == 16
    assert library.verify().ok


def test_later_keeps_the_order_and_hands_errors_on(library: Library) -> None:
    saved = [
        library.later(library.add_artifact, NewArtifact("text", b"%d" % n, ".txt", str(n)))
        for n in range(5)
    ]
    bad = library.later(library.artifact, "nobody")
    assert [future.result().title for future in saved] == list("01234")
    assert isinstance(bad.exception(), StudioError)
    assert [found.title for found in library.find(order="oldest")] == list("01234")


def test_room_is_checked_before_work_begins(library: Library) -> None:
    library.check_room()
    with pytest.raises(StudioError) as caught:
        library.check_room(1 << 60)
    assert caught.value.code is ErrorCode.DISK_FULL
    assert caught.value.hint

"""Weights of the user: added, watched, removed and noted on, and nothing of others touched."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import psutil
import pytest

from studio.base import disk
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.models import additions
from studio.models.manager import WeightsManager
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from studio.runtime.weights_check import process as inside
from tests.unit.models.download.toy_hub import gguf_head, tiny_gguf
from tests.unit.models.test_catalogue import safetensors

GGUF = tiny_gguf(2000)


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsManager:
    monkeypatch.setattr(StudioPaths, "weights_folders", lambda self: (self.weights,))
    home = tmp_path / "home"
    home.mkdir()
    return WeightsManager(StudioPaths(home), Settings(home / "settings.json"))


@pytest.fixture
def own(manager: WeightsManager) -> Path:
    return put(manager.folder / "mine.gguf")


def put(path: Path, data: bytes = GGUF) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def ids(manager: WeightsManager) -> list[str]:
    return [row.id for row in manager.catalogue.list()]


def reopened(manager: WeightsManager) -> WeightsManager:
    home = manager.folder.parent
    return WeightsManager(StudioPaths(home), Settings(home / "settings.json"))


# --- adding -------------------------------------------------------------------------------------


def test_a_file_is_added_where_it_lies_and_is_there_the_next_time(
    manager: WeightsManager, tmp_path: Path
) -> None:
    file = put(tmp_path / "other" / "Big Model.gguf")
    added = manager.add(file)
    assert added.header is not None
    assert (added.header.format, added.header.quantization) == ("gguf", "F32")
    (row,) = reopened(manager).catalogue.list()
    assert (row.id, row.path, row.origin, row.problem) == ("big-model", file, "added", "")
    manager.add(file)
    assert ids(manager) == ["big-model"], "adding it twice adds it once"
    file.unlink()
    manager.catalogue.rescan()
    assert "no longer exists" in manager.catalogue.get("big-model").problem


@pytest.mark.parametrize("what", [inside.MEMORY_BYTES, psutil.virtual_memory().total])
def test_a_file_larger_than_its_reader_may_take_or_all_memory_is_added(
    manager: WeightsManager, tmp_path: Path, what: int
) -> None:
    size = 3 * what // 4096 * 4096
    file = put(tmp_path / "large.gguf", gguf_head(size // 4))
    with file.open("r+b") as stream:
        stream.truncate(stream.seek(0, os.SEEK_END) + size)
    added = manager.add(file)
    assert added.header is not None
    assert added.header.bytes > size


def test_a_copy_is_whole_or_not_there(manager: WeightsManager, tmp_path: Path) -> None:
    file = put(tmp_path / "other.gguf")

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        manager.add(file, copy=True, on_progress=stop)
    assert list(manager.folder.iterdir()) == []
    manager.add(file, copy=True)
    assert (manager.folder / "other.gguf").read_bytes() == GGUF
    assert manager.catalogue.get("other").origin == ""
    with pytest.raises(StudioError, match="already"):
        manager.add(file, copy=True)


def test_what_a_killed_copy_left_goes_with_the_next(
    manager: WeightsManager, tmp_path: Path
) -> None:
    left = put(manager.folder / ".copies" / "offline-studio-copy-abcdefgh" / "half.gguf")
    manager.add(put(tmp_path / "other.gguf"), copy=True)
    assert not left.exists()
    assert [each.name for each in manager.folder.iterdir()] == ["other.gguf"]


def test_a_copy_needs_room(
    manager: WeightsManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _: 10)
    with pytest.raises(StudioError) as caught:
        manager.add(put(tmp_path / "other.gguf"), copy=True)
    assert caught.value.code is ErrorCode.DISK_FULL


HUGE_COUNT = b"GGUF" + (3).to_bytes(4, "little") + b"\xff" * 7 + b"\x7f" + (1).to_bytes(8, "little")
HUGE_HEADER = (1 << 39).to_bytes(8, "little") + b"{" + b" " * 100


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("page.gguf", b"\n<!DOCTYPE html><html>", "web page"),
        ("half.gguf", GGUF[: len(GGUF) // 2], "half.gguf cannot be used"),
        ("wrong.safetensors", GGUF, "Rename it to wrong.gguf"),
        ("count.gguf", HUGE_COUNT, "count.gguf cannot be used"),
        ("header.safetensors", HUGE_HEADER, "header claims"),
        ("pointer.gguf", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ("zeros.gguf", bytes(5000), "incomplete"),
        ("old.gguf", b"tjgg" + bytes(100), "older than GGUF"),
        ("error.gguf", b'{"error": "Entry not found"}', "JSON text"),
        ("note.txt", b"hello there", "not in a supported format"),
        ("empty.gguf", b"", "empty"),
    ],
)
def test_what_is_no_weights_is_refused_and_not_remembered(
    manager: WeightsManager,
    tmp_path: Path,
    name: str,
    data: bytes,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(additions, "check_header", inside.glance)  # in this process: there are many
    with pytest.raises(StudioError) as caught:
        manager.add(put(tmp_path / name, data))
    assert words in str(caught.value)
    assert manager.external.added == []


@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
def test_links_in_a_circle_and_pipes_end_in_a_sentence(
    manager: WeightsManager, tmp_path: Path
) -> None:
    loop = tmp_path / "loop.gguf"
    loop.symlink_to(loop)
    with pytest.raises(StudioError, match="points to itself"):
        manager.add(loop)
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(StudioError, match="not a regular file"):
        manager.add(tmp_path / "pipe.gguf")
    folder = tmp_path / "models"
    put(folder / "a.gguf")
    (folder / "again").symlink_to(folder)
    manager.add(folder)
    assert ids(manager) == ["a"]


def test_a_header_that_takes_for_ever_is_given_up(
    manager: WeightsManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.models.header_check.SECONDS", 0.0)
    with pytest.raises(StudioError, match="too much time or memory"):
        manager.add(put(tmp_path / "slow.gguf"))
    monkeypatch.setattr("studio.models.header_check.SECONDS", 60.0)
    with pytest.raises(StudioError, match="web page"):
        manager.add(put(tmp_path / "page.gguf", b"<html>"))


# --- folders that are watched --------------------------------------------------------------------


def test_a_folder_of_models_is_watched_and_half_written_files_wait(
    manager: WeightsManager, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    put(folder / "a.gguf")
    assert manager.add(folder).header is None
    assert ids(manager) == ["a"]
    manager.look_around()
    put(folder / "b.gguf", GGUF[:100])
    assert manager.look_around()
    assert "still being copied" in manager.catalogue.get("b").problem
    put(folder / "b.gguf", GGUF)
    manager.look_around()
    assert "still being copied" in manager.catalogue.get("b").problem, "it grew since the last look"
    assert manager.look_around()
    assert manager.catalogue.get("b").problem == ""
    assert not manager.look_around(), "nothing is read again while nothing moves"
    (folder / "b.gguf").unlink()
    assert manager.look_around()
    assert ids(manager) == ["a"]
    manager.external.unwatch(folder)
    manager.catalogue.rescan()
    assert ids(manager) == []


def test_a_folder_without_weights_and_what_is_no_folder_are_refused(
    manager: WeightsManager, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudioError, match="No model was found in"):
        manager.add(tmp_path / "empty")
    with pytest.raises(StudioError, match="is not a folder"):
        manager.external.watch(put(tmp_path / "file"))
    with pytest.raises(StudioError, match="not one of your model folders"):
        manager.external.unwatch(tmp_path)


# --- removing -----------------------------------------------------------------------------------


def test_own_weights_go_to_the_bin_with_their_description_and_come_back(
    manager: WeightsManager, own: Path
) -> None:
    (manager.folder / "mine.toml").write_text('id = "m"\ntitle = "M"\nfile = "mine.gguf"\n')
    put(manager.folder / "sub" / "deep.gguf")
    manager.catalogue.rescan()
    for name in ("m", "deep"):
        manager.remove(manager.catalogue.get(name))
    assert ids(manager) == []
    assert not own.exists()
    assert [binned.id for binned in manager.bin.contents()] == ["deep", "m"]
    for name in ("m", "deep"):
        manager.restore(name)
    assert ids(manager) == ["m", "deep"]
    assert own.read_bytes() == GGUF
    manager.remove(manager.catalogue.get("m"))
    assert manager.bin.empty() == len(GGUF)
    with pytest.raises(StudioError, match="The bin is empty"):
        manager.restore("m")


def test_what_came_since_is_not_overwritten_by_what_comes_back(
    manager: WeightsManager, own: Path
) -> None:
    manager.remove(manager.catalogue.get("mine"))
    put(own, GGUF + b"new")
    with pytest.raises(StudioError, match="already contains"):
        manager.restore("mine")
    assert own.read_bytes() == GGUF + b"new"


def test_files_of_others_are_forgotten_or_left_but_never_deleted(
    manager: WeightsManager, tmp_path: Path
) -> None:
    added, watched = put(tmp_path / "x" / "added.gguf"), put(tmp_path / "y" / "watched.gguf")
    manager.add(added)
    manager.add(watched.parent)
    row = manager.catalogue.get("added")
    assert "is still at" in manager.remove(row)
    assert ids(manager) == ["watched"]
    manager.put_back(row)
    assert set(ids(manager)) == {"added", "watched"}
    with pytest.raises(StudioError, match="does not manage"):
        manager.remove(manager.catalogue.get("watched"))
    assert added.exists()
    assert watched.exists()


# --- other programs -----------------------------------------------------------------------------


@pytest.fixture
def others(tmp_path: Path, manager: WeightsManager, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which other programs keep weights."""
    from studio.models import other_programs

    home = tmp_path / "user"
    put(home / ".lmstudio" / "models" / "ada" / "Tiny-GGUF" / "Tiny-Q8.gguf")
    put(home / ".local" / "share" / "nomic.ai" / "GPT4All" / "Falcon.gguf")
    put(home / "jan" / "models" / "ada" / "phi" / "model.gguf")
    ollama = home / ".ollama" / "models"
    digest = "ab" * 32
    put(ollama / "blobs" / f"sha256-{digest}")
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
    manifests = ollama / "manifests" / "registry.ollama.ai"
    put(manifests / "library" / "llama3.2" / "1b", json.dumps({"layers": [layer]}).encode())
    layer["digest"] = "sha256:../../../secret"
    put(manifests / "ada" / "bad" / "latest", json.dumps({"layers": [layer]}).encode())
    put(manifests / "library" / "torn" / "1", b"{")
    cache = home / ".cache" / "huggingface" / "hub" / "models--ada--tiny"
    put(cache / "blobs" / "b10b")
    put(cache / "refs" / "main", b"c0ffee")
    snapshot = cache / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    (snapshot / "tiny.gguf").symlink_to("../../blobs/b10b")
    (snapshot / "out.gguf").symlink_to(put(tmp_path / "secret.gguf"))
    comfy, webui = home / "ComfyUI" / "models", home / "Documents" / "stable-diffusion-webui"
    put(comfy / "checkpoints" / "dream.safetensors", b"x")
    os.truncate(comfy / "checkpoints" / "dream.safetensors", 2 * 10**9)
    put(comfy / "loras" / "ink.safetensors", safetensors({"lora_unet_a.lora_up.weight": (4, 4)}))
    put(comfy / "upscale_models" / "4x.pth")
    put(comfy / "vae" / "vae.safetensors", b"x")
    put(webui / "models" / "Stable-diffusion" / "old.ckpt")
    known = other_programs.other_programs(home, {})
    monkeypatch.setattr(manager.external, "_find", lambda: known)
    return home


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_stores_of_other_programs_are_shown_only_when_switched_on(
    manager: WeightsManager, others: Path
) -> None:
    there = [each.id for each in manager.external.other_programs()]
    assert there == [
        "lmstudio", "ollama", "huggingface", "gpt4all", "jan", "comfyui", "a1111"
    ]  # fmt: skip
    assert ids(manager) == []
    for name in there:
        manager.external.switch(name, True)
    manager.catalogue.rescan()
    rows = {(row.origin, row.title, bool(row.problem)) for row in manager.catalogue.list()}
    assert rows == {
        ("LM Studio", "Tiny-Q8", False),
        ("Ollama", "llama3.2:1b", False),
        ("Ollama", "ada/bad:latest", True),
        ("Ollama", "torn:1", True),
        ("Hugging Face cache", "ada/tiny · tiny", False),
        ("Hugging Face cache", "ada/tiny · out", True),
        ("GPT4All", "Falcon", False),
        ("Jan", "ada/phi", False),
        ("ComfyUI", "dream", False),
        ("ComfyUI", "ink", False),
        ("AUTOMATIC1111", "old.ckpt", True),
    }
    assert manager.catalogue.get("comfyui-dream").capabilities == ("text-to-image",)
    assert manager.catalogue.get("ollama-llama3.2-1b").digest == "ab" * 32
    with pytest.raises(StudioError, match="does not manage"):
        manager.remove(manager.catalogue.get("ollama-llama3.2-1b"))
    manager.external.switch("ollama", False)
    manager.catalogue.rescan()
    assert "Ollama" not in {row.origin for row in manager.catalogue.list()}
    with pytest.raises(StudioError, match="no app “nonesuch”"):
        manager.external.switch("nonesuch", True)


def test_each_program_is_offered_once_and_none_that_is_used(
    manager: WeightsManager, others: Path
) -> None:
    external = manager.external
    external.switch("ollama", True)
    fresh = [program.id for program in external.news()]
    assert fresh == ["lmstudio", "huggingface", "gpt4all", "jan", "comfyui", "a1111"]
    assert {row.origin for row in manager.catalogue.list()} == {"Ollama"}, "looked into no other"
    assert external.news() == []
    shutil.rmtree(others / "jan")
    assert external.news() == []
    put(others / "Documents" / "ComfyUI" / "models" / "checkpoints" / "late.safetensors")
    assert external.news() == [], "a second folder of the same program"


def test_reading_the_stores_changes_nothing_in_them(manager: WeightsManager, others: Path) -> None:
    def state() -> list[tuple[str, int]]:
        return sorted((str(p), p.lstat().st_mtime_ns) for p in others.rglob("*"))

    before = state()
    for each in manager.external.other_programs():
        manager.external.switch(each.id, True)
    manager.catalogue.rescan()
    assert len(ids(manager)) > 5
    assert state() == before


# --- remarks ------------------------------------------------------------------------------------


def test_remarks_are_kept_and_go_away(manager: WeightsManager, own: Path) -> None:
    remarks = manager.remarks
    remarks.note("mine", " slow but good ")
    remarks.rate("mine", 4)
    remarks.set_defaults("mine", {"temperature": 0.7, "top_k": 20})
    remarks.set_defaults("mine", {"top_k": None})
    kept = reopened(manager).remarks.of("mine")
    assert (kept.note, kept.rating, kept.defaults) == ("slow but good", 4, {"temperature": 0.7})
    for change in (lambda: remarks.rate("mine", 6), lambda: remarks.note("mine", "x" * 20_000)):
        with pytest.raises(StudioError) as caught:
            change()
        assert caught.value.code is ErrorCode.BAD_INPUT
    assert remarks.of("mine").rating == 4
    remarks.forget("mine")
    assert reopened(manager).remarks.of("mine").note == ""


def test_remarks_that_were_broken_by_hand_are_empty(manager: WeightsManager) -> None:
    file = manager.folder.parent / "settings.json"
    file.write_text('{"version": 1, "values": {"models.remarks.mine": {"rating": "many"}}}')
    assert reopened(manager).remarks.of("mine").rating == 0


def test_a_full_disk_leaves_weights_where_they_were(
    manager: WeightsManager, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "write_durably", full)
    with pytest.raises(StudioError) as caught:
        manager.remove(manager.catalogue.get("mine"))
    assert caught.value.code is ErrorCode.DISK_FULL
    assert own.read_bytes() == GGUF
    shutil.rmtree(manager.folder / ".bin", ignore_errors=True)

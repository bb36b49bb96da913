"""The catalogue: described and dropped-in weights, and what is wrong with each."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from studio.base.paths import resources
from studio.models import Weights, WeightsCatalogue, recognition
from studio.models import safetensors_header as header
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.tiny_set import TinySet

GGUF = b"GGUF\x03\x00\x00\x00" + b"\x00" * 56
SIDECAR = """
id = "{id}"
title = "{id} in words"
file = "{file}"
format = "gguf"
family = "llama"
capability = ["text"]
licence = "MIT"
sha256 = "{sha256}"
bytes = {bytes}
"""


def describe(folder: Path, id: str, file: str, data: bytes = GGUF, **changes: object) -> Path:
    facts = {"id": id, "file": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    path = folder / f"{id}.toml"
    path.write_text(SIDECAR.format(**{**facts, **changes}), "utf-8")
    return path


def drop(folder: Path, name: str, data: bytes = GGUF) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def model_folder(folder: Path, name: str, config: object) -> Path:
    drop(folder, f"{name}/model.safetensors", b"12345678")
    (folder / name / "config.json").write_text(json.dumps(config), "utf-8")
    return folder / name


def only(catalogue: WeightsCatalogue) -> Weights:
    (weights,) = catalogue.list()
    return weights


def test_described_weights_are_listed_once_with_all_that_is_said_of_them(tmp_path: Path) -> None:
    file = drop(tmp_path, "starter/small.gguf")
    describe(tmp_path, "small", "starter/small.gguf")
    weights = only(WeightsCatalogue([tmp_path]))
    assert (weights.id, weights.path, weights.capabilities) == ("small", file, ("text",))
    assert weights.problem == ""
    (entry,) = WeightsCatalogue([tmp_path]).entries()
    assert (entry.id, entry.family, entry.digest) == ("small", "llama", weights.digest)


def test_a_sidecar_may_recommend_values_and_warn(tmp_path: Path) -> None:
    drop(tmp_path, "starter/small.gguf")
    sidecar = describe(tmp_path, "small", "starter/small.gguf")
    catalogue = WeightsCatalogue([tmp_path])
    assert only(catalogue).caution == ""
    assert catalogue.recommended("small") == {}
    told = 'caution = "Often wrong."\n' + sidecar.read_text("utf-8")
    sidecar.write_text(told + '\n[recommended]\nsystem = "Be brief."\n', "utf-8")
    catalogue.rescan()
    assert only(catalogue).caution == "Often wrong."
    assert catalogue.recommended("small") == {"system": "Be brief."}
    assert catalogue.recommended("gone") == {}
    sidecar.write_text(told + "\n[recommended]\nsystem = [1]\n", "utf-8")
    catalogue.rescan()
    assert any("recommended" in row.problem for row in catalogue.list())


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_described_weights_whose_link_leads_to_itself_hide_no_others(tmp_path: Path) -> None:
    (tmp_path / "loop.gguf").symlink_to(tmp_path / "loop.gguf")
    describe(tmp_path, "loop", "loop.gguf")
    drop(tmp_path, "small.gguf")
    rows = {weights.id: weights.problem for weights in WeightsCatalogue([tmp_path]).list()}
    assert rows.pop("small") == ""
    assert all(rows.values()), "a sentence, if it is listed"


def test_a_diffusers_folder_is_one_row_and_its_parts_are_none(tmp_path: Path) -> None:
    drop(tmp_path, "painter/model_index.json", b"{}")
    drop(tmp_path, "painter/unet/config.json", b"{}")
    drop(tmp_path, "painter/unet/diffusion_pytorch_model.safetensors", b"x" * 30)
    drop(tmp_path, "painter/vae/diffusion_pytorch_model.safetensors", b"x" * 12)
    (row,) = WeightsCatalogue([tmp_path]).list()
    assert (row.id, row.capabilities, row.bytes) == ("painter", ("text-to-image",), 42)


def test_folders_are_known_by_what_they_make_of_sound_and_pictures(tmp_path: Path) -> None:
    drop(tmp_path, "open/model_index.json", b'{"_class_name": "StableAudioPipeline"}')
    drop(tmp_path, "open/vae/diffusion_pytorch_model.safetensors", b"x")
    drop(tmp_path, "small/config.json", b'{"model_type": "musicgen"}')
    drop(tmp_path, "small/model.safetensors", b"x")
    drop(tmp_path, "whisper/config.json", b'{"model_type": "whisper"}')
    drop(tmp_path, "whisper/model.safetensors", b"x")
    rows = WeightsCatalogue([tmp_path]).list()
    assert {row.id: row.capabilities for row in rows} == {
        "open": ("text-to-audio",),
        "small": ("text-to-audio",),
        "whisper": ("speech-to-text",),
    }


def test_a_large_safetensors_file_is_a_drawing_model_and_a_small_one_is_left(
    tmp_path: Path,
) -> None:
    drop(tmp_path, "adapter.safetensors", b"x")
    with drop(tmp_path, "painter.safetensors", b"x").open("r+b") as file:
        file.truncate(recognition.MIN_DRAWING_BYTES + 1)  # sparse: takes no room
    (row,) = WeightsCatalogue([tmp_path]).list("text-to-image")
    assert row.id == "painter"


def safetensors(tensors: dict[str, tuple[int, ...]], **more: object) -> bytes:
    """Return a file with these tensors, as far as its header goes."""
    entries = {
        name: {"dtype": "F16", "shape": shape, "data_offsets": [0, 2]}
        for name, shape in tensors.items()
    }
    header = json.dumps({"__metadata__": {"format": "pt"}, **entries, **more}).encode()
    return len(header).to_bytes(8, "little") + header


READS, WRITES = {"first.weight": (64, 3, 3, 3)}, {"last.weight": (12, 64, 3, 3)}


@pytest.mark.parametrize(
    ("tensors", "capability"),
    [
        (READS | WRITES, "upscale"),
        ({"first.weight": (64, 12, 3, 3), "last.weight": (3, 64, 1, 1)}, "upscale"),
        ({"model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3)}, "text-to-image"),
        (READS, ""),  # it looks at pictures and makes none
        (READS | {"deep.weight": (48, 1, 3, 3), "wide.weight": (48, 64, 1, 1)}, ""),
        ({"patches.weight": (48, 3, 16, 16)}, ""),
        (READS | WRITES | {"decoder.conv_in.weight": (64, 4, 3, 3)}, ""),  # an autoencoder
        ({"lora_unet_down.weight": (4, 320), "lora_unet_up.weight": (320, 4)}, ""),
        ({"lora_unet_mid_to_q.lora_down.weight": (4, 320)}, "lora"),
        ({"unet.mid_block.to_q.lora_A.weight": (4, 320)}, "lora"),
        ({"base_model.model.layers.0.q_proj.lora_A.weight": (4, 320)}, ""),  # of a language model
        ({"clip_l": (2, 768), "clip_g": (2, 1280)}, "textual-inversion"),
        ({"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3)}, "controlnet"),
        ({}, ""),
    ],
)
def test_a_small_safetensors_file_is_known_by_its_header(
    tmp_path: Path, tensors: dict[str, tuple[int, ...]], capability: str
) -> None:
    drop(tmp_path, "Sharp 2x.safetensors", safetensors(tensors))
    rows = [(row.id, row.capabilities, row.problem) for row in WeightsCatalogue([tmp_path]).list()]
    assert rows == ([("sharp-2x", (capability,), "")] if capability else [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\0\0\0\0\0\0\0not json",
        safetensors(READS | WRITES, first={"shape": "3"}),
        safetensors(READS | WRITES, first=[1]),
        (5_000).to_bytes(8, "little") + b"[" * 5_000,
        (2**62).to_bytes(8, "little") + b"{}",
        safetensors(READS | WRITES)[:-9],
        safetensors(READS | WRITES | {"x" * header.MAX_HEADER_BYTES: (1,)}),
    ],
)
def test_a_header_that_is_none_hides_the_file_and_no_other(tmp_path: Path, data: bytes) -> None:
    drop(tmp_path, "bad.safetensors", data)
    drop(tmp_path, "good.safetensors", safetensors(READS | WRITES))
    assert [row.id for row in WeightsCatalogue([tmp_path]).list()] == ["good"]


def test_described_weights_are_not_listed_again_for_their_header(tmp_path: Path) -> None:
    data = safetensors(READS | WRITES)
    drop(tmp_path, "sharp.safetensors", data)
    describe(tmp_path, "mine", "sharp.safetensors", data)
    assert only(WeightsCatalogue([tmp_path])).id == "mine"


@pytest.mark.parametrize(
    ("data", "changes", "words"),
    [
        (None, {}, "missing"),
        (GGUF[:20], {}, "incomplete"),
        (GGUF, {"bytes": '"many"'}, "Expected `int`"),
        (GGUF, {"sha256": 'x" = y'}, "not valid TOML"),
        (GGUF, {"bytes": "[" * 5_000}, "not valid TOML"),
    ],
)
def test_described_weights_that_cannot_be_used_say_why(
    tmp_path: Path, data: bytes | None, changes: dict[str, object], words: str
) -> None:
    if data is not None:
        drop(tmp_path / "elsewhere", "small.gguf", data)
    describe(tmp_path, "small", "elsewhere/small.gguf", **changes)
    catalogue = WeightsCatalogue([tmp_path])
    assert words in catalogue.get("small").problem
    assert "small" not in {entry.id for entry in catalogue.entries()}


def test_sidecar_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    drop(tmp_path, "small.toml", b"#" * 100_000)
    assert "larger than 64 KiB" in only(WeightsCatalogue([tmp_path])).problem


def test_dropped_in_gguf_is_for_text_and_named_after_its_file(tmp_path: Path) -> None:
    drop(tmp_path, "My Model (v2).Q4_K_M.gguf")
    weights = only(WeightsCatalogue([tmp_path]))
    assert (weights.id, weights.capabilities) == ("my-model-v2.q4-k-m", ("text",))
    assert weights.family == ""  # the runtime looks closer


def test_file_that_only_claims_to_be_gguf_is_a_row_with_a_reason(tmp_path: Path) -> None:
    drop(tmp_path, "web page.gguf", b"<html>")
    weights = only(WeightsCatalogue([tmp_path]))
    assert "not a GGUF file" in weights.problem
    assert weights.capabilities == ()


def test_hugging_face_folder_is_one_row(tmp_path: Path) -> None:
    model_folder(tmp_path, "Tiny-LM", {"architectures": ["LlamaForCausalLM"]})
    model_folder(tmp_path, "Other", {"architectures": ["SomethingElse"]})
    rows = {weights.id: weights for weights in WeightsCatalogue([tmp_path]).list()}
    assert rows["tiny-lm"].capabilities == ("text",)
    assert rows["tiny-lm"].bytes == 8
    assert rows["other"].capabilities == ()


@pytest.mark.parametrize("config", ["{not json", "[1]", '{"architectures": 5}', "[" * 100_000])
def test_hostile_config_is_a_row_with_a_reason(tmp_path: Path, config: str) -> None:
    folder = model_folder(tmp_path, "bad", {})
    (folder / "config.json").write_text(config, "utf-8")
    weights = only(WeightsCatalogue([tmp_path]))
    assert "config.json" in weights.problem
    assert weights.capabilities == ()


def test_shards_are_one_row(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        drop(tmp_path, f"big-0000{number}-of-00003.gguf")
    weights = only(WeightsCatalogue([tmp_path]))
    assert (weights.id, weights.path.name) == ("big", "big-00001-of-00003.gguf")


def test_two_of_one_name_are_both_there(tmp_path: Path) -> None:
    drop(tmp_path, "a/model.gguf")
    drop(tmp_path, "b/model.gguf")
    ids = {weights.id for weights in WeightsCatalogue([tmp_path]).list()}
    assert len(ids) == 2
    assert "model" in ids


def test_earlier_folder_wins_for_described_weights(tmp_path: Path) -> None:
    for name in ("first", "second"):
        drop(tmp_path / name, "small.gguf")
        describe(tmp_path / name, "small", "small.gguf")
    catalogue = WeightsCatalogue([tmp_path / "first", tmp_path / "second"])
    assert catalogue.get("small").path.parent.name == "first"


def test_best_is_described_and_usable(tmp_path: Path) -> None:
    drop(tmp_path, "aaa.gguf")
    drop(tmp_path, "zzz.gguf")
    describe(tmp_path, "zzz", "zzz.gguf")
    describe(tmp_path, "mmm", "missing.gguf")
    catalogue = WeightsCatalogue([tmp_path])
    assert [weights.id for weights in catalogue.list("text")] == ["zzz", "aaa", "mmm"]
    assert catalogue.default_for("text").id == "zzz"


def test_what_is_too_large_for_the_machine_is_never_the_default(tmp_path: Path) -> None:
    for name, size in (("a-coder-70b.gguf", 40), ("b-coder-7b.gguf", 5), ("c-chat.gguf", 3)):
        (tmp_path / name).write_bytes(b"GGUF")
        os.truncate(tmp_path / name, size * 10**9)
    bf16 = tmp_path / "d-coder-bf16"
    bf16.mkdir()
    (bf16 / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (bf16 / "model.safetensors").touch()
    os.truncate(bf16 / "model.safetensors", 30 * 10**9)

    def order(room: float) -> list[str]:
        rows = WeightsCatalogue([tmp_path], room=lambda: room).list("text", prefer="code")
        return [row.id[0] for row in rows]

    assert order(22e9) == ["d", "b", "c", "a"], "16-bit numbers are held in 8"
    assert order(5e9) == ["c", "b", "d", "a"], "of those too large the one that lacks least"
    assert order(1e12) == ["a", "d", "b", "c"]


def test_nothing_that_fits_says_where_weights_go(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=str(tmp_path)) as caught:
        WeightsCatalogue([tmp_path]).default_for("text")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_missing_folders_and_endless_links_are_no_trouble(tmp_path: Path) -> None:
    os.symlink(tmp_path, tmp_path / "loop", target_is_directory=True)
    drop(tmp_path, "model.gguf")
    catalogue = WeightsCatalogue([tmp_path / "not there", tmp_path])
    assert only(catalogue).id == "model"


def test_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "MAX_ENTRIES", 10)
    for number in range(50):
        (tmp_path / f"d{number:02}" / "d").mkdir(parents=True)
    drop(tmp_path, "a.gguf")
    drop(tmp_path / "d49", "z.gguf")
    assert [weights.id for weights in WeightsCatalogue([tmp_path]).list()] == ["a"]


def test_new_files_are_seen_after_a_rescan(tmp_path: Path) -> None:
    catalogue = WeightsCatalogue([tmp_path])
    assert catalogue.list() == []
    drop(tmp_path, "new.gguf")
    assert catalogue.list() == []
    catalogue.rescan()
    assert only(catalogue).id == "new"


# --- verify -----------------------------------------------------------------------------------


def test_verify_reads_every_byte_and_reports_progress(tmp_path: Path) -> None:
    drop(tmp_path, "small.gguf")
    describe(tmp_path, "small", "small.gguf")
    seen: list[tuple[int, int]] = []
    finding = WeightsCatalogue([tmp_path]).verify("small", lambda *pair: seen.append(pair))
    assert finding.passed is True
    assert seen[-1] == (len(GGUF), len(GGUF))


def test_one_flipped_bit_is_found(tmp_path: Path) -> None:
    drop(tmp_path, "small.gguf", GGUF[:-1] + b"\x01")
    describe(tmp_path, "small", "small.gguf")
    finding = WeightsCatalogue([tmp_path]).verify("small")
    assert finding.passed is False
    assert "does not match" in finding.sentence


def test_undescribed_weights_pass_for_nothing(tmp_path: Path) -> None:
    drop(tmp_path, "loose.gguf")
    model_folder(tmp_path, "folder", {})
    for name in ("loose", "folder"):
        finding = WeightsCatalogue([tmp_path]).verify(name)
        assert finding.passed is None
        assert len(finding.digest) == 64


def test_digest_of_a_folder_depends_on_names_and_contents(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "folder", {})
    catalogue = WeightsCatalogue([tmp_path])
    before = catalogue.verify("folder").digest
    for hidden in (".git/lfs/objects/model", ".gitattributes"):  # a clone has everything twice
        drop(folder, hidden, b"again")
    assert catalogue.verify("folder").digest == before
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    assert catalogue.verify("folder").digest != before


def test_verifying_what_is_gone_says_so(tmp_path: Path) -> None:
    describe(tmp_path, "small", "small.gguf")
    with pytest.raises(StudioError, match="missing") as caught:
        WeightsCatalogue([tmp_path]).verify("small")
    assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("name", ["net.pt", "net.BIN", "deep/net.ckpt"])
def test_a_pickle_is_a_row_that_says_why_it_is_not_used(tmp_path: Path, name: str) -> None:
    drop(tmp_path, name, b"\x80\x04.")
    weights = only(WeightsCatalogue([tmp_path]))
    assert "can run code" in weights.problem
    assert "safetensors" in weights.problem
    assert WeightsCatalogue([tmp_path]).entries() == ()


def test_a_model_folder_with_pickles_only_is_one_row(tmp_path: Path) -> None:
    for name in ("config.json", "pytorch_model-1.bin", "pytorch_model-2.bin"):
        drop(tmp_path, f"old/{name}", b"{}")
    weights = only(WeightsCatalogue([tmp_path]))
    assert (weights.id, weights.capabilities, weights.bytes) == ("old", (), 4)
    assert "pytorch_model-1.bin is a pickle" in weights.problem


def test_described_weights_may_have_any_name(tmp_path: Path) -> None:
    drop(tmp_path, "small.bin")
    describe(tmp_path, "small", "small.bin")
    assert only(WeightsCatalogue([tmp_path])).problem == ""


# --- weights that can be had ------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path: Path) -> TinySet:
    return TinySet(tmp_path / "shop", tmp_path / "described")


def test_what_can_be_had_is_listed_only_once_it_is_here(tiny: TinySet, tmp_path: Path) -> None:
    mine, described = tmp_path / "mine", tmp_path / "described"
    drop(mine, f"{tiny.file}.unfinished", b"x" * 100)
    catalogue = WeightsCatalogue([mine, described])
    assert catalogue.list() == []
    (row,) = catalogue.offers("code")
    assert row.offer is not None
    assert (row.offer.name, row.offer.bytes_here, row.bytes) == ("tiny", 100, len(tiny.data))
    with pytest.raises(StudioError, match=r"Tiny Random is not installed.*studio models get tiny"):
        catalogue.get("tiny-random")
    with pytest.raises(StudioError, match=r"Tiny Random would work.*studio models get tiny"):
        catalogue.default_for("code")
    drop(mine, tiny.file, tiny.data)
    catalogue.rescan()
    assert [w.path for w in catalogue.list()] == [mine / tiny.file]
    assert [w.problem for w in catalogue.offers()] == [""]
    by_hand = list(recognition.recognise(mine))
    (row,) = WeightsCatalogue([described], external=lambda: by_hand).offers("code")
    assert (row.problem, row.id) == ("", by_hand[0].id), "it was added by hand"


def test_another_file_of_that_name_stays_what_it_was(tiny: TinySet, tmp_path: Path) -> None:
    mine = drop(tmp_path / "mine", tiny.file)
    row = only(WeightsCatalogue([tmp_path / "mine", tmp_path / "described"]))
    assert (row.path, row.sidecar, row.capabilities) == (mine, None, ("text",))


@pytest.mark.parametrize(
    ("sound", "hostile"),
    [
        ('package = "tiny-model-part1"', 'package = "--pre"'),
        ('package = "tiny-model-part1"', 'package = "x @ file:///etc"'),
        ('version = "0.1"', 'version = "0.1 --pre"'),
        ('file = "tiny-random.gguf"', 'file = "../tiny-random.gguf"'),
        ("bytes = 65536", "bytes = 65535"),
    ],
)
def test_a_description_that_would_fetch_something_odd_is_refused(
    tiny: TinySet, tmp_path: Path, sound: str, hostile: str
) -> None:
    path = tmp_path / "described" / "tiny.toml"
    text = path.read_text("utf-8")
    assert sound in text
    path.write_text(text.replace(sound, hostile, 1), "utf-8")
    catalogue = WeightsCatalogue([tmp_path / "described"])
    assert catalogue.offers() == []
    assert "tiny.toml cannot be used" in only(catalogue).problem


def test_those_made_for_it_come_first_and_others_keep_their_place(tmp_path: Path) -> None:
    for id, capability in (("coder", '["text", "code"]'), ("talker", '["text"]')):
        drop(tmp_path, f"{id}.gguf")
        path = describe(tmp_path, id, f"{id}.gguf")
        path.write_text(path.read_text("utf-8").replace('["text"]', capability), "utf-8")
    drop(tmp_path, "mine.gguf")
    catalogue = WeightsCatalogue([tmp_path])
    assert [w.id for w in catalogue.list("text")] == ["talker", "mine", "coder"]
    assert [w.id for w in catalogue.list("text", "code")] == ["coder", "talker", "mine"]
    assert catalogue.default_for("text").id == "talker"
    assert catalogue.default_for("text", "code").id == "coder"


def test_the_coder_is_described_to_the_last_piece() -> None:
    row = WeightsCatalogue([resources() / "weights"]).offer("coder")
    assert row.offer is not None
    assert (len(row.offer.pieces), row.bytes) == (22, 1_117_320_768)
    assert len({piece.wheel_sha256 for piece in row.offer.pieces}) == 22
    assert {"text", "code"} == set(row.capabilities)
    assert row.card is not None


def test_the_small_coder_is_described_to_the_last_piece() -> None:
    row = WeightsCatalogue([resources() / "weights"]).offer("coder-small")
    assert row.offer is not None
    assert (len(row.offer.pieces), row.bytes) == (6, 491_400_064)
    assert len({piece.wheel_sha256 for piece in row.offer.pieces}) == 6


@pytest.mark.parametrize(
    ("name", "purposes"),
    [
        ("DeepSeek-Coder-6.7B-Q4_K_M", ("text", "code")),
        ("CodeLlama-7b", ("text", "code")),
        ("granite-8b-code-instruct", ("text", "code")),
        ("Encoded-Thoughts-7b", ("text",)),
    ],
)
def test_a_name_tells_what_was_made_for_code(
    tmp_path: Path, name: str, purposes: tuple[str, ...]
) -> None:
    drop(tmp_path, f"{name}.gguf")
    assert only(WeightsCatalogue([tmp_path])).capabilities == purposes

"""Recipes of other programs, as they stand in the files that these write; and hostile ones."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from studio.api import BadInput
from studio_image import picture_arrays
from studio_image.recipes import png_text
from studio_image.recipes.recipe_files import recipe_in

INFOTEXT = """a lighthouse, <lora:inky:0.8> dusk
Negative prompt: people
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 12, Size: 512x768, Model hash: abc, \
Model: dream_8, Clip skip: 2, Version: v1.10.1"""

COMFY: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 42, "steps": 20, "cfg": 8.0, "sampler_name": "dpmpp_2m", "scheduler": "normal",
            "denoise": 1.0, "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x/dream_8.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["12", 0], "clip": ["10", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "people", "clip": ["10", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}, "is_changed": [float("nan")]},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "inky.safetensors", "strength_model": 0.8, "strength_clip": 1.0,
                   "model": ["11", 0], "clip": ["4", 1]},
    },
    "11": {"class_type": "FreeU_V2", "inputs": {"b1": 1.3, "model": ["4", 0]}},
    "12": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "a lighthouse, dusk"}},
}  # fmt: skip

WORKFLOW = {
    "nodes": [
        {"id": 3, "type": "KSampler", "mode": 0, "inputs": [
            {"name": "model", "link": 1}, {"name": "positive", "link": 4},
            {"name": "negative", "link": 6}, {"name": "latent_image", "link": 2}],
         "widgets_values": [42, "randomize", 20, 8.0, "dpmpp_2m", "karras", 1.0]},
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["dream_8.safetensors"]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 768, 1]},
        {"id": 6, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "link": 5}],
         "widgets_values": ["a lighthouse, dusk"]},
        {"id": 7, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "link": 5}],
         "widgets_values": ["people"]},
        {"id": 9, "type": "LoraLoader", "mode": 4, "inputs": [{"name": "model", "link": 3}],
         "widgets_values": ["off.safetensors", 1, 1]},
    ],
    "links": [[1, 9, 0, 3, 0, "MODEL"], [2, 5, 0, 3, 3, "LATENT"], [3, 4, 0, 9, 0, "MODEL"],
              [4, 6, 0, 3, 1, "CONDITIONING"], [5, 4, 1, 6, 0, "CLIP"],
              {"id": 6, "origin_id": 7, "origin_slot": 0}],
}  # fmt: skip

INVOKE = {
    "app_version": "5.4.2", "positive_prompt": "a lighthouse, dusk", "negative_prompt": "people",
    "width": 512, "height": 768, "seed": 42, "cfg_scale": 8.0, "steps": 20,
    "scheduler": "dpmpp_2m_k", "clip_skip": 1, "strength": 0.75,
    "model": {"name": "dream_8", "hash": "blake3:12", "base": "sdxl", "type": "main"},
    "loras": [{"model": {"name": "inky"}, "weight": 0.8}], "controlnets": [{"weight": 1}],
}  # fmt: skip

OLDER = {
    "model_weights": "dream_8", "model_hash": "abc", "app_version": "v2.2.4",
    "image": {"prompt": [{"prompt": "a lighthouse, dusk [people]", "weight": 1}], "steps": 20,
              "cfg_scale": 8.0, "height": 768, "width": 512, "seed": 42, "sampler": "k_euler_a"},
}  # fmt: skip

FOOOCUS = {
    "base_model": "dream_8", "base_model_hash": "abc", "guidance_scale": 8.0,
    "loras": [["inky", 0.8, "12"]], "lora_combined_1": "inky : 0.8", "metadata_scheme": "fooocus",
    "negative_prompt": "people", "performance": "Speed", "prompt": "a lighthouse, dusk",
    "refiner_model": "None", "resolution": "(512, 768)", "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras", "seed": "42", "sharpness": 2, "steps": 20,
    "styles": "['Fooocus V2', 'Sharp']",
}  # fmt: skip

DREAM = '"a lighthouse, dusk [people]" -s 20 -S42 -W 512 -H 768 -C 8.0 -A k_lms --unknown x'

WANTED = {
    "prompt": "a lighthouse, dusk",
    "negative": "people",
    "steps": 20,
    "seed": 42,
    "guidance": 8.0,
    "width": 512,
    "height": 768,
}


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key.replace("__", "-"), text)
    return saved("PNG", pnginfo=info)


def saved(kind: str, **more: Any) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(stream, kind, **more)
    return stream.getvalue()


def with_exif(kind: str, tags: dict[int, Any], comment: Any = None) -> bytes:
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    if comment is not None:
        exif.get_ifd(0x8769)[0x9286] = comment
    return saved(kind, exif=exif.tobytes())


@pytest.mark.parametrize(
    ("texts", "program", "more", "left_out"),
    [
        ({"prompt": json.dumps(COMFY)}, "ComfyUI", {"scheduler": "dpm++", "freeu": True},
         ("the node PrimitiveStringMultiline",)),
        ({"workflow": json.dumps(WORKFLOW)}, "ComfyUI", {"scheduler": "dpm++", "karras": True}, ()),
        ({"invokeai_metadata": json.dumps(INVOKE)}, "InvokeAI",
         {"scheduler": "dpm++", "karras": True, "clip_skip": 2}, ("ControlNet",)),
        ({"sd__metadata": json.dumps(OLDER)}, "InvokeAI", {"scheduler": "euler-a"}, ()),
        ({"Dream": DREAM}, "InvokeAI", {"scheduler": "lms"}, ()),
        ({"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"}, "Fooocus",
         {"scheduler": "dpm++-sde", "karras": True},
         ("the styles Fooocus V2, Sharp", "Sharpness 2")),
    ],
)  # fmt: skip
def test_each_program_is_understood(
    texts: dict[str, str], program: str, more: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    read = recipe_in(png(**texts))
    assert (read.task, read.program) == ("image.generate", program)
    assert read.params == WANTED | more
    assert read.left_out == left_out
    if "Dream" not in texts:
        assert read.model == "dream_8"
    if {"invokeai_metadata", "parameters"} & {*texts}:
        assert read.loras == (("inky", 0.8),)
        assert read.digest in ("abc", "blake3:12")


def test_the_first_sampling_of_several_is_the_one_and_loras_are_named() -> None:
    twice = COMFY | {
        "20": {
            "class_type": "KSampler",
            "inputs": COMFY["3"]["inputs"] | {"seed": 9, "denoise": 0.4, "latent_image": ["21", 0]},
        },
        "21": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "width": 1024}},
    }
    read = recipe_in(png(prompt=json.dumps({"20": twice["20"]} | twice)))
    assert read.params | WANTED == read.params
    assert "1 further sampling, such as a second pass" in read.left_out
    assert read.loras == (("inky", 0.8),)


def test_a_sampler_in_parts_with_a_picture_to_begin_with() -> None:
    parts = {
        "1": {"class_type": "SamplerCustomAdvanced", "inputs": {
            "noise": ["2", 0], "guider": ["3", 0], "sampler": ["4", 0], "sigmas": ["5", 0],
            "latent_image": ["6", 0]}},
        "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": 42}},
        "3": {"class_type": "BasicGuider", "inputs": {"conditioning": ["8", 0], "model": ["9", 0]}},
        "4": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "5": {"class_type": "BasicScheduler", "inputs": {
            "scheduler": "simple", "steps": 20, "denoise": 0.6, "model": ["9", 0]}},
        "6": {"class_type": "VAEEncode", "inputs": {"pixels": ["7", 0]}},
        "7": {"class_type": "LoadImage", "inputs": {"image": "boat.png"}},
        "8": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["10", 0]}},
        "9": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
        "10": {"class_type": "CLIPTextEncode", "inputs": {"text": "a boat", "clip": ["11", 0]}},
        "11": {"class_type": "DualCLIPLoader", "inputs": {}},
    }  # fmt: skip
    read = recipe_in(png(prompt=json.dumps(parts)))
    assert read.params == {
        "scheduler": "euler", "steps": 20, "guidance": 3.5, "seed": 42, "strength": 0.6,
        "prompt": "a boat", "negative": "",
    }  # fmt: skip
    assert (read.model, read.left_out) == ("flux1-dev", ("the starting image",))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_comments_of_photographs_are_read_in_either_order(kind: str, order: str) -> None:
    said = INFOTEXT.replace("dusk", "Dämmerung 狐")
    read = recipe_in(with_exif(kind, {}, b"UNICODE\0" + said.encode(order)))
    assert read.params["prompt"] == "a lighthouse, Dämmerung 狐"
    assert read.loras == (("inky", 0.8),)
    assert read.left_out == ()
    assert (read.params["clip_skip"], read.params["karras"]) == (2, True)
    assert (read.model, read.digest) == ("dream_8", "abc")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_exif_of_other_programs(kind: str) -> None:
    graph = json.dumps(COMFY)
    for data in (
        with_exif(kind, {0x010F: "Workflow:{}", 0x0110: f"Prompt:{graph}"}),
        with_exif(kind, {}, b"ASCII\0\0\0" + json.dumps({"prompt": COMFY}).encode()),
        with_exif(kind, {0x9286: json.dumps(FOOOCUS), 0x927C: "fooocus"}),
    ):
        assert recipe_in(data).params | WANTED == recipe_in(data).params


# --- hostile ----------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + crc


def planted(kind: bytes, body: bytes) -> bytes:
    whole = png()
    return whole[:33] + chunk(kind, body) + whole[33:]


def circle(length: int) -> str:
    nodes = {
        str(n): {
            "class_type": "KSampler",
            "inputs": {"seed": [str(n), 0], "positive": [str((n + 1) % length), 0],
                       "latent_image": [str((n + 1) % length), 0], "clip": ["0", 0],
                       "text": [str((n + 1) % length), 0]},
        }
        for n in range(length)
    }  # fmt: skip
    return json.dumps(nodes)


BOMB = zlib.compress(bytes(100_000_000))
DEEP = "[" * 500_000
ODD_SAMPLER = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": {"a": 1}, "steps": [[]], "positive": ["6", 0], "cfg": True, "sampler_name": 3,
        },
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": [{}], "clip": 1}},
}  # fmt: skip
ODD_INVOKE = {"positive_prompt": 3, "seed": [1], "model": [], "loras": {"a": 1}, "scheduler": {}}
ODD_FOOOCUS = {"prompt": [], "base_model": 3, "loras": [3, [], [None, None]], "resolution": 9}
ODD_WORKFLOW = {
    "nodes": [
        {"id": [], "type": "KSampler", "widgets_values": {"seed": {}},
         "inputs": [{"name": "positive", "link": 7}, {"name": 3}, 5]},
    ],
    "links": [[7], 3],
}  # fmt: skip
NO_NUMBERS = json.dumps(COMFY).replace("42", "NaN").replace("8.0", "Infinity")
HOSTILE: dict[str, bytes] = {
    "zTXt bomb": planted(b"zTXt", b"prompt\0\0" + BOMB),
    "iTXt bomb": planted(b"iTXt", b"invokeai_metadata\0\1\0\0\0" + BOMB),
    "long text": planted(b"tEXt", b"workflow\0" + b"{" * (6 << 20)),
    "cut zlib": planted(b"zTXt", b"Dream\0\0" + zlib.compress(b"x" * 999)[:-9]),
    "bad UTF-8": planted(b"iTXt", b"sd-metadata\0\0\0\0\0\xff\xfe{"),
    "no separators": planted(b"iTXt", b"prompt\0\1"),
    "length beyond the file": png()[:33] + struct.pack(">I", 0xFFFFFFF0) + b"tEXtprompt\0{}",
    "deep list": planted(b"tEXt", b"prompt\0" + DEEP.encode()),
    "deep tables": planted(b"tEXt", b"parameters\0" + b'{"a":' * 200_000),
    "circle of 3": png(prompt=circle(3)),
    "circle of 2000": png(prompt=circle(2_000)),
    "numbers that are none": png(prompt=NO_NUMBERS),
    "huge numbers": png(invokeai_metadata=json.dumps(INVOKE).replace("42", "9" * 4000)),
    "more digits than Python reads": png(invokeai_metadata='{"seed": ' + "9" * 9000 + "}"),
    "wrong types": png(prompt='{"3": {"class_type": 5, "inputs": [1]}, "4": null, "5": "x"}'),
    "wrong types in a sampler": png(prompt=json.dumps(ODD_SAMPLER)),
    "wrong types of InvokeAI": png(invokeai_metadata=json.dumps(ODD_INVOKE)),
    "wrong types of Fooocus": png(parameters=json.dumps(ODD_FOOOCUS)),
    "links to nowhere": png(workflow=json.dumps(ODD_WORKFLOW)),
    "quotes never closed": png(Dream='"' + "a [" * 20_000),
    "half a pair of UTF-16": with_exif("JPEG", {}, b"UNICODE\0\xd8\x00\xd8"),
    "EXIF that is none": saved("WEBP", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    "100,000 texts": png()[:33] + chunk(b"tEXt", b"prompt\0[") * 100_000 + png()[33:],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_a_sentence_or_in_nothing_and_soon(name: str) -> None:
    began = time.process_time()
    try:
        read = recipe_in(HOSTILE[name])
    except BadInput as refused:
        assert "parameters cannot be read" in refused.message  # noqa: PT017
        assert refused.hint == "The picture itself can be used."  # noqa: PT017
    else:
        assert len(read.left_out) < 40
        assert all(len(words) <= 120 for words in read.left_out)
    assert time.process_time() - began < 20  # without bounds the circles never end


def test_one_bad_text_does_not_hide_another_ones_recipe() -> None:
    bomb = chunk(b"zTXt", b"workflow\0\0" + BOMB)
    good = png(prompt=json.dumps(COMFY))
    assert recipe_in(good[:33] + bomb + good[33:]).program == "ComfyUI"


def test_the_bomb_is_one() -> None:
    """The control: left to itself, a decoder unpacks or gives up the picture."""
    assert len(zlib.decompress(BOMB)) == 100_000_000
    with pytest.raises(ValueError, match="too large"):
        Image.open(io.BytesIO(HOSTILE["zTXt bomb"])).load()
    assert picture_arrays.read(HOSTILE["zTXt bomb"]).shape == (8, 8, 3)
    assert png_text.texts(HOSTILE["zTXt bomb"], ["parameters"]) == {}

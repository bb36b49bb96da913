"""How a picture was made, told to files and read from them, friendly and hostile ones."""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from studio.api import BadInput
from studio_image import picture_arrays
from studio_image.recipes import infotext, png_text
from studio_image.recipes import recipe as recipes

FOREIGN = """a lighthouse at dusk, (oil painting:1.2)
two lines: the second
Negative prompt: blurry, people
Steps: 28, Sampler: Euler a, Schedule type: Automatic, CFG scale: 7.5, Seed: 1234567890, \
Size: 512x768, Model hash: abc123, Model: dream_8, Lora hashes: "one: 1, two: 2", Clip skip: 2"""


def drawn(**changes: Any) -> dict[str, Any]:
    params = {
        "prompt": "a lighthouse, at dusk",
        "negative": "people",
        "style": "flat",
        "steps": 20,
        "guidance": 7.5,
        "seed": 42,
        "scheduler": "dpm++",
        "weights": "sd15",
        "strength": 0.6,
    }
    return {"task": "image.generate", "params": params | changes}


def test_loras_and_weights_of_words_of_other_programs() -> None:
    added = {"loras": ["inky", "soft"], "lora_strengths": [0.5], "karras": True, "clip_skip": 2}
    said = infotext.written(drawn(**added, variation=0.25, variation_seed=9), 512, 768)
    assert "a lighthouse, at dusk <lora:inky:0.5> <lora:soft:1>\n" in said
    read = infotext.read(said)
    assert read.loras == (("inky", 0.5), ("soft", 1.0))
    kept = {"karras": True, "clip_skip": 2, "variation": 0.25, "variation_seed": 9}
    assert read.params | kept == read.params
    theirs = infotext.read("a (red) [old] boat, ((big)) [a:b:3]\nSteps: 20, Seed: 1")
    assert theirs.params["prompt"] == "a (red:1.1) (old:0.909) boat, (big:1.21) [a:b:3]"


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def with_chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    """Return a PNG that has one more chunk, right after its header."""
    whole = png()
    crc = zlib.crc32(kind + body) if checksum is None else checksum
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)
    return whole[:33] + chunk + whole[33:]


# --- what other programs read and write -------------------------------------------------------


def test_what_other_programs_read() -> None:
    assert infotext.written(drawn(), 512, 768) == (
        "a lighthouse, at dusk\n"
        "Negative prompt: people\n"
        "Steps: 20, Sampler: DPM++ 2M, CFG scale: 7.5, Seed: 42, Size: 512x768, Model: sd15, "
        "Style: flat, Version: Offline Studio"
    )
    assert infotext.written({"task": "image.enlarge", "params": {}}, 8, 8) == ""


def test_what_we_write_we_read() -> None:
    recipe = drawn(prompt="two\nlines", init="a.png", strength=0.35)
    read = infotext.read(infotext.written(recipe, 512, 768))
    wanted = recipe["params"] | {"width": 512, "height": 768}
    for name in ("weights", "init"):
        del wanted[name]
    assert read.params == wanted
    assert read.model == "sd15"
    assert read.left_out == ()


def test_what_other_programs_wrote() -> None:
    read = infotext.read(FOREIGN)
    assert read.task == "image.generate"
    assert read.params == {
        "prompt": "a lighthouse at dusk, (oil painting:1.2)\ntwo lines: the second",
        "negative": "blurry, people",
        "steps": 28,
        "guidance": 7.5,
        "seed": 1234567890,
        "width": 512,
        "height": 768,
        "scheduler": "euler-a",
        "clip_skip": 2,
    }
    assert read.model == "dream_8"
    assert (read.digest, read.program) == ("abc123", "AUTOMATIC1111")
    assert read.left_out == ()


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ("Steps: 9000, Seed: 1", "Steps 9000"),
        ("Steps: many, Seed: 1", "Steps many"),
        ("Steps: 20, Size: 99999x64", "Width 99999"),
        ("Steps: 20, Sampler: Restart", "Sampler Restart"),
        ("Steps: 20, CFG scale: nan", "Guidance nan"),
    ],
)
def test_values_that_do_not_fit_are_left_out_and_named(settings: str, word: str) -> None:
    read = infotext.read(f"a fox\n{settings}")
    assert word in read.left_out
    assert read.params["prompt"] == "a fox"


@pytest.mark.parametrize("text", ["", "just a caption", "a, b, c\nd", '"' * 70_000, "a:" * 70_000])
def test_other_texts_are_no_recipe(text: str) -> None:
    assert infotext.read(text).task == ""


def test_a_prompt_alone_with_what_it_should_not_show_is_one() -> None:
    read = infotext.read("a fox\nNegative prompt: snow")
    assert read.params == {"prompt": "a fox", "negative": "snow"}


# --- ours -------------------------------------------------------------------------------------


def test_a_file_that_may_leave_the_machine_names_no_folder() -> None:
    params = {"image": "/somewhere/deep/a.png", "styles": ["waves", "/mine/monet.jpg"], "size": 256}
    said = recipes.to_json({"task": "image.restyle", "params": params})
    assert json.loads(said)["params"] == {
        "image": "a.png",
        "styles": ["waves", "monet.jpg"],
        "size": 256,
    }


def test_our_own_recipe_is_checked_like_any_other() -> None:
    params = {"prompt": "a fox", "steps": "x", "seed": [1], "made_up": 3, "style": "flat"}
    read = recipes.from_json(json.dumps({"task": "image.generate", "params": params}))
    assert read.params == {"prompt": "a fox", "style": "flat"}
    assert read.left_out == ("Steps x", "Seed [1]", "made_up 3")


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "3", '{"task": "chat.reply", "params": {}}', '{"params": 3}']
)
def test_other_json_is_no_recipe(text: str) -> None:
    assert recipes.from_json(text) == recipes.Recipe()


# --- in files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", ["a red fox", "Füchse, 狐 🦊"])
def test_a_png_carries_both_spellings(prompt: str) -> None:
    data = picture_arrays.png(np.zeros((64, 96, 3), np.uint8), drawn(prompt=prompt))
    found = png_text.texts(data, (recipes.KEY, infotext.KEY))
    assert recipes.from_json(found[recipes.KEY]).params["prompt"] == prompt
    assert found[infotext.KEY].startswith(f"{prompt}\nNegative prompt: people\nSteps: 20")
    assert "Size: 96x64" in found[infotext.KEY]
    with Image.open(io.BytesIO(data)) as image:  # another reader agrees
        assert image.text[infotext.KEY] == found[infotext.KEY]


def packed(key: bytes, said: bytes) -> bytes:
    return key + b"\0\0" + zlib.compress(said)


def test_every_kind_of_text_is_read() -> None:
    international = b"parameters\0\1\0en\0\0" + zlib.compress("Füchse".encode())
    for kind, body in (
        (b"tEXt", b"parameters\0F\xfcchse"),
        (b"zTXt", packed(b"parameters", b"F\xfcchse")),
        (b"iTXt", b"parameters\0\0\0\0\0" + "Füchse".encode()),
        (b"iTXt", international),
    ):
        assert png_text.texts(with_chunk(kind, body), ["parameters"]) == {"parameters": "Füchse"}


BOMB = zlib.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        (b"zTXt", b"parameters\0\0" + BOMB, "unpacks to more than 4 MiB"),
        (b"iTXt", b"parameters\0\1\0\0\0" + BOMB, "unpacks to more than 4 MiB"),
        (b"tEXt", b"parameters\0" + bytes(5 << 20), "longer than 4 MiB"),
        (b"zTXt", b"parameters\0\0no zlib", "damaged"),
        (b"zTXt", packed(b"parameters", b"x" * 999)[:-6], "incomplete"),
        (b"iTXt", b"parameters\0\0\0\0\0\xff\xfe", "damaged"),
        (b"iTXt", b"parameters\0\1", "damaged"),
    ],
)
def test_hostile_texts_are_refused_in_a_sentence(kind: bytes, body: bytes, why: str) -> None:
    data = with_chunk(kind, body)
    with pytest.raises(BadInput, match=why) as refused:
        png_text.texts(data, ["parameters"])
    assert "parameters cannot be read" in refused.value.message
    assert picture_arrays.read(data).shape == (8, 8, 3)  # the picture itself is as good as any


def test_a_wrong_checksum_is_refused_and_other_texts_are_not_unpacked() -> None:
    with pytest.raises(BadInput, match="damaged"):
        png_text.texts(with_chunk(b"tEXt", b"parameters\0a fox", checksum=1), ["parameters"])
    assert png_text.texts(with_chunk(b"zTXt", b"Comment\0\0" + BOMB), ["parameters"]) == {}


@pytest.mark.parametrize("data", [b"", b"GIF89a", png_text.SIGNATURE, png(parameters="x")[:50]])
def test_files_that_end_early_hold_no_texts(data: bytes) -> None:
    assert png_text.texts(data, ["parameters"]) == {}
    assert png_text.without_texts(data) == data

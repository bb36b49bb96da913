"""Sound GGUF headers are read; hostile, broken and cut-short ones end in one sentence, quickly."""

from __future__ import annotations

import os
import random
import struct
import sys
import weakref

import gguf
import pytest

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.model_files import open_model
from studio.runtime.engines.text.formats.gguf import BLOCK_TYPES, is_gguf, read_header
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from tests.runtime.engines.gguf_builder import (
    ARRAY,
    BOOL,
    F32,
    I32,
    STRING,
    U32,
    U64,
    Gguf,
    array,
    scalar,
    tensor,
)


def header_of(path):
    with MappedFile(path) as file:
        return read_header(file)


def refusal(path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        header_of(path)
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


@pytest.fixture
def write(tmp_path):
    def write_file(content: Gguf | bytes):
        path = tmp_path / "model.gguf"
        path.write_bytes(content.build() if isinstance(content, Gguf) else content)
        return path

    return write_file


def test_a_sound_header(write) -> None:
    path = write(
        Gguf(
            [
                ("a.text", scalar(STRING, "naïve")),
                ("a.number", scalar(U32, 7)),
                ("a.flag", scalar(BOOL, True)),
                ("a.list", array(I32, [1, -2, 3])),
                ("a.words", array(STRING, ["x", "", "yz"])),
                ("a.nested", struct.pack("<IIQ", ARRAY, ARRAY, 2) + array(F32, [0.5])[4:] * 2),
            ],
            [tensor("w", (8, 4), 0, 0), tensor("v", (32,), 8, 128)],
        )
    )
    header = header_of(path)
    words = header.metadata.pop("a.words")
    assert (list(words), len(words)) == (["x", "", "yz"], 3)
    assert header.metadata == {
        "a.text": "naïve",
        "a.number": 7,
        "a.flag": True,
        "a.list": (1, -2, 3),
        "a.nested": ((0.5,), (0.5,)),
    }
    assert header.tensors["w"].shape == (4, 8)
    assert header.tensors["w"].bytes == 128
    assert header.tensors["v"].type.name == "Q8_0"
    assert header.tensors["v"].offset == header.tensors["w"].offset + 128
    assert header.tensor_bytes == 128 + 34


NESTED = struct.pack("<I", ARRAY) + struct.pack("<IQ", ARRAY, 1) * 100_000
ONE = tensor("w", (8, 4))

HOSTILE = {
    "magic": (Gguf(magic=b"GGLA"), "not a GGUF file"),
    "version 1": (Gguf(version=1), "version 1"),
    "version 99": (Gguf(version=99), "version 99"),
    "big-endian": (Gguf(version=3 << 24), "big-endian"),
    "metadata count": (Gguf(metadata_count=1 << 40), "1099511627776; the limit is 10000"),
    "tensor count": (Gguf(tensor_count=1 << 40), "the limit is 100000"),
    "more keys than there are": (
        Gguf(metadata_count=9_000, data=b"", alignment=1),
        "the file ends at",
    ),
    "key length": (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62), "length of metadata key"),
    "text length": (
        Gguf([("k", struct.pack("<IQ", STRING, 1 << 50))]),
        "length of metadata “k” is 1125899906842624",
    ),
    "array of 2^50 numbers": (Gguf([("k", array(I32, [], 1 << 50))]), "the limit is 4194304"),
    "array of 2^50 texts": (Gguf([("k", array(STRING, [], 1 << 50))]), "the limit is"),
    "array beyond the file": (Gguf([("k", array(U64, [], 4 << 20))]), "the file ends at"),
    "texts of 64 MB": (Gguf([("k", array(STRING, ["x" * (64 << 20)]))]), "longer than 67108864"),
    "texts beyond the file": (Gguf([("k", array(STRING, [], 4 << 20))]), "runs past"),
    "arrays beyond the file": (
        Gguf([("k", struct.pack("<IIQ", ARRAY, ARRAY, 4 << 20))]),
        "more than the file can hold",
    ),
    "text within an array is too long": (
        Gguf([("k", struct.pack("<IIQQ", ARRAY, STRING, 1, (1 << 64) - 1))]),
        "runs past",
    ),
    "texts whose lengths wrap": (
        Gguf([("k", struct.pack("<IIQ", ARRAY, STRING, 2) + b"\xff" * 7 + b"\x7f" + bytes(8))]),
        "runs past",
    ),
    "arrays in arrays": (Gguf([("k", NESTED)]), "more than 4 deep"),
    "unknown type": (Gguf([("k", struct.pack("<I", 13))]), "unknown type 13"),
    "duplicate key": (Gguf([("k", scalar(U32, 1)), ("k", scalar(U32, 2))]), "appears twice"),
    "empty key": (Gguf([("", scalar(U32, 1))]), "empty"),
    "key with control characters": (Gguf([("a\n\x1b[31m", scalar(U32, 1))]), "control characters"),
    "key that is no UTF-8": (Gguf([(b"\xff\xfe", scalar(U32, 1))]), "not UTF-8"),
    "alignment 0": (Gguf([("general.alignment", scalar(U32, 0))]), "alignment is 0"),
    "alignment 3": (Gguf([("general.alignment", scalar(U32, 3))]), "alignment is 3"),
    "alignment as text": (Gguf([("general.alignment", scalar(STRING, "32"))]), "'32'"),
    "alignment below 0": (Gguf([("general.alignment", scalar(I32, -32))]), "-32"),
    "alignment 2^31": (Gguf([("general.alignment", scalar(U32, 1 << 31))]), "power of two"),
    "64 dimensions": (Gguf(tensors=[tensor("w", (1,) * 64)]), "64 dimensions; the limit is 4"),
    "no dimension": (Gguf(tensors=[tensor("w", ())]), "0 dimensions"),
    "a size of 0": (Gguf(tensors=[tensor("w", (0, 4))]), "not empty"),
    "2^42 + 1 rows": (Gguf(tensors=[tensor("w", (32, (1 << 42) + 1))]), "the file ends at"),
    "2^63 - 1 columns": (Gguf(tensors=[tensor("w", ((1 << 63) - 1, 2))]), "the file ends at"),
    "a product that wraps to 0": (
        Gguf(tensors=[tensor("w", (1 << 32, 1 << 32))]),
        "needs 73786976294838206464 bytes",
    ),
    "offset past the end": (Gguf(tensors=[tensor("w", (8, 4), 0, 8192)]), "the file ends at"),
    "offset 2^64 - 32": (Gguf(tensors=[tensor("w", (8,), 0, (1 << 64) - 32)]), "the file ends at"),
    "one byte too long": (Gguf(tensors=[ONE], data=bytes(127)), "needs 128 bytes"),
    "crooked offset": (Gguf(tensors=[tensor("w", (8,), 0, 7)]), "not a multiple of 32"),
    "overlap": (Gguf(tensors=[ONE, tensor("v", (8,), 0, 96)]), "overlap"),
    "duplicate tensor": (Gguf(tensors=[ONE, ONE]), "appears twice"),
    "unknown block type": (Gguf(tensors=[tensor("w", (32,), 250)]), "number 250"),
    "a block type we do not read": (Gguf(tensors=[tensor("w", (256,), 16)]), "IQ2_XXS"),
    "half a block": (Gguf(tensors=[tensor("w", (33,), 8)]), "a multiple of 32"),
    "tensor name that is no UTF-8": (Gguf(tensors=[tensor(b"\xc3(", (8,))]), "not UTF-8"),
    "tensor name of 64 KiB": (Gguf(tensors=[tensor("n" * 65_536, (8,))]), "the limit is 65535"),
    "empty": (b"", "empty"),
    "one byte": (b"G", "the file ends at 1"),
    "magic alone": (b"GGUF", "the file ends at 4"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_headers_are_refused(write, case) -> None:
    content, words = HOSTILE[case]
    assert words in refusal(write(content)).message


def test_control_the_hostile_cases_start_from_a_sound_file(write) -> None:
    assert header_of(write(Gguf([("k", scalar(U32, 1))], [ONE]))).tensors.keys() == {"w"}


UNREADABLE = [kind for kind in gguf.GGMLQuantizationType if kind not in BLOCK_TYPES]


@pytest.mark.parametrize("kind", UNREADABLE, ids=lambda kind: kind.name)
def test_unreadable_blocks_are_unsupported_and_not_broken(write, kind) -> None:
    error = refusal(write(Gguf(tensors=[tensor("w", (256,), kind)])))
    assert error.code is ErrorCode.UNSUPPORTED
    assert f"stored as {kind.name}, which" in error.message
    assert "Q4_K" in error.hint


@pytest.mark.parametrize("tenth", range(10))
def test_the_starter_cut_at_every_tenth(starter, write, tenth) -> None:
    whole = starter.read_bytes()
    error = refusal(write(whole[: len(whole) * tenth // 10]))
    assert error.code is ErrorCode.BAD_WEIGHTS


def test_the_starter_cut_at_its_last_byte(starter, write) -> None:
    assert "the file ends at" in refusal(write(starter.read_bytes()[:-1])).message


def test_the_starter_cut_anywhere_in_its_header(starter, write) -> None:
    whole = starter.read_bytes()
    start = min(tensor.offset for tensor in header_of(starter).tensors.values())
    choose = random.Random(5)
    for length in sorted(choose.sample(range(start), 40)):
        assert refusal(write(whole[:length])).code is ErrorCode.BAD_WEIGHTS


def test_random_damage_is_a_refusal_or_harmless(write) -> None:
    sound = Gguf(
        [("general.architecture", scalar(STRING, "llama")), ("k", array(STRING, ["a", "bc"]))],
        [tensor("w", (8, 4)), tensor("token_embd.weight", (32,), 8, 128)],
    ).build()
    choose = random.Random(11)
    refused = 0
    for _ in range(600):
        broken = bytearray(sound)
        for _ in range(choose.randint(1, 4)):
            broken[choose.randrange(len(broken) - 4096)] = choose.randrange(256)
        try:
            header_of(write(bytes(broken)))
        except StudioError:
            refused += 1
    assert refused > 300


def test_names_are_shown_escaped(tmp_path) -> None:
    path = tmp_path / "a\u202ebc\n.gguf"
    path.write_bytes(b"nothing")
    message = refusal(path).message
    assert "\u202e" not in message
    assert "\\u202e" in message


def test_what_is_no_file(tmp_path) -> None:
    assert refusal(tmp_path / "missing.gguf").code is ErrorCode.NOT_FOUND
    assert refusal(tmp_path).code is ErrorCode.BAD_WEIGHTS
    assert not is_gguf(tmp_path / "missing.gguf")


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes or devices by name")
def test_pipes_and_devices_do_not_block(tmp_path) -> None:
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)
    assert "not a regular file" in refusal(pipe).message
    assert "not a regular file" in refusal(type(pipe)("/dev/zero")).message


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be cut there")
def test_a_file_that_shrinks_while_it_is_read(write) -> None:
    path = write(Gguf(tensors=[ONE]))
    with MappedFile(path) as file:
        place = read_header(file).tensors["w"]
        assert file.bytes_at(place.offset, place.bytes).shape == (128,)
        os.truncate(path, 64)
        with pytest.raises(StudioError, match="changed while it was being read"):
            file.bytes_at(place.offset, place.bytes)


def test_another_architecture_is_named(write) -> None:
    path = write(Gguf([("general.architecture", scalar(STRING, "mamba"))], [ONE]))
    with pytest.raises(StudioError) as caught:
        open_model(path)
    assert caught.value.code is ErrorCode.UNSUPPORTED
    assert "“mamba”" in caught.value.message
    assert "Llama" in caught.value.hint


OTHER_FILES = {
    "adapter": (("general.type", scalar(STRING, "adapter")), "of type “adapter”"),
    "experts": (("llama.expert_count", scalar(U32, 8)), "mixture-of-experts"),
    "no sizes": (("k", scalar(U32, 1)), "embedding_length is missing"),
    "absurd sizes": (
        ("llama.embedding_length", scalar(U32, (1 << 32) - 1)),
        "embedding_length is 4294967295; it must be a whole number from 1 to 65536",
    ),
}


@pytest.mark.parametrize("case", OTHER_FILES)
def test_files_that_are_no_whole_model(write, case) -> None:
    entry, words = OTHER_FILES[case]
    keys = [("general.architecture", scalar(STRING, "llama")), entry]
    with pytest.raises(StudioError) as caught:
        open_model(write(Gguf(keys, [tensor("token_embd.weight", (8, 4))])))
    assert words in caught.value.message


SIZES = {
    "embedding_length": 64,
    "block_count": 2,
    "feed_forward_length": 96,
    "attention.head_count": 4,
    "context_length": 256,
}
ABSURD = {
    "embedding_length": [0, 65],
    "block_count": [0, 3, 100_000],
    "feed_forward_length": [0, 1 << 31],
    "attention.head_count": [0, 3, 8, 1 << 30],
    "attention.head_count_kv": [3, 1 << 30],
    "attention.key_length": [0, 7, 32],
    "rope.dimension_count": [8],
    "context_length": [0, (1 << 32) - 1],
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in ABSURD.items() for value in values]
)
def test_absurd_sizes_are_refused_before_allocating(write, key, value, monkeypatch) -> None:
    from studio.runtime.engines.text.decoder.llama import Llama
    from studio.runtime.engines.text.engine import TextEngine

    def allocate(*_) -> None:
        raise AssertionError("memory was reserved")

    monkeypatch.setattr(Llama, "allocate", allocate)
    keys = [(f"llama.{k}", scalar(U32, v)) for k, v in {**SIZES, key: value}.items()]
    keys += [
        ("general.architecture", scalar(STRING, "llama")),
        ("llama.attention.layer_norm_rms_epsilon", scalar(F32, 1e-5)),
        ("tokenizer.ggml.model", scalar(STRING, "gpt2")),
        ("tokenizer.ggml.tokens", array(STRING, ["a", "b", "ab"])),
        ("tokenizer.ggml.merges", array(STRING, ["a b"])),
    ]
    with pytest.raises(StudioError):
        TextEngine.load(write(Gguf(keys, [tensor("token_embd.weight", (64, 4))])))


@pytest.mark.slow
def test_random_damage_to_the_starter(starter, tmp_path) -> None:
    """Headers are read, or refused; whatever is read has sizes that fit the file."""
    whole = bytearray(starter.read_bytes())
    start = min(tensor.offset for tensor in header_of(starter).tensors.values())
    choose = random.Random(17)
    path = tmp_path / "damaged.gguf"
    path.write_bytes(whole)
    refused = 0
    for _ in range(20):
        places = [choose.randrange(4, start) for _ in range(3)]
        with path.open("r+b") as file:
            for place in places:
                file.seek(place)
                file.write(bytes([choose.randrange(256)]))
        try:
            with open_model(path) as files:
                files.tokenizer()
        except StudioError:
            refused += 1
        with path.open("r+b") as file:
            for place in places:
                file.seek(place)
                file.write(whole[place : place + 1])
    assert refused > 10


# --- the mapping ------------------------------------------------------------------------------


def test_a_tensor_keeps_the_bytes_it_was_read_from(tmp_path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(bytes(range(256)) * 32)
    with MappedFile(path) as file:
        mapping = weakref.ref(file.data)
        rows = file.bytes_at(4098, 3)
    assert mapping() is not None, "torch does not hold what its bytes lie in"
    assert not mapping().closed, "reading the tensor would end the process"
    assert rows.tolist() == [2, 3, 4]
    del rows
    assert mapping() is None, "nobody reads it any more: the file is let go"

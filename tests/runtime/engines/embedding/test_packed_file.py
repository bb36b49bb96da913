"""The 4-bit file of an encoder of many languages: read, unpacked, refused when damaged."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.api import StudioError, finished
from studio.runtime.engines.embedding import packed_file
from studio.runtime.engines.embedding.engine import UnigramPieces
from studio.runtime.engines.embedding.loader import EmbeddingLoader

pytestmark = pytest.mark.torch

PIECES = [
    *(("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)),
    *(("▁", -4.0), ("▁Grüß", -2.0), ("e", -3.0), ("▁Tee", -2.0), ("s", -3.0), ("▁query", -2.0)),
]
WIDTH, INNER, ROWS, POSITIONS = 32, 64, 12, 16


def block_rows(rows: int, columns: int, seed: int) -> tuple[bytes, np.ndarray]:
    """Return a matrix as the file has it, and its numbers."""
    random = np.random.default_rng(seed)
    scales = random.uniform(0.01, 0.05, (rows, columns // 32)).astype("<f2")
    numbers = random.integers(0, 16, (rows, columns // 32, 32), np.uint8)
    halves = numbers[..., :16] | numbers[..., 16:] << 4
    packed = np.concatenate([scales[..., None].view(np.uint8), halves], -1).tobytes()
    return packed, ((numbers.astype(np.float32) - 8) * scales[..., None]).reshape(rows, columns)


def written(path: Path) -> dict[str, np.ndarray]:
    """Write a file of one layer and return its matrices and vectors by name."""
    sizes = struct.pack("<7ifi", WIDTH, 1, 2, INNER, ROWS, POSITIONS, 2, 1e-6, 32)
    spellings = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0, *map(len, spellings)]).astype("<u4").tobytes()
    scores = np.array([score for _, score in PIECES], "<f4").tobytes()
    words = struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, spellings)))
    words += ends + scores + b"".join(spellings)
    words += struct.pack("<iI", 1, 9) + struct.pack("<IBI", ord("ﬁ"), 1, ord("s"))
    random = np.random.default_rng(5)
    tensors: dict[str, bytes] = {}
    values: dict[str, np.ndarray] = {}
    shapes = {"emb.word": (ROWS, WIDTH), "l0.fi.w": (INNER, WIDTH), "l0.fo.w": (WIDTH, INNER)}
    shapes |= {f"l0.{name}.w": (WIDTH, WIDTH) for name in ("q", "k", "v", "ao")}
    for seed, (name, shape) in enumerate(shapes.items()):
        tensors[name], values[name] = block_rows(*shape, seed)
    lengths = {"emb.pos": POSITIONS * WIDTH, "emb.type": 2 * WIDTH, "l0.fi.b": INNER}
    plain = ["emb.ln.w", "emb.ln.b", "l0.aln.w", "l0.aln.b", "l0.oln.w", "l0.oln.b"]
    plain += [f"l0.{name}.b" for name in ("q", "k", "v", "ao", "fo")]
    for name in [*lengths, *plain]:
        values[name] = random.normal(0.5, 0.3, lengths.get(name, WIDTH)).astype("<f4")
        tensors[name] = values[name].tobytes()
    directory = struct.pack("<i", len(tensors))
    at = len(packed_file.MAGIC + sizes + words) + 4 + sum(2 + len(n) + 21 for n in tensors)
    for name, data in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, values[name].size, at, len(data))
        at += len(data)
    path.write_bytes(packed_file.MAGIC + sizes + words + directory + b"".join(tensors.values()))
    return values


def test_its_numbers_are_unpacked_and_its_vectors_have_length_one(tmp_path: Path) -> None:
    path = tmp_path / "tiny.e5"
    values = written(path)
    loader = EmbeddingLoader()
    facts = loader.recognise(path)
    assert facts is not None
    assert facts.capabilities == ("multilingual-embedding",)
    assert loader.measure(path).weights_bytes > 0
    header = packed_file.describe(path)
    encoder = finished(packed_file.load(path, header))
    words = encoder.embeddings.word_embeddings(torch.arange(ROWS)).numpy()
    assert np.allclose(words, values["emb.word"], atol=1e-6)
    layer = encoder.state_dict()["encoder.layer.0.intermediate.dense.weight"].numpy()
    assert np.allclose(layer, values["l0.fi.w"], atol=1e-6)
    engine = finished(loader.load(path, "cpu"))
    assert engine.prefixes == ("query: ", "passage: ")
    found = {index: row for step, rows in engine.embed(["Grüße", "Tees " * 30])
             for index, row in zip(step, rows, strict=True)}  # fmt: skip
    assert all(abs(float(row.norm()) - 1) < 1e-5 for row in found.values())
    assert engine.count("Tees " * 30) > engine.longest == POSITIONS


def test_text_is_cut_into_the_likeliest_pieces(tmp_path: Path) -> None:
    path = tmp_path / "tiny.e5"
    written(path)
    pieces = UnigramPieces(packed_file.describe(path).vocabulary)
    assert pieces.encode("Grüße   Teeﬁ") == [0, 5, 6, 7, 8, 2]
    assert pieces.encode("Q") == [0, 4, 3, 2]
    assert pieces.shorten([0, 5, 6, 7, 2], 3) == [0, 5, 2]


@pytest.mark.parametrize("keep", [12, 60, 300, -40])
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "tiny.e5"
    written(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StudioError, match=r"tiny\.e5 cannot be used"):
        finished(EmbeddingLoader().load(path, "cpu"))

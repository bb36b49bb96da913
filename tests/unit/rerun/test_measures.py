"""How far two files are apart, in figures: each kind by what a person sees or hears of it."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.api.comparison import Difference
from studio.rerun import measures


def compared(kind: str, suffix: str, before: bytes, after: bytes, folder: Path) -> Difference:
    paths = folder / f"before{suffix}", folder / f"after{suffix}"
    for path, data in zip(paths, (before, after), strict=True):
        path.write_bytes(data)
    return measures.measure(kind, *paths)


def values(found: Difference) -> dict[str, float]:
    return {effect.name: effect.value for effect in found.effects}


def png(pixels: Any, **how: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **how)
    return file.getvalue()


def wav(samples: Any, rate: int = 8000) -> bytes:
    body = samples.astype("<f4" if samples.dtype.kind == "f" else "<i2").tobytes()
    kind, depth = (3, 32) if samples.dtype.kind == "f" else (1, 16)
    width = depth // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, kind, 1, rate, rate * width, width, depth)
    chunks = form + struct.pack("<4sI", b"data", len(body)) + body
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def test_pixels(tmp_path: Path) -> None:
    grey = np.full((10, 10, 3), 100, np.uint8)
    spotted = grey.copy()
    spotted[0, :3] = 104
    found = compared("image", ".png", png(grey), png(spotted), tmp_path)
    assert found.words == "3% of the pixels differ by up to 4 of 255"
    told = values(found)
    assert (told["pixels that differ"], told["greatest difference"]) == (3.0, 4)
    noise = 4**2 * 0.03 * 3 / 4  # of four channels one is how solid it is
    assert told["PSNR"] == pytest.approx(10 * np.log10(255**2 / noise), abs=0.01)
    assert not found.is_within
    same = compared("image", ".png", png(grey), png(grey, compress_level=0), tmp_path)
    assert same.is_within
    assert "every pixel is the same" in same.words
    larger = compared("image", ".png", png(grey), png(np.zeros((5, 8, 3), np.uint8)), tmp_path)
    assert larger.words == "it has 8 × 5 pixels and had 10 × 10"


def test_samples(tmp_path: Path) -> None:
    tone = (0.5 * np.sin(np.arange(8000) / 5)).astype(np.float32)
    louder = tone.copy()
    louder[7] += 0.25
    found = compared("audio", ".wav", wav(tone), wav(louder), tmp_path)
    ratio = 10 * np.log10(float(np.square(tone, dtype=np.float64).sum()) / 0.25**2)
    assert values(found) == {
        "greatest difference": pytest.approx(0.25, abs=1e-6),
        "SNR": pytest.approx(ratio, abs=0.01),
    }
    assert not found.is_within
    assert compared("audio", ".wav", wav(tone), wav(tone + 1e-5), tmp_path).is_within
    cut = compared("audio", ".wav", wav(tone), wav(tone[:6000]), tmp_path)
    assert cut.words == "it is 0.250 s shorter"
    whole = np.arange(100, dtype=np.int16)
    assert values(compared("audio", ".wav", wav(whole), wav(whole + 1), tmp_path))[
        "greatest difference"
    ] == pytest.approx(2**-15, abs=1e-8)
    broken = compared("audio", ".wav", wav(tone), b"RIFFxxxxWAVE", tmp_path)
    assert "bytes differ" in broken.words


def test_words_and_lines(tmp_path: Path) -> None:
    prose = compared("text", ".md", b"red it is", b"red it was\n", tmp_path)
    assert prose.words == "1 word was added and 1 word was removed"
    assert not prose.is_within
    code = compared("code", ".py", b"a\nb\nc\n", b"a\nx\ny\nc\n", tmp_path)
    assert values(code) == {"lines added": 2, "lines removed": 1}
    ends = compared("code", ".py", b"a\nb\n", b"a\r\nb\r\n", tmp_path)
    assert ends.is_within
    assert ends.words == "only how its lines end differs"
    many = b"x\n" * 9000
    assert values(compared("code", ".py", many, many + b"y\n", tmp_path))["lines added"] == 1


def test_cells(tmp_path: Path) -> None:
    found = compared("table", ".csv", b"n,m\nA,1.0\nB,2\n", b"n,m\nA,1.5\nC,2\n", tmp_path)
    assert values(found) == {
        "cells that differ": 2,
        "cells that are not numbers and differ": 1,
        "cells added": 0,
        "cells removed": 0,
        "greatest relative difference": pytest.approx(1 / 3, abs=1e-5),
    }
    assert found.words == "2 of 6 cells differ, figures by up to 33%"
    near = compared("table", ".csv", b"n\n1.00000\n", b"n\n1.00001\n", tmp_path)
    assert near.is_within
    plot = compared("plot", ".plot.json", b'{"x": [1, 2]}', b'{"x": [1, 2, 3]}', tmp_path)
    assert values(plot)["values added"] == 1


@pytest.mark.parametrize("kind", ["image", "audio", "table", "plot", "mesh"])
def test_what_nobody_can_read_is_compared_byte_for_byte(kind: str, tmp_path: Path) -> None:
    found = compared(kind, ".obj", b"\xff\x00\x01", b"\xff\x02\x01\xfe", tmp_path)
    assert found.words == "2 of 4 bytes differ"
    assert not found.is_within

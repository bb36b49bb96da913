"""The bench ``provenance``: what a signed record costs a file, compared with a plain copy of it."""

from __future__ import annotations

import io
import random
import statistics
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from studio.api.artifacts import NewArtifact
from studio.api.worker.bench import median_times
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.cli.terminal.studio_session import StudioSession
from studio.library import Library
from studio.library.provenance import side_file
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.examination import Verdict
from studio.library.provenance.exporter import Exporter
from studio.library.provenance.verification import verify

ROUNDS = 15
TAMPERED = 25
"""Copies of each file, each with one bit that is another."""
_SIDE = 512
_RECIPE = {"prompt": "a lighthouse in the fog, oil on canvas", "steps": 30, "guidance": 7.5}


def measure(session: StudioSession) -> dict[str, Any]:
    """Export a file of each format, verify it, and change a bit of it."""
    with tempfile.TemporaryDirectory() as place:
        paths = StudioPaths(Path(place, "home"))
        with Library.open(paths) as library:
            table = [_row(paths, library, suffix) for suffix in _PAYLOADS]
    return {
        "ratio": statistics.median(row["ms"] / row["copy ms"] for row in table),
        "tampered": sum(row["tampered"] for row in table),
        "found": sum(row["found"] for row in table),
        "table": table,
    }


def _row(paths: StudioPaths, library: Library, suffix: str) -> dict[str, Any]:
    record = library.add_record("image.generate", _RECIPE, seed=7)
    new = NewArtifact("image", _PAYLOADS[suffix](), suffix=suffix, title="Lighthouse")
    saved = library.add_artifact(new, record=record.id)
    out = paths.home / suffix[1:]
    exporter = Exporter(library, paths, Settings(paths.settings))

    def extra(choice: Disclosure) -> int:
        made = exporter.to_folder(saved.id, out, choice)
        files = (made.path, made.side) if made.side else (made.path,)
        return sum(file.stat().st_size for file in files) - saved.bytes

    full, label = extra(Disclosure.FULL), extra(Disclosure.LABEL)
    export = median_times(
        ROUNDS, lambda: exporter.to_folder(saved.id, out, Disclosure.FULL), warm_up=2
    )
    copy = median_times(ROUNDS, lambda: library.export(saved.id, out), warm_up=2)
    tampered = _tampered(exporter.to_folder(saved.id, out, Disclosure.FULL).path)
    began = time.perf_counter()
    found = list(verify(tampered, paths))
    seconds = time.perf_counter() - began
    trusted = (Verdict.OURS, Verdict.ANOTHER, Verdict.NONE)
    return {
        "format": suffix,
        "kB": saved.bytes / 1e3,
        "recipe +kB": full / 1e3,
        "label +kB": label / 1e3,
        "ms": export[0].clock * 1e3,
        "copy ms": copy[0].clock * 1e3,
        "verify ms": seconds * 1e3 / len(found),
        "tampered": len(found),
        "found": sum(each.finding.verdict not in trusted for each in found),
    }


def _tampered(path: Path) -> list[Path]:
    """Write copies of a file, with its side file if it has one, each with one changed bit."""
    data, made = path.read_bytes(), []
    side = side_file.beside(path)
    for number in range(TAMPERED):
        changed = bytearray(data)
        changed[number * (len(data) - 1) // (TAMPERED - 1)] ^= 1
        copy = path.with_name(f"tampered {number}{path.suffix}")
        copy.write_bytes(changed)
        if side.exists():
            side_file.beside(copy).write_bytes(side.read_bytes())
        made.append(copy)
    return made


def _picture(format: str) -> bytes:
    stream = io.BytesIO()
    noise = Image.frombytes("RGB", (64, 64), random.Random(7).randbytes(64 * 64 * 3))
    noise.resize((_SIDE, _SIDE)).save(stream, format)
    return stream.getvalue()


def _sound() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        file.writeframes(random.Random(7).randbytes(882_000))
    return stream.getvalue()


_PAYLOADS: dict[str, Callable[[], bytes]] = {
    ".png": lambda: _picture("PNG"),
    ".jpg": lambda: _picture("JPEG"),
    ".webp": lambda: _picture("WEBP"),
    ".wav": _sound,
    ".txt": lambda: b"A sentence.\n" * 200,
}

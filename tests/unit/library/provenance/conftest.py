"""A library with one result of each format, made from a recipe with private words."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image, PngImagePlugin

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library import Library
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.examination import Signer
from studio.library.provenance.exporter import Exported, Exporter
from studio.library.provenance.installation_key import InstallationKey
from studio.library.provenance.verification import signer
from studio.library.storage import reserved_space

PRIVATE = {
    "prompt": "purple elephant beneath Zanzibar",
    "negative": "blurred watermarks",
    "file": "C:\\Josephine\\holidays\\photograph.png",
    "steps": 4711,
}
CARRIERS = (".png", ".jpg", ".webp", ".wav")
BESIDE = (".mid", ".sdf", ".txt", ".py")
TEXT = b"def hello():\n    return 42\n"
PICTURE = Image.effect_mandelbrot((48, 32), (-2, -1, 1, 1), 40).convert("RGB")


def told(format: str) -> bytes:
    """Return a small picture whose file tells its recipe, as those of the studio do."""
    stream, exif, said = io.BytesIO(), Image.Exif(), json.dumps(PRIVATE)
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + said.encode("utf-16-be")
    exif[0x010F] = "Josephine's camera"
    if format == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("recipe", said, zip=True)
        info.add_text("parameters", said)
        PICTURE.save(stream, format, pnginfo=info, exif=exif)
    else:
        PICTURE.save(stream, format, exif=exif, comment=said.encode(), xmp=said.encode())
    return stream.getvalue()


def sound() -> bytes:
    """Return a short WAV with a title."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(range(250)) * 8)
    body = stream.getvalue()[8:]
    title = PRIVATE["prompt"].encode() + b"\0"  # type: ignore[union-attr]
    chunk = b"INFOINAM" + len(title).to_bytes(4, "little") + title + bytes(len(title) % 2)
    body += b"LIST" + len(chunk).to_bytes(4, "little") + chunk
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def tune() -> bytes:
    """Return a MIDI file with a title, a text, what a program keeps, and two notes."""
    said = PRIVATE["prompt"].encode()  # type: ignore[union-attr]
    heads = [bytes([0, 0xFF, kind, len(said)]) + said for kind in (0x03, 0x01, 0x7F)]
    notes = bytes([0x60, 0x90, 60, 64, 0x60, 60, 0, 0, 0xFF, 0x05, 2]) + b"la"
    notes += bytes([0x10, 0xFF, 0x01, 1, 65, 0x10, 0x90, 62, 64, 0x60, 62, 0, 0, 0xFF, 0x2F, 0])
    track = b"".join(heads) + notes
    head = b"MThd" + (6).to_bytes(4) + bytes([0, 0, 0, 1, 0, 96])
    return head + b"MTrk" + len(track).to_bytes(4) + track


PAYLOADS = {
    ".png": ("image", lambda: told("PNG")),
    ".jpg": ("image", lambda: told("JPEG")),
    ".webp": ("image", lambda: told("WEBP")),
    ".wav": ("audio", sound),
    ".mid": ("score", tune),
    ".sdf": ("molecules", lambda: b"\n  RDKit\n\n  0  0  0\nM  END\n$$$$\n"),
    ".txt": ("text", lambda: b"A sentence.\n"),
    ".py": ("code", lambda: TEXT),
}


class Shelf(NamedTuple):
    """A library with its exporter, and the id of the result of each ending."""

    paths: StudioPaths
    library: Library
    exporter: Exporter
    ids: dict[str, str]
    ours: Signer

    def export(self, suffix: str, folder: Path, disclosure: Disclosure) -> Exported:
        """Export the result with that ending."""
        return self.exporter.to_folder(self.ids[suffix], folder, disclosure)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reserved_space, "BALLAST_BYTES", 1 << 16)
        paths = StudioPaths(tmp_path_factory.mktemp("home"))
        settings = Settings(paths.settings)
        with Library.open(paths) as library:
            record = library.add_record(
                "toy.make", PRIVATE, seed=987654321, plugin="toyshop", weights={"grande": "ab" * 32}
            )
            ids = {
                suffix: library.add_artifact(
                    NewArtifact(kind, make(), suffix=suffix, title=str(PRIVATE["prompt"])),
                    record=record.id,
                ).id
                for suffix, (kind, make) in PAYLOADS.items()
            }
            key = InstallationKey.of(paths)
            ours = signer(key)
            assert ours is not None
            yield Shelf(paths, library, Exporter(library, paths, settings), ids, ours)


@pytest.fixture(scope="module")
def exported(
    shelf: Shelf, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Disclosure], Exported]:
    """Export each result once per disclosure."""
    folder = tmp_path_factory.mktemp("out")
    made: dict[tuple[str, Disclosure], Exported] = {}

    def get(suffix: str, disclosure: Disclosure = Disclosure.FULL) -> Exported:
        at = (suffix, disclosure)
        if at not in made:
            made[at] = shelf.export(suffix, folder, disclosure)
        return made[at]

    return get

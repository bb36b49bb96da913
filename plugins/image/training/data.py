"""The pictures the starter generator learns from: licence-clean emoji sets, rendered at 64 px.
Training only.

Sets are npm packages fetched by name (``npm pack``), read as data, never run:
Fluent flat, 3D and colour (MIT, Microsoft), Noto and Noto v1 (Apache-2.0, Google), FxEmojis (CC BY
4.0, Mozilla: so its own LICENSE.md; the package says Apache-2.0, which is that of its code).
Rendering needs ``resvg_py`` and Pillow, both outside the studio's own dependencies.

    python data.py OUT/pictures.npz [--packages FOLDER]
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 64

VECTOR_SETS = {
    "flat": "@iconify-json/fluent-emoji-flat@1.2.6",
    "colour": "@iconify-json/fluent-emoji@1.2.7",
    "noto": "@iconify-json/noto@1.2.9",
    "noto-v1": "@iconify-json/noto-v1@1.2.5",
    "fx": "@iconify-json/fxemoji@1.2.2",
}
RASTER_SETS = {"3d": "@lobehub/fluent-emoji-3d@1.1.0"}

_TONE = re.compile(
    r"\b(?:medium )?(?:light|dark)(?: skin tone)?$|\bmedium(?: skin tone)?$|skin tone|\btone ?\d"
)


@dataclass(frozen=True)
class Picture:
    """One rendered picture: (64, 64, 3) uint8 on white, its caption and its style."""

    pixels: np.ndarray
    caption: str
    style: str


def fetch(package: str, folder: Path) -> Path:
    """Return the tarball of an npm package, fetched once."""
    name, version = package.rsplit("@", 1)
    path = folder / f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
    return path


def pictures(folder: Path) -> Iterator[Picture]:
    """Yield every picture of every set, without skin-tone variants."""
    tarballs = {style: fetch(p, folder) for style, p in (VECTOR_SETS | RASTER_SETS).items()}
    names = _names(tarballs)
    for style in VECTOR_SETS:
        yield from _vector(tarballs[style], style, names)
    for style in RASTER_SETS:
        yield from _raster(tarballs[style], style, names)


def held_out(captions: list[str], styles: list[str], seed: int = 7) -> np.ndarray:
    """Return a mask of the tenth of (style, caption) pairs held out from training: at most one
    per caption, which is trained in other styles.
    """
    rng = np.random.default_rng(seed)
    by_caption: dict[str, set[str]] = collections.defaultdict(set)
    for caption, style in zip(captions, styles, strict=True):
        by_caption[caption].add(style)
    shared = sorted(
        caption for caption, with_caption in by_caption.items() if len(with_caption) >= 2
    )
    wanted = min(len(shared), sum(map(len, by_caption.values())) // 10)
    chosen = [shared[i] for i in rng.choice(len(shared), wanted, replace=False)]
    pairs = {(c, sorted(by_caption[c])[rng.integers(len(by_caption[c]))]) for c in chosen}
    return np.array([pair in pairs for pair in zip(captions, styles, strict=True)])


def _read(tarball: Path, member: str) -> dict:
    with tarfile.open(tarball) as archive:
        file = archive.extractfile(f"package/{member}")
        assert file is not None, f"{tarball.name} has no {member}"
        return json.load(file)


def _code(text: str) -> str:
    return "-".join(part for part in text.lower().split("-") if part != "fe0f").lstrip("0")


def _names(tarballs: dict[str, Path]) -> dict[str, str]:
    """Return code points → caption; the same character has the same caption in every set."""
    names: dict[str, str] = {}
    for style in ("noto", "flat"):
        characters = _read(tarballs[style], "chars.json")
        names |= {_code(code): name.replace("-", " ") for code, name in characters.items()}
    return names


def _captions(tarball: Path, names: dict[str, str]) -> dict[str, str]:
    """Return icon name without hyphens → caption. Sets without a code table are matched by name."""
    captions = {caption.replace(" ", ""): caption for caption in names.values()}
    for code, name in _read(tarball, "chars.json").items():
        captions[name.replace("-", "")] = names.get(_code(code), name.replace("-", " "))
    return captions


def _on_white(image: Image.Image) -> np.ndarray:
    image = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
    paper.alpha_composite(image)
    return np.asarray(paper.convert("RGB"))


def _vector(tarball: Path, style: str, names: dict[str, str]) -> Iterator[Picture]:
    import resvg_py  # only rendering needs it

    icons = _read(tarball, "icons.json")
    captions = _captions(tarball, names)
    for name, icon in icons["icons"].items():
        caption = captions.get(name.replace("-", ""))
        if caption is None or _TONE.search(caption) or _TONE.search(name.replace("-", " ")):
            continue
        width = icon.get("width", icons.get("width", 16))
        height = icon.get("height", icons.get("height", 16))
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}" '
            f'width="{SIZE}" height="{SIZE}">{icon["body"]}</svg>'
        )
        try:
            png = bytes(
                resvg_py.svg_to_bytes(
                    svg_string=svg, width=SIZE, height=SIZE, skip_system_fonts=True
                )
            )
        except ValueError as error:
            print(f"left out {style}/{name}: {error}")
            continue
        yield Picture(_on_white(Image.open(io.BytesIO(png), formats=["PNG"])), caption, style)


def _raster(tarball: Path, style: str, names: dict[str, str]) -> Iterator[Picture]:
    with tarfile.open(tarball) as archive:
        for member in archive:
            path = Path(member.name)
            caption = names.get(_code(path.stem))
            if path.suffix != ".webp" or caption is None or _TONE.search(caption):
                continue
            file = archive.extractfile(member)
            assert file is not None
            image = Image.open(io.BytesIO(file.read()), formats=["WEBP"]).convert("RGBA")
            yield Picture(
                _on_white(image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)), caption, style
            )


def main() -> None:
    """Render all sets into one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--packages", type=Path, default=Path("packages"))
    args = parser.parse_args()
    unique: dict[tuple[str, str], Picture] = {}
    for picture in pictures(args.packages):
        unique.setdefault((picture.style, picture.caption), picture)
    images = list(unique.values())
    print(
        len(images),
        "pictures",
        collections.Counter(p.style for p in images),
        len({p.caption for p in images}),
        "captions",
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        args.out,
        pixels=np.stack([p.pixels for p in images]),
        captions=np.array([p.caption for p in images]),
        styles=np.array([p.style for p in images]),
        held_out=held_out([p.caption for p in images], [p.style for p in images]),
    )


if __name__ == "__main__":
    main()

"""Runtime half: the colours a picture has most of, three bytes each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Event, Kind, TaskContext, hookimpl
from studio_palette.schema import PaletteOf, PixelsOf


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"palette.of": palette_of, "palette.pixels": pixels_of}


def palette_of(ctx: TaskContext, params: PaletteOf) -> Iterator[Event]:
    from PIL import Image

    with Image.open(params.picture) as picture:
        small = picture.convert("RGB").resize((64, 64))
    yield ctx.progress(1, 2, "Counting colours")
    counted = small.quantize(params.colors)
    found = bytes(counted.getpalette() or [])[: 3 * len(counted.getcolors() or [])]
    yield ctx.artifact("palette", found, suffix=".palette", title=f"{len(found) // 3} colours")
    yield ctx.result(colors=[f"#{found[at : at + 3].hex()}" for at in range(0, len(found), 3)])


def pixels_of(ctx: TaskContext, params: PixelsOf) -> Iterator[Event]:
    """A long table is written to a file, and moved into the library as it is."""
    from PIL import Image

    with Image.open(params.picture) as picture:
        image = picture.convert("RGB")
    path = ctx.scratch / "pixels.csv"
    with path.open("w", encoding="utf-8") as table:
        table.write("x,y,red,green,blue\n")
        for y in range(image.height):
            row = [(x, y, *image.getpixel((x, y))) for x in range(image.width)]
            table.writelines(",".join(map(str, pixel)) + "\n" for pixel in row)
            yield ctx.progress(y + 1, image.height)
    title = f"{image.width} × {image.height} pixels"
    yield ctx.artifact(Kind.TABLE, path, suffix=".csv", title=title)

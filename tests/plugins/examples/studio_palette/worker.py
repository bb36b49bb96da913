"""Runtime half: the colours a picture has most of, three bytes each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import Event, TaskContext, hookimpl
from studio_palette.schema import PaletteOf


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {"palette.of": palette_of}


def palette_of(ctx: TaskContext, params: PaletteOf) -> Iterator[Event]:
    from PIL import Image

    with Image.open(params.picture) as picture:
        small = picture.convert("RGB").resize((64, 64))
    yield ctx.progress(1, 2, "Counting colours")
    counted = small.quantize(params.colors)
    found = bytes(counted.getpalette() or [])[: 3 * len(counted.getcolors() or [])]
    yield ctx.artifact("palette", found, suffix=".palette", title=f"{len(found) // 3} colours")
    yield ctx.result(colors=[f"#{found[at : at + 3].hex()}" for at in range(0, len(found), 3)])

"""Runtime half: the colours a picture has most of, three bytes each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from studio.api import BadInput, Event, Kind, TaskContext, hookimpl
from studio.api.plot import Axis, Bars, Histogram, Line, Plot
from studio_palette.schema import Chart, PaletteOf, PixelsOf


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    return {
        "palette.of": palette_of,
        "palette.pixels": pixels_of,
        "palette.shares": shares_of,
        "palette.fade": fade,
        "palette.chart": chart_of,
    }


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


def shares_of(ctx: TaskContext, params: PaletteOf) -> Iterator[Event]:
    """Figures are a plot, which the window draws."""
    from PIL import Image

    with Image.open(params.picture) as picture:
        counted = picture.convert("RGB").quantize(params.colors)
    yield ctx.progress(1, 2)
    colors, every = bytes(counted.getpalette() or []), counted.width * counted.height
    found = sorted(((count, at) for count, at in counted.getcolors() or []), reverse=True)
    plot = Plot(
        "Colours of the picture",
        x=Axis("Colour", categories=[f"#{colors[3 * at : 3 * at + 3].hex()}" for _, at in found]),
        y=Axis("Share in %", minimum=0),
        series=[Bars([100 * count / every for count, _ in found])],
    )
    yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=plot.title)


def fade(ctx: TaskContext, params: PaletteOf) -> Iterator[Event]:
    """An animation is written to a file as WebP, which the window plays."""
    from PIL import Image

    frames = []
    with Image.open(params.picture) as picture:
        small = picture.convert("RGB").resize((320, 240))
    for colors in range(64, params.colors - 1, -4):
        frames.append(small.quantize(colors).convert("RGB"))
        yield ctx.progress(len(frames), 16)
    path = ctx.scratch / "fade.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=120, loop=0)
    yield ctx.artifact(Kind.VIDEO, path, suffix=".webp", title="Fading picture")


def chart_of(ctx: TaskContext, params: Chart) -> Iterator[Event]:
    """The form offers the columns of the table that was picked."""
    import csv

    with open(params.table, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or params.column not in rows[0]:
        raise BadInput(f"The table has no column “{params.column}”.", "Choose another one.")
    values = [_number(row[params.column]) for row in rows]
    yield ctx.progress(1, 2)
    axis = Axis(params.column, params.log, params.low, params.high)
    if params.form == "histogram":
        plot = Plot(params.column, x=axis, series=[Histogram(values, params.bins)])
    else:
        plot = Plot(params.column, y=axis, series=[Line(values)])
    yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=plot.title)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

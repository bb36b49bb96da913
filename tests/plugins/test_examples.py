"""The examples of what a plugin may bring: their tasks run as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.api.plot import Bars, Plot
from studio.testing.plugins import found_in, host_of, importable, run_task

EXAMPLES = Path(__file__).parent / "examples"


@pytest.fixture(autouse=True)
def examples() -> Iterator[None]:
    with importable(EXAMPLES):
        yield


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    from PIL import Image

    image = Image.new("RGB", (64, 64), "#ff0000")
    image.paste((0, 0, 255), (0, 0, 64, 16))
    image.save(tmp_path / "flag.png")
    return tmp_path / "flag.png"


def test_the_palette_of_a_picture_is_a_kind_of_its_own(picture: Path, tmp_path: Path) -> None:
    from studio_palette.plugin import as_gimp
    from studio_palette.schema import PaletteOf
    from studio_palette.worker import palette_of

    made = run_task(palette_of, PaletteOf.parse({"picture": str(picture), "colors": 2}))
    assert made.result["colors"] == ["#ff0000", "#0000ff"]
    (palette,) = made.artifacts
    assert (palette.kind, palette.suffix) == ("palette", ".palette")
    saved = SimpleNamespace(read=lambda: palette.payload, title="Flag")
    as_gimp(saved, tmp_path / "flag.gpl")  # type: ignore[arg-type]
    assert (tmp_path / "flag.gpl").read_text().splitlines()[2:] == ["255   0   0", "  0   0 255"]


def test_a_long_table_is_a_file(picture: Path, tmp_path: Path) -> None:
    from studio_palette.schema import PixelsOf
    from studio_palette.worker import pixels_of

    made = run_task(pixels_of, PixelsOf.parse({"picture": str(picture)}), scratch=tmp_path)
    (table,) = made.artifacts
    rows = table.read().decode().splitlines()
    assert (len(rows), rows[1], rows[-1]) == (1 + 64 * 64, "0,0,0,0,255", "63,63,255,0,0")


def test_figures_are_a_plot_and_frames_a_video(picture: Path) -> None:
    from io import BytesIO

    from PIL import Image
    from studio_palette.schema import PaletteOf
    from studio_palette.worker import fade, shares_of

    params = PaletteOf.parse({"picture": str(picture), "colors": 2})
    (plot,) = run_task(shares_of, params).artifacts
    read = Plot.decode(plot.read())
    assert (plot.kind, read.x.categories) == ("plot", ["#ff0000", "#0000ff"])
    (bars,) = read.series
    assert isinstance(bars, Bars)
    assert bars.y == [75, 25]
    (video,) = run_task(fade, params).artifacts
    with Image.open(BytesIO(video.read())) as film:
        assert film.format == "WEBP"
        assert film.n_frames > 1  # type: ignore[attr-defined]


def test_the_host_knows_the_kinds_of_plugins_that_are_off_too(tmp_path: Path) -> None:
    host = host_of(found_in(EXAMPLES), tmp_path)
    host.switch_off("palette")
    assert [(kind.id, kind.icon, kind.suffixes) for kind in host.kinds()] == [
        ("palette", "palette", (".palette",))
    ]

"""A plot as a picture, as SVG and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

from studio.api.plot import Heat, Histogram, Plot, Points
from studio.desktop.plot.chart import Chart, chart_of
from studio.desktop.plot.painter import ChartPainter, Dress
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

SIZE = QSize(960, 600)
_MARGIN, _RATIO = 24, 2


def picture(chart: Chart, dress: Dress, size: QSize = SIZE, margin: int = _MARGIN) -> QImage:
    """Return the chart as a picture, with two pixels to a unit. Any thread may call it."""
    image = QImage(size * _RATIO, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(_RATIO)
    image.fill(dress.color("panel"))
    painter = QPainter(image)
    _paint(painter, chart, dress, size, margin)
    painter.end()
    return image


def write_png(chart: Chart, dress: Dress, path: Path) -> None:
    """Write a picture.

    Raises:
        StudioError: ``BAD_INPUT``: the file cannot be written.
    """
    if not QImageWriter(str(path), b"png").write(picture(chart, dress)):
        raise _unwritten(path)


def write_svg(chart: Chart, dress: Dress, path: Path) -> None:
    """Write lines and words that stay sharp at any size.

    Raises:
        StudioError: ``BAD_INPUT``: the file cannot be written.
    """
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(SIZE)
    generator.setViewBox(QRect(0, 0, SIZE.width(), SIZE.height()))
    generator.setTitle(chart.plot.title)
    painter = QPainter()
    if not painter.begin(generator):
        raise _unwritten(path)
    painter.fillRect(QRectF(0, 0, SIZE.width(), SIZE.height()), QColor(dress.color("panel")))
    _paint(painter, chart, dress, SIZE)
    painter.end()


def write_csv(plot: Plot, path: Path) -> None:
    """Write the figures: a row a value, with the name of its series.

    Raises:
        OSError: The file cannot be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["series", plot.x.label or "x", plot.y.label or "y", "value"])
    rows.writerows(_rows(plot))
    path.write_text(text.getvalue(), "utf-8")


def _rows(plot: Plot) -> Iterator[Sequence[object]]:
    for series in plot.series:
        if isinstance(series, Heat):
            for y, row in enumerate(series.values):
                for x, value in enumerate(row):
                    yield [series.name, _named(plot, 0, x), _named(plot, 1, y), value]
        elif isinstance(series, Histogram):
            yield from ([series.name, value, "", ""] for value in series.values)
        else:
            labels = series.labels if isinstance(series, Points) else []
            for at, height in enumerate(series.y):
                place = series.x[at] if series.x else at
                yield [series.name, _named(plot, 0, place), height, labels[at] if labels else ""]


def _named(plot: Plot, direction: int, value: float | None) -> object:
    names = (plot.x, plot.y)[direction].categories
    named = value is not None and value == int(value) and 0 <= value < len(names)
    return names[int(value)] if named and value is not None else value


def _paint(
    painter: QPainter, chart: Chart, dress: Dress, size: QSize, margin: int = _MARGIN
) -> None:
    room = QRectF(margin, margin, size.width() - 2 * margin, size.height() - 2 * margin)
    title = chart.plot.title if margin == _MARGIN else ""  # a small one has its title below it
    ChartPainter(chart, dress).paint(painter, room, title)


def read(path: Path) -> Chart:
    """Return the chart of a payload. Takes as long as the disk.

    Raises:
        StudioError: ``BAD_INPUT``: it is no plot, too large, or cannot be read.
    """
    try:
        data = read_regular(path)
    except OSError as error:
        raise StudioError(
            ErrorCode.BAD_INPUT, f"The plot cannot be read ({error.strerror}).", ""
        ) from error
    return chart_of(Plot.decode(data))


def _unwritten(path: Path) -> StudioError:
    return StudioError(
        ErrorCode.BAD_INPUT, f"{path.name} cannot be written.", "Choose another folder."
    )

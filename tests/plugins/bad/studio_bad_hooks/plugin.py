"""Window half that raises in every hook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_pages(ctx: Any) -> Any:
    raise RuntimeError("studio_pages refuses")


@hookimpl
def studio_viewers(ctx: Any) -> Any:
    raise RuntimeError("studio_viewers refuses")


@hookimpl
def studio_exporters(ctx: Any) -> Any:
    raise RuntimeError("studio_exporters refuses")


@hookimpl
def studio_open_file(ctx: Any, path: Path) -> Any:
    raise RuntimeError("studio_open_file refuses")


@hookimpl
def studio_settings(ctx: Any) -> Any:
    raise RuntimeError("studio_settings refuses")

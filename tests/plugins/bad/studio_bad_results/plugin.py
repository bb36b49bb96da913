"""Window half whose hooks return what nobody can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.api import hookimpl
from studio.api.window.context import Page


@hookimpl
def studio_pages(ctx: Any) -> Any:
    return {"bad_results.page": lambda: Page(widget=5)}  # type: ignore[arg-type]


@hookimpl
def studio_viewers(ctx: Any) -> Any:
    return 5


@hookimpl
def studio_exporters(ctx: Any) -> Any:
    return ["text:.rot13"]


@hookimpl
def studio_open_file(ctx: Any, path: Path) -> Any:
    return "opened"


@hookimpl
def studio_settings(ctx: Any) -> Any:
    return int

"""Window half of the echo, without Qt: it makes plain objects where others make widgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.api import SavedArtifact, hookimpl
from studio_echo.schema import EchoSettings


@hookimpl
def studio_pages(ctx: Any) -> Mapping[str, Callable[[], Any]]:
    return {}


@hookimpl
def studio_viewers(ctx: Any) -> Mapping[str, Callable[[SavedArtifact], Any]]:
    return {"text": lambda artifact: artifact.text}


@hookimpl
def studio_exporters(ctx: Any) -> Mapping[str, Callable[[SavedArtifact, Path], None]]:
    return {"text:.txt": lambda artifact, path: path.write_text(artifact.text, "utf-8") and None}


@hookimpl
def studio_open_file(ctx: Any, path: Path) -> Callable[[], None] | None:
    return (lambda: None) if path.suffix == ".echo" else None


@hookimpl
def studio_settings(ctx: Any) -> type[EchoSettings]:
    return EchoSettings

"""Runtime half that raises in every hook."""

from __future__ import annotations

from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_tasks() -> Any:
    raise RuntimeError("studio_tasks refuses")


@hookimpl
def studio_loaders() -> Any:
    raise RuntimeError("studio_loaders refuses")


@hookimpl
def studio_checks() -> Any:
    raise RuntimeError("studio_checks refuses")

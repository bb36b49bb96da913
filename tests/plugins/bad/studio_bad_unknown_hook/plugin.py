"""Window half with a misspelt hook."""

from __future__ import annotations

from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_pagse(ctx: Any) -> Any:
    return {}

"""The runtime half: which tasks there are. Does none of the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import hookimpl
from studio_lab.tasks import augment, train


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {"lab.augment": augment.augment, "lab.train": train.train}

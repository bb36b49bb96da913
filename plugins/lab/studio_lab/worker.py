"""The runtime half: which tasks there are. Does none of the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.api import Loader, hookimpl
from studio_lab import weights
from studio_lab.tasks import (
    augment,
    compare,
    describe,
    inspect,
    report,
    sample,
    scale,
    simulate,
    train,
)
from studio_lab.tasks.finetune import finetune
from studio_lab.tasks.finetune_pictures import finetune_pictures


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "lab.finetune": finetune,
        "lab.finetune_pictures": finetune_pictures,
        "lab.augment": augment.augment,
        "lab.compare": compare.compare,
        "lab.describe": describe.describe,
        "lab.inspect": inspect.inspect,
        "lab.report": report.bias_report,
        "lab.train": train.train,
        "lab.sample": sample.sample,
        "lab.scale": scale.scale,
        "lab.simulate": simulate.simulate,
    }


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loader of trained networks."""
    return (weights.loader(),)

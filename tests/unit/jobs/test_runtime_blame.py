"""Who is named for a step that takes too long, wherever it is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api.manifest import Manifest
from studio.jobs.runtime_blame import STEP_SECONDS
from studio.plugins import Plugin, PluginState
from studio.protocol.messages import Status
from studio.protocol.trace import JobUse
from studio.testing.scripted import Stall, Tokens


@pytest.mark.parametrize(
    ("use", "isolation", "ends"),
    [
        ({"at_hand": STEP_SECONDS + 5}, "studio", "the runtime is restarted"),
        ({"quiet": STEP_SECONDS + 5}, "process", "the process of the plugin is ended"),
    ],
)
def test_a_plugin_in_an_endless_loop_is_named(
    desk: Any, tmp_path: Path, use: dict[str, float], isolation: str, ends: str
) -> None:
    manifest = Manifest("toy", "Toy", "1", ">=1,<2", isolation=isolation)
    toy = Plugin("toy", manifest, PluginState.DISCOVERED, "studio_toy", paths=(tmp_path,))
    desk.studio.plugins.plugins.append(toy)
    job = desk.submit(Tokens("x"), Stall())
    desk.until(lambda: job.texts())

    def watch(**use: float) -> list[str]:
        jobs = (JobUse(job.id, job.task, "toy", **use),)
        desk.studio._blame.watch(Status("cpu", "cpu", 1, 0, 0, jobs=jobs))
        return [each for each in desk.told() if "in one step" in each]

    assert watch(**dict.fromkeys(use, STEP_SECONDS - 1)) == []
    [told] = watch(**use)
    assert told.startswith("Toy has been in one step for 25 seconds.")
    assert ends in told
    desk.press("Stop job")
    desk.finish(job)

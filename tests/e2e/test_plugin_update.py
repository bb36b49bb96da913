"""Plugins that the studio has installed, with a real runtime: an update, and a start that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.plugins.install.installer import Installer
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.processes import without_torch
from tests.unit.plugins.install.wheels import Draft, plugin

PATIENCE = 500.0
SLOW = """\
import time

from studio.api import hookimpl

VERSION = "{version}"


@hookimpl
def studio_tasks():
    return {{"counter.count": count}}


def count(ctx, params):
    for number in range(params.up_to):
        time.sleep(0.05)
        yield ctx.progress(number + 1, params.up_to)
    import studio_counter.late  # read from the disk only now

    yield ctx.result(version=studio_counter.late.VERSION)
"""


def slow(version: str) -> Draft:
    draft = plugin(version=version)
    draft.files["studio_counter/worker.py"] = SLOW.format(version=version).encode()
    draft.files["studio_counter/late.py"] = f"VERSION = {version!r}\n".encode()
    return draft


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio.open(home=tmp_path / "home", attended=True)
    yield made
    made.close()


def install(studio: Studio, draft: Draft, folder: Path) -> None:
    installer = Installer(studio.plugin_store)
    with installer.read(str(draft.write(folder))) as plan:
        installer.install(plan)
    studio.plugins.look_again()


def submit(studio: Studio, up_to: int) -> Job:
    return studio.submit(JobRequest("counter.count", {"up_to": up_to}, title="Counting"))


@pytest.mark.slow
def test_an_update_takes_effect_after_the_task_that_runs(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(tmp_path / "without", monkeypatch)
    install(studio, slow("1.0"), tmp_path)
    Installer(studio.plugin_store).enable("counter")
    studio.plugins.look_again()
    job = submit(studio, 100)
    pump_until(studio, lambda: job.done > 0 or not job.is_live, PATIENCE)
    install(studio, slow("2.0"), tmp_path)
    assert studio.plugins.plugin("counter").version == "2.0"
    assert job.is_live, "the control: it runs while the other version is installed"
    pump_until(studio, lambda: not job.is_live, PATIENCE)
    assert job.state is JobState.DONE, job.error
    assert job.result["version"] == "1.0"
    again = submit(studio, 1)
    pump_until(studio, lambda: not again.is_live, PATIENCE)
    assert again.state is JobState.DONE, again.error
    assert again.result["version"] == "2.0"


def test_a_studio_that_did_not_start_takes_the_change_back_and_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = Studio.open(home=home, attended=True)
    install(first, plugin(), tmp_path)
    first.plugin_store.proved()
    install(first, plugin(version="2.0"), tmp_path)
    number = first.plugin_store.current().number
    first.close()
    note = {"set": number, "started": False}  # of a process that is gone
    (home / "journals/plugins.999999999.session").write_text(json.dumps(note))
    second = Studio.open(home=home, attended=True)
    try:
        assert second.plugins.plugin("counter").version == "1.0"
        [told] = [each for each in second.notices.all if each.key == "plugins-taken-back"]
        assert "Updated Counter to 2.0" in told.message
        assert told.hint
    finally:
        second.close()

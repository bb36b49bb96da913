"""The studio as a whole, without window and without child: what it tells, offers and remembers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest

from studio.api import Capability, Params, WeightsId
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.protocol.device_status import DeviceEntry
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.messages import (
    Configure,
    DeviceLost,
    DevicesFound,
    Inspected,
    Pin,
    PluginFault,
    PoolEvent,
    Status,
)
from studio.protocol.states import JobState
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import Die, ScriptedRuntime, Stall, Tokens

SIDECAR = """
id = "{id}"
title = "{title}"
file = "{id}.gguf"
format = "gguf"
family = "toy"
capabilities = ["{capability}"]
"""


class Run(Params):
    """Parameters of a task that needs weights."""

    weights: Annotated[WeightsId, Capability("toy")] = WeightsId()


RUN = TaskEntry("toy.run", "Run", "toy.schema:Run")


def put_weights(folder: Path, id: str, capability: str = "toy") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{id}.gguf").write_bytes(b"GGUF")
    sidecar = SIDECAR.format(id=id, title=id.title(), capability=capability)
    (folder / f"{id}.toml").write_text(sidecar)


def configured(runtime: ScriptedRuntime) -> list[Configure]:
    return [message for message in runtime.received if isinstance(message, Configure)]


def test_opening_imports_nothing_heavy_and_starts_no_runtime(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from studio.studio import Studio\n"
        "studio = Studio.open(home=sys.argv[1])\n"
        "print(studio.runtime.state)\n"
        "studio.close()\n"
        "heavy = {'torch', 'numpy', 'PySide6', 'transformers', 'PIL', 'jinja2', 'asyncio'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["off", "[]"]


# --- runtime ----------------------------------------------------------------------------------


def test_the_runtime_is_configured_before_it_hears_of_a_job(desk: Any) -> None:
    job = desk.submit()
    desk.finish(job)
    kinds = [type(message).__name__ for message in desk.runtime.received]
    assert kinds == ["Configure", "Submit"]


def test_new_weights_reach_the_runtime(desk: Any) -> None:
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    assert "fresh" not in [w.id for w in configured(desk.runtime)[-1].weights]
    put_weights(desk.home / "weights", "fresh")
    done: list[bool] = []
    desk.studio.scans.rescan(lambda: done.append(True))
    desk.until(lambda: done)
    desk.until(lambda: len(configured(desk.runtime)) == 2)
    assert "fresh" in [w.id for w in configured(desk.runtime)[-1].weights]


def test_the_memory_limit_reaches_the_runtime_when_it_changes(desk: Any) -> None:
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    assert configured(desk.runtime)[-1].memory_limit == 0
    desk.studio.settings.set("runtime.memory_limit", 2**30)
    desk.until(lambda: len(configured(desk.runtime)) == 2)
    assert configured(desk.runtime)[-1].memory_limit == 2**30


def test_a_limit_of_context_reaches_the_runtime_when_it_changes(desk: Any) -> None:
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    (id, *_) = (entry.id for entry in configured(desk.runtime)[-1].weights)
    remarks = desk.studio.weights_manager.remarks
    remarks.rate(id, 3)
    remarks.set_defaults(id, {"context_limit": 512, "temperature": 0.5})
    desk.until(lambda: len(configured(desk.runtime)) == 2)
    entries = configured(desk.runtime)[-1].weights
    assert {entry.id: entry.context_limit for entry in entries if entry.context_limit} == {id: 512}


def test_pins_outlive_the_session_and_reach_the_runtime(desk: Any) -> None:
    desk.studio.models.pin("small")
    desk.studio.models.pin("small")
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    assert configured(desk.runtime)[-1].pinned == ("small",)
    desk.studio.models.pin("small", False)
    desk.until(lambda: Pin("small", False) in desk.runtime.received)
    assert desk.studio.models.pinned == ()


def test_what_happened_to_memory_is_kept(desk: Any) -> None:
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    event = PoolEvent("small", "evicted", 100, "Pictures needs 1.2 GB for big", job="job1")
    desk.runtime.report(event)
    desk.until(lambda: [entry.event for entry in desk.studio.memory.entries()] == [event])


def test_a_card_that_cannot_be_used_is_told_once(desk: Any) -> None:
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    found = DevicesFound((DeviceEntry("cpu", "cpu", "Processor"),), "cpu", "Its driver is too old.")
    desk.runtime.report(found)
    desk.until(lambda: desk.studio.devices.found == found)
    assert [notice.message for notice in desk.studio.notices.all] == ["Its driver is too old."]


def test_another_device_is_chosen_and_computes_from_the_next_start_on(desk: Any) -> None:
    cards = (DeviceEntry("cuda:0", "cuda", "Large card"), DeviceEntry("cuda:1", "cuda", "Small"))
    processor = DeviceEntry("cpu", "cpu", "Processor")
    devices = desk.studio.devices
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    desk.runtime.report(DevicesFound((*cards, processor), "cuda:0"))
    desk.until(lambda: len(devices.known) == 3)
    devices.choose("cpu")
    (notice,) = desk.studio.notices.all
    assert notice.message == "Processor will be used after the runtime restarts."
    assert len(configured(desk.runtime)) == 1, "jobs that run are not taken from"
    environment: dict[str, str] = {}
    devices.tell(environment)
    assert environment["STUDIO_DEVICE"] == "cpu"
    notice.actions[0].run()
    desk.until(lambda: len(configured(desk.runtime)) == 2)
    desk.runtime.report(DevicesFound((processor,), "cpu"))
    desk.until(lambda: devices.found.chosen == "cpu")
    assert devices.known == (*cards, processor), "cards that were not asked may be chosen again"


def test_a_chosen_device_that_is_gone_is_told_with_what_to_do(desk: Any) -> None:
    desk.studio.devices.choose("cuda:1")
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    note = "There is no working device “cuda:1”, so Processor is used instead."
    desk.runtime.report(DevicesFound((DeviceEntry("cpu", "cpu", "Processor"),), "cpu", note))
    desk.until(lambda: desk.studio.notices.all)
    (notice,) = desk.studio.notices.all
    assert notice.message == note
    assert "Choose another device in Settings" in notice.hint


def test_without_its_card_the_studio_offers_the_processor(desk: Any) -> None:
    desk.studio.runtime.start()
    desk.until(lambda: configured(desk.runtime))
    error = ErrorInfo(ErrorCode.NO_DEVICE, "The card stopped answering.", "Choose.")
    desk.runtime.report(DeviceLost("cuda:0", error))
    desk.until(lambda: desk.studio.notices.all)
    notice = desk.studio.notices.all[-1]
    assert notice.message == "The card stopped answering."
    notice.actions[0].run()
    desk.until(lambda: len(configured(desk.runtime)) == 2)
    assert desk.studio.devices.stand_in == "cpu"


def test_state_and_heartbeat_are_handed_on(desk: Any) -> None:
    states: list[RuntimeState] = []
    beats: list[Status] = []
    desk.studio.on_runtime(lambda state, reason: states.append(state))
    end = desk.studio.on_status(beats.append)
    desk.studio.runtime.start()
    desk.until(lambda: beats)
    assert states == [RuntimeState.STARTING, RuntimeState.READY]
    assert beats[0].device_name == "scripted"
    assert desk.studio.runtime.status is beats[0]
    end()


def test_death_is_told_with_reason_hint_and_report_then_taken_back(desk: Any) -> None:
    heard: list[Any] = []
    desk.studio.notices.on_notice(heard.append)
    desk.finish(desk.submit(Tokens("x"), Die("It crashed in native code (SIGSEGV).")))
    desk.until(lambda: desk.told() == ["The runtime is running again."])
    assert heard[0].message == (
        "The runtime stopped unexpectedly. It crashed in native code (SIGSEGV), in a task of the "
        "plugin toy."
    )
    assert heard[0].hint
    assert heard[0].code is ErrorCode.RUNTIME_LOST


def test_after_three_deaths_the_user_has_a_choice_and_waiting_jobs_go_on(desk: Any) -> None:
    for _ in range(3):
        desk.finish(desk.submit(Tokens("x"), Die()))
    desk.until(lambda: desk.studio.runtime.state is RuntimeState.GIVEN_UP)
    assert "stopped 3 times within a few minutes" in desk.told()[-1]
    waiting = desk.submit(Tokens("at last"))
    desk.until(lambda: "must be restarted" in waiting.reason)
    assert waiting.is_live
    desk.press("Restart runtime")
    desk.finish(waiting)
    assert waiting.state is JobState.DONE
    assert desk.told() == []


def test_weights_that_were_in_use_can_be_put_aside(desk: Any) -> None:
    put_weights(desk.home / "weights", "poison")
    desk.studio.weights.rescan()
    for _ in range(3):
        desk.runtime.enqueue(Tokens("x"), Die())
        desk.finish(desk.studio.jobs.submit("toy", RUN, Run(), JobRequest(RUN.id)))
    desk.until(lambda: desk.studio.runtime.state is RuntimeState.GIVEN_UP)
    desk.press("Restart without Poison")
    desk.until(lambda: desk.studio.runtime.is_ready)
    desk.until(lambda: len(configured(desk.runtime)) == 4)
    assert "poison" in [w.id for w in configured(desk.runtime)[-2].weights]
    assert "poison" not in [w.id for w in configured(desk.runtime)[-1].weights]
    with pytest.raises(StudioError, match="disabled for this session"):
        desk.studio.jobs.submit("toy", RUN, Run(), JobRequest(RUN.id))
    put_weights(desk.home / "weights", "sound")
    desk.studio.weights.rescan()
    job = desk.studio.jobs.submit("toy", RUN, Run(), JobRequest(RUN.id))
    assert job.recipe.weights == ("sound",)
    desk.finish(job)


def test_weights_with_a_known_fault_are_refused_with_it(desk: Any) -> None:
    (desk.home / "weights").mkdir(exist_ok=True)
    (desk.home / "weights" / "page.gguf").write_bytes(b"<html>")
    desk.studio.weights.rescan()
    with pytest.raises(StudioError, match="is not a GGUF file") as refused:
        desk.studio.jobs.submit("toy", RUN, Run(weights="page"), JobRequest(RUN.id))
    assert refused.value.code is ErrorCode.BAD_WEIGHTS


def test_where_nobody_can_choose_waiting_jobs_are_lost_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.runtimes.supervisor.RESTART_SECONDS", (0.0, 0.01, 0.02))

    def cannot() -> Any:
        raise FileNotFoundError(2, "No such file or directory")

    studio = Studio.open(home=tmp_path, launch=cannot)
    job = studio.jobs.submit(
        "toy", TaskEntry("toy.draw", "Draw", "t:P"), Params(), JobRequest("toy.draw")
    )
    pump_until(studio, lambda: not job.is_live)
    assert job.state is JobState.LOST
    assert "could not be started" in job.error.message
    studio.close()


# --- answers ----------------------------------------------------------------------------------


def test_headers_are_read_by_the_runtime(desk: Any, tmp_path: Path) -> None:
    desk.runtime.facts[str(tmp_path)] = {"layers": 30}
    assert desk.studio.inspect(tmp_path) == {"layers": 30}
    with pytest.raises(StudioError, match="no weights"):
        desk.studio.inspect(tmp_path / "other")


def test_weights_that_kill_the_runtime_when_read_are_answered_for(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Inspected] = []
    desk.studio.runtime.start()
    desk.until(lambda: desk.studio.runtime.is_ready)
    monkeypatch.setattr(
        "studio.testing.scripted._Session._inspected", lambda self, message: self.die(Die())
    )
    desk.studio.runtime_requests.inspect(Path("bomb.gguf"), answers.append)
    desk.until(lambda: answers)
    assert answers[0].error.code is ErrorCode.RUNTIME_LOST
    assert "SIGSEGV" in answers[0].error.message


def test_a_fault_of_a_worker_half_is_named(desk: Any) -> None:
    desk.studio.runtime.start()
    desk.until(lambda: desk.studio.runtime.is_ready)
    error = ErrorInfo(ErrorCode.PLUGIN_FAILED, "The plugin toy failed: no.", plugin="toy")
    desk.runtime.report(PluginFault("toy", "import of toy.worker", error))
    desk.until(lambda: desk.told())
    assert desk.told() == ["The plugin toy failed: no."]
    assert desk.studio.plugins.faults.of("toy")


# --- the library ------------------------------------------------------------------------------


def test_jobs_of_a_studio_that_was_killed_are_closed_and_told(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from tests.unit.conftest import Desk\n"
        "from studio.testing.scripted import Stall, Tokens\n"
        "desk = Desk(__import__('pathlib').Path(sys.argv[1]))\n"
        "job = desk.submit(Tokens('x'), Stall(), title='Long')\n"
        "desk.until(lambda: job.texts())\n"
        "desk.until(lambda: desk.studio.library.jobs.entry(job.id).starts)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=False)
    assert killed.returncode == -9
    studio = Studio.open(home=tmp_path, launch=ScriptedRuntime().launch)
    pump_until(studio, lambda: bool(studio.notices.all))
    [notice] = studio.notices.all
    assert notice.message == "Offline Studio closed while 1 job was running."
    [entry] = studio.library.jobs.recent()
    assert (entry.title, entry.state) == ("Long", "lost")
    assert studio.library.record(entry.record).task == "toy.draw"
    studio.close()


def test_a_second_studio_reads_and_refuses_work_in_a_sentence(desk: Any) -> None:
    second = type(desk)(desk.home)
    assert second.studio.library.read_only
    job = second.submit(Tokens("x"))
    second.finish(job)
    assert job.state is JobState.FAILED
    assert job.error.code is ErrorCode.READ_ONLY
    assert job.error.message
    second.studio.close()


def test_no_home_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudioError) as error:
        Studio.open(home=tmp_path / "file" / "home")
    assert error.value.code is ErrorCode.PERMISSION


def test_closing_with_a_job_at_work_does_not_hang(desk: Any, tmp_path: Path) -> None:
    job = desk.submit(Tokens("x"), Stall(stubborn=True))
    desk.until(lambda: job.texts())
    desk.studio.close()
    desk.runtime.release()
    desk.studio = type(desk)(tmp_path / "other").studio
